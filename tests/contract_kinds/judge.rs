//! An emulated world whose every answer is compared with the document.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use jsonschema::Validator;
use serde_json::{Value, json};
use sindri::emulator::{ApiVersion, Call, CallReply, Fidelity, Settings, Tweaks, World, kinds};

/// Rules of the document that its schemas do not express, with status 422: a body that breaks one is valid for its
/// schema.
pub const BEYOND_SCHEMA: &str = "beyond the schema";

pub struct Judge {
    pub world: World,
    now: Timestamp,
    document: Value,
    validators: BTreeMap<String, Validator>,
}

/// The judge over an empty world, or `None` without the document.
pub fn judge() -> Option<Judge> {
    judge_with(Settings::default())
}

pub fn judge_with(settings: Settings) -> Option<Judge> {
    let folder = std::env::var_os("SINDRI_CONTRACT_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/runpod"), PathBuf::from);
    let Ok(text) = std::fs::read_to_string(folder.join("openapi-v2-2026-10.json")) else {
        println!("skipped: no OpenAPI document in {}", folder.display());
        return None;
    };
    let document = without_uris(serde_json::from_str(&text).expect("the document is JSON"));
    let now = "2026-01-01T00:00:00Z".parse().expect("a valid time");
    Some(Judge { world: World::new(settings, now), now, document, validators: BTreeMap::new() })
}

/// The document without `format: uri`, which its own examples break: `.../status/{job_id}`.
fn without_uris(value: Value) -> Value {
    match value {
        Value::Object(mut members) => {
            if members.get("format") == Some(&json!("uri")) {
                members.remove("format");
            }
            Value::Object(members.into_iter().map(|(name, member)| (name, without_uris(member))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_uris).collect()),
        other => other,
    }
}

/// Both fidelities, each with a fresh world.
pub fn in_both_fidelities(test: impl Fn(&mut Judge)) {
    for fidelity in [Fidelity::Observed, Fidelity::Documented] {
        if let Some(mut judge) = judge_with(Settings { fidelity, ..Settings::default() }) {
            test(&mut judge);
        }
    }
}

pub fn v2(operation: &'static str) -> Call {
    Call::new(ApiVersion::V2, operation)
}

pub fn id(value: &Value) -> String {
    value["id"].as_str().expect("an id").to_owned()
}

pub fn with(mut body: Value, changes: Value) -> Value {
    let changes = changes.as_object().expect("an object").clone();
    body.as_object_mut().expect("an object").extend(changes);
    body
}

impl Judge {
    pub fn pass(&mut self, seconds: i64) {
        self.now = self.now.checked_add(SignedDuration::from_secs(seconds)).expect("within time");
    }

    /// Sends a call, which must be answered with `status`, and judges the answer.
    pub fn send(&mut self, call: Call, status: u16) -> Value {
        self.judged(call, status, "")
    }

    /// Sends a body that fits its schema but breaks another documented rule.
    pub fn send_unprocessable(&mut self, call: Call) -> Value {
        self.judged(call, 422, BEYOND_SCHEMA)
    }

    /// Sends an account-wide list with faults and returns the names in it.
    pub fn names(&mut self, operation: &'static str, list: &str, tweaks: Tweaks) -> Vec<String> {
        let body = self.send(v2(operation).tweaks(tweaks), 200);
        let rows = body[list].as_array().expect("a list");
        rows.iter().map(|row| row["name"].as_str().expect("a name").to_owned()).collect()
    }

    fn judged(&mut self, call: Call, status: u16, exception: &str) -> Value {
        let what = format!("{} {:?} {:?}", call.operation, call.id, call.body);
        let operation = self.operation(call.operation).clone();
        if let Some(body) = &call.body {
            let schema = operation["requestBody"]["content"]["application/json"]["schema"].clone();
            let accepts = self.validator(&schema).is_valid(body);
            let fits = status != 422 || exception == BEYOND_SCHEMA;
            assert_eq!(accepts, fits, "the document's view of the body: {what}");
        }
        let CallReply { status: actual, content_type, body, .. } = self.world.answer(&call, self.now);
        let text = String::from_utf8_lossy(&body).into_owned();
        assert_eq!(actual, status, "{what}: {text}");
        let responses = &operation["responses"];
        let response = responses.get(status.to_string()).unwrap_or(&responses["default"]);
        let response = self.resolved(response).clone();
        if status == 204 {
            assert!(body.is_empty() && response.get("content").is_none(), "{what}");
            return Value::Null;
        }
        let content = response["content"].get(content_type);
        let schema =
            content.unwrap_or_else(|| panic!("{what}: {status} is not described as {content_type}"))["schema"].clone();
        let value: Value = if content_type == "text/event-stream" {
            json!(text)
        } else {
            serde_json::from_str(&text).expect("an answer is JSON")
        };
        let validator = self.validator(&schema);
        let errors: Vec<String> =
            validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path)).collect();
        assert!(errors.is_empty(), "{what}: {errors:#?}\n{value:#}");
        value
    }

    fn resolved<'a>(&'a self, node: &'a Value) -> &'a Value {
        match node["$ref"].as_str() {
            Some(reference) => self.document.pointer(reference.trim_start_matches('#')).expect("a known reference"),
            None => node,
        }
    }

    fn operation(&self, name: &str) -> &Value {
        let operations = self.operations();
        operations.into_iter().find(|(_, _, id, _)| *id == name).map_or_else(|| panic!("{name}"), |found| found.3)
    }

    /// Method, path, operation id and description of every operation.
    fn operations(&self) -> Vec<(String, &str, &str, &Value)> {
        let paths = self.document["paths"].as_object().expect("paths");
        let mut found = Vec::new();
        for (path, item) in paths {
            for (method, described) in item.as_object().expect("an item") {
                if let Some(name) = described["operationId"].as_str() {
                    found.push((method.to_uppercase(), path.as_str(), name, described));
                }
            }
        }
        found
    }

    fn validator(&mut self, schema: &Value) -> &Validator {
        let components = &self.document["components"];
        self.validators.entry(schema.to_string()).or_insert_with(|| {
            let root = json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "allOf": [schema],
                "components": components,
            });
            jsonschema::options().should_validate_formats(true).build(&root).expect("a valid schema")
        })
    }
}

#[test]
fn the_routes_of_these_kinds_are_those_of_the_document() {
    let Some(judge) = judge() else { return };
    let is_ours = |path: &str| {
        let kinds = ["account/secrets", "registries", "templates", "serverless"];
        kinds.iter().any(|kind| path == *kind || path.starts_with(&format!("{kind}/")))
    };
    let documented: BTreeSet<(String, String, String)> = (judge.operations().into_iter())
        .map(|(method, path, id, _)| (method, path.trim_start_matches("/v2/").to_owned(), id.to_owned()))
        .filter(|(_, path, _)| is_ours(path))
        .collect();
    let routes = kinds(ApiVersion::V2)
        .iter()
        .flat_map(|kind| kind.routes)
        .map(|route| (route.method.word().to_owned(), route.path.to_owned(), route.operation.to_owned()));
    let emulated: BTreeSet<_> = routes.filter(|(_, path, _)| is_ours(path)).collect();
    assert_eq!(emulated, documented);
    assert!(documented.len() > 25, "{documented:?}");
}
