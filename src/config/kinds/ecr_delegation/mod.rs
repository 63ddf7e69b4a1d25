//! `registries` with `ecr`: delegations of Amazon ECR repositories, which need no password.

mod read;
mod write;

use super::registry::{BLOCK, SECTION, is_delegation};
use super::{ConfigKind, FileSection};
use crate::kind;

pub static ECR_DELEGATION: ConfigKind = ConfigKind {
    kind: &kind::ECR_DELEGATION,
    section: FileSection::of(&SECTION).only(is_delegation),
    block: &BLOCK,
    read: read::delegations,
    fallback_name: "ecr",
    undeclarable: write::undeclarable,
    write: write::write,
};
