//! Changes by others: the host, the market, the console, the account.

use std::time::Duration;

use sindri::emulator::PodEvent;
use sindri::model::{Action, Address, Cause, Dialect, DriftClass, Power, Verb};
use sindri::planner::PlanOptions;
use sindri::planner::drift::survey::accepted;
use tokio::time::sleep;

use crate::support::fleet::{Fleet, Pod, Storage, Volume};
use crate::support::{Desired, Readings, Session, change, in_virtual_time, one, one_in, rest};

#[test]
fn a_preempted_pod_is_started_again_or_left_by_policy() {
    for dialect in [Dialect::V1, Dialect::V2] {
        in_virtual_time(async {
            let session = Session::new(dialect);
            let desired = one_in(Pod::default(), dialect);
            session.account.fault("createPod", "preempt: { seconds: 300 }");
            session.apply(&desired).await;
            sleep(Duration::from_secs(310)).await;

            let plan = session.plan(&desired).await;
            assert_eq!((change(&plan, "main").action, plan.drift[0].class), (Action::Start, DriftClass::Stopped));

            // `sindri refresh` records the observed values, which then stay recorded.
            let (mut state, observed) = (session.state(), session.observe().await);
            let main = Address::new("pod", "main");
            let left = accepted(&state, &observed).remove(&main).flatten().expect("a record");
            assert_eq!(left.power, Some(Power::Stopped));
            state.resources.insert(main, left);
            assert!(session.plan_from(Readings::of(&desired, &state, &observed), PlanOptions::default()).is_empty());

            let applied = session.apply(&desired).await;
            assert_eq!(applied.requests.len(), 1, "{:?}", applied.requests);
            assert!(session.pods().await[0].ready);
        });
    }
}

#[test]
fn a_migrated_pod_is_adopted_and_not_recreated() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let desired = one(Pod::default());
        session.account.fault("createPod", "migrate: { seconds: 200 }");
        session.apply(&desired).await;
        let old = session.record("main").id;
        sleep(Duration::from_secs(210)).await;
        let plan = session.plan(&desired).await;
        assert!(matches!(change(&plan, "main").causes[..], [Cause::Marker { same_lineage: true, .. }]));
        assert_eq!(plan.notes, [], "it is not the balance");

        let applied = session.apply(&desired).await;
        assert_eq!((change(&applied.plan, "main").action, applied.requests), (Action::Import, Vec::new()));
        let pods = session.pods().await;
        assert_eq!(pods.iter().map(|pod| &pod.id).collect::<Vec<_>>(), [&session.record("main").id]);
        assert_ne!(session.record("main").id, old);
    });
}

#[test]
fn a_migrated_pod_is_destroyed_once_it_is_no_longer_declared() {
    for destroy in [false, true] {
        in_virtual_time(async {
            let session = Session::new(Dialect::V2);
            let desired = one(Pod { ports: ["22/tcp"].into(), ..Pod::default() });
            session.account.fault("createPod", "migrate: { seconds: 200 }");
            session.apply(&desired).await;
            sleep(Duration::from_secs(210)).await;
            let options = PlanOptions { destroy, ..PlanOptions::default() };
            let declared = if destroy { desired } else { Desired::new() };
            let applied = session.apply_with(&declared, &[], options).await;
            let change = change(&applied.plan, "main");
            assert_eq!(change.action, Action::Delete);
            assert!(matches!(change.causes[0], Cause::Marker { same_lineage: true, .. }), "{:?}", change.causes);
            assert!(applied.plan.orphans.is_empty() && session.pods().await.is_empty(), "{}", applied.text);
            assert!(session.state().resources.is_empty());
        });
    }
}

#[test]
fn a_migrated_pod_is_replaced_together_with_its_volume() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let fleet = |region| {
            let pod = Pod { storage: Storage::Network("data"), ..Pod::default() };
            let fleet = Fleet::default().with_volume("data", Volume { region, ..Volume::default() });
            fleet.with_pod("main", pod).resources(Dialect::V2)
        };
        session.account.fault("createPod", "migrate: { seconds: 200 }");
        session.apply(&fleet("US-CA-2")).await;
        sleep(Duration::from_secs(210)).await;
        session.account.calm();
        let applied = session.apply(&fleet("US-KS-2")).await;
        let verbs: Vec<Verb> = applied.plan.operations.iter().map(|operation| operation.verb).collect();
        // The new volume comes first, and the old one is deleted last.
        assert_eq!(verbs, [Verb::Create, Verb::Import, Verb::Delete, Verb::Create, Verb::Delete]);
        assert!(session.plan(&fleet("US-KS-2")).await.is_empty());
    });
}

