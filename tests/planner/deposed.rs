//! Predecessors left behind by an interrupted replacement are destroyed once their successor works, and not before.

use std::collections::BTreeMap;

use sindri::model::{
    Action, Address, Awaiting, Cause, Dialect, Object, Observed, Operation, Plan, Power, Record, Resource, State,
    Status, Verb,
};
use sindri::planner::PlanOptions;

use crate::support::fleet::{Fleet, Pod};
use crate::support::{Readings, Session, in_virtual_time, one};

fn pod(image: &'static str) -> Fleet {
    Fleet::default().with_pod("main", Pod { image, create_first: true, ..Pod::default() })
}

/// A world where the successor of `pod.main` never becomes ready, and its predecessor still works.
async fn half_replaced() -> Session {
    let session = Session::new(Dialect::V2);
    session.apply(&pod("image:1").resources(Dialect::V2)).await;
    session.attempt(&pod("emulator/slow:1").resources(Dialect::V2)).await;
    session
}

#[test]
fn a_predecessor_stays_until_its_successor_is_ready() {
    in_virtual_time(async {
        let session = half_replaced().await;
        let desired = pod("emulator/slow:1").resources(Dialect::V2);
        let working = session
            .state()
            .resources
            .iter()
            .find(|(it, _)| it.successor().is_some())
            .expect("it is recorded")
            .1
            .id
            .clone();
        assert!(session.observe().await.get("pod", &working).is_some());

        // The successor is tainted, so a third pod is created, and the predecessor's delete waits for it.
        let plan = session.plan(&desired).await;
        let gone = plan.operations.iter().position(|it| it.id.as_deref() == Some(&working)).expect("it is to go");
        let made = plan.operations.iter().position(|it| it.verb == Verb::Create).expect("a create");
        assert!(plan.operations[gone].depends_on.contains(&made), "{:#?}", plan.operations);
        session.attempt(&desired).await;
        assert!(session.observe().await.get("pod", &working).is_some(), "the successor never came up");

        // A successor that does become ready.
        let desired = pod("image:2").resources(Dialect::V2);
        session.apply(&desired).await;
        assert!(session.observe().await.get("pod", &working).is_none());
        assert!(session.plan(&desired).await.is_empty());
    });
}

#[test]
fn a_starting_successor_is_waited_for_before_the_predecessor_is_destroyed() {
    in_virtual_time(async {
        let session = half_replaced().await;
        let address = session.state().resources.keys().find(|it| it.successor().is_some()).expect("recorded").clone();
        let mut state = session.state();
        let successor = address.successor().expect("a successor");
        state.resources.get_mut(&successor).expect("recorded").tainted = false;
        let desired = pod("emulator/slow:1").resources(Dialect::V2);
        let observed = session.observe().await;
        let readings = Readings::of(&desired, &state, &observed);
        let plan = session.plan_from(readings, Default::default());
        let change = plan.changes.iter().find(|change| change.address == address).expect("it is told");
        let superseded = vec![Cause::Superseded { by: successor.clone() }];
        assert_eq!((change.action, &change.causes), (Action::Delete, &superseded));
        assert_eq!(plan.waits.iter().map(|wait| &wait.address).collect::<Vec<_>>(), [&successor]);
        let [wait, delete] = plan.operations.as_slice() else { panic!("{:#?}", plan.operations) };
        assert_eq!((wait.verb, delete.verb, delete.depends_on.as_slice()), (Verb::Wait, Verb::Delete, &[0][..]));
    });
}

fn main() -> Address {
    Address::new("pod", "main")
}

/// The deposed predecessor, and its id.
fn predecessor(state: &State) -> (Address, String) {
    let mut waiting = state.resources.iter().filter(|(address, _)| address.successor().is_some());
    let (address, record) = waiting.next().expect("a predecessor is recorded");
    assert!(waiting.next().is_none(), "only one predecessor waits: {:#?}", state.resources.keys());
    (address.clone(), record.id.clone())
}

