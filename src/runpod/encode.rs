//! Writes request bodies from attributes.

use serde_json::{Map, Value as Json};

use super::wire::MemberNames;
use crate::model::{Attributes, Value};

/// A request body under construction.
#[derive(Default)]
pub struct RequestBody(Map<String, Json>);

impl RequestBody {
    /// Sets one member.
    pub fn set(&mut self, member: &str, json: impl Into<Json>) {
        self.0.insert(member.to_owned(), json.into());
    }

    /// Sets the members whose attributes have a value: not `Null`, empty text or an empty list.
    pub fn given(&mut self, names: &MemberNames, values: &Attributes) {
        for (attribute, member) in names {
            match values.get(attribute).map(to_json) {
                None | Some(Json::Null) => {}
                Some(Json::String(text)) if text.is_empty() => {}
                Some(Json::Array(items)) if items.is_empty() => {}
                Some(json) => self.set(member, json),
            }
        }
    }

    /// Sets the members whose attributes are set, see [`is_set`].
    pub fn if_set(&mut self, names: &MemberNames, values: &Attributes) {
        for name in names.iter().filter(|(attribute, _)| is_set(values.get(attribute))) {
            self.given(&[*name], values);
        }
    }

    /// Sets the members whose attributes are in `changes`, including those that a change clears.
    pub fn changed(&mut self, names: &MemberNames, changes: &Attributes, write: impl Fn(&Value) -> Json) {
        for (attribute, member) in names {
            if let Some(value) = changes.get(attribute) {
                self.set(member, write(value));
            }
        }
    }

    pub fn into_json(self) -> Json {
        Json::Object(self.0)
    }
}

/// The plain JSON of a value. Secrets are exposed here, in a request body, and nowhere else.
pub fn to_json(value: &Value) -> Json {
    match value {
        Value::Bool(flag) => (*flag).into(),
        Value::Int(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Secret(secret) => secret.expose().map_or(Json::Null, Into::into),
        Value::List(items) => items.iter().map(to_json).collect(),
        Value::Map(map) => map.iter().map(|(key, value)| (key.to_string(), to_json(value))).collect(),
        // References are already resolved; `Client` refuses unresolved ones.
        Value::Null | Value::Reference(_) => Json::Null,
    }
}

/// A value as a flag. `Null` is `false`.
pub fn to_flag(value: &Value) -> Json {
    is_set(Some(value)).into()
}

/// A value as a list of strings. `Null` is an empty list.
pub fn to_list(value: &Value) -> Json {
    texts(Some(value)).into()
}

/// Whether an attribute is set, meaning not `Null`, `false`, zero or empty.
pub fn is_set(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(false) | Value::Int(0)) => false,
        Some(Value::Text(text)) => !text.is_empty(),
        Some(Value::List(items)) => !items.is_empty(),
        Some(Value::Map(map)) => !map.is_empty(),
        Some(_) => true,
    }
}

/// The first text of a list of candidates.
pub fn first(value: Option<&Value>) -> Option<&str> {
    value?.text_items().into_iter().next()
}

/// The strings of a list attribute for a request, including secret ones.
pub fn texts(value: Option<&Value>) -> Vec<String> {
    value.map(Value::exposed_items).unwrap_or_default().into_iter().map(str::to_owned).collect()
}
