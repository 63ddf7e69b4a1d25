//! Masks secrets that a server repeats: verbatim, broken over lines, or encoded for JSON, URLs, HTML or base64.

use std::borrow::Cow;
use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::model::credential::distinctive_parts;
use crate::model::{Computed, Object, Status, Value};

/// The replacement for a secret.
const HIDDEN: &str = "(sensitive)";
/// Maximum number of characters of a line break and the indentation after it.
const LONGEST_BREAK: usize = 64;
/// Length of `&#x10FFFF`.
const LONGEST_ENTITY: usize = 9;

/// `text` without any of `secrets`, and without the longer lines of secrets that have several lines.
pub fn masked(text: &str, secrets: &[&str]) -> String {
    Masker::new(secrets.iter().copied()).mask(text).into_owned()
}

/// Masks certain secrets. Their encodings are prepared once, for any number of texts.
pub(super) struct Masker {
    /// Longest first, so that a secret that begins with another one is masked whole.
    encodings: Vec<SecretEncoding>,
}

impl Masker {
    pub fn new<'s>(secrets: impl IntoIterator<Item = &'s str>) -> Self {
        let mut encodings: Vec<SecretEncoding> =
            distinctive_parts(secrets).into_iter().flat_map(SecretEncoding::of).collect();
        encodings.sort_by_key(|encoding| std::cmp::Reverse(encoding.letters.len()));
        Self { encodings }
    }

    /// `text` without the secrets, and without the longer lines of secrets that have several lines.
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.encodings.iter().fold(Cow::Borrowed(text), |text, encoding| match encoding.without(&text) {
            Some(masked) => Cow::Owned(masked),
            None => text,
        })
    }

    /// Masks the secrets in every part of an object that is shown or stored. Values of `env` are kept: they are
    /// already secret, and an update of other values must send them back.
    pub fn hide_in(&self, object: &mut Object) {
        let Object { kind: _, id: _, name, attributes, marker: _, status, ready: _, computed } = object;
        self.hide(name);
        attributes.values_mut().for_each(|value| self.hide_in_value(value));
        if let Some(Status::Unknown(word)) = status {
            self.hide(word);
        }
        let Computed { last_change, chosen, ssh_direct, ssh_proxy, endpoints, .. } = computed;
        let targets = [ssh_direct, ssh_proxy].into_iter().flatten();
        let targets = targets.flat_map(|target| [&mut target.host, &mut target.username]);
        let endpoints = endpoints.iter_mut().flat_map(|endpoint| [Some(&mut endpoint.port), endpoint.address.as_mut()]);
        let texts = targets.chain(endpoints.flatten()).chain(chosen.values_mut()).chain(last_change);
        texts.for_each(|text| self.hide(text));
    }

    fn hide(&self, text: &mut String) {
        if let Cow::Owned(masked) = self.mask(text) {
            *text = masked;
        }
    }

    fn hide_in_value(&self, value: &mut Value) {
        match value {
            Value::Text(text) => {
                if let Cow::Owned(masked) = self.mask(text) {
                    *text = masked.into();
                }
            }
            Value::List(items) => items.make_mut().iter_mut().for_each(|item| self.hide_in_value(item)),
            Value::Map(map) => {
                if map.keys().any(|key| matches!(self.mask(key), Cow::Owned(_))) {
                    let entries = std::mem::take(map).into_iter();
                    *map = entries.map(|(key, value)| (self.mask(&key).into_owned(), value)).collect();
                }
                map.values_mut().for_each(|value| self.hide_in_value(value));
            }
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Secret(_) | Value::Reference(_) => {}
        }
    }
}

/// One encoding of a secret, to be found letter by letter.
struct SecretEncoding {
    letters: Vec<char>,
    /// Part of a base64 word, which is masked as a whole.
    base64: bool,
}

impl SecretEncoding {
    fn of(secret: &str) -> Vec<Self> {
        let quoted = serde_json::Value::from(secret).to_string();
        // Verbatim, and escaped: JSON inside a JSON string is escaped twice.
        let plain = [secret, &quoted[1..quoted.len() - 1]];
        let plain = plain.map(|text| Self { letters: text.chars().collect(), base64: false });
        plain.into_iter().chain((0..3).map(|before| Self::in_base64(secret, before))).collect()
    }

    /// The base64 letters that depend on `secret` alone if `before` bytes (modulo 3) precede it, regardless of the
    /// values of those bytes and of the bytes after it.
    fn in_base64(secret: &str, before: usize) -> Self {
        let bytes = [&vec![0; before][..], secret.as_bytes()].concat();
        let letters: Vec<char> = STANDARD_NO_PAD.encode(&bytes).chars().collect();
        let first = [0, 2, 3][before];
        let last = letters.len() - usize::from(bytes.len() % 3 != 0);
        Self { letters: letters[first..last].to_vec(), base64: true }
    }

