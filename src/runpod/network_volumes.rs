//! The parts of network volumes that have the same format in both dialects.

use serde_json::Value;

use super::decode::ReadAttributes;
use super::encode::RequestBody;
use super::json::Json;
use super::wire::{MemberNames, Update};
use crate::kind::NETWORK_VOLUME;
use crate::model::{Attributes, Object};

const NAME: &MemberNames = &[("name", "name")];
const SIZE: &MemberNames = &[("size_gb", "size")];

/// Volumes can be renamed and resized.
pub(super) const UPDATE: Update =
    Update { encode: |_, changes| encode(changes, &[]), attributes: &["name", "size_gb"], replaced_whole: &[] };

/// A body with name and size, and with the strings that differ between the dialects.
pub(super) fn encode(values: &Attributes, others: &MemberNames) -> Value {
    let mut body = RequestBody::default();
    for names in [NAME, SIZE, others] {
        body.given(names, values);
    }
    body.into_json()
}

/// A volume with name and size, and with the strings that differ between the dialects.
pub(super) fn decode(json: &Json<'_>, others: &MemberNames) -> Option<Object> {
    let mut found = ReadAttributes::default();
    found.texts(NAME, json);
    found.numbers(SIZE, json);
    found.texts(others, json);
    found.into_object(&NETWORK_VOLUME, json)
}
