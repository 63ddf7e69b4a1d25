//! Markup that is HTML and XML at once, and texts that cannot be taken for it.

use std::fmt::{self, Write};

use super::style::{Ink, Line, harmless};

/// A text as it may stand between tags and in attributes.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in harmless(text).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // No characters at all to XML.
            '\u{fffe}' | '\u{ffff}' => out.extend(character.escape_default()),
            other => out.push(other),
        }
    }
    out
}

/// The word of the style sheet for an ink; nothing for plain text.
pub fn class(ink: Ink) -> Option<&'static str> {
    match ink {
        Ink::Plain => None,
        Ink::Heading => Some("heading"),
        Ink::Good => Some("good"),
        Ink::Change => Some("change"),
        Ink::Bad => Some("bad"),
        Ink::Dim => Some("dim"),
    }
}

/// The stretches of a line, each in its ink.
pub fn spans(out: &mut dyn fmt::Write, line: &Line) -> fmt::Result {
    for (ink, text) in line.spans() {
        match class(ink) {
            Some(class) => write!(out, "<span class=\"{class}\">{}</span>", escaped(&text))?,
            None => out.write_str(&escaped(&text))?,
        }
    }
    Ok(())
}

/// Lines as a block that keeps their indents, less what all of them share.
pub fn block(out: &mut dyn fmt::Write, lines: &[Line]) -> fmt::Result {
    if lines.is_empty() {
        return Ok(());
    }
    let shared = lines.iter().map(Line::indent).min().unwrap_or(0);
    out.write_str("<pre>")?;
    for line in lines {
        write!(out, "{:1$}", "", line.indent() - shared)?;
        spans(out, line)?;
        out.write_char('\n')?;
    }
    out.write_str("</pre>\n")
}

/// What a text looks like in a space for so many characters.
pub fn shortened(text: &str, longest: usize) -> String {
    let text = harmless(text);
    if text.chars().count() <= longest {
        return text.into_owned();
    }
    let mut short: String = text.chars().take(longest.saturating_sub(1)).collect();
    short.write_char('\u{2026}').expect("a string takes everything");
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(escaped("<b x=\"'&\n\u{ffff}"), "&lt;b x=&quot;&#39;&amp;\\n\\u{ffff}");
    }

    #[test]
    fn a_block_keeps_relative_indents() {
        let mut out = String::new();
        block(&mut out, &[Line::of(6, "a"), Line::new(8).ink(Ink::Bad, "<")]).unwrap();
        assert_eq!(out, "<pre>a\n  <span class=\"bad\">&lt;</span>\n</pre>\n");
    }
}
