//! Format versions: which one a file has, and the way from older ones to the one that this version works with.
//!
//! A format changes by a new `STATE_FORMAT_VERSION`, an arm in [`state`] that lifts the older text, and a test that a file
//! of the older version still reads. There is one version so far.

use serde_json::Value;

use crate::model::State;
use crate::model::state::STATE_FORMAT_VERSION;

/// Why a version cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// No `format_version`, or one that never was.
    Unknown(String),
    Newer(u64),
}

/// The format version that a file claims, if this version of sindri reads it. `newest` depends on the kind of file.
pub(super) fn version(document: &Value, newest: u32) -> Result<u32, Unreadable> {
    match document.get("format_version") {
        None => Err(Unreadable::Unknown("`format_version` is missing".into())),
        Some(value) => match value.as_u64() {
            None | Some(0) => Err(Unreadable::Unknown(format!("`format_version` is {value}, not a version"))),
            Some(version) => u32::try_from(version).ok().filter(|v| *v <= newest).ok_or(Unreadable::Newer(version)),
        },
    }
}

/// A state of any version up to the newest, in today's shape. Errors point into `text`.
pub(super) fn state(text: &str, version: u32) -> Result<State, serde_json::Error> {
    debug_assert_eq!(version, STATE_FORMAT_VERSION, "a version without a way to read it");
    serde_json::from_str(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_versions_from_one_to_the_newest_are_read() {
        let of = |text: &str| version(&serde_json::from_str(text).unwrap(), 2);
        assert_eq!(of(r#"{"format_version": 1}"#), Ok(1));
        assert_eq!(of(r#"{"format_version": 2}"#), Ok(2));
        assert_eq!(of(r#"{"format_version": 3}"#), Err(Unreadable::Newer(3)));
        assert_eq!(of(r#"{"format_version": 99999999999}"#), Err(Unreadable::Newer(99_999_999_999)));
        for text in ["{}", r#"{"format_version": 0}"#, r#"{"format_version": "1"}"#, r#"{"format_version": -1}"#, "[]"]
        {
            assert!(matches!(of(text), Err(Unreadable::Unknown(_))), "{text}");
        }
    }
}
