//! Every outside change and its class in `sindri drift`: reported once, under the same name the next night, and no
//! longer once it is resolved.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use sindri::emulator::{PodEvent, VolumeEvent};
use sindri::model::marker::MARKER_VARIABLE;
use sindri::model::{Address, Dialect, DriftClass, Finding, Object, Severity, Value};
use sindri::planner::PlanOptions;
use tokio::time::sleep;

use crate::support::fleet::{Fleet, Pod, Storage, Variable, Volume};
use crate::support::{Desired, Session, in_virtual_time, rest};

use DriftClass::{Changed, Errored, Gone, Migrated, Orphan, Started, Stopped, Unmanaged, ZeroGpu};

const NIGHT: Duration = Duration::from_secs(24 * 3600);

fn one(pod: Pod, dialect: Dialect) -> Desired {
    Fleet::default().with_pod("main", pod).with_pod("other", Pod::default()).resources(dialect)
}

fn pod() -> Pod {
    let env = BTreeMap::from([("A", Variable::Plain("1"))]);
    Pod { storage: Storage::Own(20), ports: ["22/tcp", "8888/http"].into(), env, ..Pod::default() }
}

/// Tonight's findings, which must be the same tomorrow.
async fn nights(session: &Session, unmanaged: bool) -> Vec<Finding> {
    rest().await;
    let tonight = session.report(unmanaged).await;
    sleep(NIGHT).await;
    let tomorrow = session.report(unmanaged).await;
    let names = |findings: &[Finding]| findings.iter().map(|finding| finding.id.clone()).collect::<Vec<_>>();
    assert_eq!(names(&tonight.findings), names(&tomorrow.findings));
    tonight.findings
}

fn classes(findings: &[Finding]) -> Vec<(DriftClass, String)> {
    let of = |finding: &Finding| finding.address.as_ref().map(ToString::to_string).unwrap_or_default();
    findings.iter().map(|finding| (finding.class, of(finding))).collect()
}

async fn event(session: &Session, event: PodEvent) {
    let id = session.record("main").id;
    session.account.modify(|world, now| world.pod_event(&id, &event, now)).expect("an event");
}

/// One event of a pod is reported as one class, and resolved by both `apply` and `refresh`.
fn assert_reported(what: PodEvent, class: DriftClass, severity: Severity, dialects: &[Dialect], by_refresh: bool) {
    for dialect in dialects {
        for refresh in [false, true] {
            in_virtual_time(async {
                let session = Session::new(*dialect);
                let desired = one(pod(), *dialect);
                session.apply(&desired).await;
                assert_eq!(classes(&nights(&session, true).await), []);
                event(&session, what.clone()).await;
                let found = nights(&session, true).await;
                assert_eq!(classes(&found), [(class, "pod.main".to_owned())], "{what:?} over {dialect}");
                assert_eq!(found[0].severity, severity);
                if refresh {
                    session.refresh().await;
                } else {
                    session.apply(&desired).await;
                }
                let left = classes(&nights(&session, true).await);
                let settled = by_refresh || !refresh;
                assert_eq!(left.is_empty(), settled, "{what:?} over {dialect}, refresh {refresh}: {left:?}");
            });
        }
    }
}

const BOTH: [Dialect; 2] = [Dialect::V1, Dialect::V2];

#[test]
fn every_event_of_a_pod_has_one_class_and_is_resolved_by_an_apply_or_a_refresh() {
    assert_reported(PodEvent::Delete, Gone, Severity::Error, &BOTH, true);
    assert_reported(PodEvent::Stop, Stopped, Severity::Warning, &BOTH, true);
    assert_reported(PodEvent::Preempt, Stopped, Severity::Warning, &BOTH, true);
    assert_reported(PodEvent::Migrate, Migrated, Severity::Warning, &BOTH, true);
    for changes in [
        json!({ "image": "image:2" }),
        json!({ "ports": ["22/tcp", "9999/tcp"] }),
        json!({ "ports": [] }),
        json!({ "disk": 30 }),
        json!({ "args": "echo hi" }),
        json!({ "locked": true }),
        json!({ "name": "renamed" }),
    ] {
        assert_reported(PodEvent::Edit { changes }, Changed, Severity::Warning, &BOTH, true);
    }
    // No state can accept these, so the pods are replaced.
    assert_reported(PodEvent::ZeroGpu, ZeroGpu, Severity::Error, &BOTH, false);
    // v1 has no word for it, and still says RUNNING.
    assert_reported(PodEvent::Fail, Errored, Severity::Error, &[Dialect::V2], false);
}

