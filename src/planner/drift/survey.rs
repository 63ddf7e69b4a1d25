//! Compares observed objects with the last applied state: the drift, and the state that accepts it.

use std::collections::{BTreeMap, BTreeSet};

use crate::kind;
use crate::model::{
    Address, Attributes, Computed, DifferenceOrigin, Drift, DriftClass, DriftResponse, Effect, Entry, FieldChange,
    Note, Object, Observed, Outcome, Power, Record, Replay, State, Status, Value,
};
use crate::resource;
use crate::resource::Folding;
use crate::resource::difference::{Readings, difference, ignored};
use crate::resource::inventory::{is_of, live_object, migrated, orphans, recorded_name};
use crate::resource::members;
use crate::resource::records::{part, parts_there, redact};
use crate::resource::resolved;

/// Drift that needs a decision, by address. Independent of the configuration.
pub fn drift(prior: &State, observed: &Observed) -> Vec<Drift> {
    drift_with(prior, observed, &migrated(prior, observed))
}

/// Like [`drift`], but the caller chooses which object each migrated record is matched to (`Claims::settle`).
pub fn drift_with(prior: &State, observed: &Observed, migrated: &BTreeMap<&Address, &Object>) -> Vec<Drift> {
    let mut drifts = survey_with(prior, observed, migrated);
    drifts.retain(|drift| drift.class != DriftClass::Migrated || drift.new_id().is_some());
    drifts
}

/// Like [`drift`], including informational findings: objects in a different location than requested.
pub fn survey(prior: &State, observed: &Observed) -> Vec<Drift> {
    survey_with(prior, observed, &migrated(prior, observed))
}

fn survey_with(prior: &State, observed: &Observed, migrated: &BTreeMap<&Address, &Object>) -> Vec<Drift> {
    let members = members::by_parent(prior.resources.keys());
    let mut drifts = Vec::new();
    // A predecessor awaiting destruction is not monitored.
    let own = |address: &Address| !members::is_member(address) && address.successor().is_none();
    for (address, record) in prior.resources.iter().filter(|(address, _)| own(address)) {
        let folded = members::folded(address, &record.inputs, &members);
        let entry = |class, fields| {
            let (address, id) = (address.clone(), record.id.clone());
            Drift { address, id, class, fields, answer: DriftResponse::default() }
        };
        let Some(object) = live_object(observed, record).or_else(|| migrated.get(address).copied()) else {
            drifts.push(entry(DriftClass::Gone, Vec::new()));
            continue;
        };
        let mut fields = recorded_difference(prior, &record.kind, folded, object);
        for field in &mut fields {
            // Drift is shown in time order: first the applied value, then the observed one.
            std::mem::swap(&mut field.before, &mut field.after);
        }
        let kind = kind::find(&record.kind);
        let chosen_drift = kind.map_or(DriftClass::Migrated, |kind| kind.chosen_drift);
        let moves = moves(record, object, &fields);
        if !moves.is_empty() {
            drifts.push(entry(chosen_drift, moves));
        }
        for field in fields.extract_if(.., |field| own_change(kind, field).is_some()) {
            drifts.extend(own_change(kind, &field).map(|class| entry(class, vec![field])));
        }
        // Kept separate, because one part needs a decision and the other is informational.
        let (ignored, fields): (Vec<_>, Vec<_>) =
            fields.into_iter().partition(|field| ignored(&field.path, &record.ignored));
        let changed = [fields, ignored].into_iter().filter(|fields| !fields.is_empty());
        drifts.extend(changed.map(|fields| entry(DriftClass::Changed, fields)));
        if let Some(class) = life_drift(record, object) {
            drifts.push(entry(class, Vec::new()));
        }
    }
    drifts
}

/// The class of a change that RunPod made by itself.
fn own_change(kind: Option<&kind::Kind>, field: &FieldChange) -> Option<DriftClass> {
    kind?.own_change(&field.path, &field.before, &field.after)
}

/// A changed id or different choices by RunPod than at creation, without repeating what is in `changed`.
fn moves(record: &Record, object: &Object, changed: &[FieldChange]) -> Vec<FieldChange> {
    let id = (record.id != object.id).then_some(("id", &record.id, &object.id));
    let chosen = record.chosen.iter().filter_map(|(name, before)| {
        let after = object.computed.chosen.get(name).filter(|after| *after != before)?;
        let reported = changed.iter().any(|field| field.after.text_items() == [after.as_str()]);
        (!reported).then_some((name.as_str(), before, after))
    });
    id.into_iter()
        .chain(chosen)
        .map(|(path, before, after)| display_only_field(path, Value::text(before), Value::text(after)))
        .collect()
}

