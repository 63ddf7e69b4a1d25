//! Which object belongs to which record: what is alive, what is in no state, what RunPod gave another id.

use std::collections::{BTreeMap, BTreeSet};

use super::members;
use crate::kind;
use crate::model::{Address, Object, Observed, Record, State};

/// The object of a record, unless it is gone or on its way out.
pub fn live_object<'a>(observed: &'a Observed, record: &Record) -> Option<&'a Object> {
    observed.get(&record.kind, &record.id).filter(|object| !object.is_leaving())
}

/// Living objects that no record names.
pub fn unmanaged<'o>(prior: &State, observed: &'o Observed) -> Vec<&'o Object> {
    let recorded = recorded(prior);
    let is_stranger = |object: &&Object| !object.is_leaving() && !recorded.contains(&(object.kind, object.id.as_str()));
    observed.iter().filter(is_stranger).collect()
}

/// What the state knows, by kind and id.
pub fn recorded(prior: &State) -> BTreeSet<(&str, &str)> {
    prior.resources.values().map(|record| (record.kind.as_str(), record.id.as_str())).collect()
}

/// Living objects in no record that were made from this state, by the recorded address whose object they are under another
/// id; the oldest of each.
pub fn migrated<'s, 'o>(prior: &'s State, observed: &'o Observed) -> BTreeMap<&'s Address, &'o Object> {
    let owners = Owners::of(prior, observed);
    let mut found: Vec<(&Address, &Object)> = unmanaged(prior, observed)
        .into_iter()
        .filter(|object| object.marker.as_ref().is_some_and(|marker| marker.lineage == prior.lineage))
        .filter_map(|object| match owners.find(object) {
            Owner::Recorded(address) => Some((address, object)),
            Owner::Several | Owner::Nobody => None,
        })
        .collect();
    // The youngest first, so that the oldest is what stays in the map.
    found.sort_by_cached_key(|(_, object)| std::cmp::Reverse(object.seniority()));
    found.into_iter().collect()
}

/// The display name that a record's inputs give.
pub fn recorded_name(record: &Record) -> Option<&str> {
    kind::find(&record.kind)?.display_name(&record.inputs)
}

/// Records whose objects are gone, by the address that their markers name: it is not theirs any more where they were moved.
pub struct Owners<'s> {
    prior: &'s State,
    gone: BTreeMap<&'s Address, Vec<&'s Address>>,
}

/// Whose object one is that no record names.
pub enum Owner<'s> {
    Recorded(&'s Address),
    /// So many may be meant that none is.
    Several,
    Nobody,
}

impl<'s> Owners<'s> {
    pub fn of(prior: &'s State, observed: &Observed) -> Self {
        let mut gone: BTreeMap<&Address, Vec<&Address>> = BTreeMap::new();
        let own = |address: &Address| !members::is_member(address) && address.successor().is_none();
        for (address, record) in prior.resources.iter().filter(|(address, _)| own(address)) {
            if live_object(observed, record).is_none() {
                gone.entry(record.called(address)).or_default().push(address);
            }
        }
        Self { prior, gone }
    }

    /// By its marker; of several by its name.
    pub fn find(&self, object: &Object) -> Owner<'s> {
        let Some(marker) = &object.marker else { return Owner::Nobody };
        let named = |address: &&&Address| {
            let record = self.prior.resources.get(**address);
            record.and_then(recorded_name) == Some(object.name.as_str())
        };
        match self.gone.get(&marker.address).map(Vec::as_slice) {
            None | Some([]) => Owner::Nobody,
            Some([only]) => Owner::Recorded(only),
            Some(several) => {
                let mut alike = several.iter().filter(named);
                match (alike.next(), alike.next()) {
                    (Some(only), None) => Owner::Recorded(only),
                    _ => Owner::Several,
                }
            }
        }
    }
}
