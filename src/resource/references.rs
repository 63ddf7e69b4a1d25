//! Applies changes to records with their consequences. Parts are removed and renamed together with their parent. A
//! reference to a resource that is gone, or is now another object, is replaced with the id that it referred to.
//!
//! Also tells which observed objects use which.

use std::collections::{BTreeMap, BTreeSet};

use crate::kind;
use crate::model::{Address, Attributes, Object, Record, State, Value};
use crate::resource::members;

/// New records by address; `None` removes one.
pub type RecordChanges = BTreeMap<Address, Option<Record>>;

/// Adds all consequences to `changes` of a consistent `state`, so that the resulting state is consistent too.
pub fn completed(state: &State, changes: RecordChanges) -> RecordChanges {
    completed_with(state, changes, |lost| {
        let stands_on = |record: &Record| needs(record).any(|to| lost.contains_key(to));
        state.resources.iter().filter(|(_, record)| stands_on(record)).map(|(address, _)| address.clone()).collect()
    })
}

/// Like [`completed`]. `dependents` returns the addresses of the records that refer to any of the lost resources.
pub(super) fn completed_with(
    state: &State,
    mut changes: RecordChanges,
    dependents: impl FnOnce(&LostTargets) -> BTreeSet<Address>,
) -> RecordChanges {
    parts(state, &mut changes);
    let after = StateAfterLosses { state, lost: lost(state, &changes) };
    let due = if after.lost.is_empty() { BTreeSet::new() } else { dependents(&after.lost) };
    for address in due {
        let Some(record) = state.resources.get(&address).filter(|_| !changes.contains_key(&address)) else { continue };
        let mut record = record.clone();
        resolve(&mut record, |to| after.lost.get(to).map(|id| LostTarget::Was(id.clone())));
        changes.insert(address, Some(record));
    }
    let nowhere: Vec<Address> = changes
        .iter()
        .filter(|(_, record)| {
            record.as_ref().is_some_and(|record| needs(record).any(|to| !after.knows(&changes, to))) //
        })
        .map(|(address, _)| address.clone())
        .collect();
    for address in nowhere {
        let Some(Some(mut record)) = changes.remove(&address) else { continue };
        resolve(&mut record, |to| (!after.knows(&changes, to)).then(|| after.id_of(to)));
        changes.insert(address, Some(record));
    }
    changes
}

/// Returns `changes` with their references meaning the same as in `state`: a reference whose target changes becomes the
/// old id. Thus a record corrected from an observation still names the same object.
pub fn meant_as_before(state: &State, mut changes: RecordChanges) -> RecordChanges {
    let lost = lost(state, &changes);
    for record in changes.values_mut().flatten() {
        resolve(record, |to| lost.get(to).map(|id| LostTarget::Was(id.clone())));
    }
    changes
}

/// The former target of a reference that is now broken.
enum LostTarget {
    Was(String),
    /// The target is unknown.
    Unknown,
}

struct StateAfterLosses<'s> {
    state: &'s State,
    lost: LostTargets,
}

/// The ids of resources that are gone or are now another object.
pub(super) type LostTargets = BTreeMap<Address, String>;

impl StateAfterLosses<'_> {
    fn knows(&self, changes: &RecordChanges, address: &Address) -> bool {
        changes.get(address).map_or_else(|| self.state.resources.contains_key(address), Option::is_some)
    }

    fn id_of(&self, address: &Address) -> LostTarget {
        self.state.resources.get(address).map_or(LostTarget::Unknown, |record| LostTarget::Was(record.id.clone()))
    }
}

/// The addresses that a record refers to.
pub(super) fn needs(record: &Record) -> impl Iterator<Item = &Address> {
    record.depends_on.iter().chain(record.inputs.values().flat_map(Value::references))
}