/// A field that no request can change back.
pub(in crate::planner) fn display_only_field(path: &str, before: Value, after: Value) -> FieldChange {
    FieldChange {
        path: path.to_owned(),
        before,
        after,
        after_unknown: false,
        effect: Effect::InPlace,
        rule: String::new(),
        origin: Some(DifferenceOrigin::Drift),
        position: None,
    }
}

fn life_drift(record: &Record, object: &Object) -> Option<DriftClass> {
    match object.status.as_ref()? {
        Status::Error => Some(DriftClass::Errored),
        Status::ZeroGpu => Some(DriftClass::ZeroGpu),
        status => match (record.power?, status.power()?) {
            (recorded, seen) if recorded == seen => None,
            (_, Power::Stopped) => Some(DriftClass::Stopped),
            (_, Power::Running) => Some(DriftClass::Started),
        },
    }
}

fn recorded_difference(prior: &State, kind: &str, folded: Attributes, object: &Object) -> Vec<FieldChange> {
    let Some(kind) = kind::find(kind) else { return Vec::new() };
    let wanted = resolved(folded, &|address| prior.id_of(address));
    difference(&Readings::of_record(kind, &wanted, &object.attributes)).all()
}

/// At zero balance RunPod stops pods with a network volume and deletes the others, notifying only by email (contract,
/// section 12, rule 10). If only some pods are gone, there is another reason.
pub fn zero_balance_note(prior: &State, observed: &Observed) -> Option<Note> {
    let ends = |kind: &str| kind::find(kind).is_some_and(|kind| kind.ends_at_zero_balance);
    let ran = |record: &&Record| ends(&record.kind) && record.power == Some(Power::Running);
    let gone = prior.resources.values().filter(ran).any(|record| live_object(observed, record).is_none());
    let runs = |object: &Object| {
        let ours = object.marker.as_ref().is_some_and(|marker| is_of(None, prior, marker));
        ours && object.status.as_ref().and_then(Status::power) != Some(Power::Stopped)
    };
    let none_runs = !observed.iter().any(|object| !object.is_leaving() && runs(object));
    (gone && none_runs).then(|| Note {
        address: None,
        message: "none of the pods that should run is running, and some are gone. If you did not delete them, the \
                  account's balance may have reached zero. RunPod then stops the pods with a network volume and \
                  deletes all others with their data. See https://www.runpod.io/console/user/billing"
            .into(),
    })
}

/// The record changes that `sindri refresh` writes: records of missing objects are removed, drifted inputs take the
/// observed values, and changed ids are followed.
pub fn accepted(prior: &State, observed: &Observed) -> BTreeMap<Address, Option<Record>> {
    let mut records = corrections(prior, observed);
    // A predecessor that took its address back was not monitored until now.
    let returned = prior.resources.iter().any(|(address, record)| {
        address.successor().is_some_and(|it| matches!(records.get(&it), Some(Some(after)) if after.id == record.id))
    });
    if returned {
        let mut known = Folding::of(Replay::new(prior.clone()));
        known.fold(Entry::Outcome(Outcome { operation: String::new(), records: records.clone() }));
        records.extend(corrections(&known.state, observed));
        records.retain(|address, record| record.as_ref() != prior.resources.get(address));
    }
    records
}

fn corrections(prior: &State, observed: &Observed) -> BTreeMap<Address, Option<Record>> {
    let members = members::by_parent(prior.resources.keys());
    let mut records = BTreeMap::new();
    for drift in survey(prior, observed) {
        let Some(record) = prior.resources.get(&drift.address) else { continue };
        if drift.class == DriftClass::Gone {
            records.insert(drift.address.clone(), None);
            continue;
        }
        let mut record = match records.remove(&drift.address) {
            Some(Some(record)) => record,
            _ => record.clone(),
        };
        if let Some(id) = drift.new_id() {
            record.id = id.to_owned();
        }
        for FieldChange { path, after, .. } in drift.fields {
            if let Some(kind) = kind::listed_in(&record.kind, &path).filter(|_| drift.class == DriftClass::Changed) {
                let known = members.get(&drift.address).map_or(&[][..], Vec::as_slice);
                records.extend(accepted_members(kind, &drift.address, &record.id, known, &after));
            } else if !matches!(drift.class, DriftClass::Migrated | DriftClass::Rotated) {
                accept(&mut record.inputs, &path, after);
            }
        }
        if let Some(object) = live_object(observed, &record) {
            // This applies even if a field already contains the new choice.
            for (name, chosen) in &mut record.chosen {
                object.computed.chosen.get(name).into_iter().for_each(|now| chosen.clone_from(now));
            }
        }
        if let Some(power) = live_object(observed, &record).and_then(|object| object.status.as_ref()?.power()) {
            record.power = record.power.map(|_| power);
        }
        records.insert(drift.address, Some(record));
    }
    predecessors(prior, observed, &mut records);
    let doubted = |record: &Record| record.awaiting_ready.is_some() || record.tainted;
    for (address, record) in prior.resources.iter().filter(|(_, record)| doubted(record)) {
        let record = records.entry(address.clone()).or_insert_with(|| Some(record.clone()));
        if let Some(known) =
            record.as_ref().filter(|record| live_object(observed, record).is_some_and(|seen| seen.ready))
        {
            *record = Some(known.clone().seen_ready());
        }
    }
    let mut records = resource::completed(prior, resource::meant_as_before(prior, records));
    // A pod in error, or without its GPU, keeps its intended record.
    records.retain(|address, record| record.as_ref() != prior.resources.get(address));
    records
}

