//! Validation of request bodies: a table per body, and errors in the wording of the live service.
//!
//! Recorded errors look like those of a Go JSON Schema library (contract, section 2.3). Errors without a recording use
//! the same style.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::emulator::rules::refusal::{RequestRefusal, SchemaViolation};

/// The values that a member accepts.
pub enum Type {
    Text {
        min: usize,
        max: usize,
        pattern: Option<&'static Pattern>,
    },
    Whole {
        min: u64,
        max: u64,
    },
    Number,
    Decimal {
        min: f64,
    },
    Flag,
    Word(&'static [&'static str]),
    /// One of a computed list of words.
    Listed(fn() -> &'static [String]),
    List {
        of: &'static Type,
        min: usize,
        max: usize,
        /// Whether equal items are refused.
        unique: bool,
    },
    /// One of several objects, which a member tells apart.
    Tagged {
        by: &'static str,
        shapes: &'static [(&'static str, &'static ObjectShape)],
    },
    /// Any other condition.
    Checked {
        what: &'static str,
        holds: fn(&Value) -> bool,
    },
    /// An object of strings with any names.
    TextMap,
    Object(&'static ObjectShape),
    OrNull(&'static Type),
}

pub const TEXT: Type = Type::Text { min: 0, max: usize::MAX, pattern: None };
pub const NAME: Type = Type::Text { min: 1, max: usize::MAX, pattern: None };
pub const WHOLE: Type = Type::Whole { min: 0, max: u64::MAX };
pub const FROM_ONE: Type = Type::Whole { min: 1, max: u64::MAX };
pub const TEXTS: Type = Type::List { of: &TEXT, min: 0, max: usize::MAX, unique: false };

pub struct Pattern {
    pub source: &'static str,
    pub holds: fn(&str) -> bool,
}

/// The name of a member and its type.
pub type Member = (&'static str, Type);

/// The members that an object accepts.
pub struct ObjectShape {
    /// Grouped, so that shapes can share a group.
    pub members: &'static [&'static [Member]],
    pub required: &'static [&'static str],
    pub min_members: usize,
}

impl ObjectShape {
    /// All errors of a body. A missing body counts as null.
    pub fn check(&self, body: Option<&Value>) -> Vec<SchemaViolation> {
        let mut found = Vec::new();
        Type::check_object(self, "$", body.unwrap_or(&Value::Null), &mut found);
        found
    }
}

impl Type {
    fn check(&self, path: &str, value: &Value, found: &mut Vec<SchemaViolation>) {
        let mut other = |what: String| found.push(SchemaViolation::Other { path: path.to_owned(), what });
        match self {
            Self::OrNull(inner) => {
                if !value.is_null() {
                    inner.check(path, value, found);
                }
            }
            Self::Text { min, max, pattern } => match value.as_str() {
                None => other(wrong_type(value, "string")),
                Some(text) => {
                    let length = text.chars().count();
                    if length < *min {
                        other(format!("minLength: got {length}, want {min}"));
                    } else if length > *max {
                        other(format!("maxLength: got {length}, want {max}"));
                    } else if let Some(pattern) = pattern
                        && !(pattern.holds)(text)
                    {
                        other(format!("'{text}' does not match pattern '{}'", pattern.source));
                    }
                }
            },
            Self::Whole { min, max } => match value.as_i64() {
                None if value.as_u64().is_some() => other(format!("maximum: got {value}, want {max}")),
                None => other(wrong_type(value, "integer")),
                Some(number) => match u64::try_from(number) {
                    Ok(number) if number > *max => other(format!("maximum: got {number}, want {max}")),
                    Ok(number) if number >= *min => {}
                    _ => other(format!("minimum: got {number}, want {min}")),
                },
            },
            Self::Number => {
                if !value.is_number() {
                    other(wrong_type(value, "number"));
                }
            }
            Self::Flag => {
                if !value.is_boolean() {
                    other(wrong_type(value, "boolean"));
                }
            }
            Self::Word(accepted) => check_word(value, accepted.iter().copied(), other),
            Self::Listed(accepted) => check_word(value, accepted().iter().map(String::as_str), other),
            Self::Decimal { min } => match value.as_f64() {
                None => other(wrong_type(value, "number")),
                Some(number) if number < *min => other(format!("minimum: got {number}, want {min}")),
                Some(_) => {}
            },
            Self::Checked { what, holds } => {
                if !holds(value) {
                    other(wrong_type(value, what));
                }
            }
            Self::Tagged { by, shapes } => {
                let tag = value.get(by).and_then(Value::as_str);
                match shapes.iter().find(|(known, _)| Some(*known) == tag) {
                    Some((_, shape)) => Self::check_object(shape, path, value, found),
                    None => other(format!("'{by}' does not match any schema")),
                }
            }
            Self::List { of, min, max, unique } => match value.as_array() {
                None => other(wrong_type(value, "array")),
                Some(items) => {
                    if items.len() < *min {
                        other(format!("minItems: got {}, want {min}", items.len()));
                    }
                    if *unique && (1..items.len()).any(|index| items[..index].contains(&items[index])) {
                        other("uniqueItems: items are equal".to_owned());
                    }
                    if items.len() > *max {
                        other(format!("maxItems: got {}, want {max}", items.len()));
                    }
                    for (index, item) in items.iter().enumerate() {
                        of.check(&format!("{path}[{index}]"), item, found);
                    }
                }
            },
            Self::TextMap => match value.as_object() {
                None => other(wrong_type(value, "object")),
                Some(members) => {
                    for (name, member) in members {
                        TEXT.check(&format!("{path}.{name}"), member, found);
                    }
                }
            },
            Self::Object(shape) => Self::check_object(shape, path, value, found),
        }
    }

    fn check_object(shape: &ObjectShape, path: &str, value: &Value, found: &mut Vec<SchemaViolation>) {
        let Some(members) = value.as_object() else {
            found.push(SchemaViolation::Other { path: path.to_owned(), what: wrong_type(value, "object") });
            return;
        };
        let path_of = |name: &str| format!("{path}.{name}");
        let unknown: Vec<String> =
            members.keys().filter(|&name| shape.member(name).is_none()).map(String::clone).collect();
        for &name in shape.required {
            if !members.contains_key(name) {
                found.push(SchemaViolation::Missing { path: path.to_owned(), name });
            }
        }
        if !unknown.is_empty() {
            found.push(SchemaViolation::Unknown { path: path.to_owned(), names: unknown });
        }
        if members.len() < shape.min_members {
            let what = format!("minProperties: got {}, want {}", members.len(), shape.min_members);
            found.push(SchemaViolation::Other { path: path.to_owned(), what });
        }
        for (name, member) in members {
            if let Some(kind) = shape.member(name) {
                kind.check(&path_of(name), member, found);
            }
        }
    }
}

impl ObjectShape {
    fn member(&self, name: &str) -> Option<&Type> {
        self.members.iter().copied().flatten().find(|(known, _)| *known == name).map(|(_, kind)| kind)
    }
}

fn check_word<'a>(value: &Value, accepted: impl Iterator<Item = &'a str> + Clone, mut other: impl FnMut(String)) {
    if !accepted.clone().any(|word| value.as_str() == Some(word)) {
        let words: Vec<String> = accepted.map(|word| format!("'{word}'")).collect();
        other(format!("value must be one of {}", words.join(", ")));
    }
}

