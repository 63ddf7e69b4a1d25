//! Attribute values: one representation for configuration, state and API.
//!
//! Secrets are a separate variant, so downstream code cannot forget to hide them: a secret prints as a placeholder and
//! serialises only as the fact that it is one. Its plain text is available only through [`Secret::expose`].

use std::fmt;
use std::sync::Arc;

use ecow::{EcoString, EcoVec};
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::shared::shared;
use super::value_map::MapVisitor;
use super::{Address, ValueMap};

/// One value of an attribute. A clone shares the contents of texts, lists and maps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Value {
    /// Not set.
    #[default]
    Null,
    Bool(bool),
    /// A whole number. The attribute name includes the unit (`size_gb`).
    Int(i64),
    Text(EcoString),
    /// A value that must not be shown or stored. In a file: `{"$sensitive": true}`.
    Secret(Secret),
    /// The identity of another resource, known once that resource exists. In a file:
    /// `{"$ref": "network_volume.datasets"}`.
    ///
    /// Behind a pointer because it is rare and would make every other value three times as large.
    Reference(Arc<Address>),
    List(EcoVec<Value>),
    Map(ValueMap),
}

/// A value that is compared and sent, but never shown, logged or stored.
///
/// `None` means that only its existence is known, because it was read from a state file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Secret(Option<Arc<str>>);

impl Secret {
    pub fn new(plain: impl Into<Arc<str>>) -> Self {
        Self(Some(plain.into()))
    }

    /// A secret whose value is unknown.
    pub const fn unknown() -> Self {
        Self(None)
    }

    /// The plain text. Use it only in request bodies and in-memory comparisons.
    pub fn expose(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(sensitive)")
    }
}

impl Value {
    pub fn text(text: impl Into<EcoString>) -> Self {
        Self::Text(text.into())
    }

    pub fn texts<T: Into<EcoString>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::List(items.into_iter().map(|item| Self::Text(item.into())).collect())
    }

    pub fn reference(address: Address) -> Self {
        Self::Reference(Arc::new(address))
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    pub fn as_map(&self) -> Option<&ValueMap> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The strings of a list, or the single string; empty for other values.
    pub fn text_items(&self) -> Vec<&str> {
        match self {
            Self::Text(text) => vec![text],
            Self::List(items) => items.iter().filter_map(Value::as_text).collect(),
            _ => Vec::new(),
        }
    }

    /// The plain text of a text or known secret. Use it only in request bodies and comparisons.
    pub fn expose(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Secret(secret) => secret.expose(),
            _ => None,
        }
    }

    /// The plain strings of a list, including known secrets. Use them only in request bodies.
    pub fn exposed_items(&self) -> Vec<&str> {
        match self {
            Self::List(items) => items.iter().filter_map(Value::expose).collect(),
            other => other.expose().into_iter().collect(),
        }
    }

    /// Whether it is a secret, or a list or map that contains one.
    pub fn holds_secret(&self) -> bool {
        self.any(&|value| matches!(value, Self::Secret(_)))
    }

    /// Whether `test` holds for it or, in a list or map, for a value inside.
    pub fn any(&self, test: &impl Fn(&Value) -> bool) -> bool {
        match self {
            Self::List(items) => items.iter().any(|item| item.any(test)),
            Self::Map(map) => map.values().any(|item| item.any(test)),
            plain => test(plain),
        }
    }

    /// Changes the value or, in a list or map, the values inside for which `due` holds. Lists and maps without such a
    /// value stay shared with their clones.
    pub fn change(&mut self, due: &impl Fn(&Value) -> bool, change: &impl Fn(&mut Value)) {
        if !self.any(due) {
            return;
        }
        match self {
            Self::List(items) => items.make_mut().iter_mut().for_each(|item| item.change(due, change)),
            Self::Map(map) => map.change(due, change),
            plain => change(plain),
        }
    }

    /// All addresses that this value refers to.
    pub fn references(&self) -> Vec<&Address> {
        match self {
            Self::Reference(address) => vec![address],
            Self::List(items) => items.iter().flat_map(Value::references).collect(),
            Self::Map(map) => map.values().flat_map(Value::references).collect(),
            _ => Vec::new(),
        }
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}
impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}
impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(shared(text))
    }
}
impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}
impl From<EcoString> for Value {
    fn from(text: EcoString) -> Self {
        Self::Text(text)
    }
}

