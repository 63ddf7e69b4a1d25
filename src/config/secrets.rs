//! `secrets`: environment variables of every pod, with values from the process, from files or from the account.
//!
//! An optional secret may be absent. A secret that exists but cannot be read is an error, because leaving it out would
//! remove it from the pods.

use std::collections::BTreeMap;

use super::document::YamlNode;
use super::environment::{is_allowed, secret_reference};
use super::problem::Findings;
use super::secret_values::{MissingReason, SecretSources};
use super::source::Span;
use super::variables::{Variable, Variables};
use crate::model::{ProblemCode, Secret, Value};

/// The fields of a secret that sindri keeps at RunPod.
const KEPT_FIELDS: [&str; 5] = ["version", "inject", "storeName", "description", "lifecycle"];

/// Everything that `secrets` sets.
#[derive(Default)]
pub(super) struct SecretsRead {
    /// The variables of every pod and endpoint.
    pub variables: Variables,
    /// The values of the secrets that sindri keeps at RunPod, by name.
    pub kept: BTreeMap<String, Secret>,
}

/// Reads `secrets`. `store_suffix` separates the environments of one account in the names of kept secrets.
pub(super) fn read(
    root: &YamlNode,
    sources: &SecretSources<'_>,
    store_suffix: &str,
    findings: &mut Findings,
) -> SecretsRead {
    let mut reader =
        Reader { sources, store_suffix, read: SecretsRead::default(), listed: BTreeMap::new(), missing: Vec::new() };
    for secret in root.get("secrets").map(YamlNode::items).unwrap_or_default() {
        reader.read(secret, findings);
    }
    tell_missing(&reader.missing, findings);
    reader.read
}

/// Whether sindri keeps this secret at RunPod.
pub(super) fn is_kept(secret: &YamlNode) -> bool {
    secret.get("store").and_then(YamlNode::text) == Some("runpod")
}

/// The name at RunPod of a secret that sindri keeps there.
pub(super) fn store_name(secret: &YamlNode, key: &str, store_suffix: &str) -> String {
    let own = secret.get("storeName").and_then(YamlNode::text).filter(|name| !name.is_empty());
    own.map_or_else(|| format!("{key}{store_suffix}"), str::to_owned)
}

fn source(secret: &YamlNode) -> &str {
    secret.get("source").and_then(YamlNode::text).unwrap_or("env")
}

/// A required secret without a value.
struct Missing {
    name: String,
    span: Span,
    why: String,
}

struct Reader<'a> {
    sources: &'a SecretSources<'a>,
    store_suffix: &'a str,
    read: SecretsRead,
    /// The secrets read so far.
    listed: BTreeMap<String, Span>,
    missing: Vec<Missing>,
}

