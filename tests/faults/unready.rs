//! Resources that should run and are not ready are never forgotten: however the wait ended, the next apply waits again.

use std::time::Duration;

use sindri::emulator::PodEvent;
use sindri::model::{Action, Awaiting, Cause, Dialect, Entry, Outcome, Power, Record, Verb};
use sindri::planner::PlanOptions;
use tokio::time::sleep;

use crate::support::fleet::{Fleet, Pod};
use crate::support::{Desired, Readings, Session, change, in_virtual_time, one, one_in, rest};

/// Pulling its image takes half an hour; the time limit is twenty minutes.
fn slow() -> Pod {
    Pod { image: "emulator/slow:1", ..Pod::default() }
}

/// Its container never starts.
fn never_ready() -> Pod {
    Pod { image: "emulator/cuda-too-new:1", ..Pod::default() }
}

/// An apply that is killed while it waits. Its create is recorded, but nothing after it happened.
async fn killed_while_waiting(session: &Session, desired: &Desired) {
    let applied = tokio::time::timeout(Duration::from_secs(60), session.attempt(desired)).await;
    assert!(applied.is_err(), "it waits");
    assert_eq!(session.record("main").awaiting_ready, Some(Awaiting::First));
    rest().await;
}

#[test]
fn the_apply_after_a_killed_one_waits_and_the_plan_after_that_is_empty() {
    for dialect in [Dialect::V1, Dialect::V2] {
        in_virtual_time(async {
            let session = Session::new(dialect);
            let desired = one_in(slow(), dialect);
            killed_while_waiting(&session, &desired).await;
            sleep(Duration::from_secs(700)).await;
            let plan = session.plan(&desired).await;
            assert_eq!((plan.is_empty(), plan.changes_anything(), plan.waits.len()), (false, false, 1));
            let applied = session.apply(&desired).await;
            assert!(applied.requests.is_empty(), "a wait is no request: {:?}", applied.requests);
            applied.says(&["1 ready"]);
            assert_eq!(session.record("main").awaiting_ready, None);
            assert!(session.plan(&desired).await.is_empty());
        });
    }
}

#[test]
fn a_pod_that_never_becomes_ready_fails_the_next_apply_and_is_replaced_by_the_one_after() {
    in_virtual_time(async {
        let (session, desired) = (Session::new(Dialect::V2), one(never_ready()));
        killed_while_waiting(&session, &desired).await;
        sleep(Duration::from_secs(7_200)).await;
        let report = session.report(false).await;
        assert!(report.drifted() && report.findings[0].never_ready, "{:#?}", report.findings);
        let applied = session.attempt(&desired).await;
        assert_eq!((applied.report.failed, applied.report.done), (1, 0));
        applied.says(&["pod.main is not ready [not_ready]", "It is tainted", "Nothing was changed"]);
        let plan = session.plan(&desired).await;
        assert_eq!(change(&plan, "main").causes, [Cause::Tainted]);
        assert!(session.report(false).await.drifted());
    });
}

#[test]
fn after_an_interrupted_wait_the_next_apply_waits() {
    in_virtual_time(async {
        let (session, desired) = (Session::new(Dialect::V2), one(slow()));
        killed_while_waiting(&session, &desired).await;
        let again = tokio::time::timeout(Duration::from_secs(60), session.attempt(&desired)).await;
        assert!(again.is_err(), "it waits as well");
        assert_eq!(session.record("main").awaiting_ready, Some(Awaiting::First));
        assert!(!session.plan(&desired).await.is_empty());
    });
}

#[test]
fn a_plan_without_refresh_waits_for_resources_recorded_as_never_ready() {
    in_virtual_time(async {
        let (session, desired) = (Session::new(Dialect::V2), one(slow()));
        killed_while_waiting(&session, &desired).await;
        let state = session.state();
        let remembered = sindri::planner::drift::survey::remembered(&state);
        let options = PlanOptions { unrefreshed: true, ..PlanOptions::default() };
        assert_eq!(session.plan_from(Readings::of(&desired, &state, &remembered), options.clone()).waits.len(), 1);
        sleep(Duration::from_secs(3_600)).await;
        session.refresh().await;
        assert_eq!(session.record("main").awaiting_ready, None, "a refresh has seen it ready");
        let state = session.state();
        let remembered = sindri::planner::drift::survey::remembered(&state);
        assert!(session.plan_from(Readings::of(&desired, &state, &remembered), options).is_empty());
    });
}