/// Removes parts that a change of their parent leaves out.
fn parts(state: &State, changes: &mut RecordChanges) {
    let mut due = RecordChanges::new();
    for (address, change) in changes.iter().filter(|(address, _)| address.member.is_none()) {
        let Some(before) = state.resources.get(address) else { continue };
        if change.as_ref().is_some_and(|after| after.id == before.id) {
            continue;
        }
        for (part, record) in parts_of(state, address).filter(|(part, _)| !changes.contains_key(*part)) {
            let follows = |after: &Record| Record { id: members::id_of_member(&after.id, part), ..record.clone() };
            due.insert(part.clone(), change.as_ref().map(follows));
        }
    }
    changes.extend(due);
    // A part cannot exist without its parent, even if a late outcome says so.
    let is_there = |changes: &RecordChanges, address: &Address| {
        changes.get(address).map_or_else(|| state.resources.contains_key(address), Option::is_some)
    };
    let loose: Vec<Address> = changes
        .iter()
        .filter(|(_, record)| record.is_some())
        .filter(|(part, _)| members::parent_of(part).is_some_and(|parent| !is_there(changes, &parent)))
        .map(|(part, _)| part.clone())
        .collect();
    changes.extend(loose.into_iter().map(|part| (part, None)));
}

/// The recorded parts of a resource, found by their sort position.
pub fn parts_of<'s>(state: &'s State, parent: &Address) -> impl Iterator<Item = (&'s Address, &'s Record)> {
    let ranges = kind::parts_of(&parent.kind).map(|(kind, _)| {
        let first = Address { kind: kind.name.into(), member: None, ..parent.clone() };
        let (name, index) = (first.name.clone(), first.index);
        let same =
            move |address: &Address| (&address.kind, &address.name, address.index) == (&first.kind, &name, index);
        let from = Address { kind: kind.name.into(), member: None, ..parent.clone() };
        state.resources.range(from..).take_while(move |(address, _)| same(address))
    });
    ranges.flatten()
}

/// Possible reference targets that are gone, or another object, after `changes`.
fn lost(state: &State, changes: &RecordChanges) -> LostTargets {
    let referred = changes.iter().filter(|(address, _)| kind::has_dependents(&address.kind));
    let lost = referred.filter_map(|(address, change)| {
        let before = state.resources.get(address)?;
        // A need names an address, a reference names an object.
        let stays = change.as_ref().is_some_and(|after| after.id == before.id || !kind::is_referred_to(&address.kind));
        (!stays).then(|| (address.clone(), before.id.clone()))
    });
    lost.collect()
}

/// Applies `lost` to every reference in the record. Removes inputs whose target is unknown.
fn resolve(record: &mut Record, lost: impl Fn(&Address) -> Option<LostTarget>) {
    record.depends_on.retain(|to| lost(to).is_none());
    let lost = |value: &Value| match value {
        Value::Reference(to) => lost(to),
        _ => None,
    };
    record.inputs.retain(|_, value| !value.any(&|value| matches!(lost(value), Some(LostTarget::Unknown))));
    record.inputs.change(&|value| lost(value).is_some(), &|value| {
        if let Some(LostTarget::Was(id)) = lost(value) {
            *value = Value::text(id);
        }
    });
}

/// Removes inputs with broken references from all records.
pub(super) fn forget_lost(state: &mut State) {
    let is_lost = |record: &Record| needs(record).any(|to| !state.resources.contains_key(to));
    let due: Vec<Address> =
        state.resources.iter().filter(|(_, record)| is_lost(record)).map(|(address, _)| address.clone()).collect();
    for address in due {
        let Some(mut record) = state.resources.remove(&address) else { continue };
        let gone = |to: &Address| *to != address && !state.resources.contains_key(to);
        resolve(&mut record, |to| gone(to).then_some(LostTarget::Unknown));
        state.resources.insert(address, record);
    }
}

/// Replaces references by the ids that `id_of` returns; others stay references.
pub fn resolved(mut attributes: Attributes, id_of: &dyn Fn(&Address) -> Option<String>) -> Attributes {
    attributes.change(&|value| matches!(value, Value::Reference(_)), &|value| {
        if let Some(id) = referred_id(value, id_of) {
            *value = Value::text(id);
        }
    });
    attributes
}

/// The id that `id_of` returns for a reference; `None` for other values.
pub fn referred_id(value: &Value, id_of: &dyn Fn(&Address) -> Option<String>) -> Option<String> {
    match value {
        Value::Reference(address) => id_of(address),
        _ => None,
    }
}

