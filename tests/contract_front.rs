//! The vendor's OpenAPI document describes every refusal of the emulator's gateway: status, headers, body.
//!
//! The document is not in the repository. `SINDRI_CONTRACT_DIR` names its folder; the default is `../shared/runpod`.
//! Without it the test is skipped with a message.

use std::path::PathBuf;

use serde_json::Value;
use sindri::emulator::{DeliveryResult, EPOCH, Emulator, Fidelity, QuotaProfile, Settings, World};
use sindri::transport::{Method, Reply, Request};

fn document() -> Option<Value> {
    let folder = std::env::var_os("SINDRI_CONTRACT_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/runpod"), PathBuf::from);
    let Ok(text) = std::fs::read_to_string(folder.join("openapi-v2-2026-10.json")) else {
        println!("skipped: no OpenAPI document in {}", folder.display());
        return None;
    };
    Some(serde_json::from_str(&text).expect("the document is JSON"))
}

fn send(emulator: &Emulator, method: Method, path: &str, token: Option<&str>, body: &str) -> Reply {
    let headers = token.map(|token| ("authorization".to_owned(), format!("Bearer {token}"))).into_iter().collect();
    let request = Request { method, path: path.into(), headers, body: Some(body.to_owned().into()) };
    match emulator.handle(&request, EPOCH).outcome {
        DeliveryResult::Reply(reply) => reply,
        other => panic!("no reply: {other:?}"),
    }
}

#[test]
fn the_document_describes_every_refusal() {
    let Some(document) = document() else { return };
    let settings = Settings { fidelity: Fidelity::Documented, ..Settings::default() };
    let emulator = Emulator::new(World::new(settings, EPOCH), EPOCH);
    emulator.set_quota(QuotaProfile::Documented);
    let schema = document["components"]["schemas"]["ErrorResponse"].clone();
    let problem = jsonschema::validator_for(&schema).expect("a schema");

    let huge = "x".repeat(102_401);
    let mut refusals = vec![
        ("PayloadTooLargeError", 413, send(&emulator, Method::Post, "/v2/pods", None, &huge)),
        ("UnauthorizedError", 401, send(&emulator, Method::Get, "/v2/pods", None, "")),
        ("NotFoundError", 404, send(&emulator, Method::Get, "/v2/nowhere", Some("key"), "")),
        ("MethodNotAllowedError", 405, send(&emulator, Method::Put, "/v2/pods", Some("key"), "")),
        ("BadRequestError", 400, send(&emulator, Method::Post, "/v2/pods", Some("key"), "{")),
        ("UnprocessableEntityError", 422, send(&emulator, Method::Get, "/v2/pods?limit=1&limit=2", Some("key"), "")),
    ];
    let exhausted = (0..60).map(|_| send(&emulator, Method::Get, "/v2/pods", Some("key"), "")).last();
    refusals.push(("TooManyRequestsError", 429, exhausted.expect("60 answers")));

    for (name, status, reply) in &refusals {
        let described = &document["components"]["responses"][name];
        assert_eq!(reply.status, *status, "{name}");
        let content_type = reply.header("content-type").expect("a content type");
        assert!(described["content"].get(content_type).is_some(), "{name} is not described as {content_type}");
        let body: Value = serde_json::from_slice(&reply.body).expect("JSON");
        assert!(problem.is_valid(&body), "{name}: {body}");
        assert_eq!(body["status"], *status, "{name}");
        for header in described["headers"].as_object().into_iter().flatten().map(|(header, _)| header) {
            assert!(reply.header(&header.to_lowercase()).is_some(), "{name} lacks {header}");
        }
        let limits = described["headers"].get("RateLimit").is_some();
        assert_eq!(reply.header("ratelimit").is_some(), limits, "{name}");
    }
}
