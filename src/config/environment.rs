//! Environment variables: `extensions` apply to all pods, `secrets` to all pods and endpoints, `env` to one resource.
//!
//! Values that look like credentials become [`Value::Secret`] here, so that later code cannot forget to hide them.

use super::api_key::API_KEY;
use super::context::Project;
use super::document::{MappingEntry, Scalar, YamlNode};
use super::draft::ResourceDraft;
use super::problem::{Findings, Problem};
use super::source::Span;
use super::variables::{Variable, Variables};
use crate::kind::limits::MOST_VARIABLES;
use crate::model::credential::{holds_credential, names_credential};
use crate::model::marker::MARKER_VARIABLE;
use crate::model::{ProblemCode, Secret, Value, ValueMap};

/// Whether it is a valid environment variable name.
pub(super) fn is_variable_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Sets the variables of a resource, with their positions and the secrets that it needs: those of `common`, of which
/// later ones win, and those of its own `env`, which win over all.
pub(super) fn set_variables(
    draft: &mut ResourceDraft,
    common: &[&Variables],
    env: Option<&MappingEntry>,
    at: Span,
    project: &Project<'_>,
    findings: &mut Findings,
) {
    let mut variables: Variables =
        common.iter().copied().flatten().map(|(key, it)| (key.clone(), it.clone())).collect();
    variables.extend(own_variables(env.map(|entry| &entry.value), findings));
    // Sindri's own marker takes one more.
    if variables.len() + 1 > MOST_VARIABLES {
        let (count, title) = (variables.len(), draft.kind().title);
        findings
            .error(
                ProblemCode::TooManyVariables,
                at,
                format!("this {title} gets {count} environment variables, and sindri adds one"),
            )
            .help(format!(
                "RunPod accepts {MOST_VARIABLES} per {title}; put the others into a file on a volume or into the image"
            ));
    }
    for (name, variable) in &variables {
        draft.place(&format!("env.{name}"), variable.span);
        for secret in variable.value.as_text().into_iter().flat_map(referenced_secrets) {
            project.kept_secret(secret).into_iter().for_each(|address| draft.need(address));
        }
    }
    let map: ValueMap = variables.into_iter().map(|(name, variable)| (name, variable.value)).collect();
    draft.set("env", Value::Map(map), env.map(|entry| entry.key_span));
}

fn own_variables(env: Option<&YamlNode>, findings: &mut Findings) -> Variables {
    let mut variables = Variables::new();
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
    variables
}

/// Warns that a credential is written in the file. Its value is hidden anyway.
pub(super) fn warn_of_literal<'f>(at: Span, field: &str, findings: &'f mut Findings) -> &'f mut Problem {
    findings.warn(ProblemCode::LiteralCredential, at, format!("`{field}` contains a credential in plain text"))
}

/// `{{ RUNPOD_SECRET_x }}` is a reference, not the secret itself.
fn refers_to_secret(scalar: &Scalar) -> bool {
    let text = scalar.text.trim();
    text.starts_with("{{") && text.ends_with("}}") && text.contains(SECRET_PREFIX)
}

/// Precedes a secret's name where a variable refers to it: `{{ RUNPOD_SECRET_HF_TOKEN }}`.
const SECRET_PREFIX: &str = "RUNPOD_SECRET_";

/// The value that RunPod replaces with the secret of this name when a container starts.
pub(super) fn secret_reference(name: &str) -> Value {
    Value::text(format!("{{{{ {SECRET_PREFIX}{name} }}}}"))
}

/// The names of the secrets at RunPod that a value refers to.
fn referenced_secrets(text: &str) -> impl Iterator<Item = &str> {
    let references = text.split("{{").skip(1).filter_map(|rest| Some(rest.split_once("}}")?.0.trim()));
    references.filter_map(|reference| reference.strip_prefix(SECRET_PREFIX))
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