/// The live objects that keep each object from being deleted, by the kind and id of the used one: the pods that mount a
/// network volume.
pub type Users<'o> = BTreeMap<(&'static str, &'o str), Vec<&'o Object>>;

/// Who uses what among `objects`.
pub fn users<'o>(objects: impl Iterator<Item = &'o Object>) -> Users<'o> {
    let mut users = Users::new();
    for object in objects.filter(|object| !object.is_leaving()) {
        let kind = kind::find(object.kind);
        let blocks = |name: &str| {
            kind.and_then(|kind| kind.attribute(name)).is_some_and(|attribute| !attribute.cleared_by_delete)
        };
        for (name, names, id) in kind.into_iter().flat_map(|kind| kind.named(&object.attributes)) {
            if blocks(name) {
                users.entry((names.kind(), id)).or_default().push(object);
            }
        }
    }
    users
}

/// The attributes by which an object uses another one.
pub fn uses_by<'o>(
    user: &'o Object,
    (kind, id): (&'static str, &'o str),
) -> impl Iterator<Item = &'static str> + use<'o> {
    let named = kind::find(user.kind).into_iter().flat_map(|of| of.named(&user.attributes));
    named.filter(move |(_, names, other)| names.kind() == kind && *other == id).map(|(name, ..)| name)
}

