//! The parts that several JSON documents share: a resource's identity, its values after the plan, a value at a path.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::split_secrets;
use crate::kind;
use crate::model::{Action, Address, Attributes, Change, Value};

/// The provider's name in every entry.
pub(super) const PROVIDER: &str = "runpod";

pub(super) type ByAddress<'a> = BTreeMap<&'a Address, &'a Change>;

pub(super) fn identity(address: &Address) -> Map<String, Json> {
    let mut entry = Map::new();
    entry.insert("address".into(), json!(address));
    entry.insert("mode".into(), json!("managed"));
    entry.insert("type".into(), json!(address.kind));
    entry.insert("name".into(), json!(address.name));
    if let Some(index) = address.index {
        entry.insert("index".into(), json!(index));
    }
    entry.insert("provider_name".into(), json!(PROVIDER));
    entry
}

/// Attributes and the markers of their secrets; `null` and `false` if there is no object.
pub(super) fn side(attributes: &Attributes) -> (Json, Json) {
    if attributes.is_empty() {
        return (Json::Null, Json::Bool(false));
    }
    match split_secrets(&Value::Map(attributes.clone())) {
        (values, Json::Bool(false)) => (values, json!({})),
        split => split,
    }
}

/// An object after the plan: its values, which of them are secret, and which become known only then.
pub(super) struct AfterValues {
    pub values: Json,
    pub sensitive: Json,
    pub unknown: Json,
}

impl AfterValues {
    pub fn of(by_address: &ByAddress<'_>, change: &Change) -> Self {
        let (mut values, sensitive) = side(&change.after);
        let unknown = resolve_references(by_address, change, &mut values);
        Self { values, sensitive, unknown }
    }
}

/// The value with ids in place of references; `None` if one of them is known only after apply.
fn with_ids(by_address: &ByAddress<'_>, value: &Value) -> Option<Json> {
    match value {
        Value::Reference(target) => {
            let stays = |target: &&&Change| target.action != Action::Create && !target.action.is_replacement();
            by_address.get(target.as_ref()).filter(stays)?.id.as_ref().map(|id| json!(id))
        }
        Value::List(items) => items.iter().map(|item| with_ids(by_address, item)).collect(),
        other => Some(split_secrets(other).0),
    }
}

/// Replaces references to existing objects with ids, and removes and marks values that are known only after apply.
fn resolve_references(by_address: &ByAddress<'_>, change: &Change, after: &mut Json) -> Json {
    let Json::Object(values) = after else { return json!({}) };
    let mut unknown = Map::new();
    for (name, ..) in kind::find(&change.address.kind).into_iter().flat_map(|kind| kind.supplied(&change.after)) {
        unknown.insert(name.to_owned(), json!(true));
        values.remove(name);
    }
    for (name, value) in &change.after {
        if value.references().is_empty() {
            continue;
        }
        match with_ids(by_address, value) {
            Some(known) => values.insert(name.to_string(), known),
            None => {
                unknown.insert(name.to_string(), json!(true));
                values.remove(name.as_str())
            }
        };
    }
    for field in change.fields.iter().filter(|field| field.after_unknown) {
        match field.path.split_once('.') {
            Some((name, key)) => {
                values.get_mut(name).and_then(Json::as_object_mut).map(|map| map.remove(key));
            }
            None => {
                values.remove(&field.path);
            }
        }
        put(&mut unknown, &field.path, json!(true));
    }
    Json::Object(unknown)
}

pub(super) fn put(map: &mut Map<String, Json>, path: &str, value: Json) {
    match path.split_once('.') {
        Some((name, key)) => {
            if let Json::Object(inner) = map.entry(name).or_insert_with(|| json!({})) {
                inner.insert(key.to_owned(), value);
            }
        }
        None => {
            map.insert(path.to_owned(), value);
        }
    }
}
