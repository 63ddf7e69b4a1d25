//! Reads objects from the JSON of a response. A member that is missing or has another type gives no attribute.

use std::collections::BTreeMap;

use ecow::EcoString;
use jiff::Timestamp;

use super::json::Json;
use super::wire::MemberNames;
use crate::kind::Kind;
use crate::model::shared::shared;
use crate::model::{Attributes, Computed, Object, Value};

/// The attributes read from an object, and the candidates chosen for it.
#[derive(Default)]
pub struct ReadAttributes {
    /// In the order of reading; [`Attributes`] sorts them once.
    attributes: Vec<(EcoString, Value)>,
    chosen: BTreeMap<String, String>,
}

impl ReadAttributes {
    pub fn put(&mut self, attribute: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.attributes.push((shared(attribute), value.into()));
        }
    }

    /// Reads attributes that are strings.
    pub fn texts(&mut self, names: &MemberNames, json: &Json<'_>) {
        names.iter().for_each(|(attribute, member)| self.put(attribute, text(json, member)));
    }

    /// Reads attributes that are whole numbers.
    pub fn numbers(&mut self, names: &MemberNames, json: &Json<'_>) {
        names.iter().for_each(|(attribute, member)| self.put(attribute, whole(json, member)));
    }

    /// Reads attributes that are flags.
    pub fn flags(&mut self, names: &MemberNames, json: &Json<'_>) {
        names.iter().for_each(|(attribute, member)| self.put(attribute, flag(json, member)));
    }

    /// Records RunPod's choice among candidates: a list with that one, and a word for display.
    pub fn put_chosen(&mut self, attribute: &str, word: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.put(attribute, Some(Value::texts([value])));
            self.chosen.insert(word.to_owned(), value.to_owned());
        }
    }

    /// The object, ready for use and without a status; `None` if the JSON has no id.
    pub fn into_object(self, kind: &'static Kind, json: &Json<'_>) -> Option<Object> {
        let attributes: Attributes = self.attributes.into_iter().collect();
        Some(Object {
            kind: kind.name,
            id: id(json)?.to_owned(),
            name: kind.display_name(&attributes).unwrap_or_default().to_owned(),
            attributes,
            marker: None,
            status: None,
            ready: true,
            computed: Computed { chosen: self.chosen, ..Computed::default() },
        })
    }
}

/// In bytes. RunPod has no longer names, ids, images or addresses, and tables would become this wide.
const LONGEST_TEXT: usize = 4_096;

/// A member that is an object, or null.
pub fn part<'a, 'b>(json: &'a Json<'b>, member: &str) -> &'a Json<'b> {
    static NULL: Json<'_> = Json::Null;
    json.get(member).filter(|part| part.is_object()).unwrap_or(&NULL)
}

/// A text that is present and not empty.
pub fn text<'a>(json: &'a Json<'_>, member: &str) -> Option<&'a str> {
    json.get(member)?.as_str().filter(|text| !text.is_empty() && text.len() <= LONGEST_TEXT)
}

/// The id of an object. JSON without an id is not an object.
pub fn id<'a>(json: &'a Json<'_>) -> Option<&'a str> {
    text(json, "id").filter(|id| is_id(id))
}

/// Whether a text can be an id. Ids become part of paths, addresses and commands that people copy.
pub fn is_id(id: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (1..=128).contains(&id.len()) && id.chars().all(fits)
}

/// A host or a user name, if it is safe in an address or in a command that people copy.
pub fn word<'a>(json: &'a Json<'_>, member: &str) -> Option<&'a str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    text(json, member).filter(|word| !word.starts_with('-') && word.chars().all(fits))
}

/// The strings of a JSON list, or nothing if the value is not a list.
pub fn words(json: Option<&Json<'_>>) -> Vec<String> {
    json.and_then(Json::as_list).into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
}

/// A number, or a text with a number.
pub fn number(json: &Json<'_>, member: &str) -> Option<f64> {
    let value = json.get(member)?;
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).filter(|number| number.is_finite())
}

/// A whole number. Fractions are cut off (gigabytes and vCPUs are floating point).
pub fn whole(json: &Json<'_>, member: &str) -> Option<i64> {
    number(json, member).map(|number| number as i64)
}

pub fn flag(json: &Json<'_>, member: &str) -> Option<bool> {
    json.get(member)?.as_bool()
}

/// An id, or `Null` for the API's null and "".
pub fn id_or_null(json: &Json<'_>, member: &str) -> Option<Value> {
    json.get(member).map(|_| text(json, member).map_or(Value::Null, Value::from))
}

/// A time as RFC 3339, read from that format or from Go's (Q8). Other strings are ignored.
pub fn time(json: &Json<'_>, member: &str) -> Option<String> {
    let text = text(json, member)?;
    let go = || Timestamp::strptime("%Y-%m-%d %H:%M:%S%.f %z", text.trim_end_matches(" UTC")).ok();
    text.parse().ok().or_else(go).map(|time: Timestamp| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_both_spellings_become_rfc_3339() {
        for (given, read) in [
            ("2026-08-20 06:16:19.436 +0000 UTC", Some("2026-08-20T06:16:19.436Z")),
            ("2026-08-20 06:16:19 +0000 UTC", Some("2026-08-20T06:16:19Z")),
            ("2026-08-20T06:16:19.42Z", Some("2026-08-20T06:16:19.42Z")),
            ("2026-08-20T08:16:19+02:00", Some("2026-08-20T06:16:19Z")),
            ("yesterday", None),
            ("", None),
        ] {
            let json = Json::Object(vec![("at".into(), Json::Text(given.into()))]);
            assert_eq!(time(&json, "at").as_deref(), read, "{given}");
        }
    }

    #[test]
    fn numbers_written_as_text_are_numbers() {
        let json = Json::read(br#"{ "a": "0.74", "b": 16.9, "c": null, "d": "x", "e": "NaN" }"#).unwrap();
        assert_eq!(number(&json, "a"), Some(0.74));
        assert_eq!(whole(&json, "b"), Some(16));
        assert_eq!([number(&json, "c"), number(&json, "d"), number(&json, "e")], [None; 3]);
    }
}
