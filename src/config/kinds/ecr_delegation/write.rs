//! Writes an existing delegation as a block.

use crate::config::lines::{KnownIds, YamlLines};
use crate::model::Object;

/// A file gives every delegation a name, and RunPod cannot change it.
pub(super) fn undeclarable(delegation: &Object) -> Option<&'static str> {
    delegation.name.is_empty().then_some("it has no name at RunPod, and sindri identifies delegations by name")
}

pub(super) fn write(lines: &mut YamlLines, delegation: &Object, _: &KnownIds) {
    for attribute in ["name", "ecr"] {
        lines.field(attribute, delegation.attributes.get(attribute));
    }
}
