//! Characters that must be escaped before foreign text is shown.

use std::borrow::Cow;
use std::fmt::Write;

/// Whether a character could hide, reorder or rewrite displayed text: controls, line and paragraph separators,
/// bidirectional controls, and characters without a width or shape.
pub fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Like [`escaped`], for text that is not needed otherwise.
pub fn into_escaped(json: String) -> String {
    match escaped(&json) {
        Cow::Borrowed(_) => json,
        Cow::Owned(escaped) => escaped,
    }
}

/// Writes such characters in JSON text as `\u` escapes, which a parser reads as the same text. They occur only inside
/// strings, so replacing them in place is safe; newlines are layout and stay.
pub fn escaped(json: &str) -> Cow<'_, str> {
    let is_escaped = |character: char| is_harmful(character) && character != '\n';
    // Almost all JSON is plain ASCII, which needs no decoding.
    let is_plain = json.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n'));
    if is_plain || !json.contains(is_escaped) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 64);
    for character in json.chars() {
        if is_escaped(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}
