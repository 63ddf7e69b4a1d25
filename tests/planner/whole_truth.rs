//! A plan names everything that changes, and its refusals hold however it is applied.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use sindri::model::{
    Action, Address, Attributes, Change, Dialect, Object, Plan, Power, RefusalCode, Secret, SideEffect, Value, Verb,
};
use sindri::planner::PlanOptions;
use sindri::planner::review::saved::SavedPlan;

use crate::planner::checked::{self, change_of};
use crate::support::fleet::{Fleet, Machine, Pod, Storage, Variable, Volume};
use crate::support::{Desired, Readings, Session, in_virtual_time, one, rest};

const L4: &str = "NVIDIA L4";
const A5000: &str = "NVIDIA RTX A5000";

fn pod(name: &str) -> Address {
    Address::new("pod", name)
}

fn volume(name: &str) -> Address {
    Address::new("network_volume", name)
}

fn env_beside_the_marker(object: &Object, more: &[(&str, &str)]) -> serde_json::Value {
    let marker = object.marker.as_ref().expect("a marked pod").to_string();
    let mut env = serde_json::Map::from_iter([("SINDRI_RESOURCE".to_owned(), json!(marker))]);
    env.extend(more.iter().map(|(key, value)| ((*key).to_owned(), json!(value))));
    json!({ "env": env })
}

fn side_fields(change: &Change) -> BTreeMap<&str, (String, String)> {
    let fields = change.side_effects.iter().filter_map(|effect| match effect {
        SideEffect::Field { field } => Some((field.path.as_str(), (field.before.to_string(), field.after.to_string()))),
        _ => None,
    });
    fields.collect()
}

/// A volume of 500 GB with a pod on it, and a pod without one. Later the file asks for 400 GB and other images.
fn shrinking(size_gb: i64, image: &'static str) -> Desired {
    let on_volume = Pod { image, storage: Storage::Network("data"), ..Pod::default() };
    Fleet::default()
        .with_volume("data", Volume { size_gb, ..Volume::default() })
        .with_pod("mounts", on_volume)
        .with_pod("apart", Pod { image, ..Pod::default() })
        .resources(Dialect::V2)
}

fn size_on_record(session: &Session) -> Option<i64> {
    session.state().resources[&volume("data")].inputs["size_gb"].as_int()
}

#[test]
fn an_impossible_change_is_refused_and_never_recorded_with_any_target() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        checked::apply(&session, &shrinking(500, "image:1")).await;
        let desired = shrinking(400, "image:2");
        let all = BTreeSet::from([pod("mounts"), pod("apart")]);
        for targets in [BTreeSet::new(), BTreeSet::from([pod("mounts")]), BTreeSet::from([volume("data")]), all] {
            let options = PlanOptions { targets, ..PlanOptions::default() };
            let applied = session.apply_unless_refused(&desired, &[], options).await;
            let refused: Vec<_> = applied.plan.all_refusals().map(|(_, refusal)| refusal.code).collect();
            assert_eq!(refused, [RefusalCode::ImpossibleChange]);
            assert_eq!(applied.requests, [""; 0]);
            let change = change_of(&applied.plan, &volume("data")).expect("the volume is in the plan");
            assert_eq!(change.action, Action::Update);
            assert_eq!(change.fields.iter().map(|field| field.path.as_str()).collect::<Vec<_>>(), ["size_gb"]);
        }
        assert_eq!(size_on_record(&session), Some(500));
    });
}

#[test]
fn a_target_independent_of_a_refusal_runs_and_the_refusal_is_reported() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        checked::apply(&session, &shrinking(500, "image:1")).await;
        let options = PlanOptions { targets: BTreeSet::from([pod("apart")]), ..PlanOptions::default() };
        let part = session.apply_unless_refused(&shrinking(400, "image:2"), &[], options).await.plan;
        assert!(part.leaves_out());
        let partial = part.partial.expect("a partial plan");
        assert_eq!(
            partial.left_out.iter().map(|(address, _)| address).collect::<Vec<_>>(),
            [&volume("data"), &pod("mounts"),]
        );
        let refused: Vec<_> = partial.refused.iter().map(|(address, refusal)| (address, refusal.code)).collect();
        assert_eq!(refused, [(&volume("data"), RefusalCode::ImpossibleChange)]);
        assert_eq!(size_on_record(&session), Some(500));
    });
}

