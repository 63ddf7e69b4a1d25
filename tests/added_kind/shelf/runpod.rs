//! Shelves on REST v2.

use sindri::runpod::decode::ReadAttributes;
use sindri::runpod::encode::RequestBody;
use sindri::runpod::wire::{MemberNames, Wire, no_advice};

use super::kind;

const MEMBERS: &MemberNames = &[("name", "name"), ("pod", "podId")];

pub static SHELF: Wire = Wire {
    kind: &kind::SHELF,
    collection: "/v2/shelves",
    list_query: "",
    read_query: "",
    has_read: true,
    rows: Some("shelves"),
    create: |inputs, _| {
        let mut body = RequestBody::default();
        body.given(MEMBERS, inputs);
        body.into_json()
    },
    update: None,
    decode: |json| {
        let mut read = ReadAttributes::default();
        read.texts(MEMBERS, json);
        read.into_object(&kind::SHELF, json)
    },
    power: None,
    stock: None,
    workers: None,
    advice: no_advice,
};
