//! Writes fields as lines of YAML.
//!
//! Every text is quoted and every dollar sign doubled, so that names read back unchanged.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::model::Value;

/// The lines of a block.
pub struct YamlLines {
    pub(super) text: String,
    indent: &'static str,
}

impl YamlLines {
    /// Lines after `text`, each with this indentation.
    pub(super) fn new(text: String, indent: &'static str) -> Self {
        Self { text, indent }
    }

    /// Writes a whole line, such as a comment.
    pub fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "{}{line}", self.indent);
    }

    /// Writes a field if it has a value.
    pub fn field(&mut self, field: &str, value: Option<&Value>) {
        if let Some(value) = value.filter(|value| !value.is_null()) {
            self.line(&format!("{field}: {}", written(value)));
        }
    }
}

/// The item of a single-item list, as it is usually written.
pub(super) fn single(value: &Value) -> &Value {
    match value {
        Value::List(items) if items.len() == 1 => &items[0],
        other => other,
    }
}

/// A value on one line.
pub(super) fn written(value: &Value) -> String {
    match value {
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Text(text) if is_plain(text) => text.to_string(),
        Value::Text(text) => quoted(&text.as_str().replace('$', "$$")),
        Value::List(items) => {
            let items = items.iter().filter_map(Value::as_text).map(|item| quoted(&item.replace('$', "$$")));
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
        // Secrets, unknown values and mappings are never written.
        Value::Null | Value::Secret(_) | Value::Reference(_) | Value::Map(_) => "null".to_owned(),
    }
}

/// A text on one line, with dollar signs doubled: unquoted if YAML cannot misread it, otherwise quoted.
pub(super) fn text(text: &str) -> String {
    written(&Value::text(text))
}

/// Words that every YAML version reads as text: `SECURE`, `US-CA-2`, `trainer-2`.
fn is_plain(text: &str) -> bool {
    let word = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    const OTHER: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    word && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !OTHER.iter().any(|other| text.eq_ignore_ascii_case(other))
}

/// A text in double quotes, on one line, without characters that could hide or rewrite it.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        let code = u32::from(character);
        // Writing to a string cannot fail.
        let _ = match character {
            '"' | '\\' => write!(quoted, "\\{character}"),
            '\n' => quoted.write_str("\\n"),
            '\t' => quoted.write_str("\\t"),
            '\r' => quoted.write_str("\\r"),
            visible if is_visible(visible) => quoted.write_char(visible),
            _ if code <= 0xff => write!(quoted, "\\x{code:02x}"),
            _ if code <= 0xffff => write!(quoted, "\\u{code:04x}"),
            _ => write!(quoted, "\\U{code:08x}"),
        };
    }
    quoted.push('"');
    quoted
}

/// Whether a character is displayed as itself. Others may be visible too, but escaping them does no harm.
fn is_visible(character: char) -> bool {
    character.is_alphanumeric()
        || matches!(character, ' '..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{ff}' | '\u{2010}'..='\u{2027}' | '\u{1f300}'..='\u{1faff}')
}

/// The names under which a file declares existing objects.
#[derive(Default)]
pub struct KnownIds(BTreeMap<(&'static str, String), String>);

impl KnownIds {
    /// Adds the declaration of the object of this kind and id.
    pub fn insert(&mut self, kind: &'static str, id: &str, name: &str) {
        self.0.insert((kind, id.to_owned()), name.to_owned());
    }

    /// The name under which the object of this kind and id is declared.
    pub fn name(&self, kind: &'static str, id: &str) -> Option<&str> {
        self.0.get(&(kind, id.to_owned())).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_texts_are_visible_and_unchanged() {
        for (text, expected) in [
            ("SECURE", "SECURE"),
            ("US-CA-2", "US-CA-2"),
            ("no", "\"no\""),
            ("1e3", "\"1e3\""),
            ("$HOME", "\"$$HOME\""),
            ("a\"b\\c\n\u{1b}\u{202e}\u{e0001}é🚀", "\"a\\\"b\\\\c\\n\\x1b\\u202e\\U000e0001é🚀\""),
        ] {
            assert_eq!(written(&Value::text(text)), expected);
        }
    }
}
