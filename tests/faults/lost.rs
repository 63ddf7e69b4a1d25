//! Requests with an unknown outcome.

use std::time::Duration;

use sindri::kind::NETWORK_VOLUME;
use sindri::model::{Action, Address, Dialect, Power, RefusalCode};
use tokio::time::{sleep, timeout};

use crate::support::fleet::{Fleet, Pod, Volume};
use crate::support::{Session, change, in_virtual_time, one, one_in, rest};

#[test]
fn a_create_that_succeeded_despite_an_error_is_found_and_not_sent_again() {
    for (dialect, effect) in [
        (Dialect::V2, "statusAfterEffect: { code: 500 }"),
        (Dialect::V1, "statusAfterEffect: { code: 500 }"),
        (Dialect::V1, "ghost: true"),
        (Dialect::V2, "resetAfterEffect: true"),
        (Dialect::V2, "truncate: { bytes: 9 }"),
        (Dialect::V2, "truncate: { bytes: 9, hangUp: true }"),
        (Dialect::V2, "latency: { seconds: 45, side: afterEffect }"),
        (Dialect::V2, "missingMembers: [id]"),
        (Dialect::V2, "statusAfterEffect: { code: 502 }, listLag: { appear: 30 }, notFoundAfterCreate: { seconds: 8 }"),
    ] {
        in_virtual_time(async {
            let session = Session::new(dialect);
            let desired = one_in(Pod::default(), dialect);
            session.account.fault("createPod, times: 1", effect);
            let applied = session.apply(&desired).await;
            assert_eq!(applied.creates(), 1, "{effect}");
            let settled = applied.settled();
            assert!(settled[0].contains("its outcome is not known"), "{effect}: {settled:?}");
            assert!(settled[1].contains("had been created"), "{effect}: {settled:?}");
            rest().await;
            let pods = session.pods().await;
            assert_eq!(pods.iter().map(|pod| &pod.id).collect::<Vec<_>>(), [&session.record("main").id], "{effect}");
        });
    }
}

#[test]
fn a_create_that_did_not_happen_is_sent_again_only_after_the_search() {
    for effect in ["status: { code: 503 }", "resetBeforeEffect: true", "garbage: { code: 520 }"] {
        in_virtual_time(async {
            let session = Session::new(Dialect::V2);
            session.account.fault("createPod, times: 1", effect);
            let applied = session.apply(&one(Pod::default())).await;
            let journal = session.account.emulator.journal(0);
            let creates: Vec<usize> = journal
                .iter()
                .enumerate()
                .filter(|(_, entry)| entry.path == "/v2/pods")
                .map(|(index, _)| index)
                .collect();
            assert_eq!((applied.creates(), creates.len()), (2, 2), "{effect}");
            let lists = journal[creates[0]..creates[1]].iter().filter(|entry| entry.method == "GET").count();
            let searched = journal[creates[1]].time.duration_since(journal[creates[0]].time);
            assert!(lists >= 5 && searched.as_secs() >= 60, "{effect}: {lists} lists in {searched}");
            rest().await;
            assert_eq!(session.pods().await.len(), 1, "{effect}");
        });
    }
}

#[test]
fn an_ignored_delete_is_sent_again_and_a_slow_one_is_waited_for() {
    for (effect, times) in [("deleteIgnored: true", 2), ("deleteSlow: { seconds: 60 }, listLag: { disappear: 60 }", 1)]
    {
        in_virtual_time(async {
            let session = Session::new(Dialect::V2);
            session.apply(&one(Pod::default())).await;
            rest().await;
            session.account.fault("deletePod, times: 1", effect);
            let applied = session.apply(&Default::default()).await;
            assert_eq!(applied.requests.len(), times, "{effect}: {:?}", applied.requests);
            assert!(session.pods().await.is_empty() && session.state().resources.is_empty(), "{effect}");
        });
    }
}

