//! Network volumes in v2. Source: section 4 of the API contract.

use crate::kind::NETWORK_VOLUME;
use crate::runpod::network_volumes::{UPDATE, decode, encode};
use crate::runpod::wire::{MemberNames, Wire, no_advice};

const PLACE_AND_TIER: &MemberNames = &[("region", "dataCenter"), ("tier", "type")];

pub(super) static WIRE: Wire = Wire {
    kind: &NETWORK_VOLUME,
    collection: "/v2/network-volumes",
    list_query: "",
    read_query: "",
    has_read: true,
    rows: Some("networkVolumes"),
    create: |inputs, _| encode(inputs, PLACE_AND_TIER),
    update: Some(UPDATE),
    decode: |json| decode(json, PLACE_AND_TIER),
    power: None,
    stock: None,
    workers: None,
    advice: no_advice,
};