/// For display: JSON for plain values, a placeholder for others. Secrets are never shown.
impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => formatter.write_str("(none)"),
            Self::Bool(flag) => write!(formatter, "{flag}"),
            Self::Int(number) => write!(formatter, "{number}"),
            // JSON quoting also keeps control characters in hostile values out of the terminal.
            Self::Text(text) => write!(formatter, "{}", serde_json::Value::String(text.to_string())),
            Self::Secret(_) => formatter.write_str("(sensitive)"),
            Self::Reference(address) => write!(formatter, "{address}"),
            Self::List(items) => {
                formatter.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    write!(formatter, "{}{item}", if index > 0 { ", " } else { "" })?;
                }
                formatter.write_str("]")
            }
            Self::Map(map) => {
                formatter.write_str("{")?;
                for (index, (key, value)) in map.iter().enumerate() {
                    write!(formatter, "{}{key}: {value}", if index > 0 { ", " } else { "" })?;
                }
                formatter.write_str("}")
            }
        }
    }
}

// No environment variable can have such a name, so a user's map cannot be mistaken for one of these.
const SENSITIVE: &str = "$sensitive";
const REFERENCE: &str = "$ref";

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Secret(_) => one_entry(serializer, SENSITIVE, &true),
            Self::Reference(address) => one_entry(serializer, REFERENCE, &**address),
            Self::List(items) => items.serialize(serializer),
            Self::Map(map) => map.serialize(serializer),
        }
    }
}

fn one_entry<S: Serializer>(serializer: S, key: &str, value: &impl Serialize) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(key, value)?;
    map.end()
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a boolean, a whole number, a string, a list or a mapping")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Int(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
        i64::try_from(number).map(Value::Int).map_err(|_| E::custom("number out of range"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(shared(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut items = EcoVec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Value, A::Error> {
        let map = MapVisitor.visit_map(access)?;
        if map.len() == 1 {
            if let Some(Value::Bool(true)) = map.get(SENSITIVE) {
                return Ok(Value::Secret(Secret::unknown()));
            }
            if let Some(Value::Text(address)) = map.get(REFERENCE) {
                return address.parse().map(Value::reference).map_err(de::Error::custom);
            }
        }
        Ok(Value::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_neither_printed_nor_serialised() {
        let value = Value::Map([("HF_TOKEN", Value::Secret(Secret::new("canary-9f2")))].into());
        for shown in [format!("{value}"), format!("{value:?}"), serde_json::to_string(&value).unwrap()] {
            assert!(!shown.contains("canary"), "{shown}");
        }
    }

    #[test]
    fn a_value_is_small() {
        // A fleet holds hundreds of thousands of them.
        assert!(size_of::<Value>() <= 24, "{}", size_of::<Value>());
    }

    #[test]
    fn every_variant_survives_a_file() {
        let value = Value::Map(ValueMap::from([
            ("a", Value::Null),
            ("b", Value::Bool(true)),
            ("c", Value::Int(-3)),
            ("d", Value::texts(["x", "y"])),
            ("e", Value::Secret(Secret::unknown())),
            ("f", Value::reference("network_volume.data".parse().unwrap())),
            ("g", Value::Map(ValueMap::from([("ref", Value::text("main"))]))),
            ("h", Value::Map(ValueMap::from([("sensitive", Value::Bool(true))]))),
        ]));
        let text = serde_json::to_string(&value).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
