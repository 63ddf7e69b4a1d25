//! Money and stock: nothing leaks, and an empty balance or stock takes effect.

use serde_json::json;

use super::*;
use crate::emulator::state::events::{PodEvent, VolumeEvent};
use crate::emulator::state::hardware::Hardware;
use crate::emulator::state::pod::Storage;
use crate::emulator::state::rng::Rng;
use crate::emulator::state::stock::CapacityRule;

/// Recomputes all totals from the existing pods and volumes.
fn check_totals(bench: &Bench, capacity: u32, step: &str) {
    let world = &bench.world;
    let (mut compute, mut storage, mut assigned, mut taken) = (0, 0, 0, 0);
    for pod in world.pods.newest_first() {
        compute += pod.rate().compute;
        storage += pod.rate().storage;
        taken += pod.units_taken();
        assigned += if let Hardware::Gpu { count, .. } = pod.hardware { count } else { 1 };
    }
    for volume in world.volumes.newest_first() {
        storage += volume.rate().storage;
        let mounts = |storage: &Storage| matches!(storage, Storage::Network { volume_id } if *volume_id == volume.id);
        let mounted = world.pods.newest_first().filter(|pod| mounts(&pod.storage)).count();
        assert_eq!(volume.attached as usize, mounted, "attached pods after {step}");
    }
    let rate = world.ledger.rate();
    assert_eq!((rate.compute, rate.storage), (compute, storage), "hourly bill after {step}");
    assert_eq!(world.stock.assigned(), assigned, "slots on hosts after {step}");
    assert_eq!(world.stock.rules[0].free + taken, capacity, "free GPUs after {step}");
}

#[test]
fn no_sequence_of_calls_leaks_a_gpu_a_mount_or_a_charge() {
    const CAPACITY: u32 = 12;
    for seed in 0..20 {
        let mut rng = Rng::new(seed);
        let mut bench = Bench::new(Settings { seed, steal_on_stop: 0.2, ..Settings::default() });
        bench.world.set_capacity(vec![CapacityRule { gpu: "*".into(), data_center: "*".into(), free: CAPACITY }]);
        let volume = bench.create_volume("US-CA-2");
        for _ in 0..150 {
            bench.pass(rng.between(0, 3000) as i64);
            let ids: Vec<String> = bench.world.pod_ids().map(str::to_owned).collect();
            let id = match ids.len() {
                0 => String::new(),
                count => ids[rng.below(count as u64) as usize].clone(),
            };
            let tweaks = Tweaks { zero_gpu: rng.chance(0.2), ghost: rng.chance(0.1), ..Tweaks::default() };
            let step = rng.below(12);
            match step {
                0..=3 => {
                    let mut body = with(pod("p"), "gpu", json!({ "id": GPU, "count": rng.between(1, 3) }));
                    if rng.chance(0.3) {
                        body["mounts"] = json!({ "network": [{ "volumeId": volume, "path": "/data" }] });
                    }
                    bench.send(v2("createPod").body(body).tweaks(tweaks));
                }
                4 => drop(bench.act(&id, "stop")),
                5 => drop(bench.act_with(&id, "start", tweaks)),
                6 => drop(bench.act(&id, "terminate")),
                7 => drop(bench.patch(&id, json!({ "disk": rng.between(20, 90) }))),
                8 => drop(bench.world.pod_event(&id, &PodEvent::Migrate, bench.now)),
                9 => drop(bench.world.pod_event(&id, &PodEvent::ZeroGpu, bench.now)),
                10 => drop(bench.world.pod_event(&id, &PodEvent::Preempt, bench.now)),
                _ => {
                    let size = rng.between(10, 3000);
                    drop(bench.world.volume_event(&volume, &VolumeEvent::Resize { size }, bench.now));
                }
            }
            check_totals(&bench, CAPACITY, &format!("step {step} of seed {seed}"));
        }
    }
}

