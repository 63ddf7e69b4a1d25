//! Secrets, registries, delegations and templates: faults, references, lags and saved worlds.

use super::*;
use crate::emulator::state::settings::BootPace;

/// For each kind: its operations, the member of its list, and a body.
fn kinds() -> Vec<(&'static str, [&'static str; 4], &'static str, Value)> {
    vec![
        (
            "secret",
            ["createSecret", "getSecret", "listSecrets", "deleteSecret"],
            "secrets",
            json!({ "name": "A", "value": "v" }),
        ),
        (
            "registry",
            ["createRegistry", "getRegistry", "listRegistries", "deleteRegistry"],
            "registries",
            json!({ "name": "A", "username": "u", "password": "p" }),
        ),
        (
            "template",
            ["createTemplate", "getTemplate", "listTemplates", "deleteTemplate"],
            "templates",
            json!({ "name": "A", "image": "i:1" }),
        ),
    ]
}

impl Bench {
    fn count(&mut self, operation: &'static str, list: &str, tweaks: Tweaks) -> usize {
        let (status, body) = self.send(v2(operation).tweaks(tweaks));
        assert_eq!(status, 200, "{body}");
        body[list].as_array().expect("a list").len()
    }
}

#[test]
fn faults_that_fit_any_kind_apply_to_secrets_registries_and_templates() {
    for (kind, [create, get, list, delete], rows, body) in kinds() {
        let none = Tweaks::default;
        let mut bench = Bench::observed();
        let lag = Tweaks { not_found_after_create_seconds: Some(8), appear_lag_seconds: Some(20), ..none() };
        let (status, made) = bench.send(v2(create).body(body.clone()).tweaks(lag));
        let id = made["id"].as_str().expect("an id").to_owned();
        assert_eq!((status, bench.send(v2(get).id(&id)).0, bench.count(list, rows, none())), (201, 404, 0), "{kind}");
        assert_eq!(bench.send(v2(delete).id(&id)).0, 404, "{kind}");
        bench.pass(8000);
        assert_eq!((bench.send(v2(get).id(&id)).0, bench.count(list, rows, none())), (200, 0), "{kind}");
        bench.pass(12_000);
        assert_eq!(bench.count(list, rows, none()), 1, "{kind}");

        let ignored = Tweaks { delete_ignored: true, ..none() };
        assert_eq!(bench.send(v2(delete).id(&id).tweaks(ignored)).0, 204, "{kind}");
        assert_eq!(bench.send(v2(get).id(&id)).0, 200, "{kind}");
        let slow = Tweaks { disappear_lag_seconds: Some(30), ..none() };
        assert_eq!(bench.send(v2(delete).id(&id).tweaks(slow)).0, 204, "{kind}");
        assert_eq!((bench.send(v2(get).id(&id)).0, bench.count(list, rows, none())), (404, 1), "{kind}");
        bench.pass(30_000);
        assert_eq!(bench.count(list, rows, none()), 0, "{kind}");

        let refused = bench.send(v2(create).body(body.clone()).tweaks(Tweaks { no_capacity: true, ..none() }));
        assert_eq!((refused.0, bench.count(list, rows, none())), (400, 0), "{kind}");
        let ghost = bench.send(v2(create).body(body.clone()).tweaks(Tweaks { ghost: true, ..none() }));
        assert_eq!((ghost.0, bench.count(list, rows, none())), (400, 1), "{kind}");
    }
}

#[test]
fn a_name_that_another_client_took_just_before_is_refused() {
    for (kind, [create, _, list, _], rows, body) in kinds() {
        let mut bench = Bench::observed();
        let twin = Tweaks { duplicate_name: true, ..Tweaks::default() };
        let (status, refused) = bench.send(v2(create).body(body).tweaks(twin));
        let expected = if kind == "secret" { 409 } else { 400 };
        assert_eq!((status, bench.count(list, rows, Tweaks::default())), (expected, 1), "{kind}: {refused}");
    }
}

