//! Secrets, registries, templates and endpoints through the gateway: fault rules, the journal, control calls, saved
//! worlds.

use serde_json::{Value, json};
use sindri::emulator::{DeliveryResult, Emulator, EmulatorOptions};
use sindri::transport::{Method, Request};

use crate::support::*;

fn post(path: &str, body: Value) -> Request {
    request(Method::Post, path, Some(body))
}

fn endpoint() -> Request {
    let scaling = json!({ "type": "QUEUE_DELAY", "queueDelay": 4 });
    let gpu = json!({ "pools": ["ADA_24"] });
    post(
        "/v2/serverless",
        json!({ "name": "sd", "type": "QUEUE", "image": "i:1", "gpu": gpu, "scaling": scaling,
                                   "workers": { "min": 1 } }),
    )
}

/// A create of each kind, the operation, and the path and member of its list.
fn creates() -> Vec<(Request, &'static str, &'static str, &'static str)> {
    let key = json!({ "name": "sd", "username": "bot", "password": "pass-word" });
    vec![
        (
            post("/v2/account/secrets", json!({ "name": "sd", "value": "the-value" })),
            "createSecret",
            "/v2/account/secrets",
            "secrets",
        ),
        (post("/v2/registries", key), "createRegistry", "/v2/registries", "registries"),
        (
            post(
                "/v2/registries/delegations",
                json!({ "resource": "arn:aws:ecr:us-east-2:418399314813:repository/a", "name": "sd" }),
            ),
            "createDelegation",
            "/v2/registries/delegations",
            "delegations",
        ),
        (
            post("/v2/templates", json!({ "name": "sd", "image": "i:1" })),
            "createTemplate",
            "/v2/templates",
            "templates",
        ),
        (endpoint(), "createEndpoint", "/v2/serverless", "endpoints"),
    ]
}

fn count(emulator: &Emulator, path: &str, member: &str) -> usize {
    json_of(&reply(emulator, &get(path)))[member].as_array().expect("a list").len()
}

#[test]
fn fault_rules_fit_the_new_operations() {
    for (create, operation, path, member) in creates() {
        let emulator = |effect: &str| {
            emulator_with_faults(&format!(
                "[{{ match: {{ operation: {operation}, pod: 's*' }}, effect: {{ {effect} }} }}]"
            ))
        };
        let lost = emulator("statusAfterEffect: { code: 500 }");
        assert_eq!((reply(&lost, &create).status, count(&lost, path, member)), (500, 1), "{operation}");
        let refused = emulator("status: { code: 409 }");
        assert_eq!((reply(&refused, &create).status, count(&refused, path, member)), (409, 0), "{operation}");
        let reset = emulator("resetAfterEffect: true");
        assert!(matches!(reset.handle(&create, START).outcome, DeliveryResult::Reset), "{operation}");
        assert_eq!(count(&reset, path, member), 1, "{operation}");
    }
    let emulator = emulator_with_faults("[{ match: { gpu: 'ADA_*' }, effect: { noCapacity: true } }]");
    assert_eq!(reply(&emulator, &endpoint()).status, 400);
}

#[test]
fn the_journal_has_no_value_of_a_secret_or_a_registry() {
    let emulator = emulator();
    for (create, operation, ..) in creates() {
        assert_eq!(reply(&emulator, &create).status, 201, "{operation}");
    }
    let secrets = json_of(&reply(&emulator, &get("/v2/account/secrets")));
    let path = format!("/v2/account/secrets/{}", secrets["secrets"][0]["id"].as_str().expect("an id"));
    assert_eq!(reply(&emulator, &request(Method::Patch, &path, Some(json!({ "value": "new-value" })))).status, 200);
    let journal = String::from_utf8(emulator.control(&get("/_emu/journal")).body.to_vec()).expect("text");
    let world = String::from_utf8(emulator.control(&get("/_emu/state")).body.to_vec()).expect("text");
    for value in ["the-value", "new-value", "pass-word"] {
        assert!(!journal.contains(value) && !world.contains(value), "{value}");
    }
    assert!(journal.contains("createSecret") && journal.contains("(sensitive)"));
}

