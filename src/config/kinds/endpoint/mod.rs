//! `endpoints`: the serverless endpoints.

mod fields;
mod hardware;
mod read;
mod scaling;
mod volumes;
mod write;

use super::{ConfigKind, FileSection};
use crate::kind;

pub static ENDPOINT: ConfigKind = ConfigKind {
    kind: &kind::ENDPOINT,
    section: FileSection::of(&fields::SECTION),
    block: &fields::BLOCK,
    read: read::endpoints,
    fallback_name: "endpoint",
    undeclarable: write::undeclarable,
    write: write::write,
};
