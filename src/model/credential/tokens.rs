//! Tokens that their issuers made recognisable, such as `ghp_...`.

use std::ops::Range;

/// Token prefixes that issuers chose to make their tokens recognisable.
const TOKENS: [&str; 33] = [
    "hf_",
    "rpa_",
    "sk-",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xoxs-",
    "xapp-",
    "AKIA",
    "ASIA",
    "AIza",
    "npm_",
    "pypi-",
    "dop_v1_",
    "nvapi-",
    "r8_",
    "tskey-",
    "dckr_pat_",
    "hvs.",
    "SG.",
    "xoxe.",
    "AGE-SECRET-KEY-1",
    "eyJ",
];
/// Minimum number of characters after the prefix.
pub(super) const TOKEN_LENGTH: usize = 14;

/// Prefixes that also begin ordinary names.
const WORDS: [&str; 6] = ["hf_", "sk-", "npm_", "pypi-", "r8_", "tskey-"];

/// Whether a text holds a token in the format of a known issuer.
pub(super) fn holds_token(text: &str) -> bool {
    tokens(text).next().is_some()
}

/// The same, but a name that only begins like a token passes: `sk-training-cluster-2`.
pub(super) fn surely_holds_token(text: &str) -> bool {
    tokens(text).any(|token| !WORDS.contains(&token.prefix) || has_long_run(&text[token.range]))
}

/// Whether the text has a long part without separators that no word looks like.
fn has_long_run(text: &str) -> bool {
    let is_odd = |c: char| c.is_ascii_digit() || c.is_ascii_uppercase();
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|run| run.len() >= TOKEN_LENGTH && run.contains(is_odd))
}

/// A token in the format of a known issuer.
struct Token {
    prefix: &'static str,
    range: Range<usize>,
}

/// The tokens of a text, in order.
fn tokens(text: &str) -> impl Iterator<Item = Token> {
    let is_sign = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut at = 0;
    text.split(move |c| !is_sign(c)).filter_map(move |word| {
        let start = at;
        let end = start + word.len();
        at = end + text[end..].chars().next().map_or(0, char::len_utf8);
        // A token may follow another word: `env.rpa_...`, `RUNPOD_SECRET_rpa_...`.
        let inner = word.match_indices(['.', '_', '-']).map(|(sign, _)| sign + 1);
        std::iter::once(0).chain(inner).find_map(|offset| {
            let prefix = token_prefix(&word[offset..]).filter(|_| offset == 0 || has_long_run(&word[offset..]))?;
            Some(Token { prefix, range: start + offset..end })
        })
    })
}

/// Positions of tokens in the format of a known issuer.
pub(super) fn token_ranges(text: &str) -> impl Iterator<Item = Range<usize>> {
    tokens(text).map(|token| token.range)
}

/// The prefix of a token that begins the word.
fn token_prefix(word: &str) -> Option<&'static str> {
    TOKENS.into_iter().find(|token| {
        // Ordinary words have neither digits nor capitals.
        let is_odd = |c: char| c.is_ascii_digit() || c.is_ascii_uppercase();
        let is_long = |rest: &str| rest.len() >= TOKEN_LENGTH && rest.contains(is_odd);
        word.strip_prefix(token).is_some_and(|rest| match *token {
            // A JSON web token has three parts.
            "eyJ" => rest.len() >= TOKEN_LENGTH && rest.matches('.').count() == 2,
            "AKIA" | "ASIA" => rest.len() == 16 && rest.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()),
            _ => is_long(rest),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_inside_names_are_found_and_plain_names_are_not_tokens() {
        for text in [
            "rpa_0123456789ABCDEFGHIJ",
            "env.rpa_0123456789ABCDEFGHIJ",
            "RUNPOD_SECRET_rpa_0123456789ABCDEFGHIJ",
            "/data/ghp_0123456789abcdefghij",
            "sk-proj-abcdefghijklmnop0123",
            "my-hf_abcdefghijklmn0123456789",
        ] {
            assert!(surely_holds_token(text), "{text}");
        }
        for text in
            ["sk-training-cluster-2", "hf_Llama-3-8B-Instruct", "model_hf_Llama3_8B_chat", "npm_cache-volume-12"]
        {
            assert!(!surely_holds_token(text), "{text}");
        }
        let text = "é env.rpa_0123456789ABCDEFGHIJ, x";
        assert_eq!(token_ranges(text).map(|range| &text[range]).collect::<Vec<_>>(), ["rpa_0123456789ABCDEFGHIJ"]);
    }
}