#[test]
fn a_saved_plan_keeps_its_refusals() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        checked::apply(&session, &shrinking(500, "image:1")).await;
        let desired = shrinking(400, "image:2");
        let (prior, observed) = (session.state(), session.observe().await);
        let readings = || Readings::of(&desired, &prior, &observed);
        let plan = session.plan_from(readings(), PlanOptions::default());
        let saved = SavedPlan::of(&plan, &session.input(&readings(), PlanOptions::default()), "sindri.yaml".into());
        let again = session.apply_unless_refused(&desired, &[], saved.options_now(&prior)).await;
        assert_eq!(again.plan.all_refusals().count(), 1);
        let file = serde_json::to_string(&saved).unwrap();
        assert_eq!(serde_json::from_str::<SavedPlan>(&file).unwrap().verify(), Ok(()));
        let unknown = file.replace("\"impossible_change\"", "\"unheard_of\"");
        assert!(unknown != file && serde_json::from_str::<SavedPlan>(&unknown).is_err());
        assert_eq!((again.requests, size_on_record(&session)), (Vec::new(), Some(500)));
    });
}

#[test]
fn ignored_fields_that_a_replacement_changes_are_in_the_plan() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let env = |wanted| BTreeMap::from([("KEEP", Variable::Plain("a")), ("WANTED", Variable::Plain(wanted))]);
        let ignore = BTreeSet::from(["env.KEEP", "image", "ports"]);
        let first = Pod { env: env("w"), ports: BTreeSet::from(["22/tcp"]), ignore, ..Pod::default() };
        checked::apply(&session, &one(first.clone())).await;
        let live_pod = session.only_pod().await;
        let mut changes = env_beside_the_marker(&live_pod, &[("KEEP", "live"), ("WANTED", "w")]);
        changes["image"] = json!("image:hotfix");
        session.edit_outside(&live_pod, changes);
        rest().await;

        // They alone make nothing pending, and the plan shows the values that are kept.
        let second = Pod { image: "image:2", ports: BTreeSet::from(["8888/http"]), ..first };
        let plan = session.plan(&one(second.clone())).await;
        let change = change_of(&plan, &pod("main")).expect("a change");
        assert_eq!((change.action, &change.after["image"]), (Action::NoOp, &Value::text("image:hotfix")));
        assert_eq!(change.side_effects, []);

        let plan = session.plan(&one(Pod { env: env("w2"), ..second.clone() })).await;
        let change = change_of(&plan, &pod("main")).expect("a change");
        assert_eq!(change.fields.iter().map(|field| field.path.as_str()).collect::<Vec<_>>(), ["env.WANTED"]);
        let beside = side_fields(change);
        assert_eq!(beside.keys().copied().collect::<Vec<_>>(), ["env.KEEP", "image", "ports"]);
        assert_eq!(beside["image"], ("\"image:hotfix\"".into(), "\"image:2\"".into()));
        assert_eq!(beside["env.KEEP"], ("(sensitive)".into(), "\"a\"".into()));
        assert_eq!(change.after["image"], Value::text("image:2"));
        checked::apply(&session, &one(Pod { env: env("w2"), ..second })).await;
    });
}

