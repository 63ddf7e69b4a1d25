//! `/v2/templates` and the public ones.

use serde_json::{Value, json};
use sindri::emulator::{ApiVersion, Call, Settings};

use crate::judge::{id, in_both_fidelities, judge_with, v2};

fn full() -> Value {
    json!({
        "name": "t", "image": "i:1", "disk": 30, "ports": ["22/tcp"], "env": { "A": "b", "C": "d" }, "cmd": ["a"],
        "category": "AMD", "mounts": { "persistent": { "size": 20, "path": "/w" } }, "startSsh": false,
        "startJupyter": false, "public": true, "serverless": false, "allowedCudaVersions": ["12.8"],
    })
}

#[test]
fn templates_match_the_document() {
    in_both_fidelities(|judge| {
        let made = judge.send(v2("createTemplate").body(full()), 201);
        judge.send(v2("createTemplate").body(full()), 400);
        let bare = judge.send(v2("createTemplate").body(json!({ "name": "bare", "image": "i:1" })), 201);
        assert_eq!((&bare["startSsh"], &bare["startJupyter"]), (&json!(true), &json!(true)));
        assert_eq!((&bare["mounts"], &bare["ports"], &bare["category"]), (&json!({}), &json!([]), &json!("NVIDIA")));
        for body in [
            json!({ "name": "n" }),
            json!({ "name": "", "image": "i" }),
            json!({ "name": "n", "image": "i", "mounts": { "network": [] } }),
            json!({ "name": "n", "image": "i", "mounts": { "persistent": { "size": 20 } } }),
            json!({ "name": "n", "image": "i", "disk": 0 }),
            json!({ "name": "n", "image": "i", "category": "TPU" }),
            json!({ "name": "n", "image": "i", "allowedCudaVersions": ["12"] }),
            json!({ "name": "n", "image": "i", "gpu": {} }),
        ] {
            judge.send(v2("createTemplate").body(body), 422);
        }
        judge.send(v2("createTemplate").body(json!({ "name": "n", "image": "i", "registry": "none" })), 400);
        judge.send(v2("createTemplate").body(json!({ "name": "n", "image": "i", "args": "x", "cmd": ["y"] })), 400);
        assert_eq!(judge.names("listTemplates", "templates", Default::default()), ["bare", "t"], "own ones only");
        assert_eq!(judge.send(v2("getTemplate").id(id(&made)), 200), made);
        judge.send(v2("deleteTemplate").id(id(&made)), 204);
        for operation in ["getTemplate", "deleteTemplate"] {
            judge.send(v2(operation).id(id(&made)), 404);
        }
        judge.send(v2("updateTemplate").id(id(&made)).body(json!({ "name": "u" })), 404);
    });
}

#[test]
fn a_template_keeps_what_a_patch_does_not_name() {
    in_both_fidelities(|judge| {
        let made = judge.send(v2("createTemplate").body(full()), 201);
        judge.send(v2("createTemplate").body(json!({ "name": "other", "image": "i:1" })), 201);
        let patch = |body: Value| v2("updateTemplate").id(id(&made)).body(body);
        for body in [json!({}), json!({ "mounts": {} }), json!({ "name": "t" })] {
            assert_eq!(judge.send(patch(body), 200), made);
        }
        judge.send(patch(json!({ "name": "other" })), 400);
        for body in [json!({ "id": "x" }), json!({ "mounts": { "network": [] } }), json!({ "name": "" })] {
            judge.send(patch(body), 422);
        }
        let body = json!({ "name": "u", "env": { "A": "x" }, "ports": [], "allowedCudaVersions": [], "cmd": [],
                           "image": "i:2", "startSsh": true, "serverless": true, "public": false, "category": "CPU" });
        let changed = judge.send(patch(body.clone()), 200);
        for (name, value) in body.as_object().expect("an object") {
            assert_eq!(changed[name], *value, "{name}");
        }
        assert_eq!(
            (&changed["disk"], &changed["mounts"], &changed["args"]),
            (&made["disk"], &made["mounts"], &json!(""))
        );
    });
}

#[test]
fn a_public_template_is_readable_and_usable_but_belongs_to_nobody() {
    in_both_fidelities(|judge| {
        let catalog = judge.send(v2("listPublicTemplates"), 200);
        let public = id(&catalog["templates"][0]);
        assert_eq!(judge.send(v2("getTemplate").id(&public), 200), catalog["templates"][0]);
        judge.send(v2("updateTemplate").id(&public).body(json!({ "name": "mine" })), 404);
        judge.send(v2("deleteTemplate").id(&public), 404);
        let verified = judge.send(v2("listPublicTemplates").query("source", "verified"), 200);
        assert_eq!(verified["templates"], json!([]));
        judge.send(v2("listPublicTemplates").query("source", "mine"), 422);
        let pod = json!({ "name": "p", "templateId": public, "gpu": { "id": "NVIDIA GeForce RTX 4090", "count": 1 } });
        let pod = judge.send(v2("createPod").body(pod), 201);
        assert_eq!((&pod["image"], &pod["template"]), (&catalog["templates"][0]["image"], &Value::Null));
    });
}

/// v2 keeps no link from a pod to its template; v1 does, and so do some examples of the document.
#[test]
fn a_template_that_a_pod_is_linked_to_cannot_be_deleted() {
    let template = json!({ "name": "t", "image": "i:1", "disk": 20 });
    let gpu = json!({ "id": "NVIDIA GeForce RTX 4090", "count": 1 });
    for keeps in [false, true] {
        let settings = Settings { v2_pods_keep_template: keeps, ..Settings::default() };
        let Some(mut judge) = judge_with(settings) else { return };
        let template = id(&judge.send(v2("createTemplate").body(template.clone()), 201));
        let pod = judge.send(v2("createPod").body(json!({ "name": "p", "templateId": template, "gpu": gpu })), 201);
        assert_eq!(pod["template"], if keeps { json!(template) } else { Value::Null });
        let edited = judge.send(v2("updateTemplate").id(&template).body(json!({ "image": "i:2" })), 200);
        assert_eq!(edited["image"], "i:2");
        assert_eq!(judge.send(v2("getPod").id(id(&pod)), 200)["image"], "i:1", "a later edit reaches nothing");
        let one = json!({ "name": "q", "templateId": template, "gpuTypeIds": ["NVIDIA GeForce RTX 4090"] });
        let now = "2026-01-01T01:00:00Z".parse().expect("a time");
        let answer = judge.world.answer(&Call::new(ApiVersion::V1, "createPod").body(one), now);
        let linked: Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert_eq!((answer.status, &linked["templateId"]), (201, &json!(template)));
        judge.send(v2("deleteTemplate").id(&template), 400);
        judge.send(v2("deletePod").id(id(&linked)), 204);
        judge.send(v2("deleteTemplate").id(&template), if keeps { 400 } else { 204 });
        judge.send(v2("deletePod").id(id(&pod)), 204);
        judge.send(v2("deleteTemplate").id(&template), if keeps { 204 } else { 404 });
    }
}

#[test]
fn the_name_of_a_deleted_template_stays_taken_for_a_while() {
    let settings = Settings { template_name_hold_seconds: Some(600), ..Settings::default() };
    let Some(mut judge) = judge_with(settings) else { return };
    let body = json!({ "name": "t", "image": "i:1" });
    let first = id(&judge.send(v2("createTemplate").body(body.clone()), 201));
    judge.send(v2("deleteTemplate").id(first), 204);
    judge.pass(599);
    judge.send(v2("createTemplate").body(body.clone()), 400);
    judge.pass(1);
    judge.send(v2("createTemplate").body(body), 201);
}
