//! Changes by others: the host, the market, the console, the account.

use std::time::Duration;

use sindri::emulator::PodEvent;
use sindri::model::{Action, Address, Cause, Dialect, DriftClass, Power, Verb};
use sindri::planner::PlanOptions;
use sindri::planner::drift::survey::accepted;
use tokio::time::sleep;

use crate::faults::world::{World, change, rest};
use crate::support::fleet::{Fleet, Pod, Storage, Volume};
use crate::support::{Desired, in_virtual_time, one};

#[test]
fn a_preempted_pod_is_started_again_or_left_by_policy() {
    for dialect in [Dialect::V1, Dialect::V2] {
        in_virtual_time(async {
            let world = World::new(dialect);
            let desired = Fleet::default().with_pod("main", Pod::default()).resources(dialect);
            world.fault("createPod", "preempt: { seconds: 300 }");
            world.settle(&desired).await;
            sleep(Duration::from_secs(310)).await;

            let plan = world.plan(&desired).await;
            assert_eq!((change(&plan, "main").action, plan.drift[0].class), (Action::Start, DriftClass::Stopped));

            // `sindri refresh` records the observed values, which then stay recorded.
            let (mut state, observed) = (world.state(), world.observe().await);
            let main = Address::new("pod", "main");
            let left = accepted(&state, &observed).remove(&main).flatten().expect("a record");
            assert_eq!(left.power, Some(Power::Stopped));
            state.resources.insert(main, left);
            assert!(world.plan_from(&desired, &state, &observed, PlanOptions::default()).is_empty());

            let applied = world.settle(&desired).await;
            assert_eq!(applied.requests.len(), 1, "{:?}", applied.requests);
            assert!(world.pods().await[0].ready);
        });
    }
}

#[test]
fn a_migrated_pod_is_adopted_and_not_recreated() {
    in_virtual_time(async {
        let world = World::new(Dialect::V2);
        let desired = one(Pod::default());
        world.fault("createPod", "migrate: { seconds: 200 }");
        world.settle(&desired).await;
        let old = world.record("main").id;
        sleep(Duration::from_secs(210)).await;
        let plan = world.plan(&desired).await;
        assert!(matches!(change(&plan, "main").causes[..], [Cause::Marker { same_lineage: true, .. }]));
        assert_eq!(plan.notes, [], "it is not the balance");

        let applied = world.settle(&desired).await;
        assert_eq!((change(&applied.plan, "main").action, applied.requests), (Action::Import, Vec::new()));
        let pods = world.pods().await;
        assert_eq!(pods.iter().map(|pod| &pod.id).collect::<Vec<_>>(), [&world.record("main").id]);
        assert_ne!(world.record("main").id, old);
    });
}

#[test]
fn a_migrated_pod_is_destroyed_once_it_is_no_longer_declared() {
    for destroy in [false, true] {
        in_virtual_time(async {
            let world = World::new(Dialect::V2);
            let desired = one(Pod { ports: ["22/tcp"].into(), ..Pod::default() });
            world.fault("createPod", "migrate: { seconds: 200 }");
            world.settle(&desired).await;
            sleep(Duration::from_secs(210)).await;
            let options = PlanOptions { destroy, ..PlanOptions::default() };
            let declared = if destroy { desired } else { Desired::new() };
            let applied = world.apply_with(&declared, options).await;
            let change = change(&applied.plan, "main");
            assert_eq!(change.action, Action::Delete);
            assert!(matches!(change.causes[0], Cause::Marker { same_lineage: true, .. }), "{:?}", change.causes);
            assert!(applied.plan.orphans.is_empty() && world.pods().await.is_empty(), "{}", applied.text);
            assert!(world.state().resources.is_empty());
        });
    }
}

#[test]
fn a_migrated_pod_is_replaced_together_with_its_volume() {
    in_virtual_time(async {
        let world = World::new(Dialect::V2);
        let fleet = |region| {
            let pod = Pod { storage: Storage::Network("data"), ..Pod::default() };
            let fleet = Fleet::default().with_volume("data", Volume { region, ..Volume::default() });
            fleet.with_pod("main", pod).resources(Dialect::V2)
        };
        world.fault("createPod", "migrate: { seconds: 200 }");
        world.settle(&fleet("US-CA-2")).await;
        sleep(Duration::from_secs(210)).await;
        world.calm();
        let applied = world.settle(&fleet("US-KS-2")).await;
        let verbs: Vec<Verb> = applied.plan.operations.iter().map(|operation| operation.verb).collect();
        // The new volume comes first, and the old one is deleted last.
        assert_eq!(verbs, [Verb::Create, Verb::Import, Verb::Delete, Verb::Create, Verb::Delete]);
        assert!(world.plan(&fleet("US-KS-2")).await.is_empty());
    });
}