#[test]
fn the_price_of_a_kept_pod_uses_the_observed_value_of_an_ignored_field() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let gpus = |count| Machine::Gpus { types: &[L4], count, least_ram_gb: None };
        let first = Pod { machine: gpus(1), in_place: true, ignore: BTreeSet::from(["gpu_count"]), ..Pod::default() };
        checked::apply(&session, &one(first.clone())).await;
        let plan = checked::apply(&session, &one(Pod { machine: gpus(4), image: "image:2", ..first })).await;
        let change = change_of(&plan, &pod("main")).expect("a change");
        assert_eq!((change.action, change.hourly_after), (Action::Update, change.hourly_before));
        assert_eq!(change.after["gpu_count"], Value::Int(1));
    });
}

#[test]
fn undeclared_variables_are_among_the_losses_of_a_replacement() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let first = Pod { env: BTreeMap::from([("OURS", Variable::Plain("1"))]), ssh: Some(true), ..Pod::default() };
        checked::apply(&session, &one(first.clone())).await;
        let live_pod = session.only_pod().await;
        let beside =
            [("OURS", "1"), ("HF_TOKEN", "hf_x"), ("BATCH", "8"), ("PUBLIC_KEY", "ssh-rsa A"), ("RUNPOD_X", "y")];
        session.edit_outside(&live_pod, env_beside_the_marker(&live_pod, &beside));
        rest().await;

        let plan = session.plan(&one(Pod { image: "image:2", ..first.clone() })).await;
        let change = change_of(&plan, &pod("main")).expect("a change");
        let lost: Vec<_> = change.losses.iter().filter(|loss| !loss.names.is_empty()).collect();
        assert_eq!(lost.len(), 1);
        // RunPod recreates PUBLIC_KEY for `startSsh`, and always recreates its own variables.
        assert_eq!(
            (lost[0].what.as_str(), lost[0].names.as_slice()),
            ("environment not declared", &["BATCH".to_owned(), "HF_TOKEN".to_owned()][..])
        );
        assert!(change.in_place_alternative.as_ref().is_some_and(|keeps| keeps.ends_with("and keeps BATCH, HF_TOKEN")));

        let in_place = session.plan(&one(Pod { image: "image:2", in_place: true, ..first })).await;
        let change = change_of(&in_place, &pod("main")).expect("a change");
        assert!(change.losses.iter().all(|loss| loss.names.is_empty()), "{:?}", change.losses);
    });
}

#[test]
fn a_saved_plan_contains_no_secret_of_a_side_effect() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let env = [("A", Variable::Secret("canary-declared"))].into();
        let first = Pod { env, ignore: ["env.A"].into(), ..Pod::default() };
        checked::apply(&session, &one(first.clone())).await;
        let object = session.only_pod().await;
        session.edit_outside(&object, env_beside_the_marker(&object, &[("A", "canary-outside")]));
        rest().await;

        let desired = one(Pod { image: "image:2", ..first });
        let (prior, observed) = (session.state(), session.observe().await);
        let readings = Readings::of(&desired, &prior, &observed);
        let input = session.input(&readings, PlanOptions::default());
        let plan = sindri::planner::plan(&input).expect("no circles");
        let secrets = |plan: &Plan| {
            let change = change_of(plan, &pod("main")).expect("a change");
            let fields = change.all_fields().filter(|field| field.path == "env.A");
            fields.map(|field| (field.before.clone(), field.after.clone())).collect::<Vec<_>>()
        };
        let known = |value: &str| Value::Secret(Secret::new(value));
        assert_eq!(secrets(&plan), [(known("canary-outside"), known("canary-declared"))]);

        let saved = SavedPlan::of(&plan, &input, "sindri.yaml".into());
        let unknown = || Value::Secret(Secret::unknown());
        assert_eq!(secrets(&saved.plan), [(unknown(), unknown())]);
        let text = serde_json::to_string(&saved).expect("JSON");
        assert!(!text.contains("canary"), "{text}");
        assert_eq!(serde_json::from_str::<SavedPlan>(&text).expect("the file reads back"), saved);
    });
}

