//! Positions of the keys and list elements in a JSON text. serde does not keep them, but messages about a bad merge
//! need them.

use std::fmt;
use std::ops::Range;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Number of keys in a JSON text, counting duplicates.
pub(super) fn keys_written(text: &str) -> usize {
    serde_json::from_str(text).map_or(0, |Keys(keys)| keys)
}

struct Keys(usize);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Counter;

        impl<'de> Visitor<'de> for Counter {
            type Value = Keys;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("JSON")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let mut keys = 0;
                while let Some((IgnoredAny, Keys(below))) = map.next_entry()? {
                    keys += 1 + below;
                }
                Ok(Keys(keys))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Keys, A::Error> {
                let mut keys = 0;
                while let Some(Keys(below)) = list.next_element()? {
                    keys += below;
                }
                Ok(Keys(keys))
            }

            fn visit_str<E>(self, _: &str) -> Result<Keys, E> {
                Ok(Keys(0))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Keys, E> {
                Ok(Keys(0))
            }

            fn visit_u64<E>(self, _: u64) -> Result<Keys, E> {
                Ok(Keys(0))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Keys, E> {
                Ok(Keys(0))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Keys, E> {
                Ok(Keys(0))
            }

            fn visit_unit<E>(self) -> Result<Keys, E> {
                Ok(Keys(0))
            }
        }

        deserializer.deserialize_any(Counter)
    }
}

/// A key of a mapping or an element of a list, with its bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OutlineEntry {
    /// Keys and list positions, outermost first.
    pub path: Vec<String>,
    /// The key with its quotes, or the element.
    pub at: Range<usize>,
    /// Whether the last part of `path` is a key.
    pub is_key: bool,
}

/// Every key and list element, in the order of the text. The text must be valid JSON of bounded depth.
pub(super) fn outline(text: &str) -> Vec<OutlineEntry> {
    let mut scanner = Scanner { text, at: 0, path: Vec::new(), places: Vec::new() };
    scanner.value();
    scanner.places
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    path: Vec<String>,
    places: Vec<OutlineEntry>,
}

impl Scanner<'_> {
    fn value(&mut self) {
        match self.peek() {
            Some(b'{') => self.mapping(),
            Some(b'[') => self.list(),
            Some(b'"') => {
                self.string();
            }
            _ => {
                let rest = &self.text[self.at..];
                let end = rest.find(|c: char| matches!(c, ',' | ']' | '}') || c.is_ascii_whitespace());
                self.at += end.unwrap_or(rest.len());
            }
        }
    }

    fn mapping(&mut self) {
        self.at += 1;
        while self.peek() == Some(b'"') {
            let at = self.string();
            let key = serde_json::from_str(&self.text[at.clone()]).unwrap_or_default();
            self.path.push(key);
            self.places.push(OutlineEntry { path: self.path.clone(), at, is_key: true });
            self.skip(b':');
            self.value();
            self.path.pop();
            self.skip(b',');
        }
        self.skip(b'}');
    }

    fn list(&mut self) {
        self.at += 1;
        let mut index = 0;
        while !matches!(self.peek(), Some(b']') | None) {
            self.path.push(index.to_string());
            let (start, place) = (self.at, self.places.len());
            self.places.push(OutlineEntry { path: self.path.clone(), at: start..start, is_key: false });
            self.value();
            self.places[place].at.end = self.at;
            self.path.pop();
            self.skip(b',');
            index += 1;
        }
        self.skip(b']');
    }

    /// Skips a string and returns its bytes, including the quotes.
    fn string(&mut self) -> Range<usize> {
        let start = self.at;
        let mut escaped = false;
        let closing = self.text.bytes().enumerate().skip(start + 1).find(|(_, byte)| {
            let closes = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            closes
        });
        self.at = closing.map_or(self.text.len(), |(quote, _)| quote + 1);
        start..self.at
    }

    /// The next byte that is not whitespace.
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self, byte: u8) {
        if self.peek() == Some(byte) {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_and_element_is_found_at_its_position() {
        let text = r#"{ "a\"}": [1, {"é": null}, [], "x]"], "b":{} }"#;
        let found: Vec<(String, &str)> =
            outline(text).into_iter().map(|place| (place.path.join("/"), &text[place.at])).collect();
        let expected = [
            ("a\"}", r#""a\"}""#),
            ("a\"}/0", "1"),
            ("a\"}/1", "{\"é\": null}"),
            ("a\"}/1/é", "\"é\""),
            ("a\"}/2", "[]"),
            ("a\"}/3", "\"x]\""),
            ("b", "\"b\""),
        ];
        assert_eq!(found, expected.map(|(path, text)| (path.to_owned(), text)));
    }
}
