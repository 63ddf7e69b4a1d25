//! `secrets` with `store: runpod`: values that sindri keeps in RunPod's store. Pods get references to them.

mod fields;
mod read;
mod write;

pub(in crate::config) use fields::BLOCK;

use super::{ConfigKind, FileSection};
use crate::config::secrets::is_kept;
use crate::kind;

pub static SECRET: ConfigKind = ConfigKind {
    kind: &kind::SECRET,
    section: FileSection::list("secrets").only(is_kept),
    block: &fields::BLOCK,
    read: read::secrets,
    fallback_name: "SECRET",
    undeclarable: |_| None,
    write: write::write,
};
