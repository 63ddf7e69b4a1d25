//! Lines of a file as diagnostics quote them: without credentials that only their form or their place gives away.

use crate::model::credential::{holds_credential, names_value};

/// The text with such values replaced by stars, byte for byte, so that places stay right.
pub(super) fn without_credentials(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut after_flag = false;
    for line in text.split_inclusive('\n') {
        let start = value_start(line);
        let words: Vec<&str> = line[start..].split_whitespace().map(bare).filter(|word| !word.is_empty()).collect();
        let value = words.join(" ");
        // A list of words may have one in each line: `- --token`, and then the token.
        let follows_flag = after_flag && value.chars().next().is_some_and(|first| !"$-{".contains(first));
        if follows_flag || holds_credential(&value) {
            shown.push_str(&line[..start]);
            let star = |c: char| if c.is_whitespace() { c.to_string() } else { "*".repeat(c.len_utf8()) };
            shown.extend(line[start..].chars().map(star));
        } else {
            shown.push_str(line);
        }
        after_flag = words.last().is_some_and(|word| word.starts_with('-') && names_value(word));
    }
    shown
}

/// Where the value begins: after a key, after the sign of an item, or with the line.
fn value_start(line: &str) -> usize {
    let indent = line.len() - line.trim_start().len();
    let item = line[indent..].strip_prefix("- ").map(|_| indent + 2);
    let key = line.find(": ").map(|colon| colon + 2);
    item.or(key).unwrap_or(indent)
}

fn bare(word: &str) -> &str {
    word.trim_matches(['"', '\'', ',', '[', ']', '{', '}'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_starred_and_nothing_moves() {
        let text = "args: [serve, --api-key, s3cret99, --port, \"8000\"]\nargs:\n  - --token\n  - s3cret99\n  - --port\n  - \"8000\"\n\
                    entrypoint: run --password=s3cret99\nMIRROR: https://u:s3cret99@host/x\nDB: postgres://u:${PW}@db/x\nA: b\n";
        let shown = without_credentials(text);
        assert_eq!(shown.len(), text.len());
        assert!(!shown.contains("s3cret"), "{shown}");
        for kept in ["  - --token\n", "  - --port\n  - \"8000\"", "postgres://u:${PW}@db/x", "A: b"] {
            assert!(shown.contains(kept), "{kept} in {shown}");
        }
    }
}
