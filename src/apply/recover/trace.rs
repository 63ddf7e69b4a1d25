//! Which of the objects that exist a request left behind: by marker where there is one, else by looks.

use crate::kind::{self, Kind};
use crate::model::{Intent, Object, PendingIntents, State, Verb};

/// What became of a create, as far as the lists tell.
pub(super) enum Trace<'o> {
    Nothing,
    /// What it made, and how many more it made besides: a marker leaves no doubt, and the oldest is kept.
    Made(&'o Object, usize),
    /// Several look like it, and somebody else made one of them at the same time: a person has to choose.
    Several(&'static Kind, usize),
}

/// What `intent`, a create, made.
pub(super) fn trace<'o>(
    intent: &Intent,
    state: &State,
    pending: &PendingIntents,
    objects: impl Iterator<Item = &'o Object>,
) -> Trace<'o> {
    let Some(kind) = kind::find(&intent.address.kind) else { return Trace::Nothing };
    let found = made_by(intent, state, objects);
    // Creates of ours that ask for the same: each of them may have made one.
    let alike = || pending.iter().filter(|other| ask_the_same(kind, intent, other)).count().max(1);
    match found.first() {
        None => Trace::Nothing,
        Some(_) if !kind.is_marked() && found.len() > alike() => Trace::Several(kind, found.len()),
        Some(first) => Trace::Made(first, if kind.is_marked() { found.len() - 1 } else { 0 }),
    }
}

/// The objects that `intent`, a create, may have made: by marker where the kind has one, else by looks among what is new.
/// The oldest first.
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

/// What `intent`, a delete, was about and is now somewhere else: RunPod moves a pod by ending it and making it anew, with the
/// same environment, under another id.
pub fn moved<'o>(intent: &Intent, state: &State, objects: impl Iterator<Item = &'o Object>) -> Option<&'o Object> {
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
