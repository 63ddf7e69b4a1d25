//! `/v2/registries` and its delegations.

use serde_json::{Value, json};
use sindri::emulator::Settings;

use crate::judge::{id, in_both_fidelities, judge_with, v2};

fn key(name: &str) -> Value {
    json!({ "name": name, "username": "u", "password": "p" })
}

#[test]
fn registries_match_the_document() {
    in_both_fidelities(|judge| {
        let made = judge.send(v2("createRegistry").body(key("ghcr")), 201);
        assert_eq!(made, json!({ "id": made["id"], "name": "ghcr" }), "the login is write-only");
        judge.send(v2("createRegistry").body(key("ghcr")), 400);
        for body in [json!({ "name": "k" }), key(""), json!({ "name": "k", "username": "", "password": "p" })] {
            judge.send(v2("createRegistry").body(body), 422);
        }
        assert_eq!(judge.names("listRegistries", "registries", Default::default()), ["ghcr"]);
        assert_eq!(judge.send(v2("getRegistry").id(id(&made)), 200), made);

        let pod = json!({ "name": "p", "image": "i:1", "disk": 20, "registry": made["id"],
                          "gpu": { "id": "NVIDIA GeForce RTX 4090", "count": 1 } });
        let pod = id(&judge.send(v2("createPod").body(pod), 201));
        judge.send(v2("deleteRegistry").id(id(&made)), 400);
        judge.send(v2("deletePod").id(pod), 204);
        let template = json!({ "name": "t", "image": "i:1", "registry": made["id"] });
        let template = id(&judge.send(v2("createTemplate").body(template), 201));
        judge.send(v2("deleteRegistry").id(id(&made)), 204);
        assert_eq!(judge.send(v2("getTemplate").id(&template), 200)["registry"], Value::Null, "cleared in silence");
        for operation in ["getRegistry", "deleteRegistry"] {
            judge.send(v2(operation).id(id(&made)), 404);
        }
        judge.send(v2("updateTemplate").id(template).body(json!({ "registry": made["id"] })), 400);
    });
}

#[test]
fn two_registries_can_share_a_name_where_names_are_not_unique() {
    let Some(mut judge) = judge_with(Settings { unique_registry_names: false, ..Settings::default() }) else { return };
    let first = judge.send(v2("createRegistry").body(key("ghcr")), 201);
    let second = judge.send(v2("createRegistry").body(key("ghcr")), 201);
    assert_ne!(first["id"], second["id"]);
}

#[test]
fn delegations_match_the_document() {
    const ARN: &str = "arn:aws:ecr:us-east-2:418399314813:repository/runpod/deployment";
    in_both_fidelities(|judge| {
        let body = json!({ "resource": ARN, "name": "aws" });
        let made = judge.send(v2("createDelegation").body(body), 201);
        assert_eq!((&made["awsUser"], &made["repository"]), (&json!("418399314813"), &json!("runpod/deployment")));
        judge.send(v2("createDelegation").body(json!({ "resource": ARN, "name": null })), 201);
        judge.send(v2("createDelegation").body(json!({ "resource": "arn:aws:s3:::bucket" })), 400);
        for body in [json!({}), json!({ "resource": 1 }), json!({ "resource": ARN, "region": "x" })] {
            judge.send(v2("createDelegation").body(body), 422);
        }
        let listed = judge.send(v2("listDelegations"), 200);
        assert_eq!(listed["delegations"].as_array().map(Vec::len), Some(2));
        judge.send(v2("revokeDelegation").id(id(&made)), 204);
        judge.send(v2("revokeDelegation").id(id(&made)), 404);
    });
}
