//! Reads the credentials in `registries`.

use super::fields;
use crate::config::config_kind::KindSection;
use crate::config::context::Project;
use crate::config::document::{MappingEntry, YamlNode};
use crate::config::draft::{Declared, LifecycleSettings, ResourceDraft};
use crate::config::environment::is_variable_name;
use crate::config::lifecycle::lifecycle;
use crate::config::problem::Findings;
use crate::config::source::Span;
use crate::kind::REGISTRY;
use crate::model::{Address, ProblemCode, Secret, Value};

pub(super) fn registries(section: &KindSection<'_>, project: &Project<'_>, findings: &mut Findings) -> Vec<Declared> {
    section.declarations().iter().map(|entry| registry(entry, project, findings)).collect()
}

fn registry(entry: &MappingEntry, project: &Project<'_>, findings: &mut Findings) -> Declared {
    let (key, at, node) = (&entry.key, entry.key_span, &entry.value);
    let mut draft = ResourceDraft::new(&REGISTRY);
    let version_node = node.get("version");
    let version = version_node.and_then(YamlNode::int).unwrap_or(1);
    let name = node.get("name");
    let base = name.and_then(YamlNode::text).map_or_else(|| project.standard_name(key), str::to_owned);
    draft.set("name", Value::text(versioned(&base, version)), name.map_or(project.name_span, |node| Some(node.span)));
    draft.set("version", Value::Int(version), Some(version_node.map_or(at, |node| node.span)));
    match node.get("username").filter(|username| username.text().is_some_and(|text| !text.is_empty())) {
        // It may come from a variable that is a secret, so it is treated like the password.
        Some(username) => {
            let value = Secret::new(username.text().unwrap_or_default());
            draft.set("username", Value::Secret(value), Some(username.span));
        }
        None => {
            findings
                .missing(&["username"], ProblemCode::MissingField, at, "the registry has no `username`")
                .help("write `username` and `passwordFrom`, or `ecr` for Amazon ECR");
        }
    }
    if let Some(value) = password(node, key, at, project, findings) {
        draft.set("password", Value::Secret(value), node.get("passwordFrom").map(|node| node.span));
    }
    draft.keep_limits(project.dialect, &fields::BLOCK, at, |_| true, findings);
    let lifecycle = lifecycle(node.get("lifecycle"), &REGISTRY, &fields::BLOCK, findings);
    let settings = LifecycleSettings { lifecycle, ..LifecycleSettings::default() };
    draft.finish(Address::new(REGISTRY.name, key), settings, at, findings)
}

/// Names of credentials are unique in an account, and the old credential stays while pods use it. So each version has a
/// name of its own.
fn versioned(name: &str, version: i64) -> String {
    if version == 1 { name.to_owned() } else { format!("{name}-v{version}") }
}

fn password(node: &YamlNode, key: &str, at: Span, project: &Project<'_>, findings: &mut Findings) -> Option<Secret> {
    let Some(from) = node.get("passwordFrom") else {
        findings
            .missing(&["passwordFrom"], ProblemCode::MissingField, at, "the registry has no `passwordFrom`")
            .help("name the environment variable that holds the password: `passwordFrom: GHCR_TOKEN`");
        return None;
    };
    let variable = from.text().unwrap_or_default();
    if !is_variable_name(variable) {
        // The text may be the password, so it is not repeated.
        findings
            .error(ProblemCode::BadVariable, from.span, "`passwordFrom` must name an environment variable")
            .help("write the name of the variable that holds the password: `passwordFrom: GHCR_TOKEN`");
        return None;
    }
    let found = project.secret_sources.variable(variable, None, true, findings);
    Some(project.secret_sources.write_only(found, &format!("`passwordFrom` of `{key}`"), from.span, findings))
}
