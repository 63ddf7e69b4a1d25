//! Secrets that a server repeats: found as they are, and inside JSON that escapes them.

/// What stands for a secret.
const HIDDEN: &str = "(sensitive)";
/// Shorter values are words that any message may hold, and no secrets.
const SHORTEST: usize = 6;

/// `text` without any of `secrets`, be they written out, escaped as in a JSON string, or escaped twice as in JSON that
/// was put into a JSON string.
pub(super) fn masked(text: &str, secrets: &[&str]) -> String {
    let mut secrets: Vec<&str> = secrets.iter().copied().filter(|secret| secret.len() >= SHORTEST).collect();
    // One that begins with another one must not lose its head alone.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    let mut text = text.to_owned();
    for secret in secrets {
        text = text.replace(secret, HIDDEN);
        let quoted = serde_json::Value::from(secret).to_string();
        for form in [secret, &quoted[1..quoted.len() - 1]] {
            text = without_escaped(&text, form);
        }
    }
    text
}

fn without_escaped(text: &str, secret: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(after) = after_escaped(rest, secret) {
            kept.push_str(HIDDEN);
            rest = after;
        } else {
            kept.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    kept
}

/// What follows `secret`, where `text` starts with it in whichever way of escaping.
fn after_escaped<'t>(text: &'t str, secret: &str) -> Option<&'t str> {
    secret.chars().try_fold(text, |rest, wanted| match rest.strip_prefix('\\') {
        Some(escape) => after_escape(escape, wanted),
        None => rest.strip_prefix(wanted),
    })
}

/// What follows an escape that means `wanted`; its backslash is read already.
fn after_escape(escape: &str, wanted: char) -> Option<&str> {
    let letter = match wanted {
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '\u{8}' => 'b',
        '\u{c}' => 'f',
        other => other,
    };
    escape.strip_prefix(letter).or_else(|| {
        let mut units = [0; 2];
        let mut rest = escape;
        for (index, unit) in wanted.encode_utf16(&mut units).iter().enumerate() {
            // The second half of a pair has a backslash of its own.
            let digits = if index == 0 { rest.strip_prefix('u')? } else { rest.strip_prefix("\\u")? };
            let (hexadecimal, after) = digits.split_at_checked(4)?;
            rest = (u16::from_str_radix(hexadecimal, 16) == Ok(*unit)).then_some(after)?;
        }
        Some(rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "pa\"ss\\wörd/<\n\u{1f511}>";

    #[test]
    fn a_secret_is_found_however_json_writes_it() {
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
    fn what_is_no_secret_stays_as_it_is() {
        for text in ["", "\\", "pa\\", "\\u00", "pa\\u00zz", r#"{"pa":"\"ss\\w\n"}"#, "wörd/<"] {
            assert_eq!(masked(text, &[SECRET, "short", ""]), text);
        }
    }

    #[test]
    fn of_two_secrets_the_longer_one_goes_first() {
        assert_eq!(masked("token-1234 and token-", &["token-", "token-1234"]), "(sensitive) and (sensitive)");
    }
}
