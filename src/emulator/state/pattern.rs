//! Patterns in which `*` matches any run of characters.

/// Whether `text` matches `pattern`.
pub fn matches_pattern(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == text };
    let Some(rest) = text.strip_prefix(head) else { return false };
    // The rest of the pattern may match from any character of the remaining text.
    rest.char_indices().map(|(at, _)| at).chain([rest.len()]).any(|at| matches_pattern(tail, &rest[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_in_a_pattern_stands_for_any_text() {
        for (pattern, text, expected) in [
            ("*:does-not-exist", "a/b:does-not-exist", true),
            ("*:does-not-exist", "a/b:latest", false),
            ("*/no-such-image*", "x/no-such-image:1", true),
            ("plain", "plain", true),
            ("plain", "plainer", false),
            ("*", "", true),
            ("a*b*c", "a-b-b-c", true),
        ] {
            assert_eq!(matches_pattern(pattern, text), expected, "{pattern} on {text}");
        }
    }
}
