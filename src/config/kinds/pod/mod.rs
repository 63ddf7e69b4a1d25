//! `pods`: the pods with their ports. Fields beside `pods`, and those of `deployment`, are the defaults of every pod.

mod command;
mod fields;
mod habits;
mod image;
mod legacy;
mod machine;
mod mount;
pub(in crate::config) mod ports;
mod read;
mod storage;
mod write;

pub(in crate::config) use fields::POD_FIELDS;
pub(in crate::config) use habits::POD_HABITS;

use super::ConfigKind;
use crate::kind;

pub static POD: ConfigKind = ConfigKind {
    kind: &kind::POD,
    section: &fields::SECTION,
    block: &fields::BLOCK,
    read: read::pods,
    fallback_name: "pod",
    undeclarable: write::undeclarable,
    write: write::write,
};
