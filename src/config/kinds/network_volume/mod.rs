//! `networkVolumes`: the volumes that sindri creates, enlarges and keeps.

mod fields;
mod read;
mod write;

use super::{ConfigKind, FileSection};
use crate::kind;

pub static NETWORK_VOLUME: ConfigKind = ConfigKind {
    kind: &kind::NETWORK_VOLUME,
    section: FileSection::of(&fields::SECTION),
    block: &fields::BLOCK,
    read: read::volumes,
    fallback_name: "volume",
    undeclarable: |_| None,
    write: write::write,
};
