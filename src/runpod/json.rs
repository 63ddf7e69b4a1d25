//! JSON of a response. Its texts are part of the response body and are copied only where they contain escapes, so
//! reading an object allocates only for its lists and nested objects.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// A JSON value that borrows from the text it was read from.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Vec<JsonMember<'a>>),
}

/// A member of an object, with its name.
pub type JsonMember<'a> = (Cow<'a, str>, Json<'a>);

impl<'a> Json<'a> {
    /// # Errors
    ///
    /// If the bytes are not JSON.
    pub fn read(bytes: &'a [u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(bytes)
    }

    /// A member of an object. The last of several with one name counts.
    pub fn get(&self, member: &str) -> Option<&Self> {
        self.members()?.iter().rfind(|(name, _)| name == member).map(|(_, value)| value)
    }

    pub fn members(&self) -> Option<&[JsonMember<'a>]> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    pub fn is_object(&self) -> bool {
        self.members().is_some()
    }

    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Number(number) => number.as_f64(),
            _ => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(flag) => (*flag).into(),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Text(text) => text.as_ref().into(),
            Self::List(items) => items.iter().map(Self::to_value).collect(),
            Self::Object(members) => {
                let members = members.iter().map(|(name, value)| (name.to_string(), value.to_value()));
                Value::Object(members.collect::<Map<_, _>>())
            }
        }
    }
}

/// Compact JSON, with the members of objects sorted.
impl fmt::Display for Json<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_value().fmt(formatter)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

/// The name of a member.
#[derive(serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Name<'a>(#[serde(borrow)] pub Cow<'a, str>);

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json<'de>, E> {
        Ok(Number::from_f64(number).map_or(Json::Null, Json::Number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some((Name(name), value)) = access.next_entry()? {
            members.push((name, value));
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_without_escapes_are_borrowed_from_the_response() {
        let body = br#"{"image": "img:1", "name": "a\nb"}"#;
        let json = Json::read(body).unwrap();
        assert!(matches!(json.get("image"), Some(Json::Text(Cow::Borrowed("img:1")))));
        assert_eq!(json.get("name").and_then(Json::as_str), Some("a\nb"));
    }

    #[test]
    fn any_json_reads_like_a_value_of_serde() {
        for text in [
            r#"{"b": [1, -2, 1.5, 1e300, 18446744073709551615, null, true], "a": {"x": "\u00e9\ud83d\ude00"}}"#,
            r#"{"a": 1, "b": {}, "a": {"c": 2, "c": []}}"#,
            "[]",
            "\"text\"",
            "0",
        ] {
            let value: Value = serde_json::from_str(text).unwrap();
            let json = Json::read(text.as_bytes()).unwrap();
            assert_eq!(json.to_string(), value.to_string());
            assert_eq!(json.get("a").map(Json::to_string), value.get("a").map(Value::to_string), "{text}");
        }
        for text in ["", "{", "[1,]", "1e999", "\"\\ud800\"", "{\"a\": 1} 2"] {
            assert!(Json::read(text.as_bytes()).is_err() && serde_json::from_str::<Value>(text).is_err(), "{text}");
        }
    }
}
