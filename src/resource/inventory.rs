//! Matches objects and records: which objects are live, unmanaged, orphans or migrated (RunPod moved them to another
//! id).

use std::collections::{BTreeMap, HashSet};

use super::members;
use crate::kind;
use crate::model::{Address, Marker, Object, Observed, Record, State, Value};

/// The object of a record, unless it is gone or terminating.
pub fn live_object<'a>(observed: &'a Observed, record: &Record) -> Option<&'a Object> {
    observed.get(&record.kind, &record.id).filter(|object| !object.is_leaving())
}

/// The values that identify an object without a marker; `None` for kinds that are recognised in another way.
pub fn identity_key(object: &Object) -> Option<Vec<&Value>> {
    kind::find(object.kind)?.identity_key(&object.attributes)
}

/// Live objects without a record.
pub fn unmanaged<'o>(prior: &State, observed: &'o Observed) -> Vec<&'o Object> {
    let recorded = recorded(prior);
    let is_unmanaged =
        |object: &&Object| !object.is_leaving() && !recorded.contains(&(object.kind, object.id.as_str()));
    observed.iter().filter(is_unmanaged).collect()
}

/// Unmanaged objects with a marker of this state, and with `project` (its name) also those that other states of that
/// project created in this environment. Unless an address adopts them, they are orphans.
pub fn orphans<'o>(
    project: Option<&str>,
    prior: &State,
    observed: &'o Observed,
) -> impl Iterator<Item = (&'o Object, &'o Marker)> {
    let marked = unmanaged(prior, observed).into_iter().filter_map(|object| Some((object, object.marker.as_ref()?)));
    marked.filter(move |(_, marker)| is_of(project, prior, marker))
}

/// Whether a marker names this state, or with `project` another state of that project and environment.
pub fn is_of(project: Option<&str>, prior: &State, marker: &Marker) -> bool {
    marker.lineage == prior.lineage || project.is_some_and(|name| marker.same_project(name, &prior.environment))
}

/// The kinds and ids of all recorded objects. Members are not objects of their own.
pub fn recorded(prior: &State) -> HashSet<(&str, &str)> {
    let own = prior.resources.iter().filter(|(address, _)| !members::is_member(address));
    own.map(|(_, record)| (record.kind.as_str(), record.id.as_str())).collect()
}

/// Unmanaged live objects created from this state that are a recorded address's object under a new id, by that address.
/// If there are several, the oldest.
pub fn migrated<'s, 'o>(prior: &'s State, observed: &'o Observed) -> BTreeMap<&'s Address, &'o Object> {
    let owners = Owners::of(prior, observed);
    let mut found: Vec<(&Address, &Object)> = orphans(None, prior, observed)
        .filter_map(|(object, _)| match owners.find(object) {
            Owner::Recorded(address) => Some((address, object)),
            Owner::Ambiguous | Owner::Unmanaged => None,
        })
        .collect();
    // The map keeps the last entry, so sort the oldest to the end.
    found.sort_by_cached_key(|(_, object)| std::cmp::Reverse(object.seniority()));
    found.into_iter().collect()
}

/// The display name in a record's inputs.
pub fn recorded_name(record: &Record) -> Option<&str> {
    kind::find(&record.kind)?.display_name(&record.inputs)
}

/// Records whose objects are gone, by the address in their markers. That address differs from their own if they were
/// moved.
pub struct Owners<'s> {
    prior: &'s State,
    gone: BTreeMap<&'s Address, Vec<&'s Address>>,
}

/// The owner of an object that no record names.
pub enum Owner<'s> {
    Recorded(&'s Address),
    /// Several addresses are possible, so none is chosen.
    Ambiguous,
    Unmanaged,
}

impl<'s> Owners<'s> {
    pub fn of(prior: &'s State, observed: &Observed) -> Self {
        let mut gone: BTreeMap<&Address, Vec<&Address>> = BTreeMap::new();
        let own = |address: &Address| !members::is_member(address) && address.successor().is_none();
        for (address, record) in prior.resources.iter().filter(|(address, _)| own(address)) {
            if live_object(observed, record).is_none() {
                gone.entry(record.marker_address(address)).or_default().push(address);
            }
        }
        Self { prior, gone }
    }

    /// Finds the owner by marker; if several records match, by name.
    pub fn find(&self, object: &Object) -> Owner<'s> {
        let Some(marker) = &object.marker else { return Owner::Unmanaged };
        let named = |address: &&&Address| {
            let record = self.prior.resources.get(**address);
            record.and_then(recorded_name) == Some(object.name.as_str())
        };
        match self.gone.get(&marker.address).map(Vec::as_slice) {
            None | Some([]) => Owner::Unmanaged,
            Some([only]) => Owner::Recorded(only),
            Some(several) => {
                let mut alike = several.iter().filter(named);
                match (alike.next(), alike.next()) {
                    (Some(only), None) => Owner::Recorded(only),
                    _ => Owner::Ambiguous,
                }
            }
        }
    }
}
