//! Journals that were lost, truncated, or dated by a computer with a wrong clock.

use std::collections::BTreeSet;
use std::time::Duration;

use sindri::apply::Event;
use sindri::emulator::VolumeEvent;
use sindri::model::{Action, Address, Dialect};
use sindri::planner::PlanOptions;
use sindri::planner::by_hand;
use sindri::planner::by_hand::ByHandError;
use tokio::time::{Instant, sleep, timeout};

use crate::support::fleet::{Fleet, Pod, Storage, Volume};
use crate::support::{Desired, Session, change, in_virtual_time, one, rest};

/// Two pods, one of them on a network volume.
fn version(image: &'static str, create_first: bool) -> Desired {
    let pod = Pod { image, create_first, ports: ["22/tcp"].into(), ..Pod::default() };
    let kept = Pod { storage: Storage::Network("data"), ..pod.clone() };
    let fleet = Fleet::default().with_volume("data", Volume::default());
    fleet.with_pod("kept", kept).with_pod("plain", pod).resources(Dialect::V2)
}

#[test]
fn a_pending_request_is_settled_before_its_record_is_renamed_or_removed() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        session.apply(&one(Pod::default())).await;
        rest().await;
        session.account.fault("updatePod", "latency: { seconds: 60, side: afterEffect }");
        let _ = timeout(
            Duration::from_secs(20),
            session.attempt(&one(Pod { in_place: true, image: "image:2", ..Pod::default() })),
        )
        .await;
        session.account.calm();
        let (main, other) = (Address::new("pod", "main"), Address::new("pod", "other"));
        let (moved, forgotten) =
            (by_hand::moved(&session.known(), &main, &other), by_hand::forgotten(&session.known(), &main));
        for refused in [moved, forgotten] {
            let is_unsettled = matches!(&refused, Err(ByHandError::Unsettled { address, .. }) if **address == main);
            assert!(is_unsettled, "{refused:?}");
        }
        session.refresh().await;
        assert!(by_hand::moved(&session.known(), &main, &other).is_ok());
        assert!(by_hand::forgotten(&session.known(), &main).is_ok());
    });
}

/// A world in which replacing both pods was killed after this time.
async fn killed(create_first: bool, after: Duration) -> Session {
    let session = Session::new(Dialect::V2);
    session.apply(&version("image:1", create_first)).await;
    rest().await;
    let _ = timeout(after, session.attempt(&version("image:2", create_first))).await;
    session
}

/// Checks that every pod is recorded, that each address has one, and that nothing is left to do.
async fn each_exists_once(session: &Session, desired: &Desired, moment: &str) {
    rest().await;
    let alive: BTreeSet<String> = session.pods().await.into_iter().map(|pod| pod.id).collect();
    let state = session.state();
    let declared = desired.keys().filter(|address| address.kind == "pod");
    let recorded: BTreeSet<String> = declared.map(|address| state.resources[address].id.clone()).collect();
    assert_eq!(alive, recorded, "{moment}");
    let plan = session.plan(desired).await;
    assert!(plan.is_empty() && plan.orphans.is_empty(), "{moment}: {:#?}", plan.changes);
    assert_eq!(state.resources.len(), desired.len(), "{moment}");
}

#[test]
fn a_replacement_continues_wherever_its_journal_was_cut_off() {
    for create_first in [true, false] {
        for seconds in [0.5, 20.0, 45.0, 70.0, 100.0] {
            let after = Duration::from_secs_f64(seconds);
            let lines = in_virtual_time(async { killed(create_first, after).await.journal().lines().count() });
            for kept in 0..=lines {
                in_virtual_time(async {
                    let session = killed(create_first, after).await;
                    let journal = session.journal();
                    let text: String = journal.split_inclusive('\n').take(kept).collect();
                    session.put_journal(&text);
                    rest().await;
                    let desired = version("image:2", create_first);
                    let applied = session.apply(&desired).await;
                    let moment = format!("{kept} of {lines} lines after {seconds} s, create first: {create_first}");
                    assert!(applied.report.orphans.is_empty(), "{moment}");
                    each_exists_once(&session, &desired, &moment).await;
                });
            }
        }
    }
}