#[test]
fn settings_change_by_name_and_only_if_they_are_valid() {
    let emulator = emulator();
    let put = |body: Value| emulator.control(&request(Method::Put, "/_emu/settings", Some(body)));
    let changed = json_of(&put(json!({ "registryLagSeconds": 300 })));
    assert_eq!((&changed["registryLagSeconds"], &changed["uniqueRegistryNames"]), (&json!(300), &json!(true)));
    for body in [json!({ "registryLag": 300 }), json!({ "registryLagSeconds": "long" })] {
        assert_eq!(put(body).status, 400);
    }
    assert_eq!(json_of(&emulator.control(&get("/_emu/settings"))), changed);
}

#[test]
fn control_calls_put_jobs_into_an_endpoint_and_age_it() {
    let emulator = emulator();
    let id = json_of(&reply(&emulator, &endpoint()))["id"].as_str().expect("an id").to_owned();
    let event = |id: &str, event: Value| emulator.control(&post(&format!("/_emu/endpoints/{id}/event"), event)).status;
    assert_eq!(event(&id, json!({ "event": "jobs", "count": 4 })), 200);
    let health = json_of(&reply(&emulator, &get(&format!("/v2/{id}/health"))));
    assert_eq!(health["jobs"]["inQueue"], 4);
    assert_eq!(event(&id, json!({ "event": "age", "days": 3 })), 200);
    let shown = json_of(&reply(&emulator, &get(&format!("/v2/serverless/{id}"))));
    assert_eq!(shown["workers"]["max"], 2);
    assert_eq!(event(&id, json!({ "event": "edit", "changes": { "image": "i:2" } })), 200);
    assert_eq!(event(&id, json!({ "event": "edit", "changes": { "type": "QUEUE" } })), 400);
    assert_eq!(event(&id, json!({ "event": "jobs", "count": 10_001 })), 400);
    assert_eq!(event("none", json!({ "event": "delete" })), 400);
    assert_eq!(event(&id, json!({ "event": "delete" })), 200);
    assert_eq!(reply(&emulator, &get(&format!("/v2/serverless/{id}"))).status, 404);
}

#[test]
fn a_kill_after_any_change_of_the_new_kinds_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = |folder: &std::path::Path| {
        let options = EmulatorOptions { world: Some(folder.join("world.json")), ..EmulatorOptions::default() };
        options.open().expect("a world").0
    };
    let emulator = open(folder.path());
    let world = |emulator: &Emulator| json_of(&emulator.control(&get("/_emu/state")))["world"].take();
    let mut steps: Vec<Request> = creates().into_iter().map(|(create, ..)| create).collect();
    let id = |emulator: &Emulator| world(emulator)["endpoints"]["objects"][0]["id"].as_str().map(str::to_owned);
    for (number, at) in (0..12).map(|number| (number, START + jiff::SignedDuration::from_secs(2 * number))) {
        let path = id(&emulator).map(|id| format!("/v2/serverless/{id}")).unwrap_or_default();
        let step = match number {
            0..5 => steps.remove(0),
            5 => post(
                &(path.replace("/v2/serverless", "/_emu/endpoints") + "/event"),
                json!({ "event": "jobs", "count": 3, "seconds": 3 }),
            ),
            6 => request(Method::Patch, &path, Some(json!({ "image": "i:2", "workers": { "min": 2 } }))),
            11 => request(Method::Delete, &path, None),
            _ => get(&format!("{path}/workers")),
        };
        match number {
            5 => assert_eq!(emulator.control(&step).status, 200),
            _ => drop(emulator.handle(&step, at)),
        }
        let copy = tempfile::tempdir().expect("a folder");
        for file in ["world.json", "world.json.log"].iter().filter(|file| folder.path().join(file).exists()) {
            std::fs::copy(folder.path().join(file), copy.path().join(file)).expect("copied");
        }
        assert_eq!(world(&open(copy.path())), world(&emulator), "after step {number}");
    }
    assert_eq!(id(&emulator), None);
}