#[test]
fn a_replacement_shows_that_it_tries_the_first_candidate() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let from = |types| Pod { machine: Machine::Gpus { types, count: 1, least_ram_gb: None }, ..Pod::default() };
        checked::apply(&session, &one(from(&[L4, A5000]))).await;
        let turned = from(&[A5000, L4]);
        let plan = session.plan(&one(turned.clone())).await;
        assert!(plan.is_empty(), "another order alone replaces nothing");

        let plan = checked::apply(&session, &one(Pod { image: "image:2", ..turned })).await;
        let change = change_of(&plan, &pod("main")).expect("a change");
        assert_eq!(side_fields(change)["gpu_types"], (format!("\"{L4}\""), format!("\"{A5000}\"")));
    });
}

#[test]
fn a_pod_that_stays_stopped_is_not_booted_to_change_what_can_be_changed_in_place() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let stopped = Pod { power: Some(Power::Stopped), storage: Storage::Own(20), ..Pod::default() };
        let plan = checked::apply(&session, &one(stopped.clone())).await;
        let boots = |plan: &sindri::model::Plan| {
            let change = change_of(plan, &pod("main")).expect("a change");
            change.side_effects.iter().find_map(|effect| match effect {
                SideEffect::Boots { hourly } => Some(*hourly),
                _ => None,
            })
        };
        assert!(boots(&plan).is_some_and(|hourly| hourly.is_billed()), "a stopped pod is created running");

        let changed = Pod { image: "image:2", ..stopped };
        let plan = checked::apply(&session, &one(changed.clone())).await;
        let change = change_of(&plan, &pod("main")).expect("a change");
        assert_eq!((change.action, boots(&plan)), (Action::Update, None));
        assert_eq!(change.losses, []);

        let other = Pod { machine: Machine::Gpus { types: &[A5000], count: 1, least_ram_gb: None }, ..changed };
        let plan = checked::apply(&session, &one(other)).await;
        assert_eq!(change_of(&plan, &pod("main")).map(|change| change.action), Some(Action::Replace));
        assert!(boots(&plan).is_some_and(|hourly| hourly.is_billed()));
    });
}

#[test]
fn a_pod_is_created_before_the_old_one_is_destroyed_even_if_its_volume_is_replaced() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let fleet = |region| {
            let on_volume = Pod { storage: Storage::Network("data"), create_first: true, ..Pod::default() };
            Fleet::default()
                .with_volume("data", Volume { region, ..Volume::default() })
                .with_pod("main", on_volume)
                .resources(Dialect::V2)
        };
        checked::apply(&session, &fleet("US-CA-2")).await;
        let plan = session.plan(&fleet("EU-RO-1")).await;
        let change = change_of(&plan, &pod("main")).expect("a change");
        assert_eq!(change.action, Action::ReplaceCreateFirst);
        let steps: Vec<_> =
            plan.operations.iter().map(|operation| (operation.verb, &*operation.address.kind)).collect();
        let (pod, volume) = ("pod", "network_volume");
        assert_eq!(steps, [(Verb::Create, volume), (Verb::Create, pod), (Verb::Delete, pod), (Verb::Delete, volume)]);
    });
}

#[test]
fn a_partial_plan_counts_only_existing_pods_against_the_budget() {
    in_virtual_time(async {
        let session = Session::new(Dialect::V2);
        let desired =
            Fleet::default().with_pod("one", Pod::default()).with_pod("two", Pod::default()).resources(Dialect::V2);
        let (prior, observed) = (session.state(), session.observe().await);
        let readings = Readings::of(&desired, &prior, &observed);
        let options = PlanOptions { targets: BTreeSet::from([pod("one")]), ..PlanOptions::default() };
        let mut input = session.input(&readings, options);
        input.budget.max_pods = Some(1);
        let plan = sindri::planner::plan(&input).expect("no circles");
        assert_eq!(plan.refusals, []);
        let empty: Attributes = Attributes::new();
        assert_eq!(change_of(&plan, &pod("two")).map(|change| &change.after), Some(&empty));
    });
}
