//! The result of an update, field by field and port by port. A running apply and recovery both use it: RunPod may
//! accept an update and leave a part of it undone, and the state must record only the part that an object shows.

use std::collections::{BTreeMap, BTreeSet};

use crate::kind::{self, Compare, Kind};
use crate::model::{Address, Attributes, Intent, Object, Outcome, Record, State, Value};
use crate::resource::difference::{Readings, difference};
use crate::resource::members;
use crate::resource::{parts_of, resolved};

/// The attributes that an update requests, and how to check whether an object shows them.
pub struct UpdateRequest<'i> {
    intent: &'i Intent,
    kind: &'static Kind,
    /// The record before the update.
    before: Option<Record>,
    wanted: Attributes,
    /// Like `wanted`, with the map keys that the update removes.
    recorded: Attributes,
    /// The names of the attributes that the update changes. Empty if no record names them, because the update reverts
    /// an outside change.
    requested: BTreeSet<String>,
    /// Requested attributes that no object can show: a new version of a write-only value whose response was lost. They
    /// count as missing, because sending the value again is harmless and losing it is not.
    unprovable: BTreeSet<String>,
}

/// The effect of an update.
#[derive(Debug, PartialEq, Eq)]
pub struct UpdateResult {
    pub outcome: Outcome,
    /// The requested paths that the object does not show.
    pub missing: BTreeSet<String>,
    /// Whether the object shows any part of it.
    pub had_effect: bool,
}

impl<'i> UpdateRequest<'i> {
    /// A request with a known body.
    pub fn sent(kind: &'static Kind, intent: &'i Intent, before: Option<Record>, changes: &Attributes) -> Self {
        let mut wanted = changes.clone();
        for value in wanted.values_mut() {
            if let Value::Map(map) = value {
                map.retain(|_, value| !value.is_null()); // removed keys
            }
        }
        let requested = changes.keys().map(ToString::to_string).collect();
        Self { intent, kind, before, wanted, recorded: changes.clone(), requested, unprovable: BTreeSet::new() }
    }

    /// The request of an earlier run, described only by its intent; `None` if that has no record.
    pub fn of_intent(intent: &'i Intent, state: &State) -> Option<Self> {
        let (record, kind) = (intent.record.as_ref()?, kind::find(&intent.address.kind)?);
        let before = state.resources.get(&intent.address).cloned();
        let mut members: BTreeSet<&Address> = intent.members.keys().collect();
        let removed: BTreeSet<&Address> = intent.removed.iter().collect();
        let recorded = parts_of(state, &intent.address).map(|(address, _)| address);
        members.extend(recorded.filter(|address| !removed.contains(address)));
        let members: Vec<&Address> = members.into_iter().collect();
        let folded = members::fold_members(&intent.address, &record.inputs, &members);
        let wanted = resolved(folded, &|address| state.id_of(address));
        let mut recorded = wanted.clone();
        let old = before.as_ref().map(|before| &before.inputs);
        for attribute in kind.attributes.iter().filter(|attribute| attribute.compare == Compare::ManagedKeys) {
            let old = old.and_then(|old| old.get(attribute.name)?.as_map());
            if let (Some(old), Some(Value::Map(map))) = (old, recorded.get_mut(attribute.name)) {
                for (key, value) in old {
                    map.get_or_insert(key, value.clone());
                }
            }
        }
        let parts = kind::parts_of(kind.name).filter(|(part, _)| {
            intent.members.keys().chain(&intent.removed).any(|address| address.kind == part.name) //
        });
        let changed = record.inputs.iter().filter(|(name, value)| old.and_then(|old| old.get(name)) != Some(value));
        let changed = changed.map(|(name, _)| name.to_string());
        let requested: BTreeSet<String> =
            changed.chain(parts.map(|(_, membership)| membership.attribute.to_owned())).collect();
        let request = Self { intent, kind, before, wanted, recorded, requested, unprovable: BTreeSet::new() };
        Some(request.without_response())
    }

    /// The same request, whose response was lost.
    pub fn without_response(mut self) -> Self {
        let versions = self.kind.attributes.iter().filter(|attribute| attribute.compare == Compare::Version);
        let versions = versions.map(|attribute| attribute.name.to_owned());
        self.unprovable = versions.filter(|version| self.requested.contains(version)).collect();
        self
    }

    /// The requested paths that `object` does not show.
    pub fn missing(&self, object: &Object) -> BTreeSet<String> {
        let empty = BTreeSet::new();
        let mut seen = object.attributes.clone();
        seen.retain(|name, _| self.wanted.contains_key(name));
        let readings = Readings {
            recorded: Some(&self.recorded),
            ignored: self.intent.record.as_ref().map_or(&empty, |record| &record.ignored),
            ..Readings::of_record(self.kind, &self.wanted, &seen)
        };
        // Includes differences that no request could revert: they show that this request did not produce the current
        // value.
        let paths = difference(&readings).all().into_iter().map(|field| field.path);
        let missing = paths.filter(|path| self.requested.is_empty() || self.requested.contains(name_of(path)));
        missing.chain(self.unprovable.iter().cloned()).collect()
    }

