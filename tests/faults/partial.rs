//! Updates that RunPod does only in part, and runs that end before they know it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use sindri::emulator::PodEvent;
use sindri::model::{Address, Dialect, Value};
use tokio::time::timeout;

use crate::faults::world::{World, rest};
use crate::support::fleet::{Fleet, Pod, Variable, Volume};
use crate::support::{Desired, in_virtual_time, one};

fn old() -> Pod {
    let env = BTreeMap::from([("A", Variable::Plain("1")), ("B", Variable::Plain("1"))]);
    Pod { in_place: true, ports: ["22/tcp", "7000/http"].into(), env, ..Pod::default() }
}

fn new() -> Pod {
    let env = BTreeMap::from([("A", Variable::Plain("2")), ("C", Variable::Plain("1"))]);
    Pod { image: "image:2", ports: ["22/tcp", "8000/http"].into(), env, ..old() }
}

/// A world in which an update of `old` to `new` lost a field, and the run was killed before a list could show that.
async fn killed(operation: &str, drop: &str, old: &Desired, new: &Desired) -> World {
    let world = World::new(Dialect::V2);
    world.settle(old).await;
    rest().await;
    world.fault(operation, &format!("patchDropsField: {drop}"));
    assert!(timeout(Duration::from_secs(5), world.apply(new)).await.is_err(), "killed");
    world.calm();
    rest().await;
    world
}

fn ports(world: &World) -> Vec<String> {
    world.state().resources.keys().filter_map(|address| address.member.clone()).collect()
}

fn keys(world: &World) -> Vec<String> {
    world.record("main").inputs["env"]
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
            let world = killed("updatePod", drop, &one(old()), &one(new())).await;
            assert_eq!(world.report(false).await.findings, [], "{drop}: sindri did it itself");
            assert!(world.recover().await.contains("had taken effect, except for"), "{drop}");
            assert_eq!(world.report(false).await.findings, [], "{drop}: nothing but sindri changed anything");

            let image = if drop == "image" { "image:1" } else { "image:2" };
            let port = if drop == "ports" { "7000/http" } else { "8000/http" };
            let env = if drop == "env" { ["A=\"1\"", "B=\"1\""] } else { ["A=\"2\"", "C=\"1\""] };
            assert_eq!(world.record("main").inputs["image"], image.into(), "{drop}");
            assert_eq!(ports(&world), ["22/tcp", port], "{drop}");
            assert_eq!(keys(&world), env, "{drop}");

            world.settle(&one(new())).await;
            rest().await;
            assert!(world.plan(&one(new())).await.is_empty(), "{drop}");
        });
    }
}

#[test]
fn recovery_keeps_a_key_that_an_update_did_not_remove() {
    in_virtual_time(async {
        let without = Pod { image: "image:2", env: BTreeMap::from([("A", Variable::Plain("1"))]), ..old() };
        let world = killed("updatePod", "env", &one(old()), &one(without)).await;
        world.recover().await;
        assert_eq!(keys(&world), ["A=\"1\"", "B=\"1\""]);
        assert_eq!(world.report(false).await.findings, []);
    });
}

#[test]
fn recovery_records_only_existing_ports() {
    in_virtual_time(async {
        let three = Pod { ports: ["22/tcp", "8000/http", "9000/http"].into(), ..old() };
        let world = killed("updatePod", "ports", &one(old()), &one(three)).await;
        let edit = PodEvent::Edit { changes: json!({ "ports": ["22/tcp", "7000/http", "9000/http"] }) };
        let id = world.record("main").id;
        world.modify(|inside, now| inside.pod_event(&id, &edit, now)).expect("a pod to edit");
        rest().await;
        world.recover().await;
        assert_eq!(ports(&world), ["22/tcp", "7000/http", "9000/http"]);
        assert_eq!(world.report(false).await.findings, []);
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
        let world = killed("updateNetworkVolume", "size", &old, &new).await;
        world.recover().await;
        let record = world.state().resources[&address].clone();
        assert_eq!(record.inputs["size_gb"], Value::Int(100));
        assert_eq!(record.inputs["name"], new[&address].inputs["name"]);
        assert_eq!(world.report(false).await.findings, []);
    });
}

#[test]
fn a_running_apply_records_each_port_as_observed() {
    in_virtual_time(async {
        let world = World::new(Dialect::V2);
        world.settle(&one(old())).await;
        rest().await;
        world.fault("updatePod", "patchDropsField: env");
        let applied = world.apply(&one(new())).await;
        applied.says(&["`env.A`, `env.B`, `env.C` are as before", "the rest is done"]);
        assert_eq!(
            (ports(&world), keys(&world)),
            (vec!["22/tcp".into(), "8000/http".into()], vec!["A=\"1\"".to_owned(), "B=\"1\"".to_owned()])
        );
    });
}

#[test]
fn an_update_without_any_effect_is_reported() {
    in_virtual_time(async {
        let world = World::new(Dialect::V2);
        world.settle(&one(old())).await;
        rest().await;
        world.fault("updatePod", "patchDropsField: image");
        let before = world.state();
        let applied = world.apply(&one(Pod { image: "image:2", ..old() })).await;
        applied.says(&["`image` is as before", "after 90 s"]);
        assert!(!applied.text.contains("the rest is done"), "{}", applied.text);
        assert_eq!(world.state(), before);
    });
}

#[test]
fn the_done_part_of_an_update_is_recorded_if_its_answers_are_always_lost() {
    in_virtual_time(async {
        let world = World::new(Dialect::V2);
        world.settle(&one(old())).await;
        rest().await;
        world.fault("updatePod", "statusAfterEffect: { code: 502 }");
        world.apply(&one(new())).await;
        assert_eq!(world.record("main").inputs["image"], "image:2".into());
        assert!(world.state().resources.contains_key(&Address::new("port", "main").with_member("8000/http")));
        rest().await;
        assert_eq!(world.report(false).await.findings, [], "sindri did it itself");
    });
}