#[test]
fn restarts_and_pending_changes_are_not_drift() {
    for dialect in BOTH {
        in_virtual_time(async {
            let session = Session::new(dialect);
            let fleet = |image| one(Pod { image, ..pod() }, dialect);
            session.apply(&fleet("image:1")).await;
            let before = session.pods().await;
            event(&session, PodEvent::Stop).await;
            sleep(Duration::from_secs(60)).await;
            event(&session, PodEvent::Start).await;
            assert_eq!(classes(&nights(&session, true).await), []);
            assert_ne!(before[0].computed.endpoints, session.pods().await[0].computed.endpoints, "the ports moved");
            // A declared change that is not applied is pending, not drift: a report does not know the configuration.
            assert!(!session.plan(&fleet("image:2")).await.is_empty());
            assert_eq!(classes(&nights(&session, true).await), []);
        });
    }
}

#[test]
fn an_unreachable_pod_is_reported_until_its_host_is_back() {
    for dialect in BOTH {
        in_virtual_time(async {
            let session = Session::new(dialect);
            session.apply(&one(pod(), dialect)).await;
            sleep(Duration::from_secs(3_600)).await;
            event(&session, PodEvent::HostDown { seconds: 300_000 }).await;
            let report = session.report(true).await;
            assert_eq!(classes(&report.findings), [(DriftClass::NotReady, "pod.main".to_owned())]);
            assert!(report.drifted() && !report.findings[0].never_ready, "{:#?}", report.findings);
            sleep(Duration::from_secs(300_000)).await;
            assert_eq!(classes(&session.report(true).await.findings), []);
        });
    }
}

#[test]
fn a_pod_started_outside_is_reported_until_it_is_stopped_again() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let stopped = one(Pod { power: Some(sindri::model::Power::Stopped), ..pod() }, Dialect::V2);
        session.apply(&stopped).await;
        event(&session, PodEvent::Start).await;
        let found = nights(&session, false).await;
        assert_eq!(classes(&found), [(Started, "pod.main".to_owned())]);
        assert!(found[0].price.is_some_and(|price| !price.estimated));
        session.apply(&stopped).await;
        assert_eq!(classes(&nights(&session, false).await), []);
    });
}

#[test]
fn a_stopped_spot_pod_was_preempted_unless_someone_stopped_it() {
    for (what, preempted) in [(PodEvent::Preempt, true), (PodEvent::Stop, false)] {
        in_virtual_time(async {
            let session = Session::new(Dialect::V1);
            let mut desired = one(pod(), Dialect::V1);
            let main = desired.get_mut(&Address::new("pod", "main")).expect("declared");
            main.inputs.insert("spot", true.into());
            session.apply(&desired).await;
            event(&session, what.clone()).await;
            let found = nights(&session, false).await;
            assert_eq!((classes(&found), found[0].preempted), (vec![(Stopped, "pod.main".to_owned())], preempted));
        });
    }
}

#[test]
fn grown_or_deleted_volumes_are_reported_with_their_pods() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let kept = Pod { storage: Storage::Network("data"), ..Pod::default() };
        let fleet = Fleet::default().with_volume("data", Volume::default()).with_pod("main", kept);
        let desired = fleet.resources(Dialect::V2);
        session.apply(&desired).await;
        let id = session.state().resources[&Address::new("network_volume", "data")].id.clone();
        let volume = |event: VolumeEvent| session.account.modify(|world, now| world.volume_event(&id, &event, now));
        volume(VolumeEvent::Resize { size: 90 }).expect("a volume");
        let found = nights(&session, false).await;
        assert_eq!(classes(&found), [(Changed, "network_volume.data".to_owned())]);
        assert_eq!(found[0].fields[0].path, "size_gb");
        session.refresh().await;
        assert_eq!(classes(&nights(&session, false).await), []);
        volume(VolumeEvent::Rename { name: "renamed".into() }).expect("a volume");
        assert_eq!(classes(&nights(&session, false).await), [(Changed, "network_volume.data".to_owned())]);
        volume(VolumeEvent::Delete).expect("a volume");
        let found = nights(&session, false).await;
        assert_eq!(classes(&found), [(Gone, "network_volume.data".to_owned())]);
        assert!(found[0].losses.iter().any(|loss| loss.precious && loss.size_gb == Some(90)));
    });
}