#[test]
fn a_delete_that_is_always_ignored_fails_and_keeps_the_record() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        session.apply(&one(Pod::default())).await;
        rest().await;
        session.account.fault("deletePod", "deleteIgnored: true");
        let applied = session.attempt(&Default::default()).await;
        applied.says(&[
            "[delete_not_confirmed]",
            "RunPod accepted the delete, but still lists the pod",
            "may still be billed",
        ]);
        assert_eq!(change(&session.plan(&Default::default()).await, "main").action, Action::Delete);
    });
}

#[test]
fn a_429_is_obeyed_and_no_failure() {
    for effect in ["rateLimited: { retryAfter: 7 }", "rateLimited: {}"] {
        in_virtual_time(async {
            let session = Session::new(Dialect::V2);
            session.account.fault("'*', every: 2", effect);
            session.apply(&one(Pod::default())).await;
            session.account.calm();
            assert_eq!(session.pods().await.len(), 1, "{effect}");
        });
    }
}

#[test]
fn an_update_and_a_start_succeed_although_their_answers_are_lost() {
    for effect in ["resetAfterEffect: true", "statusAfterEffect: { code: 502 }", "truncate: { bytes: 9 }"] {
        in_virtual_time(async {
            let session = Session::new(Dialect::V2);
            let pod = |image, power| one(Pod { in_place: true, image, power: Some(power), ..Pod::default() });
            session.apply(&pod("image:1", Power::Stopped)).await;
            rest().await;
            session.account.fault("updatePod, times: 1", effect);
            session.apply(&pod("image:2", Power::Stopped)).await;
            rest().await;
            session.account.fault("podAction, times: 1", effect);
            session.apply(&pod("image:2", Power::Running)).await;
            rest().await;
            let plan = session.plan(&pod("image:2", Power::Running)).await;
            assert!(plan.is_empty() && plan.drift.is_empty(), "{effect}: {:#?}", plan.changes);
        });
    }
}

#[test]
fn if_two_volumes_match_a_lost_create_the_user_must_choose() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let desired = Fleet::default().with_volume("data", Volume::default()).resources(Dialect::V2);
        let volume = Address::new("network_volume", "data");
        // Created at once, but answered late. In the meantime someone creates a volume with the same name, size and
        // place.
        session.account.fault(
            "createNetworkVolume, times: 1",
            "latency: { seconds: 5, side: afterEffect }, statusAfterEffect: { code: 502 }",
        );
        let (applied, ()) = tokio::join!(session.attempt(&desired), async {
            sleep(Duration::from_secs(2)).await;
            session.makes(&NETWORK_VOLUME, &desired[&volume], None).await;
        });
        assert_eq!(applied.report.failed, 1);
        let settled = applied.settled();
        assert!(settled[1].starts_with("2 network volumes match its request"), "{settled:?}");
        assert!(session.state().resources.is_empty());

        // The next run cannot tell either, and does nothing until the user says which one it is.
        let plan = session.plan(&desired).await;
        let refused: Vec<_> = plan.all_refusals().map(|(_, refusal)| refusal.code).collect();
        assert_eq!(refused, [RefusalCode::Ambiguous], "neither one of them nor a third one");
    });
}

#[test]
fn two_equal_creates_each_find_their_own_object() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let mut desired = Fleet::default()
            .with_volume("data", Volume::default())
            .with_volume("models", Volume::default())
            .resources(Dialect::V2);
        for volume in desired.values_mut() {
            volume.inputs.insert("name", "shared-name".into());
        }
        session.account.fault("createNetworkVolume", "resetAfterEffect: true, listLag: { appear: 20 }");
        let killed = timeout(Duration::from_secs(5), session.attempt(&desired)).await;
        assert!(killed.is_err(), "both are being searched for");
        session.account.calm();
        let applied = session.apply(&desired).await;
        assert_eq!(applied.recovered().matches("it had been created").count(), 2, "{}", applied.recovered());
        assert!(!applied.plan.adopts_unmanaged() && applied.requests.is_empty());
    });
}
