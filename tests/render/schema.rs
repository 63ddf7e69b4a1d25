//! Plans as JSON, validated with the schema from `sindri schema plan`.

use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};
use sindri::model::{Action, Cause, DifferenceOrigin, DriftClass, Effect, Plan, Power, Retry, Risk, Secret};
use sindri::render::json::{plan_json, plan_schema};

use crate::render::fixture::{address, at, attributes, change, field, plan};
use crate::render::hostile::{evil, hostile_plan};
use crate::render::plans;

static SCHEMA: LazyLock<jsonschema::Validator> =
    LazyLock::new(|| jsonschema::draft202012::new(&plan_schema()).expect("a valid schema"));

fn faults(plan: &Value) -> Vec<String> {
    SCHEMA.iter_errors(plan).map(|error| format!("{}: {error}", error.instance_path)).collect()
}

#[track_caller]
fn fits(plan: &Plan) {
    for id in [None, Some("9c1f7a2e44b0")] {
        assert_eq!(faults(&plan_json(plan, id)), Vec::<String>::new());
    }
}

#[test]
fn the_schema_is_valid() {
    jsonschema::meta::validate(&plan_schema()).expect("a schema of its own draft");
}

#[test]
fn every_golden_plan_fits() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut plans = 0;
    for entry in std::fs::read_dir(folder).unwrap().flat_map(|entry| std::fs::read_dir(entry.unwrap().path()).unwrap())
    {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let json: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            if json.get("resource_changes").is_some() {
                assert_eq!(faults(&json), Vec::<String>::new(), "{}", path.display());
                plans += 1;
            }
        }
    }
    assert!(plans > 0, "no plan was read");
}

#[test]
fn plans_of_every_shape_fit() {
    let mut all = vec![plan(vec![]), plan(plans::fleet()), plans::everything(), plans::fleet_update()];
    all.extend([plans::long_texts(), plans::destruction(), plans::partial()]);
    all.iter().for_each(fits);
}

#[test]
fn the_schema_has_every_value_of_the_model() {
    let actions = [
        Action::NoOp,
        Action::Create,
        Action::Update,
        Action::Replace,
        Action::ReplaceCreateFirst,
        Action::Delete,
        Action::Start,
        Action::Stop,
        Action::Import,
        Action::Forget,
    ];
    let causes = [
        Cause::New { position: Some(at(3)) },
        Cause::New { position: None },
        Cause::Fields,
        Cause::Missing { id: "x".into() },
        Cause::Tainted,
        Cause::Broken { status: "Error".into(), retry: None },
        Cause::Broken { status: "Error".into(), retry: Some(Retry::StopAndStart) },
        Cause::Undeclared,
        Cause::Superseded { by: address("pod.b") },
        Cause::Destroy,
        Cause::Dependency { address: address("pod.b"), action: Action::ReplaceCreateFirst },
        Cause::Parent { address: address("pod.b") },
        Cause::Power { wanted: Power::Running, origin: Some(DifferenceOrigin::Drift), position: None },
        Cause::Power { wanted: Power::Stopped, origin: None, position: Some(at(3)) },
        Cause::Marker { id: "x".into(), operation: "y".into(), same_lineage: true },
        Cause::Lookalike { id: "x".into() },
        Cause::Mounted { id: "x".into(), by: address("pod.b") },
        Cause::Flag { flag: "--adopt".into() },
    ];
    for action in actions {
        for address in ["pod.a", "pod.a[2]", "port.a:8888/http", "network_volume.d"] {
            let mut one = change(address, action);
            one.causes = causes.to_vec();
            one.after = attributes([("env", sindri::model::Value::Map([("K", secret())].into()))]);
            one.fields = [Effect::InPlace, Effect::Restart, Effect::Replace]
                .map(|effect| field("pod", "env.K.L", secret(), 1.into(), effect, 3))
                .to_vec();
            fits(&plan(vec![one]));
        }
    }
    for risk in [Risk::None, Risk::Restart, Risk::EphemeralLoss, Risk::DiskLoss, Risk::VolumeLoss] {
        fits(&plan(vec![sindri::model::Change { risk, ..change("pod.a", Action::Update) }]));
    }
    for class in [
        DriftClass::Gone,
        DriftClass::Changed,
        DriftClass::Stopped,
        DriftClass::Started,
        DriftClass::ZeroGpu,
        DriftClass::Errored,
    ] {
        let mut drifted = plans::everything();
        drifted.drift.iter_mut().for_each(|drift| drift.class = class);
        fits(&drifted);
    }
}

fn secret() -> sindri::model::Value {
    sindri::model::Value::Secret(Secret::new("canary"))
}

#[test]
fn unknown_members_are_refused_in_all_parts_of_our_own() {
    for place in
        ["", "/sindri", "/sindri/cost", "/sindri/summary", "/resource_changes/2/sindri", "/resource_drift/0/sindri"]
    {
        let mut json = plan_json(&plans::everything(), None);
        json.pointer_mut(place).unwrap_or_else(|| panic!("{place}"))["news"] = json!(1);
        assert!(!faults(&json).is_empty(), "{place}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hostile_plans_fit(evil in evil()) {
        prop_assert_eq!(faults(&plan_json(&hostile_plan(&evil), Some(&evil))), Vec::<String>::new());
    }
}