#[test]
fn a_zero_balance_stops_pods_with_a_network_volume_and_terminates_the_rest() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let kept = Pod { storage: Storage::Network("data"), ..Pod::default() };
        let fleet = Fleet::default().with_volume("data", Volume::default()).with_pod("kept", kept);
        session.apply(&fleet.with_pod("main", pod()).resources(Dialect::V2)).await;
        session.account.modify(|world, now| world.set_account(Some(0.01), None, now));
        sleep(Duration::from_secs(3600)).await;
        let report = session.report(false).await;
        assert!(report.notes[0].message.contains("balance may have reached zero"), "{:?}", report.notes);
        let found = report.findings;
        assert_eq!(classes(&found), [(Gone, "pod.main".to_owned()), (Stopped, "pod.kept".to_owned())]);
    });
}

/// A pod like `like`, with this marker.
async fn unmanaged_pod(session: &Session, like: &Object, name: &str, marker: Option<String>) -> String {
    let mut env = json!({});
    if let Some(marker) = marker {
        env[MARKER_VARIABLE] = json!(marker);
    }
    let gpu = like.attributes["gpu_types"].text_items()[0].to_owned();
    session.account.post("pods", json!({
        "name": name, "image": "image:1", "cloud": "SECURE", "disk": 20, "env": env, "gpu": { "id": gpu, "count": 1 },
    }))
    .await
}

#[test]
fn an_object_in_no_state_is_an_orphan_if_marked_and_otherwise_unmanaged() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let desired = one(pod(), Dialect::V2);
        session.apply(&desired).await;
        let like = session.pods().await.remove(0);
        let lineage = session.state().lineage;
        let duplicate =
            unmanaged_pod(&session, &like, "twin", Some(format!("{lineage}:test/default:pod.main:x1"))).await;
        unmanaged_pod(&session, &like, "lost", Some(format!("{lineage}:test/default:pod.lost:x2"))).await;
        unmanaged_pod(&session, &like, "older", Some("0ther:test/default:pod.old:x3".into())).await;
        unmanaged_pod(&session, &like, "theirs", Some("0ther:vision/dev:pod.main:x4".into())).await;
        unmanaged_pod(&session, &like, "by hand", None).await;
        unmanaged_pod(&session, &like, "nonsense", Some("no marker".into())).await;
        let ours = [(Orphan, "pod.lost"), (Orphan, "pod.main"), (Orphan, "pod.old")];
        let ours = ours.map(|(class, address)| (class, address.to_owned()));
        assert_eq!(classes(&nights(&session, false).await), ours);
        let found = nights(&session, true).await;
        assert_eq!(classes(&found[..3]), ours);
        assert_eq!(found[3..].iter().map(|finding| finding.class).collect::<Vec<_>>(), [Unmanaged; 3]);
        assert!(found[3..].iter().all(|finding| finding.severity == Severity::Information && finding.price.is_some()));
        let facts = |finding: &Finding| (finding.recorded_is_live, finding.same_lineage);
        assert_eq!(found[..3].iter().map(facts).collect::<Vec<_>>(), [(false, true), (true, true), (false, false)]);
        assert_eq!(found[1].object_id, duplicate);

        // The recorded pod is deleted. Its duplicate then takes its place, and is no longer an orphan.
        event(&session, PodEvent::Delete).await;
        let found = nights(&session, false).await;
        let migrated: Vec<_> = found.iter().filter(|finding| finding.class == Migrated).collect();
        assert_eq!((migrated.len(), migrated[0].new_id()), (1, Some(duplicate.as_str())));
        assert_eq!(migrated[0].fields[0].before, Value::text(&migrated[0].object_id));
        assert!(found.iter().all(|finding| finding.class != Orphan || finding.object_id != duplicate));

        // Destroyed together with everything else; unmanaged objects are kept.
        session.apply_with(&Desired::new(), &[], PlanOptions { destroy: true, ..PlanOptions::default() }).await;
        assert!(session.pods().await.iter().all(|pod| pod.id != duplicate));
    });
}
