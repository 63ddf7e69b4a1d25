//! Releases that roll out, standby workers, and creates whose responses are lost. In virtual time.

use std::time::Duration;

use sindri::apply::Event;
use sindri::emulator::Settings;
use sindri::model::{Dialect, Rollout};

use super::desired::{config, queue, sd};
use crate::support::{Account, Applied, Desired, Session, in_virtual_time, rest};

fn desired(yaml: &str) -> Desired {
    config(yaml).resources
}

const THREE: &str = "workers: { min: 3, max: 5 }";

/// A session with three idle workers, which are replaced one per minute in a rollout.
async fn with_workers() -> Session {
    let settings = Settings { rollout_seconds_per_worker: 60, ..Settings::default() };
    let session = Session::on(&Account::with_settings(settings), Dialect::V2);
    session.apply(&desired(&queue(THREE))).await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    session
}

fn released(wait: &str) -> Desired {
    desired(&queue(&format!("{THREE}\n{wait}")).replace("worker:1.0", "worker:1.1"))
}

fn rollouts(applied: &Applied) -> Vec<Rollout> {
    let rollout = |event: &Event| match event {
        Event::RollingOut { rollout, .. } => Some(*rollout),
        _ => None,
    };
    applied.events.iter().filter_map(rollout).collect()
}

#[test]
fn an_apply_waits_for_a_release_if_it_is_asked_to() {
    // Trap 14.
    in_virtual_time(async {
        let session = with_workers().await;
        let applied = session.apply(&released("rollout: { wait: 10m }")).await;
        let seen = rollouts(&applied);
        assert!(!seen.is_empty(), "{:#?}", applied.events);
        assert!(seen.iter().all(|rollout| rollout.in_progress && rollout.on_latest < rollout.total));
        assert!(seen.is_sorted_by_key(|rollout| rollout.on_latest), "{seen:?}");
        assert!(session.plan(&released("rollout: { wait: 10m }")).await.is_empty());
    });
}

#[test]
fn an_apply_does_not_wait_by_itself_nor_for_changes_in_place() {
    in_virtual_time(async {
        let session = with_workers().await;
        let since = session.account.answered();
        let applied = session.apply(&released("")).await;
        assert!(rollouts(&applied).is_empty());
        let asked = session.account.emulator.journal(since);
        assert!(!asked.iter().any(|entry| entry.path.contains("/releases")), "no release is asked for");
        rest().await;
        let since = session.account.answered();
        session.apply(&released("rollout: { wait: 10m }\ntimeout: 1m")).await;
        let asked = session.account.emulator.journal(since);
        assert!(!asked.iter().any(|entry| entry.path.contains("/releases")), "a timeout is no release");
    });
}

#[test]
fn a_release_that_takes_too_long_fails_the_apply_and_is_recorded() {
    in_virtual_time(async {
        let session = with_workers().await;
        let wanted = released("rollout: { wait: 30s }");
        let applied = session.attempt(&wanted).await;
        assert_eq!(applied.report.failed, 1, "{:#?}", applied.events);
        applied.says(&["its release has not reached all workers after 30 s", "workers run it"]);
        // The update itself is done.
        assert!(session.plan(&wanted).await.is_empty());
    });
}

#[test]
fn a_busy_worker_finishes_its_job_before_the_release_reaches_it() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        session.apply(&desired(&queue("workers: { min: 1, max: 1 }"))).await;
        tokio::time::sleep(Duration::from_secs(600)).await;
        let id = session.state().resources[&sd()].id.clone();
        session.account.post(&format!("{id}/run"), serde_json::json!({ "input": {} })).await;
        let wanted = queue("workers: { min: 1, max: 1 }\nrollout: { wait: 10m }").replace("worker:1.0", "worker:1.1");
        session.apply(&desired(&wanted)).await;
        assert!(session.plan(&desired(&wanted)).await.is_empty());
    });
}

#[test]
fn a_worker_on_standby_is_reported() {
    // Trap 9.
    in_virtual_time(async {
        let settings = Settings { hidden_standby_workers: 1, ..Settings::default() };
        let session = Session::on(&Account::with_settings(settings), Dialect::V2);
        let applied = session.apply(&desired(&queue(""))).await;
        let standby = |event: &&Event| matches!(event, Event::StandbyWorkers { count: 1, .. });
        assert!(applied.events.iter().any(|event| standby(&event)), "{:#?}", applied.events);
        let session = Session::new(Dialect::V2);
        let applied = session.apply(&desired(&queue("workers: { min: 1 }"))).await;
        assert!(!applied.events.iter().any(|event| matches!(event, Event::StandbyWorkers { .. })), "asked for");
    });
}

#[test]
fn a_create_whose_response_is_lost_is_found_by_its_marker() {
    // Trap 15.
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        session.account.fault("createEndpoint, times: 1", "resetAfterEffect: true");
        let applied = session.apply(&desired(&queue(""))).await;
        assert_eq!(applied.requests, ["POST /v2/serverless"]);
        assert!(
            applied.settled().iter().any(|message| message.contains("had been created")),
            "{:?}",
            applied.settled()
        );
        assert!(session.plan(&desired(&queue(""))).await.is_empty());
    });
}

#[test]
fn an_update_whose_response_is_lost_is_recognised() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        session.apply(&desired(&queue(""))).await;
        session.account.fault("updateEndpoint, times: 1", "resetAfterEffect: true");
        let wanted = desired(&queue("workers: { max: 8 }\nenv: { A: b }"));
        session.apply(&wanted).await;
        assert!(session.plan(&wanted).await.is_empty());
    });
}