impl Reader<'_> {
    fn read(&mut self, secret: &YamlNode, findings: &mut Findings) {
        let Some(name_node) = secret.get("name") else {
            findings
                .missing(&["name"], ProblemCode::MissingField, secret.span, "a secret has no `name`")
                .help("`name` is the environment variable that the pod sees");
            return;
        };
        let (name, span) = (name_node.text().unwrap_or_default().to_owned(), name_node.span);
        if !is_allowed(&name, span, findings) {
            return;
        }
        // Includes optional secrets without a value, which set no variable.
        if let Some(first) = self.listed.insert(name.clone(), span) {
            findings
                .error(ProblemCode::DuplicateKey, span, format!("the secret `{name}` is listed twice"))
                .also(first, "first here")
                .help("keep one of the two");
            return;
        }
        check_store(secret, findings);
        let required = secret.get("required").and_then(YamlNode::bool) == Some(true);
        let Some(found) = self.value(secret, (&name, span), required, findings) else { return };
        if is_kept(secret) {
            self.keep_at_runpod(secret, (name, span), found, required, findings);
        } else {
            self.keep(name, span, found, required, findings);
        }
    }

    /// The value, or why there is none. `None` if no value is needed or the problem is reported.
    fn value(
        &mut self,
        secret: &YamlNode,
        (name, span): (&str, Span),
        required: bool,
        findings: &mut Findings,
    ) -> Option<Result<String, MissingReason>> {
        // RunPod accepts no empty value.
        let filled = required || is_kept(secret);
        match source(secret) {
            "runpod" => {
                self.read.variables.insert(name.to_owned(), Variable { value: secret_reference(name), span });
                None
            }
            "file" => {
                let path = secret.get("path");
                if path.is_none() {
                    findings
                        .missing(
                            &["path"],
                            ProblemCode::MissingField,
                            secret.span,
                            format!("the secret `{name}` has no `path`"),
                        )
                        .help("`source: file` needs the `path` of the file, relative to this file");
                }
                path.map(|path| self.sources.file(path, filled))
            }
            "env" => Some(self.sources.variable(name, secret.get("fromFile"), filled, findings)),
            elsewhere => {
                let at = secret.get("source").map_or(span, |source| source.span);
                findings
                    .error(ProblemCode::UnsupportedSource, at, format!("sindri does not read secrets from `{elsewhere}`"))
                    .help(format!(
                        "read it before sindri runs and export it as `{name}` with `source: env`, or keep it at RunPod with `source: runpod`"
                    ));
                None
            }
        }
    }

    /// Pods get a reference, and the value goes to RunPod's store.
    fn keep_at_runpod(
        &mut self,
        secret: &YamlNode,
        (name, span): (String, Span),
        found: Result<String, MissingReason>,
        required: bool,
        findings: &mut Findings,
    ) {
        if secret.get("inject").and_then(YamlNode::bool) != Some(false) {
            let value = secret_reference(&store_name(secret, &name, self.store_suffix));
            self.read.variables.insert(name.clone(), Variable { value, span });
        }
        match found {
            Err(MissingReason::Absent(why)) if required && !self.sources.offline => {
                self.missing.push(Missing { name, span, why });
            }
            found => {
                let value = self.sources.write_only(found, &format!("the secret `{name}`"), span, findings);
                self.read.kept.insert(name, value);
            }
        }
    }

    /// Stores a value, or reports why there is none.
    fn keep(
        &mut self,
        name: String,
        span: Span,
        found: Result<String, MissingReason>,
        required: bool,
        findings: &mut Findings,
    ) {
        let secret = match found {
            Ok(value) => self.sources.checked(value, &format!("the secret `{name}`"), span, findings),
            Err(MissingReason::Unreadable) => Secret::unknown(),
            Err(MissingReason::Refused { message, help }) => {
                findings
                    .error(ProblemCode::UnreadableSecret, span, format!("the secret `{name}`: {message}"))
                    .help(help);
                Secret::unknown()
            }
            Err(MissingReason::Absent(why)) if required && self.sources.offline => {
                findings
                    .warn(ProblemCode::MissingSecrets, span, format!("the required secret `{name}` is missing: {why}"))
                    .help("it is treated as unchanged here; an apply needs its value");
                Secret::unknown()
            }
            Err(MissingReason::Absent(why)) if required => {
                self.missing.push(Missing { name, span, why });
                return;
            }
            Err(MissingReason::Absent(why)) => {
                findings
                    .advise(ProblemCode::OptionalSecret, span, format!("the secret `{name}` is omitted: {why}"))
                    .help("set it to pass it to the pods; omitting it later removes it from them");
                return;
            }
        };
        self.read.variables.insert(name, Variable { value: Value::Secret(secret), span });
    }
}

/// Reports fields that only a secret kept at RunPod has, and `store` on one that someone else keeps there.
fn check_store(secret: &YamlNode, findings: &mut Findings) {
    let Some(store) = secret.entry("store") else {
        for entry in KEPT_FIELDS.iter().filter_map(|field| secret.entry(field)) {
            findings
                .error(ProblemCode::Conflict, entry.key_span, format!("`{}` needs `store: runpod`", entry.key))
                .help("add `store: runpod` to keep the value at RunPod, or remove the field");
        }
        return;
    };
    if source(secret) == "runpod" {
        findings
            .error(ProblemCode::Conflict, store.key_span, "`source: runpod` and `store: runpod` are mutually exclusive")
            .help(
                "`source: runpod` refers to a secret that sindri does not manage; with `store: runpod`, sindri keeps \
                 the value of `source: env` or `source: file` at RunPod",
            );
    }
}

/// Reports all missing secrets at once, so that the user can set them together.
fn tell_missing(missing: &[Missing], findings: &mut Findings) {
    let [Missing { span: at, .. }, others @ ..] = missing else { return };
    let names = missing.iter().map(|secret| format!("`{}`", secret.name)).collect::<Vec<_>>().join(", ");
    let whys = missing.iter().map(|secret| format!("`{}`: {}", secret.name, secret.why)).collect::<Vec<_>>().join("\n");
    let number = if others.is_empty() { "a required secret is" } else { "required secrets are" };
    let problem = findings.error(ProblemCode::MissingSecrets, *at, format!("{number} missing: {names}"));
    problem
        .label("required")
        .help(format!("{whys}\nset them in the environment, or in `.env.local` next to the configuration"));
    for Missing { span, .. } in others {
        problem.also(*span, "required");
    }
}