fn pods(observed: &Observed) -> usize {
    observed.of_kind("pod").filter(|object| !object.is_leaving()).count()
}

#[test]
fn a_predecessor_is_kept_if_its_successor_was_stopped_before_it_was_ready() {
    in_virtual_time(async {
        let session = half_replaced().await;
        let (address, working) = predecessor(&session.state());
        session.power(&main(), Power::Stopped).await.expect("it stops");
        let declared = [
            pod("emulator/slow:1"),
            // A newly declared change is applied to the stopped pod, which still does not show that it works.
            pod("image:2"),
        ];
        for desired in declared.map(|fleet| fleet.resources(Dialect::V2)) {
            let applied = session.apply(&desired).await;
            let change = applied.plan.changes.iter().find(|change| change.address == address).expect("it is told");
            assert_eq!((change.action, &change.causes), (Action::NoOp, &vec![Cause::Superseded { by: main() }]));
            assert!(applied.plan.notes.iter().any(|note| note.message.contains("`sindri start pod.main`")));
            assert!(session.observe().await.get("pod", &working).is_some(), "the only pod that works");
            assert!(session.state().resources[&main()].tainted, "an apply of nothing does not make it ready");
        }
        // The last of them becomes ready. Now the predecessor is destroyed.
        session.power(&main(), Power::Running).await.expect("it comes up");
        let desired = pod("image:2").resources(Dialect::V2);
        session.apply(&desired).await;
        assert!(session.observe().await.get("pod", &working).is_none());
        assert!(session.plan(&desired).await.is_empty());
    });
}

/// For a successor in any state: whether the plan destroys the predecessor at once, after the successor is ready, or
/// not at all.
#[derive(Debug, PartialEq, Eq)]
enum End {
    AtOnce,
    AfterSuccessor,
    Never,
}

#[test]
fn a_predecessor_is_destroyed_only_once_its_successor_was_ready() {
    in_virtual_time(async {
        let session = half_replaced().await;
        let (address, _) = predecessor(&session.state());
        let observed = session.observe().await;
        let (state, successor) =
            (session.state(), observed.get("pod", &session.state().resources[&main()].id).cloned());
        let successor = successor.expect("the successor is there");
        let stopped =
            Pod { image: "emulator/slow:1", create_first: true, power: Some(Power::Stopped), ..Pod::default() };
        let declared_stopped = one(stopped);
        let desired = pod("emulator/slow:1").resources(Dialect::V2);
        let end = |status: &Status, ready: bool, doubt: Doubt, power: Power, desired: &BTreeMap<Address, Resource>| {
            let (mut state, mut observed) = (state.clone(), observed.clone());
            let record = state.resources.get_mut(&main()).expect("recorded");
            let (tainted, awaiting_ready) = doubt;
            *record = Record { tainted, awaiting_ready, power: Some(power), ..record.clone() };
            observed.insert(Object { status: Some(status.clone()), ready, ..successor.clone() });
            let readings = Readings::of(desired, &state, &observed);
            let plan = session.plan_from(readings, PlanOptions::default());
            let delete = plan.operations.iter().find(|it| it.address == address);
            let first = delete.map(|it| comes_after_a_wait(&plan, it));
            match first {
                None => End::Never,
                Some(true) => End::AfterSuccessor,
                Some(false) => End::AtOnce,
            }
        };
        let (first, again) = ((false, Some(Awaiting::First)), (false, Some(Awaiting::Again)));
        let (tainted, seen) = ((true, None), (false, None));
        let statuses =
            [Status::Creating, Status::Error, Status::ZeroGpu, Status::Unknown("NEW".into()), Status::Stopped];
        for doubt in [first, again, tainted] {
            for status in &statuses {
                for power in [Power::Running, Power::Stopped] {
                    let end = end(status, false, doubt, power, &desired);
                    assert_ne!(end, End::AtOnce, "{status}, {doubt:?}, to be {power:?}");
                }
            }
            assert_eq!(end(&Status::Stopped, false, doubt, Power::Stopped, &desired), End::Never, "{doubt:?}");
            assert_eq!(end(&Status::Stopped, false, doubt, Power::Running, &desired), End::AfterSuccessor, "{doubt:?}");
        }
        // It was seen ready, and stopped later.
        assert_eq!(end(&Status::Stopped, false, seen, Power::Stopped, &desired), End::AtOnce);
        assert_eq!(end(&Status::Running, true, tainted, Power::Running, &desired), End::AtOnce);
        // The journal was lost. A pod declared as stopped is stopped only after it was ready.
        assert_eq!(end(&Status::Stopped, false, again, Power::Stopped, &declared_stopped), End::AtOnce);
        assert_eq!(end(&Status::Creating, false, again, Power::Stopped, &declared_stopped), End::Never);
        // A pod declared as stopped would otherwise never be seen ready, so it is recreated.
        for doubt in [first, tainted] {
            for status in [Status::Stopped, Status::Creating] {
                let end = end(&status, false, doubt, Power::Stopped, &declared_stopped);
                assert_eq!(end, End::AfterSuccessor, "{status}, {doubt:?}");
            }
        }
    });
}

