//! `registries`: credentials of private container registries. Delegations to Amazon ECR are in the same section.

mod fields;
mod read;
mod reference;
mod write;

pub(in crate::config) use fields::{BLOCK, SECTION};
pub(in crate::config) use reference::reference;
pub(in crate::config) use write::write_use;

use super::{ConfigKind, FileSection};
use crate::config::document::YamlNode;
use crate::kind;

pub static REGISTRY: ConfigKind = ConfigKind {
    kind: &kind::REGISTRY,
    section: FileSection::of(&fields::SECTION).only(|node| !is_delegation(node)),
    block: &fields::BLOCK,
    read: read::registries,
    fallback_name: "registry",
    undeclarable: |_| None,
    write: write::write,
};

/// Whether a block declares a delegation to Amazon ECR.
pub(in crate::config) fn is_delegation(node: &YamlNode) -> bool {
    node.get("ecr").is_some()
}