#[test]
fn an_unmanaged_pod_with_the_same_name_is_not_touched() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let desired = one(Pod::default());
        session.account.fault("createPod, times: 1", "duplicateName: true, statusAfterEffect: { code: 500 }");
        let applied = session.apply(&desired).await;
        assert_eq!(applied.creates(), 1);
        let ours = session.record("main").id;
        let theirs: Vec<_> = session.pods().await.into_iter().filter(|pod| pod.id != ours).collect();
        assert_eq!((theirs.len(), &theirs[0].name, &theirs[0].marker), (1, &"test-main".to_owned(), &None));
        rest().await;
        assert_eq!(session.plan(&desired).await.orphans, [], "it is nobody's orphan");

        session.apply_with(&desired, &[], PlanOptions { destroy: true, ..PlanOptions::default() }).await;
        assert_eq!(session.pods().await.iter().map(|pod| &pod.id).collect::<Vec<_>>(), [&theirs[0].id]);
    });
}

#[test]
fn a_zero_balance_is_mentioned_when_pods_disappear_and_stops_the_apply() {
    in_virtual_time(async {
        let mut session = Session::new(Dialect::V2);
        session.parallelism = 1;
        let kept = Pod { storage: Storage::Network("data"), ..Pod::default() };
        let fleet = Fleet::default().with_volume("data", Volume::default());
        let desired = fleet
            .with_pod("a", Pod { replicas: Some(3), ..Pod::default() })
            .with_pod("kept", kept)
            .resources(Dialect::V2);
        session.apply(&desired).await;
        session.account.modify(|world, now| world.set_account(Some(0.01), None, now));
        sleep(Duration::from_secs(3600)).await;

        let plan = session.plan(&desired).await;
        let classes: Vec<DriftClass> = plan.drift.iter().map(|drift| drift.class).collect();
        assert_eq!(classes, [DriftClass::Gone, DriftClass::Gone, DriftClass::Gone, DriftClass::Stopped]);
        assert!(plan.notes[0].message.contains("balance may have reached zero"), "{:?}", plan.notes);

        let applied = session.attempt(&desired).await;
        applied.says(&["[no_balance]", "Insufficient balance.", "the account needs credit"]);
        assert_eq!((applied.report.failed, applied.requests.len()), (1, 1), "{:?}", applied.requests);
        assert_eq!(applied.report.skipped, 3);

        session.account.modify(|world, now| world.set_account(Some(100.0), None, now));
        session.apply(&desired).await;
        assert!(session.plan(&desired).await.is_empty());
    });
}

#[test]
fn one_missing_pod_of_two_is_no_sign_of_a_zero_balance() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let desired = one(Pod { replicas: Some(2), ..Pod::default() });
        session.apply(&desired).await;
        let id = session.pods().await[0].id.clone();
        session.account.modify(|world, now| world.pod_event(&id, &PodEvent::Delete, now)).expect("a delete");
        rest().await;
        let plan = session.plan(&desired).await;
        assert_eq!((plan.drift[0].class, plan.notes), (DriftClass::Gone, vec![]));
    });
}

#[test]
fn a_pod_in_maintenance_cannot_be_started_and_recovers_by_itself() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let desired = one(Pod::default());
        session.account.fault("createPod", "maintenance: { startsIn: 300, seconds: 600 }");
        session.apply(&desired).await;
        sleep(Duration::from_secs(320)).await;
        let applied = session.attempt(&desired).await;
        assert_eq!((change(&applied.plan, "main").action, applied.report.failed), (Action::Start, 1));
        applied.says(&["could not start", "not enough free GPUs on the host machine"]);
        sleep(Duration::from_secs(600)).await;
        let plan = session.plan(&desired).await;
        assert!(plan.is_empty() && plan.drift.is_empty(), "{:#?}", plan.changes);
    });
}
