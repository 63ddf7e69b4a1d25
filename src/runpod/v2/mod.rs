//! REST v2, `https://api.runpod.io/v2`: nested bodies, almost no defaults. Sources: sections 3, 4, 9 and 11 of the API
//! contract, and RunPod's OpenAPI document.

mod argv;
mod container;
mod ecr_delegation;
mod endpoint;
mod network_volume;
mod outside;
mod pod;
mod registry;
mod secret;
mod template;

use super::wire::Codec;
use crate::kind::limits::V2_BODY_LIMIT;
use crate::model::KindRegistry;

/// The dialect, with one line per kind.
pub(super) static V2: Codec = Codec {
    wires: KindRegistry::new(&[
        &network_volume::WIRE,
        &secret::WIRE,
        &registry::WIRE,
        &ecr_delegation::WIRE,
        &template::WIRE,
        &pod::WIRE,
        &endpoint::WIRE,
    ]),
    body_limit: Some(V2_BODY_LIMIT),
    outside: outside::OUTSIDE,
};