#[test]
fn an_hour_costs_the_price_of_the_pod_and_its_disks() {
    let mut bench = Bench::observed();
    let start = bench.world.account(bench.now).balance;
    let id = bench.create(pod("a"));
    let before = bench.world.account(bench.now).balance;
    bench.pass(3_600_000);
    // 4090 Secure, 50 GB of disk and 20 GB of volume at 0.10 per GB and month (contract, section 16).
    let running = 0.74 + 70.0 * 0.10 / 730.0;
    let spent = before - bench.world.account(bench.now).balance;
    assert!((spent - running).abs() < 1e-6, "{spent} instead of {running}");
    bench.act(&id, "stop");
    let before = bench.world.account(bench.now).balance;
    bench.pass(3_600_000);
    let spent = before - bench.world.account(bench.now).balance;
    let stopped = 20.0 * 0.20 / 730.0;
    assert!((spent - stopped).abs() < 1e-6, "{spent} instead of {stopped}");
    let all = start - bench.world.account(bench.now).balance;
    assert!((all - running - stopped).abs() < 1e-6, "{all} in both hours");
}

#[test]
fn an_empty_balance_stops_pods_with_a_network_volume_and_deletes_the_others() {
    let mut bench = Bench::new(Settings { balance_usd: 2.0, ..Settings::default() });
    let volume = bench.create_volume("US-CA-2");
    let kept =
        bench.create(with(pod("kept"), "mounts", json!({ "network": [{ "volumeId": volume, "path": "/data" }] })));
    let lost = bench.create(pod("lost"));
    bench.pass(3_600_000);
    assert_eq!(bench.get(&lost).0, 200, "an hour is paid for");
    bench.pass(3_600_000);
    assert_eq!(bench.get(&kept).1["status"], "EXITED");
    assert_eq!(bench.get(&lost).0, 404);
    assert_eq!(bench.act(&kept, "start").0, 402);
    assert_eq!(bench.send(v2("createPod").body(pod("more"))).0, 402);
    bench.world.set_account(Some(100.0), None, bench.now);
    assert_eq!(bench.act(&kept, "start").0, 200);
}

#[test]
fn a_create_over_the_spend_limit_is_refused() {
    let mut bench = Bench::new(Settings { spend_limit_usd: Some(1.0), ..Settings::default() });
    bench.create(pod("a"));
    let (status, body) = bench.send(v2("createPod").body(pod("b")));
    assert_eq!((status, &body["detail"]), (400, &json!("spend limit exceeded")));
}

#[test]
fn limited_stock_is_taken_returned_and_shown_in_the_catalog() {
    let mut bench = Bench::observed();
    let rules = vec![
        CapacityRule { gpu: GPU.into(), data_center: "US-CA-2".into(), free: 2 },
        CapacityRule { gpu: GPU.into(), data_center: "*".into(), free: 0 },
    ];
    bench.world.set_capacity(rules);
    let level = |bench: &mut Bench| {
        let call = v2("getGpuType").id(GPU).query("include", "AVAILABILITY").query("product", "POD");
        bench.send(call).1["availability"].clone()
    };
    assert_eq!(level(&mut bench), "LOW");
    let two = with(pod("a"), "gpu", json!({ "id": GPU, "count": 2 }));
    let first = bench.create(two.clone());
    assert_eq!(bench.get(&first).1["dataCenterId"], json!(null), "not placed yet");
    bench.pass(1000);
    assert_eq!(bench.get(&first).1["dataCenterId"], "US-CA-2");
    assert_eq!(level(&mut bench), "NONE");
    assert_eq!(bench.send(v2("createPod").body(pod("b"))).0, 400);
    bench.act(&first, "stop");
    let second = bench.create(two);
    let (status, body) = bench.act(&first, "start");
    assert_eq!(status, 400, "{body}");
    assert!(body["detail"].as_str().is_some_and(|text| text.contains("not enough free GPUs")));
    bench.act(&second, "terminate");
    assert_eq!(bench.act(&first, "start").0, 200);
}

#[test]
fn types_that_are_not_offered_cannot_be_rented() {
    let mut bench = Bench::observed();
    for gpu in [
        json!({ "id": "Tesla T4", "count": 1 }),
        json!({ "id": GPU, "count": 64 }),
        json!({ "id": "none", "count": 1 }),
    ] {
        assert_eq!(bench.send(v2("createPod").body(with(pod("a"), "gpu", gpu))).0, 400);
    }
}
