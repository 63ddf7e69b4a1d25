//! A noisy world in which only sindri makes changes: no refresh may report drift.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Map, json};
use sindri::emulator::{PodEvent, faults};
use sindri::model::marker::MARKER_VARIABLE;
use sindri::model::{Address, Dialect, DriftClass, DriftReport, Object, Power, Severity, Status, Unsettled};
use tokio::time::sleep;

use crate::support::fleet::{Fleet, Machine, Pod, Storage, Variable, Volume};
use crate::support::{Desired, Session, in_virtual_time, one, rest};

/// In total for both dialects.
const REFRESHES: u32 = 1_000;

/// Variations of answers although nothing has changed.
const NOISE: [&str; 9] = [
    "[]",
    "[{ effect: { extraMembers: true } }]",
    "[{ effect: { missingMembers: [cost, costPerHr, adjustedCostPerHr, template, cudaVersion, actions, startedAt] } }]",
    "[{ effect: { missingMembers: [machine, machineId, dataCenterId, registry, containerRegistryAuthId, locked] } }]",
    "[{ effect: { missingMembers: [env, ports, mounts, args, entrypoint, cmd, dockerStartCmd] } }]",
    "[{ effect: { echoArgs: reserialized } }]",
    "[{ effect: { echoArgs: split } }]",
    "[{ match: { operation: listPods }, effect: { newStatus: PAUSED } }]",
    "[{ match: { method: GET, probability: 0.3, times: 2 }, effect: { status: { code: 503 } } }]",
];

fn fleet(round: u32) -> Fleet {
    let env = BTreeMap::from([("A", Variable::Plain("1")), ("TOKEN", Variable::Secret("one"))]);
    let ports: BTreeSet<&str> = ["22/tcp", "8888/http"].into();
    // Stopped, started and changed in place, so that reads are stale and ports change.
    let power = Some(if round % 4 == 3 { Power::Stopped } else { Power::Running });
    let image = if round.is_multiple_of(2) { "image:1" } else { "image:2" };
    let base = Pod { env, ports, ssh: Some(true), in_place: true, ..Pod::default() };
    let command = Pod { entrypoint: &["sh", "-c"], command: &["echo 'a  b'"], ..base.clone() };
    let cpus = Machine::Cpus { flavors: &["cpu3c", "cpu5c"], count: 4 };
    let cpu = Pod { machine: cpus, ports: BTreeSet::new(), ssh: None, ..base.clone() };
    let gpus = Machine::Gpus { types: &["NVIDIA A40", "NVIDIA L4"], count: 2, least_ram_gb: Some(8) };
    Fleet::default()
        .with_volume("data", Volume::default())
        .with_pod("a", Pod { storage: Storage::Network("data"), ..command })
        .with_pod("b", Pod { replicas: Some(2), storage: Storage::Own(20), machine: gpus, image, ..base.clone() })
        .with_pod("community", Pod { community: true, ..base.clone() })
        .with_pod("cpu", cpu)
        .with_pod("moody", Pod { power, ..base })
}

fn reported(report: &DriftReport) -> Vec<String> {
    // An unreachable host is reported while it lasts, because its pods are billed and cannot be reached.
    let drift = report.findings.iter().filter(|finding| finding.class != DriftClass::NotReady);
    let drift = drift.filter(|finding| finding.severity > Severity::Information);
    drift.map(|finding| format!("{:?} {:?} {:?}", finding.class, finding.address, finding.fields)).collect()
}

#[test]
fn a_thousand_refreshes_of_a_noisy_world_report_no_drift() {
    for dialect in [Dialect::V1, Dialect::V2] {
        in_virtual_time(async {
            let session = Session::new(dialect);
            let mut dice = fastrand::Rng::with_seed(7);
            let mut ports = BTreeSet::new();
            for round in 0..REFRESHES / 2 {
                if round % 25 == 0 {
                    // Applied while reads lag behind writes. Queried at once, and repeatedly until the reads catch up.
                    session.account.emulator.set_faults(faults::scenario("eventual").expect("a scenario"));
                    session.apply(&fleet(round / 25).resources(dialect)).await;
                } else {
                    if round % 25 > 3 {
                        disturb(&session, &mut dice).await;
                        sleep(Duration::from_secs(dice.u64(0..600))).await;
                    }
                    let noise = NOISE[dice.usize(..NOISE.len())];
                    session.account.emulator.set_faults(faults::parse(noise, "noise").expect("valid rules"));
                }
                let report = session.report(true).await;
                assert_eq!(reported(&report), Vec::<String>::new(), "refresh {round} over {dialect}");
                ports.extend(addresses(&session).await);
            }
            // A world without noise would prove nothing.
            let noisy = session.account.emulator.journal(0).iter().filter(|entry| entry.fault.is_some()).count();
            assert!(ports.len() > 40 && noisy > 700, "{} addresses, {noisy} noisy answers", ports.len());
        });
    }
}

