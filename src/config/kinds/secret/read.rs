//! Reads the secrets that sindri keeps at RunPod. [`crate::config::secrets`] has read their values.

use super::fields;
use crate::config::config_kind::KindSection;
use crate::config::context::Project;
use crate::config::document::{MappingEntry, YamlNode};
use crate::config::draft::{Declared, LifecycleSettings, ResourceDraft};
use crate::config::lifecycle::lifecycle;
use crate::config::problem::Findings;
use crate::config::secrets::store_name;
use crate::kind::SECRET;
use crate::model::{Address, ProblemCode, Secret, Value};

pub(super) fn secrets(section: &KindSection<'_>, project: &Project<'_>, findings: &mut Findings) -> Vec<Declared> {
    section.declarations().iter().map(|entry| secret(entry, project, findings)).collect()
}

fn secret(entry: &MappingEntry, project: &Project<'_>, findings: &mut Findings) -> Declared {
    let (key, at, node) = (&entry.key, entry.key_span, &entry.value);
    let mut draft = ResourceDraft::new(&SECRET);
    let name = store_name(node, key, &project.store_suffix());
    let own_name = node.get("storeName").map(|node| node.span);
    check_name(&name, own_name.unwrap_or(at), findings);
    draft.set("name", Value::text(name), own_name);
    let value = project.kept_values.get(key).cloned().unwrap_or_else(Secret::unknown);
    draft.set("value", Value::Secret(value), Some(at));
    let version = node.get("version");
    draft.set(
        "version",
        Value::Int(version.and_then(YamlNode::int).unwrap_or(1)),
        Some(version.map_or(at, |node| node.span)),
    );
    if let Some(description) = node.get("description") {
        draft.set("description", Value::text(description.text().unwrap_or_default()), Some(description.span));
    }
    draft.keep_limits(project.dialect, &fields::BLOCK, at, |_| true, findings);
    let lifecycle = lifecycle(node.get("lifecycle"), &SECRET, &fields::BLOCK, findings);
    let settings = LifecycleSettings { lifecycle, ..LifecycleSettings::default() };
    draft.finish(Address::new(SECRET.name, key), settings, at, findings)
}

/// Source: `CreateSecretRequest` of OpenAPI v2.
fn check_name(name: &str, at: crate::config::source::Span, findings: &mut Findings) {
    let fits = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-/".contains(c))
        && !name.to_ascii_uppercase().starts_with("RUNPOD");
    if !fits {
        findings.error(ProblemCode::BadName, at, "RunPod's store does not accept this name of a secret").help(
            "use letters, digits, `_`, `.`, `-` and `/`, begin with a letter or `_`, and do not begin with `RUNPOD`",
        );
    }
}
