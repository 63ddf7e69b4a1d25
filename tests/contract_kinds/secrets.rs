//! `/v2/account/secrets`.

use serde_json::json;
use sindri::emulator::Tweaks;

use crate::judge::{id, in_both_fidelities, v2};

#[test]
fn secrets_match_the_document() {
    in_both_fidelities(|judge| {
        judge.send(v2("listSecrets"), 200);
        let secret = json!({ "name": "HF_TOKEN", "value": "v", "description": "d" });
        let made = judge.send(v2("createSecret").body(secret.clone()), 201);
        assert_eq!(made.get("value"), None, "a value is write-only");
        let token = id(&made);
        assert_eq!(judge.send(v2("createSecret").body(secret), 409)["status"], 409);
        for name in ["runpod_x", "RUNPOD", "Runpod.a"] {
            judge.send(v2("createSecret").body(json!({ "name": name, "value": "v" })), 400);
        }
        for body in [
            json!({ "name": "", "value": "v" }),
            json!({ "name": "1A", "value": "v" }),
            json!({ "name": "A B", "value": "v" }),
            json!({ "name": "a".repeat(192), "value": "v" }),
            json!({ "name": "A", "value": "" }),
            json!({ "name": "A" }),
            json!({ "name": "A", "value": "v", "description": null }),
            json!({ "name": "A", "value": "v", "version": 2 }),
        ] {
            judge.send(v2("createSecret").body(body), 422);
        }
        judge.send(v2("createSecret").body(json!({ "name": "_a.b-c/d", "value": "v" })), 201);
        judge.send(v2("createSecret").body(json!({ "name": "a".repeat(191), "value": "v" })), 201);
        let found = judge.send(v2("listSecrets").query("name", "hf_token"), 200);
        assert_eq!(found["secrets"].as_array().map(Vec::len), Some(1), "names are compared without case");

        judge.pass(60);
        let renamed = judge.send(v2("updateSecret").id(&token).body(json!({ "description": "e" })), 200);
        assert_eq!(
            (&renamed["description"], &renamed["valueLastUpdatedAt"]),
            (&json!("e"), &made["valueLastUpdatedAt"])
        );
        let rotated = judge.send(v2("updateSecret").id(&token).body(json!({ "value": "w" })), 200);
        assert_ne!(rotated["valueLastUpdatedAt"], made["valueLastUpdatedAt"]);
        assert_eq!(rotated["createdAt"], made["createdAt"]);
        for body in [json!({}), json!({ "name": "B" }), json!({ "value": "" })] {
            judge.send(v2("updateSecret").id(&token).body(body), 422);
        }
        judge.send(v2("updateSecret").id("none").body(json!({ "value": "w" })), 404);
        judge.send(v2("getSecret").id(&token), 200);
        judge.send(v2("deleteSecret").id(&token), 204);
        for operation in ["getSecret", "deleteSecret"] {
            judge.send(v2(operation).id(&token), 404);
        }
    });
}

/// The document: the value is written before the description, and not atomically.
#[test]
fn an_interrupted_update_of_a_secret_leaves_the_new_value_with_the_old_description() {
    in_both_fidelities(|judge| {
        let secret = json!({ "name": "A", "value": "v", "description": "old" });
        let made = judge.send(v2("createSecret").body(secret), 201);
        judge.pass(60);
        let drops = Tweaks { patch_drops_field: Some("description".into()), ..Tweaks::default() };
        let update = v2("updateSecret").id(id(&made)).body(json!({ "value": "w", "description": "new" }));
        judge.send(update.tweaks(drops), 200);
        let left = judge.send(v2("getSecret").id(id(&made)), 200);
        assert_eq!(left["description"], "old");
        assert_ne!(left["valueLastUpdatedAt"], made["valueLastUpdatedAt"]);
    });
}