#[test]
fn no_third_set_is_created_and_every_delete_is_in_the_plan() {
    in_virtual_time(async {
        let session = killed(true, Duration::from_millis(500)).await;
        let before = session.pods().await.len();
        session.put_journal("");
        rest().await;
        let desired = version("image:2", true);
        let old = session.record("plain").id;
        let plan = session.plan(&desired).await;
        assert_eq!((before, change(&plan, "plain").action), (4, Action::Import));
        let deposed = Address::new("pod", "plain").deposed(&old);
        assert_eq!(plan.by_address()[&deposed].action, Action::Delete);
        let applied = session.apply(&desired).await;
        assert_eq!(applied.creates(), 0, "{:?}", applied.requests);
        each_exists_once(&session, &desired, "nothing edited").await;
    });
}

#[test]
fn editing_the_configuration_in_between_leaves_no_third_pod() {
    in_virtual_time(async {
        let session = killed(true, Duration::from_millis(500)).await;
        session.put_journal("");
        rest().await;
        let desired = version("image:3", true);
        session.apply(&desired).await;
        each_exists_once(&session, &desired, "edited").await;
    });
}

#[test]
fn a_matching_recorded_pod_is_kept_and_the_other_one_is_an_orphan() {
    in_virtual_time(async {
        let session = killed(true, Duration::from_millis(500)).await;
        session.put_journal("");
        let old = [session.record("kept").id, session.record("plain").id];
        rest().await;
        let desired = version("image:1", true);
        let plan = session.plan(&desired).await;
        let kept = [session.record("kept").id, session.record("plain").id];
        assert_eq!((plan.is_empty(), plan.orphans.len(), kept), (true, 2, old));
        assert!(plan.orphans.iter().all(|orphan| orphan.hourly.is_some()));
    });
}

#[test]
fn among_unrecorded_pods_the_matching_one_is_imported() {
    in_virtual_time(async {
        let session = killed(true, Duration::from_millis(500)).await;
        session.put_journal("");
        session.edit_state(|state| state.resources.retain(|address, _| address.name != "plain"));
        rest().await;
        let desired = version("image:2", true);
        let applied = session.apply(&desired).await;
        assert_eq!(applied.creates(), 0);
        assert_eq!(change(&applied.plan, "plain").action, Action::Import);
        let state = session.state();
        let image = state.resources[&Address::new("pod", "plain")].inputs["image"].as_text().map(str::to_owned);
        assert_eq!(image.as_deref(), Some("image:2"));
        rest().await;
        assert_eq!(session.plan(&desired).await.orphans.len(), 1, "its predecessor is told");
    });
}

/// The journal as written by another computer with a wrong clock.
fn redated(journal: &str, at: &str) -> String {
    let lines = journal.lines().map(|line| {
        let mut entry: serde_json::Value = serde_json::from_str(line).expect("an entry");
        let members = entry.as_object_mut().expect("an object");
        for name in ["at", "last_create"] {
            if members.contains_key(name) {
                members.insert(name.into(), at.into());
            }
        }
        members.remove("uptime");
        members.remove("last_create_uptime");
        format!("{entry}\n")
    });
    lines.collect()
}

#[test]
fn a_create_dated_by_any_clock_is_searched_for_until_lists_must_show_it() {
    for (hours, effect) in [
        (Some(-1), "latency: { seconds: 20, side: afterEffect }, listLag: { appear: 100 }"),
        (Some(-14), "latency: { seconds: 20, side: afterEffect }, listLag: { appear: 100 }"),
        (Some(1), "latency: { seconds: 20, side: afterEffect }, listLag: { appear: 100 }"),
        (None, "latency: { seconds: 20, side: afterEffect }, listLag: { appear: 100 }"),
        (Some(-1), "listLag: { appear: 100 }, notFoundAfterCreate: { seconds: 60 }"),
        (Some(1), "listLag: { appear: 100 }, notFoundAfterCreate: { seconds: 60 }"),
        (None, "listLag: { appear: 100 }, notFoundAfterCreate: { seconds: 60 }"),
    ] {
        in_virtual_time(async {
            let session = Session::new(Dialect::V2);
            let desired = one(Pod::default());
            session.account.fault("createPod, times: 1", effect);
            let killed = timeout(Duration::from_secs(5), session.attempt(&desired)).await;
            assert!(killed.is_err(), "{effect}");
            let now = session.account.now();
            let at = hours.map_or_else(
                || "yesterday evening".to_owned(),
                |hours| (now + jiff::SignedDuration::from_hours(hours)).to_string(),
            );
            session.put_journal(&redated(&session.journal(), &at));
            let applied = session.apply(&desired).await;
            assert_eq!(applied.creates(), 0, "{at}, {effect}");
            rest().await;
            assert_eq!(session.pods().await.len(), 1, "{at}, {effect}");
        });
    }
}

