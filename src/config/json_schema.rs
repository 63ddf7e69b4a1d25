//! The JSON Schema of `sindri.yaml`, for editors, out of the same tables that the loader reads.

use serde_json::{Map, Value, json};

use super::fields::ROOT;
use super::schema::{Block, Effect, Shape};

/// The schema, draft 2020-12.
pub fn json_schema() -> Value {
    let mut schema = block(&ROOT);
    if let Value::Object(members) = &mut schema {
        members.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
        members.insert("title".into(), json!("sindri.yaml"));
    }
    schema
}

fn block(block: &Block) -> Value {
    let mut properties = Map::new();
    for field in block.fields() {
        let mut property = shape(&field.shape);
        if let Value::Object(members) = &mut property {
            members.insert("description".into(), json!(field.about));
            if matches!(field.effect, Effect::Ignored(_)) {
                members.insert("deprecated".into(), json!(true));
            }
        }
        for alias in field.aliases {
            let mut other = property.clone();
            if let Value::Object(members) = &mut other {
                members.insert("description".into(), json!(format!("The same as `{}`.", field.name)));
                members.insert("deprecated".into(), json!(true));
            }
            properties.insert((*alias).to_owned(), other);
        }
        properties.insert(field.name.to_owned(), property);
    }
    json!({
        "type": "object",
        "properties": properties,
        "patternProperties": { "^x-": {} },
        "additionalProperties": false,
    })
}

/// What is written in place of a value may also be a variable, hence the texts beside numbers and booleans.
fn shape(shape: &Shape) -> Value {
    let variable = json!({ "type": "string", "pattern": "\\$\\{" });
    let or_variable = |schema: Value| json!({ "anyOf": [schema, variable] });
    match shape {
        Shape::Text => json!({ "type": ["string", "number"] }),
        Shape::Bool => or_variable(json!({ "type": "boolean" })),
        Shape::Int(low, i64::MAX) => or_variable(json!({ "type": "integer", "minimum": low })),
        Shape::Int(low, high) => or_variable(json!({ "type": "integer", "minimum": low, "maximum": high })),
        Shape::Amount => or_variable(json!({ "type": "number", "minimum": 0 })),
        Shape::Memory => or_variable(json!({ "type": "string", "pattern": "^\\d+ ?([MGT]i?B?|[mgt]i?b?)$" })),
        Shape::Duration => or_variable(json!({ "anyOf": [
            { "type": "string", "pattern": "^(\\d+[hms])+$" },
            { "type": "integer", "minimum": 0 },
        ] })),
        Shape::Word(words) => or_variable(json!({ "enum": words })),
        Shape::Texts => json!({ "anyOf": [
            { "type": ["string", "number"] },
            { "type": "array", "items": { "type": ["string", "number"] } },
        ] }),
        Shape::List(item) => json!({ "type": "array", "items": self::shape(item) }),
        Shape::Variables => json!({
            "type": "object",
            "additionalProperties": { "type": ["string", "number", "boolean"] },
        }),
        Shape::Block(inner) => block(inner),
        Shape::Named(inner) => json!({
            "type": "object",
            "additionalProperties": { "anyOf": [block(inner), { "type": "null" }] },
        }),
        Shape::Anything => json!({}),
    }
}
