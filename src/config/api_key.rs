//! Keeps the RunPod API key out of pods, because it gives access to the whole account.
//!
//! Values are compared with the keys in use after variables and files are read. A key in another encoding, such as
//! base64, is not recognised.

use crate::model::credential::is_distinctive;

/// The variable that holds the key.
pub(super) const API_KEY: &str = "RUNPOD_API_KEY";

/// Origin of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValueOrigin {
    /// Written in the configuration.
    Literal,
    /// Read from a variable or a file.
    Resolved,
}

/// Whether a value holds one of the API keys in use.
pub(super) fn holds_api_key(value: &str, origin: ValueOrigin, keys: &[String]) -> bool {
    keys.iter().map(|key| key.trim()).filter(|key| !key.is_empty()).any(|key| {
        if is_distinctive(key) { value.contains(key) } else { origin == ValueOrigin::Resolved && value.trim() == key }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_inside_a_value_and_a_common_word_is_no_key() {
        let holds = |value: &str, origin, key: &str| holds_api_key(value, origin, &[key.to_owned()]);
        for origin in [ValueOrigin::Literal, ValueOrigin::Resolved] {
            assert!(holds("Bearer rpa_123456\n", origin, "rpa_123456"));
            assert!(!holds("rpa_12345", origin, "rpa_123456"));
            assert!(!holds("anything", origin, " "));
            assert!(!holds("a test", origin, "test"));
            assert!(!holds("registry/emulator:1", origin, "emulator"));
        }
        assert!(holds(" test\n", ValueOrigin::Resolved, "test"));
        assert!(!holds("test", ValueOrigin::Literal, "test"));
    }
}
