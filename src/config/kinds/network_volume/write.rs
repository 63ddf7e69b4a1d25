//! Writes an existing network volume as a block.

use crate::config::lines::{KnownIds, YamlLines};
use crate::model::Object;

pub(super) fn write(lines: &mut YamlLines, volume: &Object, _: &KnownIds) {
    for (field, attribute) in [("name", "name"), ("sizeGb", "size_gb"), ("region", "region"), ("tier", "tier")] {
        lines.field(field, volume.attributes.get(attribute));
    }
}
