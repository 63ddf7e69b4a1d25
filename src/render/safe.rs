//! Makes hostile text safe in Markdown by showing it only as code.
//!
//! Inside code there are no headings, links, mentions, references, tags or formulas. Two ways to end the code remain: a
//! run of backticks as long as the opening one, and a line break, which `harmless` escapes.

use std::fmt::Write;

use super::style::harmless;

/// Longer strings are truncated in sentences; the blocks show them in full.
const LONGEST: usize = 120;

/// Inline code.
pub fn code(text: &str) -> String {
    let text = cut(&harmless(text), LONGEST);
    if text.is_empty() {
        return "(empty)".to_owned();
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    // Markdown removes one space from each end if both ends have one.
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Inline code in a table row, where a bar ends the cell even within backticks.
pub fn cell(text: &str) -> String {
    if text.contains('|') { format!("<code>{}</code>", html(&cut(text, LONGEST))) } else { code(text) }
}

/// Text within HTML. Every character with a meaning in HTML or Markdown is written as its number.
pub fn html(text: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || matches!(character, ' ' | '.' | ',' | '-' | '/' | '=');
    harmless(text)
        .chars()
        .map(|character| match character {
            plain_one if plain(plain_one) => plain_one.to_string(),
            other => format!("&#{};", u32::from(other)),
        })
        .collect()
}

/// The backtick fence around a block of these rows: longer than any run in them.
pub fn fence<'a>(rows: impl Iterator<Item = &'a str>) -> String {
    "`".repeat(rows.map(longest_run).max().unwrap_or(0).max(2) + 1)
}

fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or(0)
}

/// The text, or its beginning with the number of missing characters.
pub fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}... ({} more characters)", &text[..end], text[end..].chars().count()),
    }
}

/// The invisible first line by which a later run finds its comment: `<!-- sindri: llm-team/prod -->`. `what` identifies
/// the kind of document.
///
/// Characters that could end it or have another meaning are written as `%` and two digits, so that every name and
/// environment gets a unique line.
pub fn marker(what: &str, name: &str, environment: &str) -> String {
    format!("<!-- {what}: {}/{} -->", encoded(name), encoded(environment))
}

fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes().take(LONGEST) {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' => out.push(char::from(byte)),
            // Two of them would end the comment.
            b'-' if !out.ends_with('-') => out.push('-'),
            other => write!(out, "%{other:02X}").expect("a string takes everything"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_fenced_by_more_backticks_than_it_contains() {
        for (text, written) in [
            ("pod.a", "`pod.a`"),
            ("a`b", "``a`b``"),
            ("``` x", "```` ``` x ````"),
            (" a", "`  a `"),
            ("", "(empty)"),
            ("a\nb\u{202e}", r"`a\nb\u{202e}`"),
        ] {
            assert_eq!(code(text), written);
        }
        assert_eq!(code(&"x".repeat(130)), format!("`{}... (10 more characters)`", "x".repeat(120)));
        assert_eq!(fence(["a", "b````c"].into_iter()), "`````");
        assert_eq!(fence([].into_iter()), "```");
    }

    #[test]
    fn a_row_of_a_table_keeps_its_columns() {
        assert_eq!(cell("a|b"), "<code>a&#124;b</code>");
        assert_eq!(cell("a`b"), "``a`b``");
    }

    #[test]
    fn html_is_text_and_nothing_else() {
        assert_eq!(
            html("<b>*a*_[x](y)@me</b>"),
            "&#60;b&#62;&#42;a&#42;&#95;&#91;x&#93;&#40;y&#41;&#64;me&#60;/b&#62;"
        );
    }

    #[test]
    fn nothing_ends_the_marker_early() {
        assert_eq!(marker("sindri", "llm-team", "prod"), "<!-- sindri: llm-team/prod -->");
        assert_eq!(marker("sindri", "a-->b", "x/y--!>"), "<!-- sindri: a-%2D%3Eb/x%2Fy-%2D%21%3E -->");
    }
}