/// Events that happen to pods by themselves, or do not matter: a container restarts on other ports, a host does not
/// answer, an undeclared variable changes.
async fn disturb(session: &Session, dice: &mut fastrand::Rng) {
    session.account.calm();
    let running = |pod: &Object| pod.status == Some(Status::Running);
    let pods: Vec<Object> = session.pods().await.into_iter().filter(running).collect();
    let Some(pod) = dice.choice(&pods) else { return };
    let event = |event: PodEvent| session.account.modify(|world, now| world.pod_event(&pod.id, &event, now));
    match dice.u8(0..6) {
        0 => {
            // Ports change with every start.
            event(PodEvent::Stop).expect("it runs");
            sleep(Duration::from_secs(5)).await;
            event(PodEvent::Start).expect("its GPU is free");
        }
        1 => event(PodEvent::HostDown { seconds: dice.u64(10..500) }).expect("a host"),
        2 => {
            let shown = pod.attributes["env"].as_map().expect("a map").iter();
            let mut env: Map<_, _> =
                shown.map(|(key, value)| (key.to_string(), value.expose().unwrap_or_default().into())).collect();
            env.extend(pod.marker.as_ref().map(|marker| (MARKER_VARIABLE.to_owned(), marker.to_string().into())));
            env.insert(format!("RUNPOD_{}", dice.u8(0..9)), "x".into());
            env.insert("PUBLIC_KEY".into(), "ssh-ed25519 AAAA".into());
            event(PodEvent::Edit { changes: json!({ "env": env }) }).expect("an edit");
        }
        3 => event(PodEvent::Crash).expect("a container"),
        _ => {}
    }
}

/// The addresses of all ports.
async fn addresses(session: &Session) -> Vec<String> {
    session.account.calm();
    let pods = session.pods().await;
    pods.iter().flat_map(|pod| pod.computed.endpoints.iter().filter_map(|endpoint| endpoint.address.clone())).collect()
}

#[test]
fn changes_by_a_running_apply_are_not_drift() {
    for dialect in [Dialect::V1, Dialect::V2] {
        in_virtual_time(async {
            let session = Session::new(dialect);
            let with = |image, count| {
                let own = Storage::Own(20);
                let pod =
                    Pod { image, replicas: Some(count), storage: own, ports: ["22/tcp"].into(), ..Pod::default() };
                let first = Pod { image, create_first: true, ..Pod::default() };
                let fleet = Fleet::default().with_pod("a", pod).with_pod("first", first);
                fleet.with_volume("data", Volume::default()).resources(dialect)
            };
            // Created, replaced in both ways, grown, shrunk, and finally destroyed.
            let steps: [Desired; 5] =
                [with("image:1", 4), with("image:2", 4), with("image:2", 8), with("image:2", 2), Desired::new()];
            // A list takes time while an apply continues, so it is newer than the state with which it is compared.
            let slow = "
- match: { operation: 'list*' }
  effect: { latency: { seconds: 0.1, upTo: 1.5 } }
- match: { operation: createNetworkVolume }
  effect: { latency: { seconds: 1, side: afterEffect } }";
            let mut rules = faults::parse(slow, "slow").expect("valid rules");
            rules.extend(faults::scenario("eventual").expect("a scenario"));
            let mut asked = 0;
            for (step, desired) in steps.iter().enumerate() {
                session.account.emulator.set_faults(rules.clone());
                let watching = async {
                    loop {
                        let report = session.report(true).await;
                        assert_eq!(reported(&report), Vec::<String>::new(), "step {step} over {dialect}, time {asked}");
                        assert!(report.findings.iter().all(|finding| finding.class != DriftClass::Unmanaged), "{step}");
                        asked += 1;
                        sleep(Duration::from_millis(300)).await;
                    }
                };
                tokio::select! {
                    _ = watching => unreachable!("it never ends"),
                    applied = session.apply(desired) => assert!(!applied.plan.is_empty()),
                }
            }
            assert!(asked > 12, "asked {asked} times");
        });
    }
}

#[test]
fn a_new_pod_missing_from_lists_is_not_reported_as_gone() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let desired = one(Pod::default());
        session.apply(&desired).await;
        // Neither lists nor reads show it, as for a pod that was created a moment ago.
        let id = session.record("main").id;
        session.account.modify(|world, now| world.pod_event(&id, &PodEvent::Delete, now)).expect("a delete");
        let report = session.report(false).await;
        assert_eq!((report.findings.len(), report.drifted()), (0, false));
        assert!(report.unsettled.contains_key(&Address::new("pod", "main")));
        rest().await;
        assert_eq!(reported(&session.report(false).await).len(), 1);
    });
}

#[test]
fn operations_left_open_by_an_interrupted_apply_are_listed_and_not_classified() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let desired = one(Pod::default());
        session.account.fault("createPod", "latency: { seconds: 60 }");
        tokio::select! {
            _ = session.attempt(&desired) => unreachable!("it takes a minute"),
            () = sleep(Duration::from_secs(30)) => {}
        }
        let report = session.report(true).await;
        assert_eq!((report.findings.len(), report.checked), (0, 0));
        assert_eq!(report.unsettled, BTreeMap::from([(Address::new("pod", "main"), Unsettled::InFlight)]));
    });
}
