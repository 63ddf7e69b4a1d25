//! `pods`: the pods with their ports. Fields beside `pods`, and those of `deployment`, are the defaults of every pod.

pub(in crate::config) mod command;
mod fields;
mod habits;
pub(in crate::config) mod image;
mod legacy;
pub(in crate::config) mod machine;
mod mount;
pub(in crate::config) mod ports;
pub(in crate::config) mod read;
pub(in crate::config) mod storage;
pub(in crate::config) mod write;

pub(in crate::config) use fields::POD_FIELDS;
pub(in crate::config) use habits::POD_HABITS;

use super::{ConfigKind, FileSection};
use crate::kind;

pub static POD: ConfigKind = ConfigKind {
    kind: &kind::POD,
    section: FileSection::of(&fields::SECTION),
    block: &fields::BLOCK,
    read: read::pods,
    fallback_name: "pod",
    undeclarable: write::undeclarable,
    write: write::write,
};