    /// `text` without this encoding; `None` if it does not contain it.
    fn without(&self, text: &str) -> Option<String> {
        let mut kept = String::new();
        let mut at = 0;
        while let Some((start, mut end)) = self.find(text, at) {
            kept.push_str(&text[at..start]);
            if self.base64 {
                kept.truncate(kept.trim_end_matches(is_base64).len());
                end += text[end..].find(|letter| !is_base64(letter)).unwrap_or(text.len() - end);
            }
            kept.push_str(HIDDEN);
            at = end;
        }
        (at > 0).then(|| kept + &text[at..])
    }

    /// The start and the end of the first match that begins at `from` or later.
    fn find(&self, text: &str, from: usize) -> Option<(usize, usize)> {
        if text.len() - from < self.letters.len() {
            return None;
        }
        let starts = text[from..].char_indices().map(|(at, _)| from + at);
        let mut likely = starts.filter(|at| self.may_begin(&text[*at..]));
        likely.find_map(|at| Some((at, self.end(text, at)?)))
    }

    /// A quick test before [`Self::end`], which allows for escapes and line breaks. `false` is certain.
    fn may_begin(&self, text: &str) -> bool {
        for (index, (letter, wanted)) in text.chars().zip(&self.letters).enumerate() {
            // A line break is inside a secret.
            if matches!(letter, '\\' | '%' | '&') || (index > 0 && letter.is_whitespace()) {
                return true;
            }
            if letter != *wanted && self.substitute(*wanted) != Some(letter) {
                return false;
            }
        }
        true
    }

    /// The end of a match at `start`, if there is one. Follows several readings at once, because a backslash may be
    /// literal or begin an escape.
    fn end(&self, text: &str, start: usize) -> Option<usize> {
        let mut reached = vec![start];
        for (index, wanted) in self.letters.iter().enumerate() {
            let broken = reached.iter().filter(|_| index > 0).filter_map(|at| Some(at + line_break(&text[*at..])?));
            let starts: Vec<usize> = broken.chain(reached.iter().copied()).collect();
            let next: BTreeSet<usize> = starts
                .into_iter()
                .flat_map(|at| self.spellings(&text[at..], *wanted).into_iter().flatten().map(move |end| at + end))
                .collect();
            reached = next.into_iter().collect();
            if reached.is_empty() {
                return None;
            }
        }
        reached.last().copied()
    }

    /// The other letter that some encodings use for `wanted`.
    fn substitute(&self, wanted: char) -> Option<char> {
        match wanted {
            ' ' => Some('+'),
            '+' if self.base64 => Some('-'),
            '/' if self.base64 => Some('_'),
            _ => None,
        }
    }

    /// The number of bytes that `wanted` takes at the start of `text`, for each encoding.
    fn spellings(&self, text: &str, wanted: char) -> [Option<usize>; 5] {
        let raw = text.starts_with(wanted).then(|| wanted.len_utf8());
        let other = self.substitute(wanted).filter(|other| text.starts_with(*other)).map(char::len_utf8);
        [raw, other, escaped(text, wanted), in_url(text, wanted), in_page(text, wanted)]
    }
}

fn is_base64(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "+/-_=".contains(letter)
}

/// Length of a line break and the next line's indentation, either of which may be escaped.
fn line_break(text: &str) -> Option<usize> {
    let text = text.char_indices().nth(LONGEST_BREAK).map_or(text, |(end, _)| &text[..end]);
    let mut rest = text;
    loop {
        let next = rest.trim_start_matches(char::is_whitespace);
        let escape = next.trim_start_matches('\\');
        let next = match escape.strip_prefix(['n', 'r', 't']).filter(|_| escape.len() < next.len()) {
            Some(after) => after,
            None => ["%0A", "%0a", "%0D", "%0d", "%20"].iter().find_map(|end| next.strip_prefix(end)).unwrap_or(next),
        };
        if next.len() == rest.len() {
            return (rest.len() < text.len()).then(|| text.len() - rest.len());
        }
        rest = next;
    }
}

/// `\"`, `\n`, `\u00e9`.
fn escaped(text: &str, wanted: char) -> Option<usize> {
    let escape = text.strip_prefix('\\')?;
    let letter = match wanted {
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '\u{8}' => 'b',
        '\u{c}' => 'f',
        other => other,
    };
    let rest = escape.strip_prefix(letter).or_else(|| {
        let mut units = [0; 2];
        let mut rest = escape;
        for (index, unit) in wanted.encode_utf16(&mut units).iter().enumerate() {
            // The second half of a surrogate pair has its own backslash.
            let digits = if index == 0 { rest.strip_prefix('u')? } else { rest.strip_prefix("\\u")? };
            let (hexadecimal, after) = digits.split_at_checked(4)?;
            rest = (u16::from_str_radix(hexadecimal, 16) == Ok(*unit)).then_some(after)?;
        }
        Some(rest)
    })?;
    Some(text.len() - rest.len())
}

