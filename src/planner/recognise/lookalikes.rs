//! Objects without markers, grouped by the values that identify them.

use std::collections::BTreeMap;

use crate::kind;
use crate::model::{Address, Object, Resource, Value};
use crate::resource::inventory::identity_key;

/// The addresses declared with the same identity, and the objects that have it.
pub(in crate::planner) type Alike<'d, 'a> = (Vec<&'d Address>, Vec<&'a Object>);

/// Objects of kinds without markers, grouped by identity with the addresses that declare it.
pub(in crate::planner) fn alike<'d, 'a>(
    unmanaged: &[&'a Object],
    declared: impl Iterator<Item = (&'d Address, &'d Resource)>,
) -> Vec<Alike<'d, 'a>> {
    let mut by_identity: BTreeMap<(&str, Vec<&Value>), Alike<'d, 'a>> = BTreeMap::new();
    for object in unmanaged {
        if let Some(key) = identity_key(object) {
            by_identity.entry((object.kind, key)).or_default().1.push(object);
        }
    }
    if by_identity.is_empty() {
        return Vec::new();
    }
    for (address, resource) in declared {
        let key = kind::find(&address.kind).and_then(|kind| Some((kind.name, kind.identity_key(&resource.inputs)?)));
        if let Some(group) = key.and_then(|key| by_identity.get_mut(&key)) {
            group.0.push(address);
        }
    }
    by_identity.into_values().collect()
}
