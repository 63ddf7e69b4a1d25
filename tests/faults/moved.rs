//! Pods that RunPod migrates while they are being destroyed: the delete finds nothing, and the copy is alive.

use std::time::Duration;

use sindri::emulator::PodEvent;
use sindri::model::{Action, Address, Cause, Dialect};
use tokio::time::{sleep, timeout};

use crate::support::fleet::Pod;
use crate::support::{Desired, Session, change, in_virtual_time, one_in, rest};

fn version(image: &'static str, create_first: bool, dialect: Dialect) -> Desired {
    let pod = Pod { image, create_first, ports: ["22/tcp"].into(), ..Pod::default() };
    one_in(pod, dialect)
}

/// One pod whose next delete takes ten seconds to arrive.
async fn slow_to_be_deleted(dialect: Dialect, desired: &Desired) -> Session {
    let session = Session::new(dialect);
    session.apply(desired).await;
    rest().await;
    session.account.fault("deletePod, times: 1", "latency: { seconds: 10 }");
    session
}

/// Migrates the original pod as soon as its delete has been sent.
async fn moves(session: &Session, id: &str) {
    while !session.is_being_deleted(id) {
        sleep(Duration::from_secs(1)).await;
    }
    session.account.modify(|inside, now| inside.pod_event(id, &PodEvent::Migrate, now)).expect("a place to move to");
}

#[test]
fn a_pod_that_migrates_during_its_destruction_is_followed_and_no_orphan() {
    for (create_first, destroyed, dialect) in [
        (false, false, Dialect::V2),
        (true, false, Dialect::V2),
        (false, true, Dialect::V2),
        (false, false, Dialect::V1),
        (false, true, Dialect::V1),
    ] {
        in_virtual_time(async {
            let session = slow_to_be_deleted(dialect, &version("image:1", create_first, dialect)).await;
            let old = session.record("main").id;
            let desired = if destroyed { Desired::new() } else { version("image:2", create_first, dialect) };
            let (applied, ()) = tokio::join!(session.attempt(&desired), moves(&session, &old));
            assert_eq!((applied.report.failed, applied.creates()), (1, usize::from(create_first)), "{}", applied.text);
            applied.says(&["[moved]", "RunPod migrated the pod while it was being destroyed", "apply again"]);

            rest().await;
            let plan = session.plan(&desired).await;
            assert_eq!(plan.orphans, [], "its new id is recorded");
            if !create_first {
                assert_ne!(session.record("main").id, old);
                let expected = if destroyed { Action::Delete } else { Action::Replace };
                assert_eq!(change(&plan, "main").action, expected);
            }
            session.apply(&desired).await;
            rest().await;
            let left: Vec<String> = session.pods().await.into_iter().map(|pod| pod.id).collect();
            let recorded: Vec<String> = if destroyed { Vec::new() } else { vec![session.record("main").id] };
            assert_eq!(left, recorded);
            assert!(session.plan(&desired).await.is_empty());
        });
    }
}

#[test]
fn a_pod_that_migrates_after_its_destroy_was_killed_is_followed_and_no_orphan() {
    for destroyed in [false, true] {
        in_virtual_time(async {
            let session = slow_to_be_deleted(Dialect::V2, &version("image:1", false, Dialect::V2)).await;
            let old = session.record("main").id;
            let desired = if destroyed { Desired::new() } else { version("image:2", false, Dialect::V2) };
            let killed = timeout(Duration::from_secs(5), session.attempt(&desired)).await;
            assert!(killed.is_err(), "its delete is under way");
            session
                .account
                .modify(|inside, now| inside.pod_event(&old, &PodEvent::Migrate, now))
                .expect("a place to move to");
            rest().await;

            let applied = session.apply(&desired).await;
            assert!(applied.recovered().contains("it had migrated instead"), "{}", applied.recovered());
            rest().await;
            assert_eq!(session.pods().await.len(), usize::from(!destroyed));
            assert_eq!(session.plan(&desired).await.orphans, []);
        });
    }
}

#[test]
fn a_predecessor_that_migrates_before_its_delete_is_destroyed_and_no_orphan() {
    for (dialect, both) in [(Dialect::V1, false), (Dialect::V2, false), (Dialect::V2, true)] {
        in_virtual_time(async {
            let session = Session::new(dialect);
            session.apply(&version("image:1", true, dialect)).await;
            rest().await;
            let old = session.record("main").id;
            let desired = version("image:2", true, dialect);
            let killed = timeout(Duration::from_millis(500), session.attempt(&desired)).await;
            assert!(killed.is_err(), "its successor is being waited for");
            for id in [old.clone(), session.record("main").id].iter().take(1 + usize::from(both)) {
                session
                    .account
                    .modify(|inside, now| inside.pod_event(id, &PodEvent::Migrate, now))
                    .expect("a place to move to");
            }
            rest().await;

            let plan = session.plan(&desired).await;
            assert_eq!(plan.orphans, []);
            let deposed = Address::new("pod", "main").deposed(&old);
            let change = plan.by_address()[&deposed];
            assert_eq!(change.action, Action::Delete);
            assert!(matches!(change.causes[..], [Cause::Marker { same_lineage: true, .. }, Cause::Superseded { .. }]));
            session.apply(&desired).await;
            rest().await;
            let left: Vec<String> = session.pods().await.into_iter().map(|pod| pod.id).collect();
            assert_eq!(left, [session.record("main").id]);
            assert!(session.plan(&desired).await.is_empty());
        });
    }
}
