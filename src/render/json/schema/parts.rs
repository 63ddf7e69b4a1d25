//! The building blocks of the schemas.

use crate::kind::KINDS;
use crate::render::json::parts::PROVIDER;
use serde_json::{Map, Value as Json, json};

/// An object with exactly these members, all required except the `optional` ones.
pub(super) fn closed(description: &str, members: &[(&str, Json)], optional: &[&str]) -> Json {
    let properties: Map<String, Json> =
        members.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    let required: Vec<&str> = members.iter().map(|(name, _)| *name).filter(|name| !optional.contains(name)).collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    if !description.is_empty() {
        schema["description"] = json!(description);
    }
    schema
}

pub(super) fn of(definition: &str) -> Json {
    json!({ "$ref": format!("#/$defs/{definition}") })
}

pub(super) fn list(definition: &str) -> Json {
    json!({ "type": "array", "items": of(definition) })
}

pub(super) fn or_null(schema: Json) -> Json {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

pub(super) fn text() -> Json {
    json!({ "type": "string" })
}

pub(super) fn flag() -> Json {
    json!({ "type": "boolean" })
}

pub(super) fn money(description: &str) -> Json {
    json!({ "type": "number", "description": description })
}

pub(super) fn count() -> Json {
    json!({ "type": "integer", "minimum": 0 })
}

/// Members of every entry, which Terraform's tools read.
pub(super) fn identity() -> Vec<(&'static str, Json)> {
    let kinds: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
    vec![
        ("address", of("address")),
        ("mode", json!({ "const": "managed" })),
        ("type", json!({ "enum": kinds })),
        ("name", text()),
        ("index", json!({ "type": "integer", "minimum": 0, "description": "The number of a replica." })),
        ("provider_name", json!({ "const": PROVIDER })),
    ]
}
