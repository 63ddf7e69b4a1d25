//! REST v1, `https://rest.runpod.io/v1`, retired on 2026-11-15: flat bodies, many defaults. Kept for the emulator and
//! private gateways. Sources: sections 3, 4, 9 and 11 of the API contract, and RunPod's OpenAPI document.

mod network_volume;
mod outside;
mod pod;

use super::wire::Codec;
use crate::model::KindRegistry;

/// The dialect, with one line per kind.
pub(super) static V1: Codec = Codec {
    wires: KindRegistry::new(&[&network_volume::WIRE, &pod::WIRE]),
    body_limit: None,
    outside: outside::OUTSIDE,
};