#[test]
fn an_update_can_ignore_a_member_of_a_template() {
    let mut bench = Bench::observed();
    let (_, made) = bench.send(v2("createTemplate").body(json!({ "name": "t", "image": "i:1" })));
    let drops = Tweaks { patch_drops_field: Some("image".into()), ..Tweaks::default() };
    let patch = json!({ "name": "u", "image": "i:2" });
    let (_, changed) =
        bench.send(v2("updateTemplate").id(made["id"].as_str().expect("an id")).body(patch).tweaks(drops));
    assert_eq!((&changed["name"], &changed["image"]), (&json!("u"), &json!("i:1")));
}

#[test]
fn a_reference_to_a_secret_stays_a_reference_even_after_its_delete() {
    let mut bench = Bench::observed();
    let (_, secret) = bench.send(v2("createSecret").body(json!({ "name": "A", "value": "not-in-the-file" })));
    let env = json!({ "TOKEN": "{{ RUNPOD_SECRET_A }}" });
    let id = bench.create(with(pod("a"), "env", env.clone()));
    assert!(!bench.saved().contains("not-in-the-file"), "no value is stored");
    let secret = secret["id"].as_str().expect("an id").to_owned();
    assert_eq!(bench.send(v2("deleteSecret").id(&secret)).0, 204);
    assert_eq!(bench.get(&id).1["env"], env);
    bench.pass(5000);
    assert_eq!((bench.act(&id, "restart").0, bench.get(&id).1["env"].clone()), (200, env));
}

#[test]
fn hosts_wait_for_a_new_registry_credential_before_they_pull() {
    let started_after = |settings: Settings, waits: i64| {
        let mut bench = Bench::new(settings);
        let key = json!({ "name": "k", "username": "u", "password": "p" });
        let (_, key) = bench.send(v2("createRegistry").body(key));
        bench.pass(waits * 1000);
        let id = bench.create(with(pod("a"), "registry", key["id"].clone()));
        (0..).find(|_| {
            bench.pass(1000);
            !bench.get(&id).1["runtime"].is_null()
        })
    };
    let lag = |seconds| Settings { registry_lag_seconds: Some(seconds), ..Settings::default() };
    assert!(started_after(lag(300), 0) >= Some(300));
    assert!(started_after(lag(300), 290) < Some(15));
    assert!(started_after(lag(0), 0) < Some(5));
    assert!(started_after(Settings::default(), 0) < Some(5), "no lag at the fast pace");
    let realistic = Settings { pace: BootPace::Realistic, ..Settings::default() };
    assert!(started_after(realistic.clone(), 0) >= Some(600), "300 s of lag and at least 300 s of pulling");
}

/// Format 1 stored these kinds as plain lists without their times.
#[test]
fn a_world_file_of_format_1_still_loads() {
    let mut bench = Bench::observed();
    for (_, [create, ..], _, body) in kinds() {
        assert_eq!(bench.send(v2(create).body(body)).0, 201);
    }
    let mut saved: Value = serde_json::from_str(&bench.saved()).expect("JSON");
    for kind in ["secrets", "registries", "templates"] {
        let mut objects = saved[kind]["objects"].take();
        for object in objects.as_array_mut().expect("a list") {
            let members = object.as_object_mut().expect("an object");
            members.remove("visible").expect("new in format 2");
            if kind != "secrets" {
                members.remove("createdAt").expect("new in format 2");
            }
        }
        saved[kind] = objects;
    }
    let members = saved.as_object_mut().expect("an object");
    members.remove("delegations").expect("new in format 2");
    let settings = members["settings"].as_object_mut().expect("settings");
    settings.retain(|name, _| !name.contains("egistry") && !name.contains("emplate"));
    bench.world = serde_json::from_value(saved).expect("a world");
    for (kind, [_, get, list, _], rows, _) in kinds() {
        let (_, listed) = bench.send(v2(list));
        let id = listed[rows][0]["id"].as_str().unwrap_or_else(|| panic!("{kind}: {listed}"));
        assert_eq!(bench.send(v2(get).id(id)).0, 200, "{kind}");
    }
}