#[test]
fn a_pod_replaced_on_another_branch_is_not_waited_for() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        session.apply(&version("image:1", false)).await;
        let before = session.state();
        session.apply(&version("image:2", false)).await;
        // Checking out the other branch brings its state; the journal is not in git.
        session.edit_state(|state| *state = before);
        let started = Instant::now();
        let options = PlanOptions { targets: [Address::new("pod", "kept")].into(), ..PlanOptions::default() };
        let applied = session.apply_with(&version("image:2", false), &[], options).await;
        assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
        assert_eq!(applied.creates(), 0);
        assert!(!applied.events.iter().any(|event| matches!(event, Event::Settled { .. })), "{:?}", applied.events);
    });
}

#[test]
fn two_clones_of_a_project_report_each_others_pods_and_volumes() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let clone = session.another_clone();
        let desired = version("image:1", false);
        let (first, second) = tokio::join!(session.apply(&desired), async {
            sleep(Duration::from_millis(50)).await;
            let options = PlanOptions { ignore_existing: true, ..PlanOptions::default() };
            clone.apply_with(&desired, &[], options).await
        });
        for (applied, own) in [(&first, &session), (&second, &clone)] {
            let doubles: Vec<String> = applied.report.doubles.iter().map(|double| double.address.to_string()).collect();
            assert_eq!(doubles, ["network_volume.data", "pod.kept", "pod.plain"]);
            for double in &applied.report.doubles {
                assert!(double.hourly.is_billed(), "{double:?}");
                assert_eq!(double.of, own.state().resources[&double.address].id);
                assert_ne!(double.of, double.id);
            }
            applied.says(&["Duplicates", "a duplicate of `pod.kept`", "sindri import --discover", "/h"]);
        }
        // A plan sees them too.
        let plan = session.plan(&desired).await;
        assert_eq!(plan.orphans.len(), 2);
        assert!(
            plan.notes.iter().any(|note| note.message.contains("same name, size and location")),
            "{:?}",
            plan.notes
        );
    });
}

#[test]
fn a_larger_size_set_by_someone_else_is_not_taken_for_our_update() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let sized = |size_gb| {
            Fleet::default().with_volume("data", Volume { size_gb, ..Volume::default() }).resources(Dialect::V2)
        };
        session.apply(&sized(400)).await;
        rest().await;
        session.account.fault("updateNetworkVolume", "latency: { seconds: 600 }");
        assert!(timeout(Duration::from_secs(5), session.attempt(&sized(500))).await.is_err(), "killed");
        session.account.calm();
        let address = Address::new("network_volume", "data");
        let id = session.state().resources[&address].id.clone();
        let grown = VolumeEvent::Resize { size: 600 };
        session.account.modify(|world, now| world.volume_event(&id, &grown, now)).expect("a volume");
        rest().await;
        let found = session.report(false).await.findings;
        let fields: Vec<(String, String)> = found
            .iter()
            .flat_map(|finding| &finding.fields)
            .map(|field| (field.before.to_string(), field.after.to_string()))
            .collect();
        assert_eq!(fields, [("400".to_owned(), "600".to_owned())], "{found:#?}");
        assert!(session.plan(&sized(500)).await.all_refusals().count() > 0, "a volume never shrinks");
    });
}
