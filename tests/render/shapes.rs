//! Plans in the format that Terraform's tools read.

use serde_json::json;
use sindri::model::{Action, Cause, Effect, Secret, Value};
use sindri::render::json::{plan_json, to_text};

use crate::render::fixture::{address, change, create, field, gpu_pod, kept, plan, volume};
use crate::render::plans;
use crate::support::golden;

#[test]
fn the_plan_as_json() {
    golden::check(
        "render/everything.json",
        &(to_text(&plan_json(&plans::everything(), Some("9c1f7a2e44b0")), true) + "\n"),
    );
}

#[test]
fn references_are_known_ids_or_unknown() {
    let mounting = |volume: &str| {
        let mut pod = gpu_pod("NVIDIA L4", 1, "a:1");
        pod.insert("network_volume", Value::reference(address(volume)));
        pod
    };
    let plan = plan(vec![
        kept("network_volume.old", volume(10, "US-CA-2"), 0.0),
        create("network_volume.new", volume(10, "US-CA-2"), 0.0, 1),
        create("pod.a", mounting("network_volume.old"), 0.44, 2),
        create("pod.b", mounting("network_volume.new"), 0.44, 3),
    ]);
    let json = plan_json(&plan, None);
    let known = &json["resource_changes"][2]["change"];
    assert_eq!((&known["after"]["network_volume"], &known["after_unknown"]), (&json!("k3pt"), &json!({})));
    let unknown = &json["resource_changes"][3]["change"];
    assert_eq!(unknown["after"].get("network_volume"), None);
    assert_eq!(unknown["after_unknown"], json!({"network_volume": true}));
}

#[test]
fn secrets_are_null_with_markers() {
    let mut after = gpu_pod("NVIDIA L4", 1, "a:1");
    let secret = Value::Secret(Secret::new("canary-5512"));
    after.insert("env", Value::Map([("HF_TOKEN".to_owned(), secret.clone()), ("A".to_owned(), 1.into())].into()));
    let mut update = change("pod.b", Action::Update);
    update.fields = vec![field("pod", "env.HF_TOKEN", Value::Null, secret, Effect::Restart, 3)];
    let json = plan_json(&plan(vec![create("pod.a", after, 0.44, 1), update]), None);
    let change = &json["resource_changes"][0]["change"];
    assert_eq!(change["after"]["env"], json!({"A": 1, "HF_TOKEN": null}));
    assert_eq!(change["after_sensitive"], json!({"env": {"HF_TOKEN": true}}));
    assert_eq!((&change["before"], &change["before_sensitive"]), (&json!(null), &json!(false)));
    let field = &json["resource_changes"][1]["sindri"]["fields"][0];
    assert_eq!(
        (&field["path"], &field["after"], &field["after_sensitive"]),
        (&json!(["env", "HF_TOKEN"]), &json!(null), &json!(true))
    );
    assert!(!json.to_string().contains("canary"));
}

#[test]
fn every_action_is_a_terraform_action() {
    for (action, words) in [
        (Action::NoOp, json!(["no-op"])),
        (Action::Create, json!(["create"])),
        (Action::Update, json!(["update"])),
        (Action::Replace, json!(["delete", "create"])),
        (Action::ReplaceCreateFirst, json!(["create", "delete"])),
        (Action::Delete, json!(["delete"])),
        (Action::Start, json!(["update"])),
        (Action::Stop, json!(["update"])),
        (Action::Import, json!(["no-op"])),
        (Action::Forget, json!(["forget"])),
    ] {
        let json = plan_json(&plan(vec![change("pod.a", action)]), None);
        assert_eq!(json["resource_changes"][0]["change"]["actions"], words, "{action:?}");
        assert_eq!(json["resource_changes"][0]["sindri"]["action"], action.word());
    }
}

#[test]
fn a_replacement_names_the_paths_that_force_it() {
    let mut replaced = change("pod.a", Action::Replace);
    replaced.causes = vec![Cause::Fields];
    replaced.fields = vec![
        field("pod", "image", "a".into(), "b".into(), Effect::Restart, 1),
        field("pod", "cloud", "SECURE".into(), "COMMUNITY".into(), Effect::Replace, 1),
        field("pod", "name", "a".into(), "b".into(), Effect::InPlace, 1),
    ];
    let mut by_policy = replaced.clone();
    by_policy.fields.remove(1);
    by_policy.fields.push(field("pod", "env.LOG.LEVEL", "a".into(), "b".into(), Effect::Restart, 1));
    let paths = |change| plan_json(&plan(vec![change]), None)["resource_changes"][0]["change"]["replace_paths"].clone();
    assert_eq!(paths(replaced), json!([["cloud"]]));
    assert_eq!(paths(by_policy), json!([["image"], ["env", "LOG.LEVEL"]]));
}
