//! Finds the object that a request left behind: by marker if the kind has one, otherwise by its attributes.

use std::collections::BTreeMap;

use crate::kind::{self, Kind};
use crate::model::{Attributes, Intent, Object, PendingIntents, State, Verb};
use crate::resource::resolved;

/// The result of a create, as far as the lists show it.
pub(super) enum CreateTrace<'o> {
    Nothing,
    /// The created object, and the number of duplicates. A marker is conclusive, and the oldest object is kept.
    Made(&'o Object, usize),
    /// Several match, and someone else created one of them at the same time, so a person has to choose.
    Several(&'static Kind, usize),
}

/// Listed objects, with lookup by the operation in their markers. A killed run may leave thousands of intents, and each
/// of them looks for its object.
pub struct ListedObjects<'o> {
    marked: BTreeMap<&'o str, Vec<&'o Object>>,
    unmarked: Vec<&'o Object>,
}

impl<'o> FromIterator<&'o Object> for ListedObjects<'o> {
    fn from_iter<I: IntoIterator<Item = &'o Object>>(objects: I) -> Self {
        let mut listed = Self { marked: BTreeMap::new(), unmarked: Vec::new() };
        for object in objects.into_iter().filter(|object| !object.is_leaving()) {
            match &object.marker {
                Some(marker) => listed.marked.entry(&marker.operation).or_default().push(object),
                None => listed.unmarked.push(object),
            }
        }
        listed
    }
}

impl<'o> ListedObjects<'o> {
    /// The objects that `operation` of this state created, according to their markers.
    fn created_by(&self, operation: &str, state: &State) -> impl Iterator<Item = &'o Object> {
        let found = self.marked.get(operation).into_iter().flatten().copied();
        found.filter(|object| object.marker.as_ref().is_some_and(|marker| marker.lineage == state.lineage))
    }
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
        Some(_) if !kind.is_marked() && found.len() > alike() => CreateTrace::Several(kind, found.len()),
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
        let wanted = identity(kind, intent, state);
        let is_alike = |object: &&Object| {
            let same = |wanted: &Attributes| kind.same_identity(wanted, &object.attributes);
            !intent.existing.contains(&object.id) && wanted.as_ref().is_some_and(same)
        };
        let unmarked = objects.unmarked.iter().copied().filter(|object| object.kind == kind.name);
        unmarked.filter(is_alike).filter(|object| state.address_of(kind.name, &object.id).is_none()).collect()
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
