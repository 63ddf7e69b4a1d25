//! Finds duplicate objects, created because two states of one project did not know of each other. For example, two
//! clones may each run sindri without committing their state.
//!
//! Pods are recognised by marker, kinds without markers by name, size and region.

use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::kind::{self, price};
use crate::model::{Address, Double, Note, Object, Observed, State, Value};
use crate::resource::inventory::{identity_key, live_object, unmanaged};
use crate::resource::{self, members};

/// Live objects without a record in `state` that duplicate one of its resources.
pub fn doubles(name: &str, state: &State, observed: &Observed, catalog: &Catalog) -> Vec<Double> {
    let is_foreign = |object: &&Object| {
        let marker = object.marker.as_ref();
        marker.is_some_and(|marker| !marker.same_project(name, &state.environment))
    };
    // Objects used by other projects' objects belong to those projects.
    let elsewhere = resource::users(observed.iter().filter(is_foreign));
    let mut own: BTreeMap<(&str, Vec<&Value>), &Address> = BTreeMap::new();
    for (address, record) in state.resources.iter().filter(|(address, _)| !members::is_member(address)) {
        if let Some((key, object)) =
            live_object(observed, record).and_then(|object| Some((identity_key(object)?, object)))
        {
            own.insert((object.kind, key), address);
        }
    }
    let twin_of = |object: &Object| match &object.marker {
        Some(marker) => {
            let other = marker.lineage != state.lineage && marker.same_project(name, &state.environment);
            state.resources.get_key_value(&marker.address).filter(|_| other)
        }
        None => {
            let address = own
                .get(&(object.kind, identity_key(object)?))
                .filter(|_| !elsewhere.contains_key(&(object.kind, &*object.id)))?;
            state.resources.get_key_value(*address)
        }
    };
    let mut doubles: Vec<Double> = unmanaged(state, observed)
        .into_iter()
        .filter_map(|object| {
            let (address, record) = twin_of(object)?;
            Some(Double {
                kind: object.kind.to_owned(),
                id: object.id.clone(),
                name: object.name.clone(),
                address: address.clone(),
                of: record.id.clone(),
                lineage: object.marker.as_ref().map(|marker| marker.lineage.clone()),
                hourly: price::price_of(catalog, object).hourly,
            })
        })
        .collect();
    doubles.sort_by(|one, other| (&one.address, &one.id).cmp(&(&other.address, &other.id)));
    doubles
}

/// Notes about duplicates that the plan does not list as orphans because they have no marker.
pub fn notes(doubles: &[Double]) -> Vec<Note> {
    let unmarked = doubles.iter().filter(|double| double.lineage.is_none());
    unmarked
        .map(|double| {
            let Double { kind, id, of, hourly, address, .. } = double;
            let (title, identity) =
                kind::find(kind).map_or(("resource", "identity"), |kind| (kind.title, kind.identity_words()));
            Note {
                address: Some(address.clone()),
                message: format!(
                    "{title} `{id}` has the same {identity} as `{of}` and is unmanaged; it is billed at \
                     {}. Another copy of this project may have created it. Check which of the two holds the data, \
                     and delete the other one",
                    hourly.of_one_monthly()
                ),
            }
        })
        .collect()
}
