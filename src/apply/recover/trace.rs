//! Finds the object that a request left behind: by marker if the kind has one, otherwise by its attributes.

use std::collections::{BTreeMap, BTreeSet};

use crate::kind::{self, Kind};
use crate::model::{Attributes, Intent, Object, PendingIntents, State, Value, Verb};
use crate::resource::inventory::recorded;
use crate::resource::resolved;

/// The result of a create, as far as the lists show it.
pub(super) enum CreateTrace<'o> {
    Nothing,
    /// The created object, and the number of duplicates. A marker is conclusive, and the oldest object is kept.
    Made(&'o Object, usize),
    /// Several match, and someone else created one of them at the same time, so a person has to choose.
    Several(&'static Kind, usize),
}

/// Listed objects, with lookup by the operation in their markers, or by identity for kinds without markers. A killed run
/// may leave thousands of intents, and each of them looks for its object.
pub struct ListedObjects<'o> {
    marked: BTreeMap<&'o str, Vec<&'o Object>>,
    /// Those without a record, by kind and identity.
    unmarked: BTreeMap<(&'static str, IdentityValues), Vec<&'o Object>>,
    /// The ids of objects that were recorded since, by kind.
    taken: BTreeMap<String, BTreeSet<String>>,
}

/// The identifying values of an object; `None` for a value that it does not have.
pub type IdentityValues = Vec<Option<Value>>;

impl<'o> ListedObjects<'o> {
    /// The objects in lists that are as new as `state`.
    pub fn new(objects: impl IntoIterator<Item = &'o Object>, state: &State) -> Self {
        let recorded = recorded(state);
        let mut listed = Self { marked: BTreeMap::new(), unmarked: BTreeMap::new(), taken: BTreeMap::new() };
        for object in objects.into_iter().filter(|object| !object.is_leaving()) {
            if let Some(marker) = &object.marker {
                listed.marked.entry(&marker.operation).or_default().push(object);
            } else if !recorded.contains(&(object.kind, &*object.id))
                && let Some(identity) = kind::find(object.kind).and_then(|kind| identity_of(kind, &object.attributes))
            {
                listed.unmarked.entry((object.kind, identity)).or_default().push(object);
            }
        }
        listed
    }

    /// The objects that `operation` of this state created, according to their markers.
    fn created_by(&self, operation: &str, state: &State) -> impl Iterator<Item = &'o Object> {
        let found = self.marked.get(operation).into_iter().flatten().copied();
        found.filter(|object| object.marker.as_ref().is_some_and(|marker| marker.lineage == state.lineage))
    }

    /// The objects of a kind without markers that have this identity and no record.
    fn alike(&self, kind: &Kind, identity: IdentityValues) -> impl Iterator<Item = &'o Object> {
        let found = self.unmarked.get(&(kind.name, identity)).into_iter().flatten().copied();
        let taken = self.taken.get(kind.name);
        found.filter(move |object| !taken.is_some_and(|taken| taken.contains(&object.id)))
    }

    /// Notes that an object has a record now, so that it is not found again for another intent.
    pub fn take(&mut self, kind: &str, id: &str) {
        self.taken.entry(kind.to_owned()).or_default().insert(id.to_owned());
    }
}

/// The identity of an object with these attributes; `None` for kinds with markers.
pub fn identity_of(kind: &Kind, attributes: &Attributes) -> Option<IdentityValues> {
    kind.identity().map(|names| names.iter().map(|name| attributes.get(name).cloned()).collect())
}

/// The object created by `intent`.
pub(super) fn trace<'o>(
    intent: &Intent,
    state: &State,
    pending: &PendingIntents,
    objects: &ListedObjects<'o>,
) -> CreateTrace<'o> {
    let Some(kind) = kind::find(&intent.address.kind) else { return CreateTrace::Nothing };
    let found = made_by(intent, state, objects);
    // Number of our own pending creates with the same inputs; each of them may have created one.
    let wanted = identity(kind, intent, state);
    let asks_the_same = |other: &&Intent| {
        other.verb == Verb::Create
            && other.address.kind == kind.name
            && wanted
                .as_ref()
                .zip(identity(kind, other, state))
                .is_some_and(|(one, other)| kind.same_identity(one, &other))
    };
    let alike = || pending.iter().filter(asks_the_same).count().max(1);
    match found.first() {
        None => CreateTrace::Nothing,
        // A single object needs no count of the creates that may have made it.
        Some(_) if !kind.is_marked() && found.len() > 1 && found.len() > alike() => {
            CreateTrace::Several(kind, found.len())
        }
        Some(first) => CreateTrace::Made(first, if kind.is_marked() { found.len() - 1 } else { 0 }),
    }
}

/// The objects that the create `intent` may have made, oldest first: by marker if the kind has one, otherwise new
/// objects with the same attributes.
pub fn made_by<'o>(intent: &Intent, state: &State, objects: &ListedObjects<'o>) -> Vec<&'o Object> {
    let Some(kind) = kind::find(&intent.address.kind) else { return Vec::new() };
    let mut found: Vec<&Object> = if kind.is_marked() {
        objects.created_by(&intent.operation, state).filter(|object| object.kind == kind.name).collect()
    } else {
        let wanted = identity(kind, intent, state).and_then(|wanted| identity_of(kind, &wanted));
        let alike = wanted.into_iter().flat_map(|wanted| objects.alike(kind, wanted));
        alike.filter(|object| !intent.existing.contains(&object.id)).collect()
    };
    found.sort_by_cached_key(|object| object.seniority());
    found
}

/// The inputs of a create as RunPod shows them, with ids in place of references; `None` for kinds with markers.
fn identity(kind: &Kind, intent: &Intent, state: &State) -> Option<Attributes> {
    kind.identity()?;
    Some(resolved(intent.record.as_ref()?.inputs.clone(), &|address| state.id_of(address)))
}

/// The object that the delete `intent` was for, if it now has another id: RunPod migrates a pod by ending it and
/// recreating it with the same environment under another id.
pub(super) fn migrated_object<'o>(intent: &Intent, state: &State, objects: &ListedObjects<'o>) -> Option<&'o Object> {
    migrated_among(intent, state, objects.created_by(intent.made_by.as_ref()?, state))
}

/// Like [`migrated_object`], among objects that the operation of the deleted one created.
pub fn migrated_among<'o>(
    intent: &Intent,
    state: &State,
    objects: impl Iterator<Item = &'o Object>,
) -> Option<&'o Object> {
    let carries = |object: &&Object| {
        object.marker.as_ref().is_some_and(|marker| marker.lineage == state.lineage)
            && object.kind == intent.address.kind
            && Some(&object.id) != intent.id.as_ref()
            && !object.is_leaving()
            && state.address_of(object.kind, &object.id).is_none()
    };
    objects.filter(carries).min_by_key(|object| object.seniority())
}