#[test]
fn an_unmanaged_pod_with_the_same_name_is_not_touched() {
    in_virtual_time(async {
        let world = World::new(Dialect::V2);
        let desired = one(Pod::default());
        world.fault("createPod, times: 1", "duplicateName: true, statusAfterEffect: { code: 500 }");
        let applied = world.settle(&desired).await;
        assert_eq!(applied.creates(), 1);
        let ours = world.record("main").id;
        let theirs: Vec<_> = world.pods().await.into_iter().filter(|pod| pod.id != ours).collect();
        assert_eq!((theirs.len(), &theirs[0].name, &theirs[0].marker), (1, &"test-main".to_owned(), &None));
        rest().await;
        assert_eq!(world.plan(&desired).await.orphans, [], "it is nobody's orphan");

        world.apply_with(&desired, PlanOptions { destroy: true, ..PlanOptions::default() }).await;
        assert_eq!(world.pods().await.iter().map(|pod| &pod.id).collect::<Vec<_>>(), [&theirs[0].id]);
    });
}

#[test]
fn a_zero_balance_is_mentioned_when_pods_disappear_and_stops_the_apply() {
    in_virtual_time(async {
        let mut world = World::new(Dialect::V2);
        world.parallelism = 1;
        let kept = Pod { storage: Storage::Network("data"), ..Pod::default() };
        let fleet = Fleet::default().with_volume("data", Volume::default());
        let desired = fleet
            .with_pod("a", Pod { replicas: Some(3), ..Pod::default() })
            .with_pod("kept", kept)
            .resources(Dialect::V2);
        world.settle(&desired).await;
        world.modify(|world, now| world.set_account(Some(0.01), None, now));
        sleep(Duration::from_secs(3600)).await;

        let plan = world.plan(&desired).await;
        let classes: Vec<DriftClass> = plan.drift.iter().map(|drift| drift.class).collect();
        assert_eq!(classes, [DriftClass::Gone, DriftClass::Gone, DriftClass::Gone, DriftClass::Stopped]);
        assert!(plan.notes[0].message.contains("balance may have reached zero"), "{:?}", plan.notes);

        let applied = world.apply(&desired).await;
        applied.says(&["[no_balance]", "Insufficient balance.", "the account needs credit"]);
        assert_eq!((applied.report.failed, applied.requests.len()), (1, 1), "{:?}", applied.requests);
        assert_eq!(applied.report.skipped, 3);

        world.modify(|world, now| world.set_account(Some(100.0), None, now));
        world.settle(&desired).await;
        assert!(world.plan(&desired).await.is_empty());
    });
}

#[test]
fn one_missing_pod_of_two_is_no_sign_of_a_zero_balance() {
    in_virtual_time(async {
        let world = World::new(Dialect::V2);
        let desired = one(Pod { replicas: Some(2), ..Pod::default() });
        world.settle(&desired).await;
        let id = world.pods().await[0].id.clone();
        world.modify(|world, now| world.pod_event(&id, &PodEvent::Delete, now)).expect("a delete");
        rest().await;
        let plan = world.plan(&desired).await;
        assert_eq!((plan.drift[0].class, plan.notes), (DriftClass::Gone, vec![]));
    });
}

#[test]
fn a_pod_in_maintenance_cannot_be_started_and_recovers_by_itself() {
    in_virtual_time(async {
        let world = World::new(Dialect::V2);
        let desired = one(Pod::default());
        world.fault("createPod", "maintenance: { startsIn: 300, seconds: 600 }");
        world.settle(&desired).await;
        sleep(Duration::from_secs(320)).await;
        let applied = world.apply(&desired).await;
        assert_eq!((change(&applied.plan, "main").action, applied.report.failed), (Action::Start, 1));
        applied.says(&["could not start", "not enough free GPUs on the host machine"]);
        sleep(Duration::from_secs(600)).await;
        let plan = world.plan(&desired).await;
        assert!(plan.is_empty() && plan.drift.is_empty(), "{:#?}", plan.changes);
    });
}
