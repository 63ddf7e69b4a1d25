//! Updates that RunPod does only in part, and runs that end before they know it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use sindri::emulator::PodEvent;
use sindri::model::{Address, Dialect, Value};
use tokio::time::timeout;

use crate::support::fleet::{Fleet, Pod, Variable, Volume};
use crate::support::{Desired, Session, in_virtual_time, one, rest};

fn old() -> Pod {
    let env = BTreeMap::from([("A", Variable::Plain("1")), ("B", Variable::Plain("1"))]);
    Pod { in_place: true, ports: ["22/tcp", "7000/http"].into(), env, ..Pod::default() }
}

fn new() -> Pod {
    let env = BTreeMap::from([("A", Variable::Plain("2")), ("C", Variable::Plain("1"))]);
    Pod { image: "image:2", ports: ["22/tcp", "8000/http"].into(), env, ..old() }
}

/// A world in which an update of `old` to `new` lost a field, and the run was killed before a list could show that.
async fn killed(operation: &str, drop: &str, old: &Desired, new: &Desired) -> Session {
    let session = Session::new(Dialect::V2);
    session.apply(old).await;
    rest().await;
    session.account.fault(operation, &format!("patchDropsField: {drop}"));
    assert!(timeout(Duration::from_secs(5), session.attempt(new)).await.is_err(), "killed");
    session.account.calm();
    rest().await;
    session
}

fn ports(session: &Session) -> Vec<String> {
    session.state().resources.keys().filter_map(|address| Some(address.member.as_ref()?.to_string())).collect()
}

fn keys(session: &Session) -> Vec<String> {
    session.record("main").inputs["env"]
        .as_map()
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={value}"))
        .collect()
}

#[test]
fn recovery_records_each_field_and_port_as_observed() {
    for drop in ["image", "ports", "env"] {
        in_virtual_time(async {
            let session = killed("updatePod", drop, &one(old()), &one(new())).await;
            assert_eq!(session.report(false).await.findings, [], "{drop}: sindri did it itself");
            assert!(session.recover().await.contains("had taken effect, except for"), "{drop}");
            assert_eq!(session.report(false).await.findings, [], "{drop}: nothing but sindri changed anything");

            let image = if drop == "image" { "image:1" } else { "image:2" };
            let port = if drop == "ports" { "7000/http" } else { "8000/http" };
            let env = if drop == "env" { ["A=\"1\"", "B=\"1\""] } else { ["A=\"2\"", "C=\"1\""] };
            assert_eq!(session.record("main").inputs["image"], image.into(), "{drop}");
            assert_eq!(ports(&session), ["22/tcp", port], "{drop}");
            assert_eq!(keys(&session), env, "{drop}");

            session.apply(&one(new())).await;
            rest().await;
            assert!(session.plan(&one(new())).await.is_empty(), "{drop}");
        });
    }
}

#[test]
fn recovery_keeps_a_key_that_an_update_did_not_remove() {
    in_virtual_time(async {
        let without = Pod { image: "image:2", env: BTreeMap::from([("A", Variable::Plain("1"))]), ..old() };
        let session = killed("updatePod", "env", &one(old()), &one(without)).await;
        session.recover().await;
        assert_eq!(keys(&session), ["A=\"1\"", "B=\"1\""]);
        assert_eq!(session.report(false).await.findings, []);
    });
}

#[test]
fn recovery_records_only_existing_ports() {
    in_virtual_time(async {
        let three = Pod { ports: ["22/tcp", "8000/http", "9000/http"].into(), ..old() };
        let session = killed("updatePod", "ports", &one(old()), &one(three)).await;
        let edit = PodEvent::Edit { changes: json!({ "ports": ["22/tcp", "7000/http", "9000/http"] }) };
        let id = session.record("main").id;
        session.account.modify(|inside, now| inside.pod_event(&id, &edit, now)).expect("a pod to edit");
        rest().await;
        session.recover().await;
        assert_eq!(ports(&session), ["22/tcp", "7000/http", "9000/http"]);
        assert_eq!(session.report(false).await.findings, []);
    });
}

#[test]
fn recovery_records_a_rename_without_the_growth_that_was_dropped() {
    in_virtual_time(async {
        let volume = |title, size_gb| {
            Fleet::default().with_volume("data", Volume { title, size_gb, ..Volume::default() }).resources(Dialect::V2)
        };
        let (old, new) = (volume("one", 100), volume("two", 200));
        let address = old.keys().next().expect("a volume").clone();
        let session = killed("updateNetworkVolume", "size", &old, &new).await;
        session.recover().await;
        let record = session.state().resources[&address].clone();
        assert_eq!(record.inputs["size_gb"], Value::Int(100));
        assert_eq!(record.inputs["name"], new[&address].inputs["name"]);
        assert_eq!(session.report(false).await.findings, []);
    });
}

#[test]
fn a_running_apply_records_each_port_as_observed() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        session.apply(&one(old())).await;
        rest().await;
        session.account.fault("updatePod", "patchDropsField: env");
        let applied = session.attempt(&one(new())).await;
        applied.says(&["`env.A`, `env.B`, `env.C` are unchanged", "the rest is done"]);
        assert_eq!(
            (ports(&session), keys(&session)),
            (vec!["22/tcp".into(), "8000/http".into()], vec!["A=\"1\"".to_owned(), "B=\"1\"".to_owned()])
        );
    });
}

#[test]
fn an_update_without_any_effect_is_reported() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        session.apply(&one(old())).await;
        rest().await;
        session.account.fault("updatePod", "patchDropsField: image");
        let before = session.state();
        let applied = session.attempt(&one(Pod { image: "image:2", ..old() })).await;
        applied.says(&["`image` is unchanged", "after 90 s"]);
        assert!(!applied.text.contains("the rest is done"), "{}", applied.text);
        assert_eq!(session.state(), before);
    });
}

#[test]
fn the_done_part_of_an_update_is_recorded_if_its_answers_are_always_lost() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        session.apply(&one(old())).await;
        rest().await;
        session.account.fault("updatePod", "statusAfterEffect: { code: 502 }");
        session.attempt(&one(new())).await;
        assert_eq!(session.record("main").inputs["image"], "image:2".into());
        assert!(session.state().resources.contains_key(&Address::new("port", "main").with_member("8000/http")));
        rest().await;
        assert_eq!(session.report(false).await.findings, [], "sindri did it itself");
    });
}
