//! Finds the object that a request left behind: by marker if the kind has one, otherwise by its attributes.

use crate::kind::{self, Kind};
use crate::model::{Intent, Object, PendingIntents, State, Verb};

/// The result of a create, as far as the lists show it.
pub(super) enum CreateTrace<'o> {
    Nothing,
    /// The created object, and the number of duplicates. A marker is conclusive, and the oldest object is kept.
    Made(&'o Object, usize),
    /// Several match, and someone else created one of them at the same time, so a person has to choose.
    Several(&'static Kind, usize),
}

/// The object created by `intent`.
pub(super) fn trace<'o>(
    intent: &Intent,
    state: &State,
    pending: &PendingIntents,
    objects: impl Iterator<Item = &'o Object>,
) -> CreateTrace<'o> {
    let Some(kind) = kind::find(&intent.address.kind) else { return CreateTrace::Nothing };
    let found = made_by(intent, state, objects);
    // Number of our own pending creates with the same inputs; each of them may have created one.
    let alike = || pending.iter().filter(|other| ask_the_same(kind, intent, other)).count().max(1);
    match found.first() {
        None => CreateTrace::Nothing,
        Some(_) if !kind.is_marked() && found.len() > alike() => CreateTrace::Several(kind, found.len()),
        Some(first) => CreateTrace::Made(first, if kind.is_marked() { found.len() - 1 } else { 0 }),
    }
}

/// The objects that the create `intent` may have made, oldest first: by marker if the kind has one, otherwise new
/// objects with the same attributes.
pub fn made_by<'o>(intent: &Intent, state: &State, objects: impl Iterator<Item = &'o Object>) -> Vec<&'o Object> {
    let Some(kind) = kind::find(&intent.address.kind) else { return Vec::new() };
    let mut found: Vec<&Object> = objects
        .filter(|object| object.kind == kind.name && !object.is_leaving())
        .filter(|object| match (&object.marker, kind.is_marked()) {
            (Some(marker), true) => marker.operation == intent.operation && marker.lineage == state.lineage,
            (None, true) => false,
            (_, false) => looks_like(kind, intent, object) && state.address_of(kind.name, &object.id).is_none(),
        })
        .collect();
    found.sort_by_cached_key(|object| object.seniority());
    found
}

fn ask_the_same(kind: &Kind, one: &Intent, other: &Intent) -> bool {
    let (Some(record), Some(others)) = (&one.record, &other.record) else { return false };
    other.verb == Verb::Create && other.address.kind == kind.name && kind.same_identity(&record.inputs, &others.inputs)
}

fn looks_like(kind: &Kind, intent: &Intent, object: &Object) -> bool {
    let Some(record) = &intent.record else { return false };
    !intent.existing.contains(&object.id) && kind.same_identity(&record.inputs, &object.attributes)
}

/// The object that the delete `intent` was for, if it now has another id: RunPod migrates a pod by ending it and
/// recreating it with the same environment under another id.
pub fn migrated_object<'o>(
    intent: &Intent,
    state: &State,
    objects: impl Iterator<Item = &'o Object>,
) -> Option<&'o Object> {
    let made_by = intent.made_by.as_ref()?;
    let carries = |object: &&Object| {
        let marker = object.marker.as_ref();
        marker.is_some_and(|marker| marker.lineage == state.lineage && &marker.operation == made_by)
            && object.kind == intent.address.kind
            && Some(&object.id) != intent.id.as_ref()
            && !object.is_leaving()
            && state.address_of(object.kind, &object.id).is_none()
    };
    objects.filter(carries).min_by_key(|object| object.seniority())
}