#[test]
fn pods_stopped_by_declaration_or_command_are_never_waited_for() {
    in_virtual_time(async {
        let (session, desired) = (Session::new(Dialect::V2), one(slow()));
        killed_while_waiting(&session, &desired).await;
        let stopped = one(Pod { power: Some(Power::Stopped), ..slow() });
        let applied = session.apply(&stopped).await;
        assert!(applied.plan.waits.is_empty());
        assert!(session.plan(&stopped).await.is_empty());
        // Stopped manually: the record says stopped, and the file does not mention power.
        assert!(session.plan(&desired).await.is_empty());
        assert!(!session.report(false).await.drifted());
    });
}

#[test]
fn an_update_in_place_of_an_unready_pod_waits_for_it() {
    in_virtual_time(async {
        let (session, desired) = (Session::new(Dialect::V2), one(slow()));
        killed_while_waiting(&session, &desired).await;
        let renamed = one(Pod { title: "renamed", ..slow() });
        sleep(Duration::from_secs(700)).await;
        let applied = session.apply(&renamed).await;
        assert_eq!(
            applied.plan.operations.iter().map(|it| (it.verb, it.wait)).collect::<Vec<_>>(),
            [(Verb::Update, true)]
        );
        assert!(session.pods().await[0].ready);
        assert_eq!(session.record("main").awaiting_ready, None);
        assert!(session.plan(&renamed).await.is_empty());
    });
}

#[test]
fn a_pod_missing_from_a_lost_state_is_adopted_and_waited_for() {
    in_virtual_time(async {
        let (session, desired) = (Session::new(Dialect::V2), one(slow()));
        killed_while_waiting(&session, &desired).await;
        sleep(Duration::from_secs(700)).await;
        let records = [("pod.main".parse().expect("an address"), None)].into();
        session.write(Entry::Outcome(Outcome { operation: "forget".into(), records })).await;
        let applied = session.apply(&desired).await;
        assert_eq!(applied.creates(), 0);
        assert!(session.pods().await[0].ready, "it is there and ready");
        assert_eq!(session.record("main").awaiting_ready, None);
        assert!(session.plan(&desired).await.is_empty());
    });
}

#[test]
fn targets_limit_the_wait_and_the_rest_is_reported() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let desired = Fleet::default().with_pod("main", slow()).with_pod("other", never_ready()).resources(Dialect::V2);
        killed_while_waiting(&session, &desired).await;
        sleep(Duration::from_secs(700)).await;
        let options =
            PlanOptions { targets: ["pod.main".parse().expect("an address")].into(), ..PlanOptions::default() };
        let applied = session.apply_with(&desired, &[], options).await;
        assert_eq!((applied.report.failed, applied.plan.waits.len()), (0, 1));
        let partial = applied.plan.partial.as_ref().expect("a part");
        assert_eq!(partial.not_ready.iter().map(ToString::to_string).collect::<Vec<_>>(), ["pod.other"]);
        assert!(applied.plan.leaves_out());
    });
}

#[test]
fn a_started_pod_that_was_not_seen_ready_is_waited_for_and_never_replaced() {
    in_virtual_time(async {
        let (session, desired) = (Session::new(Dialect::V2), one(Pod::default()));
        session.apply(&desired).await;
        let id = session.record("main").id;
        let event =
            |event: PodEvent| session.account.modify(|world, now| world.pod_event(&id, &event, now)).expect("an event");
        event(PodEvent::Stop);
        rest().await;
        event(PodEvent::Start);
        event(PodEvent::HostDown { seconds: 100_000 });
        rest().await;
        let applied = session.attempt(&desired).await;
        applied.says(&["[not_ready]", "It may have been ready before, so it is kept"]);
        let Record { tainted, id: kept, .. } = session.record("main");
        assert_eq!((tainted, kept), (false, id.clone()));
        assert!(!session.plan(&desired).await.changes_anything());
    });
}

#[test]
fn a_pod_deleted_during_the_wait_is_gone_and_not_tainted() {
    for (listed, says) in [(false, "is not in any list from RunPod"), (true, "was deleted before it was ready")] {
        in_virtual_time(async {
            let (session, desired) = (Session::new(Dialect::V2), one(slow()));
            let (applied, ()) = tokio::join!(session.attempt(&desired), async {
                sleep(Duration::from_secs(200)).await;
                match listed {
                    true => session.account.fault("listPods", "newStatus: TERMINATED"),
                    false => session.account.delete("pods", &session.pods().await[0].id).await,
                }
            });
            applied.says(&["[not_found]", says]);
            assert!(!applied.text.contains("billing") && !applied.text.contains("tainted"), "{}", applied.text);
            let record = session.record("main");
            assert_eq!((record.tainted, record.awaiting_ready), (false, Some(Awaiting::First)));
            rest().await;
            assert_eq!(change(&session.plan(&desired).await, "main").action, Action::Create);
        });
    }
}
