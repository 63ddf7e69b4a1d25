//! Writes an existing credential as a block.

use crate::config::lines::{KnownIds, YamlLines};
use crate::model::{Object, Value};

pub(super) fn write(lines: &mut YamlLines, registry: &Object, _: &KnownIds) {
    lines.field("name", registry.attributes.get("name"));
    lines.line("# RunPod shows neither. They are sent when `version` is raised: set both before that.");
    lines.line("username: unknown");
    lines.line("passwordFrom: REGISTRY_PASSWORD");
    lines.field("version", Some(&Value::Int(1)));
}
