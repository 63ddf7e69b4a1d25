//! Versioned JSON for tools. Money is in US dollars, durations in seconds; a secret is `null` with a marker beside it.
//!
//! Within one version, members are only added; a reader must ignore unknown members.

mod drift;
mod error;
pub mod event;
mod parts;
mod plan;
mod planned;
mod schema;

use serde_json::{Map, Value as Json, json};

pub use drift::{drift_json, drift_schema};
pub use error::{ErrorContext, error_json, error_schema};
pub use event::event_json;
pub use plan::plan_json;
pub use schema::plan_schema;

use crate::model::text::escaped;
use crate::model::{Cost, Money, Value};

/// The version of every shape except the plan, which follows Terraform's numbering.
pub const FORMAT_VERSION: &str = "1.0";

/// JSON as text, on one line or indented. Characters that could rewrite a terminal are written as `\u` escapes, which
/// parsers read as the same text.
pub fn to_text(value: &Json, indented: bool) -> String {
    let text = if indented { format!("{value:#}") } else { value.to_string() };
    // A build log may treat this as a command. In JSON it can occur only in strings.
    escaped(&text).replace("##[", "#\\u0023[")
}

/// US dollars, from whole millionths.
pub(super) fn dollars(amount: Money) -> Json {
    json!(amount.dollars())
}

/// An estimated cost in US dollars; `null` if it is not known.
pub(super) fn cost(estimate: Cost) -> Json {
    json!(estimate.amount().map(Money::dollars))
}

/// The value without secrets, and markers for them: `true` for a secret, a map of markers for a map, `false` for none.
pub(super) fn split_secrets(value: &Value) -> (Json, Json) {
    match value {
        Value::Null => (Json::Null, Json::Bool(false)),
        Value::Bool(flag) => (json!(flag), Json::Bool(false)),
        Value::Int(number) => (json!(number), Json::Bool(false)),
        Value::Text(text) => (json!(text), Json::Bool(false)),
        Value::Secret(_) => (Json::Null, Json::Bool(true)),
        Value::Reference(address) => (json!(address.to_string()), Json::Bool(false)),
        Value::List(items) => {
            let (items, markers): (Vec<_>, Vec<_>) = items.iter().map(split_secrets).unzip();
            let any = markers.iter().any(|marker| *marker != Json::Bool(false));
            (Json::Array(items), if any { Json::Array(markers) } else { Json::Bool(false) })
        }
        Value::Map(map) => {
            let (mut values, mut markers) = (Map::new(), Map::new());
            for (key, value) in map {
                let (value, marker) = split_secrets(value);
                values.insert(key.to_string(), value);
                if marker != Json::Bool(false) {
                    markers.insert(key.to_string(), marker);
                }
            }
            (Json::Object(values), if markers.is_empty() { Json::Bool(false) } else { Json::Object(markers) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Secret;
    use crate::model::text::is_harmful;

    #[test]
    fn escaping_is_invisible_to_a_parser() {
        let value = json!({"na\u{202e}me": "a\u{1b}[2J\u{9b}\u{7f}\n\u{e0001}é##[error]"});
        for text in [to_text(&value, false), to_text(&value, true)] {
            assert!(!text.chars().any(|character| is_harmful(character) && character != '\n'), "{text}");
            assert!(!text.contains("##["), "{text}");
            assert_eq!(serde_json::from_str::<Json>(&text).unwrap(), value);
        }
    }

    #[test]
    fn a_secret_is_null_with_a_marker() {
        let value =
            Value::Map([("A".to_owned(), Value::Secret(Secret::new("canary"))), ("B".to_owned(), 1.into())].into());
        assert_eq!(split_secrets(&value), (json!({"A": null, "B": 1}), json!({"A": true})));
    }
}
