//! The settings that all resources of a configuration share, and the rules for their names.

use std::collections::BTreeMap;

use super::environment::Variables;
use super::load::DEFAULT_ENVIRONMENT;
use super::problem::Findings;
use super::source::Span;
use crate::catalog::Catalog;
use crate::model::{Address, Dialect};

/// Data shared by all resources of a configuration.
pub(super) struct Project<'a> {
    pub name: String,
    /// Position of the name.
    pub name_span: Option<Span>,
    pub environment: String,
    pub dialect: Dialect,
    pub catalog: &'a Catalog,
    pub volumes: BTreeMap<String, MountableVolume>,
    /// Environment variables for all pods.
    pub variables: Variables,
}

/// The facts about a volume that a pod needs to mount it.
pub(super) struct MountableVolume {
    pub address: Address,
    /// `None` after an error.
    pub region: Option<String>,
    pub region_span: Option<Span>,
}

const LONGEST_KEY: usize = 63;

impl Project<'_> {
    /// Suffix of names at RunPod that separates the environments of one account.
    pub fn suffix(&self) -> String {
        if self.environment == DEFAULT_ENVIRONMENT { String::new() } else { format!("-{}", self.environment) }
    }

    /// Checks a key, which becomes part of addresses and of names at RunPod.
    pub fn check_key(&self, key: &str, at: Span, findings: &mut Findings) {
        let fits = key.starts_with(|c: char| c.is_ascii_lowercase())
            && key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'))
            && key.len() <= LONGEST_KEY;
        if !fits {
            findings.error("bad_name", at, format!("`{key}` cannot name a resource")).nearest(
                plain_name(key, LONGEST_KEY).as_deref(),
                format!(
                    "a name consists of lowercase letters, digits, `-` and `_`, begins with a letter, and has at \
                     most {LONGEST_KEY} characters"
                ),
            );
        }
    }
}

/// The closest valid name to an invalid one, if it contains letters.
pub(super) fn plain_name(name: &str, longest: usize) -> Option<String> {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name = words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-");
    (name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() <= longest).then_some(name)
}
