//! Writes an existing credential as a block.

use crate::config::lines::{KnownIds, YamlLines};
use crate::kind::REGISTRY;
use crate::model::{Object, Value};

/// Writes which credential an object uses: a declared one by name, or another by id.
pub(in crate::config) fn write_use(lines: &mut YamlLines, id: Option<&Value>, declared: &KnownIds) {
    let name = id.and_then(Value::as_text).and_then(|id| declared.name(REGISTRY.name, id));
    match name {
        Some(name) => lines.field("registry", Some(&Value::text(name))),
        None => lines.field("registryAuth", id),
    }
}

pub(super) fn write(lines: &mut YamlLines, registry: &Object, _: &KnownIds) {
    lines.field("name", registry.attributes.get("name"));
    lines.line("# RunPod shows neither. They are sent when `version` is raised: set both before that.");
    lines.line("username: unknown");
    lines.line("passwordFrom: REGISTRY_PASSWORD");
    lines.field("version", Some(&Value::Int(1)));
}