/// `%C3%A9`.
fn in_url(text: &str, wanted: char) -> Option<usize> {
    let mut rest = text;
    for byte in wanted.encode_utf8(&mut [0; 4]).bytes() {
        let (hexadecimal, after) = rest.strip_prefix('%')?.split_at_checked(2)?;
        rest = (u8::from_str_radix(hexadecimal, 16) == Ok(byte)).then_some(after)?;
    }
    Some(text.len() - rest.len())
}

/// `&quot;`, `&#34;`, `&#x22;`.
fn in_page(text: &str, wanted: char) -> Option<usize> {
    let end = text.strip_prefix('&')?.bytes().take(LONGEST_ENTITY).position(|byte| byte == b';')? + 1;
    let (name, rest) = (&text[1..end], &text[end + 1..]);
    let meant = match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
                None => number.parse(),
            };
            code.ok().and_then(char::from_u32)
        }
    };
    (meant == Some(wanted)).then(|| text.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};

    use super::*;

    const SECRET: &str = "pa\"ss\\wörd/<\n\u{1f511}>";

    #[test]
    fn a_secret_is_found_in_any_json_encoding() {
        let json = serde_json::Value::from(SECRET).to_string();
        let nested = serde_json::Value::from(json.as_str()).to_string();
        let ascii = r#""pa\"ss\\w\u00f6rd\/\u003c\n\uD83D\udd11\u003e""#;
        for text in [SECRET, &json, &nested, ascii] {
            let text = masked(&format!("got {text} instead"), &[SECRET]);
            assert!(text.starts_with("got ") && text.ends_with(" instead") && text.contains(HIDDEN), "{text}");
            assert!(!text.contains("pa") && !text.contains("rd"), "{text}");
        }
    }

    #[test]
    fn a_secret_is_found_in_base_64_with_any_context() {
        for secret in ["hf_Canary?>~0123", "hf_Canary?>~01234", "hf_Canary?>~012345"] {
            for around in ["", "u", "us", "user:", "\n"] {
                let bytes = format!("{around}{secret}{around}");
                for word in [
                    STANDARD.encode(&bytes),
                    STANDARD_NO_PAD.encode(&bytes),
                    URL_SAFE.encode(&bytes),
                    URL_SAFE_NO_PAD.encode(&bytes),
                ] {
                    for word in [word.clone(), format!("{}\r\n {}", &word[..9], &word[9..])] {
                        let text = masked(&format!("got {word}, not that"), &[secret]);
                        assert_eq!(text.replace("\r\n ", ""), "got (sensitive), not that", "{word}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_secret_is_found_in_a_url_in_a_page_and_broken_over_lines() {
        let secret = "a key+é\"<&'9";
        for text in [
            "a%20key%2B%C3%A9%22%3C%26%279",
            "a+key%2b%c3%a9%22%3c%26'9",
            "a key+é&quot;&lt;&amp;&#39;9",
            "a key+&#233;&#34;&#x3C;&amp;&apos;9",
            "a ke\ny+é\r\n    \"<&'9",
            r#"a ke\n  y+\u00e9\"<\r\n&'9"#,
            "a%20ke%0Ay%2B%C3%A9%22%3C%26%279",
        ] {
            assert_eq!(masked(&format!("<{text}>"), &[secret]), "<(sensitive)>", "{text}");
        }
    }

    #[test]
    fn each_line_of_a_secret_is_masked() {
        let key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\n9w0BAQEFAASC\n-----END KEY-----\n";
        assert_eq!(masked("line 3: 9w0BAQEFAASC", &[key]), "line 3: (sensitive)");
        assert_eq!(masked(&format!("<{key}>"), &[key]), "<(sensitive)>");
    }

    #[test]
    fn other_text_is_unchanged() {
        let texts =
            ["", "\\", "pa\\", "\\u00", "pa\\u00zz", r#"{"pa":"\"ss\\w\n"}"#, "wörd/", "%", "%p", "&;", "&#x;", "cGE"];
        for text in texts {
            assert_eq!(masked(text, &[SECRET, "short", ""]), text);
        }
    }

    #[test]
    fn the_longer_of_two_secrets_is_masked_first() {
        assert_eq!(masked("token-1234 and token-", &["token-", "token-1234"]), "(sensitive) and (sensitive)");
    }

    #[test]
    fn endless_backslashes_are_masked_in_linear_time() {
        let text = "\\".repeat(20_000);
        assert_eq!(masked(&text, &[r"C:\\\secret", r"\\\\\end"]), text);
    }
}
