//! Describes an object in a few words: its hardware and its place.

use std::collections::{BTreeMap, BTreeSet};

use crate::kind::{self, Description};
use crate::model::{Address, Attributes, Change};

pub fn describe(address: &Address, attributes: &Attributes) -> Description {
    kind::find(&address.kind).map(|kind| (kind.describe)(attributes, &BTreeMap::new())).unwrap_or_default()
}

/// An existing object. Hardware and place are enough to recognise it.
pub fn existing(change: &Change) -> Description {
    Description { details: Vec::new(), ..describe(&change.address, &change.before) }
}

/// An existing object without its place.
pub fn anywhere(change: &Change) -> Description {
    Description { place: None, ..existing(change) }
}

/// Existing replicas that are alike except for their place: `US-CA-2`, or `3 regions`.
pub fn in_all_places(changes: &[&Change]) -> Description {
    let places: BTreeSet<String> = changes.iter().filter_map(|change| existing(change).place).collect();
    let place = if places.len() > 1 { Some(format!("{} regions", places.len())) } else { places.into_iter().next() };
    Description { place, ..changes.first().map(|change| anywhere(change)).unwrap_or_default() }
}
