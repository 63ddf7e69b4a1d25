//! Environment variables of pods: `extensions` and `secrets` apply to all pods, `env` to one.
//!
//! Values that look like credentials become [`Value::Secret`] here, so that later code cannot forget to hide them.

use std::collections::BTreeMap;

use super::api_key::API_KEY;
use super::document::{Scalar, YamlNode};
use super::problem::{Findings, Problem};
use super::source::Span;
use crate::kind::limits::MOST_VARIABLES;
use crate::model::credential::{holds_credential, names_credential};
use crate::model::marker::MARKER_VARIABLE;
use crate::model::{ProblemCode, Secret, Value};

/// One environment variable and its position.
#[derive(Clone)]
pub(super) struct Variable {
    pub value: Value,
    pub span: Span,
}

pub(super) type Variables = BTreeMap<String, Variable>;

/// Whether it is a valid environment variable name.
pub(super) fn is_variable_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The variables of one pod: `env` takes precedence over those of all pods.
pub(super) fn of_pod(common: &Variables, env: Option<&YamlNode>, pod: Span, findings: &mut Findings) -> Variables {
    let mut variables = common.clone();
    for entry in env.map(YamlNode::entries).unwrap_or_default() {
        if !is_allowed(&entry.key, entry.key_span, findings) {
            continue;
        }
        let Some(scalar) = entry.value.scalar() else { continue };
        let is_credential = scalar.sensitive || names_credential(&entry.key) || holds_credential(&scalar.text);
        let hidden = is_credential && !refers_to_secret(scalar);
        let written_here = scalar.written.is_none() && !scalar.text.is_empty() && !entry.key.contains("PUBLIC");
        if hidden && written_here {
            warn_of_literal(entry.key_span, &entry.key, findings).help(format!(
                "write `${{{0}}}` here, or list `{0}` under `secrets`, so that the file can be shared",
                entry.key
            ));
        }
        let text = scalar.text.clone();
        let value = if hidden { Value::Secret(Secret::new(text)) } else { Value::text(text) };
        variables.insert(entry.key.clone(), Variable { value, span: entry.value.span });
    }
    // Sindri's own marker takes one more.
    if variables.len() + 1 > MOST_VARIABLES {
        let count = variables.len();
        findings
            .error(
                ProblemCode::TooManyVariables,
                pod,
                format!("this pod gets {count} environment variables, and sindri adds one"),
            )
            .help(format!(
                "RunPod accepts {MOST_VARIABLES} per pod; put the others into a file on a volume or into the image"
            ));
    }
    variables
}

/// Warns that a credential is written in the file. Its value is hidden anyway.
pub(super) fn warn_of_literal<'f>(at: Span, field: &str, findings: &'f mut Findings) -> &'f mut Problem {
    findings.warn(ProblemCode::LiteralCredential, at, format!("`{field}` contains a credential in plain text"))
}

/// `{{ RUNPOD_SECRET_x }}` is a reference, not the secret itself.
fn refers_to_secret(scalar: &Scalar) -> bool {
    let text = scalar.text.trim();
    text.starts_with("{{") && text.ends_with("}}") && text.contains("RUNPOD_SECRET_")
}

pub(super) fn is_allowed(name: &str, at: Span, findings: &mut Findings) -> bool {
    if name == API_KEY {
        findings.error(ProblemCode::ApiKey, at, format!("`{API_KEY}` must not be given to a pod")).help(
            "RunPod gives every pod its own key under that name; yours would give it access to the whole account",
        );
    } else if name == MARKER_VARIABLE {
        findings
            .error(ProblemCode::ReservedVariable, at, format!("`{name}` is reserved for sindri"))
            .help("sindri uses it to find its pods; choose another name");
    } else if name.starts_with("RUNPOD_") {
        findings
            .error(
                ProblemCode::ReservedVariable,
                at,
                format!("`{name}`: RunPod sets the variables that start with `RUNPOD_`"),
            )
            .help("choose another name");
    } else if !is_variable_name(name) {
        findings
            .error(ProblemCode::BadVariable, at, format!("`{name}` cannot name an environment variable"))
            .help("use letters, digits and `_`, and do not start with a digit");
    } else {
        return true;
    }
    false
}

/// Translates `extensions` into the variables of the sindri image (`INSTALL_PROFILE` and others).
pub(super) fn extensions(root: &YamlNode, findings: &mut Findings) -> Variables {
    let Some(extensions) = root.entry("extensions") else { return Variables::new() };
    let (span, extensions) = (extensions.key_span, &extensions.value);
    let mut variables = Variables::new();
    let mut set = |name: &str, value: &str, span: Span| {
        variables.insert(name.to_owned(), Variable { value: value.into(), span });
    };
    if let (Some(_), Some(active)) = (extensions.get("profile"), extensions.entry("active")) {
        findings
            .error(ProblemCode::Conflict, active.key_span, "`active` and `profile` are mutually exclusive")
            .help("keep `profile` and put the others into `additional`, or list everything in `active`");
    }
    set("INIT_WORKSPACE", "true", span);
    if let Some(profile) = extensions.get("profile") {
        set("INSTALL_PROFILE", profile.text().unwrap_or_default(), profile.span);
    }
    for (key, name) in [("active", "CUSTOM_EXTENSIONS"), ("additional", "ADDITIONAL_EXTENSIONS")] {
        if let Some(list) = extensions.get(key) {
            let names: Vec<&str> = list.one_or_more().iter().filter_map(YamlNode::text).collect();
            set(name, &names.join(","), list.span);
        }
    }
    if let Some(auto) = extensions.get("auto_install").filter(|auto| auto.bool() == Some(false)) {
        set("SKIP_AUTO_INSTALL", "true", auto.span);
    }
    variables
}