fn comes_after_a_wait(plan: &Plan, operation: &Operation) -> bool {
    let mut needed = operation.depends_on.iter().map(|need| &plan.operations[*need]);
    needed.any(|needed| needed.wait || comes_after_a_wait(plan, needed))
}

/// Whether a record is tainted, and which readiness it awaits.
type Doubt = (bool, Option<Awaiting>);

#[test]
fn a_pod_that_never_became_ready_is_not_kept_as_a_predecessor() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        session.apply(&pod("image:1").resources(Dialect::V2)).await;
        let never_ready = pod("emulator/slow:1").resources(Dialect::V2);
        for _ in 0..3 {
            session.attempt(&never_ready).await;
            // The healthy pod, and the last attempt.
            assert_eq!(pods(&session.observe().await), 2);
            let (_, working) = predecessor(&session.state());
            assert!(session.observe().await.get("pod", &working).is_some_and(|object| object.ready));
        }
        let plan = session.plan(&never_ready).await;
        let change = plan.changes.iter().find(|change| change.address == main()).expect("it is told");
        assert_eq!((change.action, &change.causes), (Action::Replace, &vec![Cause::Tainted]));
    });
}

#[test]
fn a_first_pod_that_never_became_ready_makes_room_for_the_next() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        for image in ["emulator/slow:1", "emulator/slow:2"] {
            session.attempt(&pod(image).resources(Dialect::V2)).await;
            assert_eq!(pods(&session.observe().await), 1);
        }
        let desired = pod("image:1").resources(Dialect::V2);
        session.apply(&desired).await;
        assert_eq!(pods(&session.observe().await), 1);
        assert!(session.plan(&desired).await.is_empty());
    });
}

#[test]
fn a_start_does_not_make_an_unready_pod_count_as_ready_before() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let desired = pod("emulator/cuda-too-new:1").resources(Dialect::V2);
        session.attempt(&desired).await;
        session.power(&main(), Power::Stopped).await.expect("it stops");
        let stopped = session.state().resources[&main()].clone();
        assert!(stopped.tainted && session.plan(&desired).await.is_empty());
        let help = session.power(&main(), Power::Running).await.expect_err("it does not come up");
        assert!(help.contains("It is tainted; `sindri apply` replaces it") && !help.contains("is kept"), "{help}");
        let record = session.state().resources[&main()].clone();
        assert_eq!((record.tainted, record.awaiting_ready), (true, None));
        // Starting a running pod only waits, and gives the same message.
        let help = session.power(&main(), Power::Running).await.expect_err("it does not come up");
        assert!(help.contains("It is tainted"), "{help}");
        assert!(session.state().resources[&main()].tainted);
        let plan = session.plan(&desired).await;
        let change = plan.changes.iter().find(|change| change.address == main()).expect("it is told");
        assert_eq!(change.causes, [Cause::Tainted]);
    });
}
