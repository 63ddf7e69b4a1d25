//! The settings that all resources of a configuration share, and the rules for their names.

use std::collections::BTreeMap;

use super::draft::Declared;
use super::load::DEFAULT_ENVIRONMENT;
use super::problem::Findings;
use super::secret_values::SecretSources;
use super::source::Span;
use super::variables::Variables;
use crate::catalog::Catalog;
use crate::kind::Kind;
use crate::model::{Address, Dialect, ProblemCode, Secret, Value};

/// Data shared by all resources of a configuration.
pub struct Project<'a> {
    pub name: String,
    /// Position of the name.
    pub(super) name_span: Option<Span>,
    pub environment: String,
    pub dialect: Dialect,
    pub catalog: &'a Catalog,
    /// The resources of the kinds that were read before.
    pub declared: BTreeMap<Address, Declared>,
    /// Environment variables for all pods, from `extensions`.
    pub(super) extensions: Variables,
    /// Environment variables for all pods and endpoints, from `secrets`.
    pub(super) secrets: Variables,
    /// The values of the secrets that sindri keeps at RunPod, by name. Unknown ones have no value here.
    pub(super) kept_values: BTreeMap<String, Secret>,
    /// Where values of secrets come from.
    pub(super) secret_sources: SecretSources<'a>,
}

const LONGEST_KEY: usize = 63;

impl Project<'_> {
    /// The names of the declared resources of one kind. They come before those that refer to them.
    pub fn names<'p>(&'p self, kind: &'p Kind) -> impl Iterator<Item = &'p str> {
        let of_kind = self.declared.keys().filter(|address| address.kind == kind.name);
        of_kind.map(|address| address.name.as_str())
    }

    /// The declared resource of this kind and name.
    pub fn find(&self, kind: &Kind, name: &str) -> Option<&Declared> {
        self.declared.get(&Address::new(kind.name, name))
    }

    /// The declared secret that has this name at RunPod. Names of secrets are unique in an account.
    pub fn kept_secret(&self, name: &str) -> Option<Address> {
        let secrets = self.declared.range(Address::new("secret", "")..);
        let mut secrets = secrets.take_while(|(address, _)| address.kind == *"secret");
        let is_it = |declared: &Declared| declared.resource.inputs.get("name").and_then(Value::as_text) == Some(name);
        secrets.find(|(_, declared)| is_it(declared)).map(|(address, _)| address.clone())
    }

    /// The name at RunPod of a resource that sets none.
    pub fn standard_name(&self, key: &str) -> String {
        format!("{}-{key}{}", self.name, self.suffix())
    }

    /// Suffix of names at RunPod that separates the environments of one account.
    pub fn suffix(&self) -> String {
        if self.environment == DEFAULT_ENVIRONMENT { String::new() } else { format!("-{}", self.environment) }
    }

    /// Suffix of the names of kept secrets, like [`Project::suffix`]. A name with `-` may not work in a reference.
    pub(super) fn store_suffix(&self) -> String {
        store_suffix(&self.environment)
    }

    /// Checks a key, which becomes part of addresses and of names at RunPod.
    pub fn check_key(&self, key: &str, at: Span, findings: &mut Findings) {
        let fits = key.starts_with(|c: char| c.is_ascii_lowercase())
            && key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'))
            && key.len() <= LONGEST_KEY;
        if !fits {
            findings.error(ProblemCode::BadName, at, format!("`{key}` cannot name a resource")).nearest(
                plain_name(key, LONGEST_KEY).as_deref(),
                format!(
                    "a name consists of lowercase letters, digits, `-` and `_`, begins with a letter, and has at \
                     most {LONGEST_KEY} characters"
                ),
            );
        }
    }
}

/// Suffix of the names of kept secrets in this environment.
pub(super) fn store_suffix(environment: &str) -> String {
    let plain = environment.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    if environment == DEFAULT_ENVIRONMENT { String::new() } else { format!("_{plain}") }
}

/// The closest valid name to an invalid one, if it contains letters.
pub(super) fn plain_name(name: &str, longest: usize) -> Option<String> {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name = words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-");
    (name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() <= longest).then_some(name)
}