/// Whether a value is an integer of any sign.
pub fn is_any_integer(value: &Value) -> bool {
    value.is_i64() || value.is_u64()
}

fn wrong_type(value: &Value, wanted: &str) -> String {
    let got = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    format!("got {got}, want {wanted}")
}

/// The members of a validated body. A null member counts as absent.
pub struct PresentMembers<'a>(pub &'a Map<String, Value>);

impl<'a> PresentMembers<'a> {
    pub fn of(body: Option<&'a Value>) -> Self {
        static NONE: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
        Self(body.and_then(Value::as_object).unwrap_or(&NONE))
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub fn value(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.value(name)?.as_str()
    }

    pub fn whole(&self, name: &str) -> Option<u64> {
        self.value(name)?.as_u64()
    }

    /// As `u32`. A larger number saturates, which no rule accepts.
    pub fn count(&self, name: &str) -> Option<u32> {
        self.whole(name).map(|number| u32::try_from(number).unwrap_or(u32::MAX))
    }

    pub fn flag(&self, name: &str) -> Option<bool> {
        self.value(name)?.as_bool()
    }

    pub fn object(&self, name: &str) -> Option<Self> {
        self.value(name)?.as_object().map(Self)
    }

    pub fn list(&self, name: &str) -> Option<&'a [Value]> {
        self.value(name)?.as_array().map(Vec::as_slice)
    }

    pub fn texts(&self, name: &str) -> Option<Vec<String>> {
        Some(self.list(name)?.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    pub fn text_map(&self, name: &str) -> Option<std::collections::BTreeMap<String, String>> {
        let members = self.value(name)?.as_object()?;
        Some(members.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect())
    }
}

/// Rejects a body that does not fit its shape.
pub fn checked(shape: &ObjectShape, body: Option<&Value>) -> Result<(), RequestRefusal> {
    let violations = shape.check(body);
    if violations.is_empty() { Ok(()) } else { Err(RequestRefusal::Schema(violations)) }
}
