//! Network volumes in v1. Source: section 4 of the API contract.

use crate::kind::NETWORK_VOLUME;
use crate::runpod::network_volumes::{UPDATE, decode, encode};
use crate::runpod::wire::{MemberNames, Wire, no_advice};

const PLACE: &MemberNames = &[("region", "dataCenterId")];

pub(super) static WIRE: Wire = Wire {
    kind: &NETWORK_VOLUME,
    collection: "/v1/networkvolumes",
    list_query: "",
    read_query: "",
    has_read: true,
    rows: None,
    create: |inputs, _| encode(inputs, PLACE),
    update: Some(UPDATE),
    decode: |json| decode(json, PLACE),
    power: None,
    stock: None,
    workers: None,
    advice: no_advice,
};