/// The declared resources that `inputs` refer to, each with the id that `object` uses in its place.
pub fn used_in_place<'d, 'o>(
    inputs: &'d Attributes,
    object: &'o Object,
) -> impl Iterator<Item = (&'d Address, &'o str)> {
    inputs.iter().filter_map(|(name, value)| match value {
        Value::Reference(target) => Some((&**target, object.attributes.get(name)?.as_text()?)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Folding, flaws};
    use super::*;
    use crate::model::{Entry, Outcome, Replay};

    fn state() -> State {
        let record = |kind: &str, id: &str| Record {
            kind: kind.into(),
            id: id.into(),
            inputs: Attributes::new(),
            chosen: BTreeMap::new(),
            marked: None,
            depends_on: Vec::new(),
            power: None,
            prevent_destroy: false,
            ignored: Default::default(),
            tainted: false,
            awaiting_ready: None,
        };
        let volume: Address = "network_volume.v".parse().unwrap();
        let inputs = Attributes::from([("network_volume".to_owned(), Value::reference(volume.clone()))]);
        let mut state = State::new("l".into(), "default".into(), "runpod".into());
        let mut put = |address: &str, record| drop(state.resources.insert(address.parse().unwrap(), record));
        put("network_volume.v", record("network_volume", "v1"));
        put("pod.a", Record { inputs, depends_on: vec![volume], ..record("pod", "p1") });
        for (port, id) in [("port.a:22/tcp", "p1:22/tcp"), ("port.a:80/http", "p1:80/http")] {
            put(port, Record { depends_on: vec!["pod.a".parse().unwrap()], ..record("port", id) });
        }
        put("pod.ab", record("pod", "p2"));
        state
    }

    fn after(state: &State, changes: &[(&str, Option<Record>)]) -> State {
        let changes: RecordChanges =
            changes.iter().map(|(address, record)| (address.parse().unwrap(), record.clone())).collect();
        let mut known = Folding::of(Replay::new(state.clone()));
        known.fold(Entry::Outcome(Outcome { operation: "o".into(), records: changes.clone() }));
        assert_eq!(flaws(&known.state), []);
        let found: RecordChanges = completed(state, changes);
        let kept = |address: &Address| found.get(address).cloned().unwrap_or(state.resources.get(address).cloned());
        assert!(state.resources.keys().all(|address| kept(address).as_ref() == known.state.resources.get(address)));
        known.into_replay().state
    }

    fn mounts(state: &State) -> Option<&Value> {
        state.resources[&"pod.a".parse().unwrap()].inputs.get("network_volume")
    }

    #[test]
    fn a_reference_to_a_removed_resource_becomes_its_id() {
        let state = state();
        let pod = state.resources[&"pod.a".parse().unwrap()].clone();
        // Regardless of whether the referring record is written at the same time.
        for changes in [vec![("network_volume.v", None)], vec![("network_volume.v", None), ("pod.a", Some(pod))]] {
            let after = after(&state, &changes);
            assert_eq!(mounts(&after), Some(&Value::text("v1")));
            assert_eq!(after.resources[&"pod.a".parse().unwrap()].depends_on, []);
        }
    }

    #[test]
    fn a_need_is_dropped_with_its_record_and_kept_when_its_object_is_replaced() {
        let mut state = state();
        let (secret, pod): (Address, Address) = ("secret.TOKEN".parse().unwrap(), "pod.a".parse().unwrap());
        let record = Record { kind: "secret".into(), id: "s1".into(), ..state.resources[&pod].clone() };
        let record = Record { inputs: Attributes::new(), depends_on: Vec::new(), ..record };
        state.resources.insert(secret.clone(), record.clone());
        state.resources.get_mut(&pod).unwrap().depends_on.push(secret.clone());
        let needs = |state: &State| state.resources[&pod].depends_on.contains(&secret);
        assert!(needs(&after(&state, &[("secret.TOKEN", Some(Record { id: "s2".into(), ..record }))])));
        assert!(!needs(&after(&state, &[("secret.TOKEN", None)])));
    }

    #[test]
    fn a_reference_never_changes_its_object() {
        let state = state();
        let volume = Record { id: "v2".into(), ..state.resources[&"network_volume.v".parse().unwrap()].clone() };
        assert_eq!(mounts(&after(&state, &[("network_volume.v", Some(volume.clone()))])), Some(&Value::text("v1")));
        // Unless the referring record is written together with its target.
        let pod = state.resources[&"pod.a".parse().unwrap()].clone();
        let after = after(&state, &[("network_volume.v", Some(volume)), ("pod.a", Some(pod.clone()))]);
        assert_eq!(mounts(&after), pod.inputs.get("network_volume"));
    }

    #[test]
    fn a_corrected_record_keeps_the_targets_of_its_references() {
        let state = state();
        let volume = Record { id: "v2".into(), ..state.resources[&"network_volume.v".parse().unwrap()].clone() };
        let pod = state.resources[&"pod.a".parse().unwrap()].clone();
        let changes = [("network_volume.v", Some(volume)), ("pod.a", Some(pod))];
        let changes = changes.map(|(address, record)| (address.parse().unwrap(), record));
        let mut known = Folding::of(Replay::new(state.clone()));
        let records = meant_as_before(&state, changes.into());
        known.fold(Entry::Outcome(Outcome { operation: "o".into(), records }));
        assert_eq!(mounts(&known.state), Some(&Value::text("v1")));
    }

    #[test]
    fn parts_are_removed_and_renamed_with_their_parent() {
        let state = state();
        let left: Vec<String> = after(&state, &[("pod.a", None)]).resources.keys().map(ToString::to_string).collect();
        assert_eq!(left, ["network_volume.v", "pod.ab"]);
        let pod = Record { id: "p9".into(), ..state.resources[&"pod.a".parse().unwrap()].clone() };
        let after = after(&state, &[("pod.a", Some(pod)), ("port.a:80/http", None)]);
        let ids: Vec<&str> = after.resources.values().map(|record| record.id.as_str()).collect();
        assert_eq!(ids, ["v1", "p9", "p2", "p9:22/tcp"]);
    }

    #[test]
    fn folding_twice_gives_the_same_state() {
        let state = state();
        let mut known = Folding::of(Replay::new(state.clone()));
        let entry = Entry::Outcome(Outcome {
            operation: "o".into(),
            records: BTreeMap::from([("network_volume.v".parse().unwrap(), None)]),
        });
        let pod = state.resources[&"pod.a".parse().unwrap()].clone();
        let again = Outcome { operation: "p".into(), records: BTreeMap::from([("pod.a".parse().unwrap(), Some(pod))]) };
        let entries = [known.fold(Entry::Outcome(again)), known.fold(entry)];
        let once = known.state.clone();
        entries.iter().for_each(|entry| known.fold_complete(entry));
        assert_eq!(known.state, once);
    }
}
