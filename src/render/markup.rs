//! Markup that is both HTML and XML, and escaping of texts in it.

use std::fmt;

use super::style::{Line, Tone, harmless};

/// A text escaped for content and attributes.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in harmless(text).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML forbids these characters.
            '\u{fffe}' | '\u{ffff}' => out.extend(character.escape_default()),
            other => out.push(other),
        }
    }
    out
}

/// The CSS class for a tone; none for plain text.
pub fn class(tone: Tone) -> Option<&'static str> {
    match tone {
        Tone::Plain => None,
        Tone::Heading => Some("heading"),
        Tone::Good => Some("good"),
        Tone::Change => Some("change"),
        Tone::Bad => Some("bad"),
        Tone::Dim => Some("dim"),
    }
}

/// The spans of a line, each in its tone.
pub fn spans(out: &mut dyn fmt::Write, line: &Line) -> fmt::Result {
    for (tone, text) in line.spans() {
        match class(tone) {
            Some(class) => write!(out, "<span class=\"{class}\">{}</span>", escaped(&text))?,
            None => out.write_str(&escaped(&text))?,
        }
    }
    Ok(())
}

/// Lines as a preformatted block, without their common indentation.
pub fn block(out: &mut dyn fmt::Write, lines: &[Line]) -> fmt::Result {
    if lines.is_empty() {
        return Ok(());
    }
    let shared = lines.iter().map(Line::indent).min().unwrap_or(0);
    out.write_str("<pre>")?;
    for line in lines {
        write!(out, "{:1$}", "", line.indent() - shared)?;
        spans(out, line)?;
        out.write_str("\n")?;
    }
    out.write_str("</pre>\n")
}

/// The beginning of a text, up to a number of characters.
pub fn shortened(text: &str, longest: usize) -> String {
    let text = harmless(text);
    if text.chars().count() <= longest {
        return text.into_owned();
    }
    text.chars().take(longest.saturating_sub(1)).chain(['\u{2026}']).collect()
}

/// The beginning and the end of a text, up to a number of characters. Names often differ at the end, in the replica
/// number.
pub fn shortened_inside(text: &str, longest: usize) -> String {
    let text = harmless(text);
    let length = text.chars().count();
    if length <= longest {
        return text.into_owned();
    }
    let end = longest / 2;
    let start = text.chars().take(longest.saturating_sub(end + 1));
    start.chain(['\u{2026}']).chain(text.chars().skip(length - end)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        assert_eq!(escaped("<b x=\"'&\n\u{ffff}"), "&lt;b x=&quot;&#39;&amp;\\n\\u{ffff}");
    }

    #[test]
    fn a_block_keeps_relative_indents() {
        let mut out = String::new();
        block(&mut out, &[Line::of(6, "a"), Line::new(8).tone(Tone::Bad, "<")]).unwrap();
        assert_eq!(out, "<pre>a\n  <span class=\"bad\">&lt;</span>\n</pre>\n");
    }

    #[test]
    fn a_shortened_address_keeps_its_start_and_its_number() {
        let long = format!("pod.{}[0..199]", "a".repeat(63));
        assert_eq!(shortened_inside(&long, 30), "pod.aaaaaaaaaa\u{2026}aaaaaaa[0..199]");
        assert_eq!(shortened_inside("pod.a[0]", 8), "pod.a[0]");
        assert_eq!(shortened("create, 12 pods", 9), "create, \u{2026}");
    }
}
