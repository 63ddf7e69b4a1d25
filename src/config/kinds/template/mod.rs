//! `templates`: stored container settings, which sindri keeps at RunPod and merges into the pods and endpoints that name
//! them.

mod fields;
mod habits;
mod merge;
mod read;
mod write;

pub use merge::{MergedFields, TakesFields, merged};

use super::{ConfigKind, FileSection};
use crate::kind;

pub static TEMPLATE: ConfigKind = ConfigKind {
    kind: &kind::TEMPLATE,
    section: FileSection::of(&fields::SECTION),
    block: &fields::BLOCK,
    read: read::templates,
    fallback_name: "template",
    undeclarable: |_| None,
    write: write::write,
};
