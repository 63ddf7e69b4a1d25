//! The schema of the parts that repeat the plan for Terraform's policy tools.

use serde_json::{Value as Json, json};

use super::parts::{closed, identity, list, of, text};
use crate::render::json::parts::PROVIDER;

/// Terraform's root module; sindri has no others.
pub(super) fn module(resource: &str) -> Json {
    closed("", &[("resources", list(resource))], &[])
}

pub(super) fn configuration() -> Json {
    let provider =
        closed("", &[("name", json!({ "const": PROVIDER })), ("full_name", json!({ "const": PROVIDER }))], &[]);
    let members =
        [("provider_config", closed("", &[(PROVIDER, provider)], &[])), ("root_module", module("declared_resource"))];
    closed("The configuration, for policy tools.", &members, &[])
}

pub(super) fn planned_resource() -> Json {
    let mut members = identity();
    members.push(("schema_version", json!({ "const": 0 })));
    members.push(("values", of("attributes")));
    members.push(("sensitive_values", of("markers")));
    closed("One resource after the apply.", &members, &["index"])
}

pub(super) fn declared_resource() -> Json {
    let reference = closed("", &[("references", json!({ "type": "array", "items": text(), "minItems": 1 }))], &[]);
    let constant = closed("", &[("constant_value", json!({}))], &[]);
    let unsaid = closed("A secret, or different for each replica.", &[], &[]);
    let count = closed("", &[("constant_value", json!({ "type": "integer", "minimum": 1 }))], &[]);
    let mut members: Vec<_> =
        identity().into_iter().filter(|(name, _)| !["index", "provider_name"].contains(name)).collect();
    members.push(("provider_config_key", json!({ "const": PROVIDER })));
    members.push(("schema_version", json!({ "const": 0 })));
    members.push((
        "expressions",
        json!({ "type": "object", "additionalProperties": { "anyOf": [constant, reference, unsaid] } }),
    ));
    members.push(("count_expression", count));
    closed("One block; replicas are one block with a count.", &members, &["count_expression"])
}
