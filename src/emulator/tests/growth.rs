//! The work of a request does not grow with the world.

use super::*;
use crate::emulator::state::steps::count;

/// The requests whose work is measured together.
const REQUESTS: usize = 20;

/// A bench with pods of both dialects, one after the other. Hosts keep free GPUs, every fifth pod waits for maintenance,
/// and as many pods and objects as there are were deleted just now.
fn bench_of(pods: usize) -> (Bench, Vec<String>) {
    let mut bench = Bench::observed();
    let ids: Vec<String> = (0..pods * 2).map(|number| create_either(&mut bench, number)).collect();
    for id in ids.iter().step_by(5) {
        bench.world.pod_event(id, &PodEvent::Maintenance { starts_in: 600, seconds: 60 }, bench.now).expect("a pod");
    }
    let (deleted, kept) = ids.split_at(pods);
    for id in deleted {
        assert_eq!(bench.act(id, "terminate").0, 204);
        change_object(&mut bench);
    }
    (bench, kept.to_vec())
}

/// A pod in one data center. Every host with pods of three GPUs has two free GPUs left.
fn create_either(bench: &mut Bench, number: usize) -> String {
    bench.pass(1);
    let centers = json!(["US-CA-2"]);
    if number.is_multiple_of(2) {
        let gpu = json!({ "id": GPU, "count": 1 + number % 3 });
        return bench.create(with(with(pod("a"), "gpu", gpu), "dataCenterIds", centers));
    }
    let body = json!({ "name": "b", "imageName": "b:1", "gpuTypeIds": [GPU], "gpuCount": 3, "dataCenterIds": centers });
    let (status, body) = bench.send(v1("createPod").body(body));
    assert_eq!(status, 201, "{body}");
    body["id"].as_str().expect("an id").to_owned()
}

/// Creates and deletes an object of a kind without a type of its own.
fn change_object(bench: &mut Bench) {
    let (world, now) = (&mut bench.world, bench.now);
    let object = world.create_object("shelf", Default::default(), &Tweaks::default(), now).expect("created");
    let id = object.id().to_owned();
    world.delete_object("shelf", &id, &Tweaks::default(), now).expect("deleted");
}

/// The number of items that each kind of request looks at, in a world of so many pods.
fn steps(pods: usize) -> Vec<(&'static str, u64)> {
    let (mut bench, ids) = bench_of(pods);
    let mut measured = Vec::new();
    let mut measure = |name, request: &mut dyn FnMut(&mut Bench, usize)| {
        let steps = count(|| {
            for number in 0..REQUESTS {
                bench.pass(1);
                request(&mut bench, number);
            }
        });
        measured.push((name, steps));
    };
    let ok = |(status, body): Got| assert!(status < 300, "{body}");
    measure("create", &mut |bench, number| drop(create_either(bench, number)));
    measure("get in v2", &mut |bench, number| ok(bench.get(&ids[number])));
    measure("get in v1", &mut |bench, number| ok(bench.send(v1("getPod").id(&ids[number]))));
    measure("update", &mut |bench, number| ok(bench.patch(&ids[number], json!({ "disk": 60 }))));
    measure("rename", &mut |bench, number| ok(bench.patch(&ids[number], json!({ "name": "c" }))));
    measure("stop", &mut |bench, number| ok(bench.act(&ids[number], "stop")));
    measure("start", &mut |bench, number| ok(bench.act(&ids[number], "start")));
    measure("migrate", &mut |bench, number| {
        bench.world.pod_event(&ids[pods - 1 - number], &PodEvent::Migrate, bench.now).expect("another host");
    });
    measure("volume", &mut |bench, _| {
        let id = bench.create_volume("US-CA-2");
        ok(bench.send(v2("deleteNetworkVolume").id(id)));
    });
    measure("object", &mut |bench, _| change_object(bench));
    measure("delete", &mut |bench, number| ok(bench.act(&ids[number], "terminate")));
    measured
}

#[test]
fn a_request_looks_at_as_many_items_in_a_large_world_as_in_a_small_one() {
    // Not a power of two, so that no clean-up falls among the measured requests.
    let (small, large) = (steps(300), steps(600));
    for ((name, small), (_, large)) in small.into_iter().zip(large) {
        assert!(large <= small.max(REQUESTS as u64 * 8) * 11 / 10, "{name}: {small} items, then {large}");
    }
}

#[test]
fn a_complete_list_looks_at_every_pod_once() {
    for pods in [600, 1_200] {
        let (mut bench, ids) = bench_of(pods);
        let mut cursor: Option<String> = None;
        let mut seen = 0;
        let steps = count(|| {
            loop {
                let call = v2("listPods").query("limit", 100);
                let call = cursor.iter().fold(call, |call, cursor| call.query("cursor", cursor));
                let (_, body) = bench.send(call);
                seen += body["pods"].as_array().map_or(0, Vec::len);
                cursor = body["pagination"]["nextCursor"].as_str().map(str::to_owned);
                if cursor.is_none() {
                    break;
                }
            }
        });
        assert_eq!(seen, ids.len());
        // The deleted ones are looked at too, and the first rows of the next page.
        assert!(steps <= 2 * pods as u64 * 11 / 10, "{steps} items for {pods} pods");
        let steps = count(|| drop(bench.send(v1("listPods"))));
        assert!(steps <= 2 * pods as u64 * 11 / 10, "{steps} items for {pods} pods in v1");
    }
}
