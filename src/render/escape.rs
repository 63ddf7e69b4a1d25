//! Foreign texts in Markdown: shown as they are, and never read as markup.

use super::style::harmless;

/// Inline code with any content, in a paragraph, a list or a table.
pub fn code(text: &str) -> String {
    let text = harmless(text);
    // A table takes a bar for its own even within backticks; blanks alone are no code at all.
    if text.contains('|') || text.trim().is_empty() {
        return format!("<code>{}</code>", html(&text));
    }
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // Blanks keep the fence from the text's own backticks, and from being eaten where the text has some at both ends.
    let pad = if longest > 0 || text.starts_with(' ') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Text within HTML: of all characters that either HTML or Markdown could read as more than themselves, the number.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_holds_whatever_it_is_given() {
        for (text, expected) in [
            ("pod.trainer[0]", "`pod.trainer[0]`"),
            ("a`b", "`` a`b ``"),
            ("``", "``` `` ```"),
            ("a|b", "<code>a&#124;b</code>"),
            ("", "<code></code>"),
            (" x ", "`  x  `"),
            ("a\n\u{202e}b", "`a\\n\\u{202e}b`"),
        ] {
            assert_eq!(code(text), expected);
        }
    }

    #[test]
    fn html_is_text_and_nothing_else() {
        assert_eq!(
            html("<b>*a*_[x](y)@me</b>"),
            "&#60;b&#62;&#42;a&#42;&#95;&#91;x&#93;&#40;y&#41;&#64;me&#60;/b&#62;"
        );
    }
}