/// Resolves predecessors left behind by a replacement: a missing one is forgotten, and one whose successor is gone
/// takes its address back.
fn predecessors(prior: &State, observed: &Observed, records: &mut BTreeMap<Address, Option<Record>>) {
    let orphans: BTreeSet<&Address> = orphans(None, prior, observed).map(|(_, marker)| &marker.address).collect();
    for (address, record) in &prior.resources {
        let Some(successor) = address.successor() else { continue };
        let Some(object) = live_object(observed, record) else {
            // Unless RunPod migrated the successor; then the next plan imports it.
            if !orphans.contains(record.marker_address(&successor)) {
                records.insert(address.clone(), None);
            }
            continue;
        };
        let succeeded = match records.get(&successor) {
            Some(after) => after.is_some(),
            None => prior.resources.contains_key(&successor),
        };
        if !succeeded {
            records.insert(address.clone(), None);
            // Replace the successor's parts with those of the predecessor.
            records.extend(resource::parts_of(prior, &successor).map(|(part, _)| (part.clone(), None)));
            records.extend(parts_there(&successor, object).into_iter().map(|(part, record)| (part, Some(record))));
            let marked = record.marked.clone().filter(|marked| *marked != successor);
            records.insert(successor, Some(Record { marked, ..record.clone() }));
        }
    }
}

/// The objects according to the state, for a plan without a refresh (`--refresh=false`).
pub fn remembered(prior: &State) -> Observed {
    let members = members::by_parent(prior.resources.keys());
    let id_of = |address: &Address| prior.id_of(address);
    let listed = prior.resources.iter().filter_map(|(address, record)| {
        let kind = kind::find(&record.kind).filter(|kind| kind.member_of.is_none())?;
        let folded = members::folded(address, &record.inputs, &members);
        let status = record.power.map(|power| match power {
            Power::Running if record.awaiting_ready.is_some() => Status::Creating,
            Power::Running => Status::Running,
            Power::Stopped => Status::Stopped,
        });
        Some(Object {
            kind: kind.name,
            id: record.id.clone(),
            name: recorded_name(record).unwrap_or_default().to_owned(),
            attributes: resolved(folded, &id_of),
            marker: None,
            ready: !matches!(status, Some(Status::Stopped | Status::Creating)) && !record.tainted,
            status,
            computed: Computed { chosen: record.chosen.clone(), ..Computed::default() },
        })
    });
    listed.collect()
}

/// Record changes for members of `parent` that were added or removed outside sindri.
fn accepted_members(
    kind: &kind::Kind,
    parent: &Address,
    parent_id: &str,
    known: &[&Address],
    there: &Value,
) -> BTreeMap<Address, Option<Record>> {
    let name = |address: &'_ &&Address| address.member.as_deref().unwrap_or_default().to_owned();
    let names: BTreeSet<&str> = there.text_items().into_iter().collect();
    let known_names: BTreeSet<String> = known.iter().map(|address| name(&address)).collect();
    let gone = known.iter().filter(|address| !names.contains(name(address).as_str()));
    let mut records: BTreeMap<Address, Option<Record>> = gone.map(|address| ((*address).clone(), None)).collect();
    let new = names.into_iter().filter(|member| !known_names.contains(*member));
    let new = new.filter_map(|member| part(kind, kind.member_of.as_ref()?, (parent, parent_id), member));
    records.extend(new.map(|(address, record)| (address, Some(record))));
    records
}

/// Sets one path of a record's inputs to the observed value, without secrets; in a map, `Null` removes the key.
pub(in crate::planner) fn accept(inputs: &mut Attributes, path: &str, mut value: Value) {
    redact(&mut value);
    match path.split_once('.') {
        Some((name, key)) => {
            if let Some(Value::Map(map)) = inputs.get_mut(name) {
                if value.is_null() {
                    map.remove(key);
                } else {
                    map.insert(key.to_owned(), value);
                }
            }
        }
        None if inputs.contains_key(path) => {
            inputs.insert(path.to_owned(), value);
        }
        None => {}
    }
}
