//! The two dialects and the kinds in them.

use super::v1::V1;
use super::v2::V2;
use super::wire::{Codec, Wire};
use crate::model::{Dialect, KindRegistry};

pub(super) fn codec(dialect: Dialect) -> &'static Codec {
    match dialect {
        Dialect::V1 => &V1,
        Dialect::V2 => &V2,
    }
}

/// The formats of the kinds in one dialect. Kinds can be added before the first request.
pub fn wires(dialect: Dialect) -> &'static KindRegistry<Wire> {
    &codec(dialect).wires
}
