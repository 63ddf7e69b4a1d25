//! Known secret values, and which of them are distinctive enough to search for in text.

/// Shorter values also occur by chance as parts of ordinary words.
const SHORTEST: usize = 6;
/// A text of letters only, up to this length, may be an ordinary word. For example, an emulator accepts the key
/// `emulator`.
const LONGEST_WORD: usize = 8;

/// Whether a secret can be recognised inside other text. Short values and ordinary words cannot.
pub fn is_distinctive(secret: &str) -> bool {
    secret.len() >= SHORTEST && !is_word(secret)
}

/// `emulator`, `Emulator` or `EMULATOR`, but not `eMulaTor`.
fn is_word(text: &str) -> bool {
    let end = text.get(1..).unwrap_or_default();
    let all = |is_kind: fn(&char) -> bool| end.chars().all(|letter| is_kind(&letter));
    text.len() <= LONGEST_WORD
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && (all(char::is_ascii_lowercase) || text.chars().all(|letter| letter.is_ascii_uppercase()))
}

/// The texts to search for: each secret, and each line of a multi-line secret. Longer texts come first. Otherwise,
/// masking a short secret that is a prefix of a longer one would leave the rest visible.
pub fn distinctive_parts<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let parts = secrets.into_iter().flat_map(|secret| secret.lines().map(str::trim).chain([secret, secret.trim()]));
    let mut parts: Vec<&str> = parts.filter(|part| is_distinctive(part)).collect();
    parts.sort_by(|one, other| other.len().cmp(&one.len()).then(one.cmp(other)));
    parts.dedup();
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_and_words_are_not_distinctive() {
        for secret in ["", "test", "a-b-c", "emulator", "Testing", "PASSWORD", "é"] {
            assert!(!is_distinctive(secret), "{secret}");
        }
        for secret in ["abc-12", "hunter2", "aBcDeFgH", "swordfish", "correcthorsebattery", "éééé"] {
            assert!(is_distinctive(secret), "{secret}");
        }
    }

    #[test]
    fn each_line_of_a_secret_is_searched_for_and_longer_texts_come_first() {
        let parts = distinctive_parts(["  token-12\n", "first line\n\nlast\nsecond line here\n", "token-12"]);
        let whole = "first line\n\nlast\nsecond line here";
        assert_eq!(parts[..2], [&format!("{whole}\n"), whole]);
        assert_eq!(parts[2..], ["second line here", "  token-12\n", "first line", "token-12"]);
    }
}