    /// The result of the update if `object` shows it.
    pub fn result(&self, object: &Object) -> UpdateResult {
        let missing = self.missing(object);
        if missing.is_empty() {
            return UpdateResult { outcome: updated(self.intent), missing, had_effect: true };
        }
        let mut outcome = updated(self.intent);
        let mut records = self.members(object);
        let has_members = !records.is_empty();
        let record =
            outcome.records.remove(&self.intent.address).flatten().map(|record| self.restored(record, &missing));
        let had_effect = has_members || self.shows_a_change(&missing, record.as_ref(), object);
        if had_effect {
            records.extend(record.map(|record| (self.intent.address.clone(), Some(record))));
        }
        UpdateResult { outcome: Outcome { records, ..outcome }, missing, had_effect }
    }

    /// `record` with the old values at the paths that the object does not show.
    fn restored(&self, mut record: Record, missing: &BTreeSet<String>) -> Record {
        for path in missing.iter().filter(|path| kind::listed_in(self.kind.name, path).is_none()) {
            let old = self.before.as_ref().and_then(|before| before.inputs.get(name_of(path)));
            restore(&mut record.inputs, path, old);
        }
        record
    }

    /// The members that the object shows as requested. The records of the others stay as they are.
    fn members(&self, object: &Object) -> BTreeMap<Address, Option<Record>> {
        let listed: BTreeMap<&str, BTreeSet<&str>> = kind::parts_of(self.kind.name)
            .filter_map(|(_, membership)| {
                let names = object.attributes.get(membership.attribute)?.text_items();
                Some((membership.attribute, names.into_iter().collect()))
            })
            .collect();
        let is_shown = |address: &Address| {
            let membership = kind::find(&address.kind)?.member_of.as_ref()?;
            Some(listed.get(membership.attribute)?.contains(address.member.as_deref()?))
        };
        let mut records = updated(self.intent).records;
        records.retain(|address, record| {
            *address != self.intent.address && is_shown(address).is_none_or(|shown| shown == record.is_some())
        });
        records
    }

    /// Whether the object shows a requested value that it did not have before.
    fn shows_a_change(&self, missing: &BTreeSet<String>, record: Option<&Record>, object: &Object) -> bool {
        let shown = |name: &&String| {
            let attribute = self.kind.attribute(name);
            object.attributes.contains_key(name)
                && attribute.is_some_and(|it| !matches!(it.compare, Compare::Recorded | Compare::Version))
        };
        self.requested.iter().filter(shown).any(|name| {
            let is_whole = !missing.iter().any(|path| name_of(path) == name);
            let old = self.before.as_ref().and_then(|before| before.inputs.get(name));
            let differs = record.is_some_and(|record| record.inputs.get(name) != old);
            is_whole || (differs && kind::listed_in(self.kind.name, name).is_none())
        })
    }
}

/// The records after an update, start or stop that took effect completely.
pub fn updated(intent: &Intent) -> Outcome {
    let mut records = BTreeMap::new();
    if let Some(record) = &intent.record {
        records.insert(intent.address.clone(), Some(record.clone()));
    }
    if let Some(id) = &intent.id {
        for (address, member) in &intent.members {
            records.insert(address.clone(), Some(Record { id: members::id_of_member(id, address), ..member.clone() }));
        }
    }
    for address in &intent.removed {
        records.insert(address.clone(), None);
    }
    Outcome { operation: intent.operation.clone(), records }
}

/// Paths for a sentence: `` `ports`, `env.A` ``.
pub fn quoted(paths: &BTreeSet<String>) -> String {
    paths.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ")
}

/// The attribute that a path is in: `env` of `env.A`.
fn name_of(path: &str) -> &str {
    path.split_once('.').map_or(path, |(name, _)| name)
}

/// Restores the old value of one path; `old` is the old value of the whole attribute.
fn restore(inputs: &mut Attributes, path: &str, old: Option<&Value>) {
    if let Some((name, key)) = path.split_once('.')
        && let Some(Value::Map(map)) = inputs.get_mut(name)
    {
        match old.and_then(Value::as_map).and_then(|old| old.get(key)) {
            Some(value) => drop(map.insert(key.to_owned(), value.clone())),
            None => drop(map.remove(key)),
        }
        return;
    }
    match old {
        Some(value) => drop(inputs.insert(path.to_owned(), value.clone())),
        None => drop(inputs.remove(path)),
    }
}
