//! Observed against last applied: drift, and the state that accepts it.

use std::collections::BTreeMap;

use super::diff::{Readings, difference};
use crate::graph;
use crate::kind;
use crate::model::{
    Address, Attributes, Computed, Drift, DriftClass, Object, Observed, Power, Record, State, Status, Value,
};

/// Where reality left the state, by address. Never looks at a configuration.
pub fn drift(prior: &State, observed: &Observed) -> Vec<Drift> {
    let members = graph::members(prior.resources.keys());
    let mut drifts = Vec::new();
    // A predecessor on its way out is nobody's to look after any more.
    let own = |address: &Address| !graph::is_member(address) && address.successor().is_none();
    for (address, record) in prior.resources.iter().filter(|(address, _)| own(address)) {
        let folded = graph::fold_members(address, &record.inputs, members.get(address).map_or(&[], Vec::as_slice));
        let entry = |class, fields| Drift { address: address.clone(), id: record.id.clone(), class, fields };
        let Some(object) = living(observed, record) else {
            drifts.push(entry(DriftClass::Gone, Vec::new()));
            continue;
        };
        let mut fields = recorded_difference(prior, &record.kind, folded, object);
        for field in &mut fields {
            // Drift reads forward in time: what was applied, then what is there.
            std::mem::swap(&mut field.before, &mut field.after);
        }
        if !fields.is_empty() {
            drifts.push(entry(DriftClass::Changed, fields));
        }
        if let Some(class) = life_drift(record, object) {
            drifts.push(entry(class, Vec::new()));
        }
    }
    drifts
}

/// The object of a record, unless it is gone or on its way out.
pub fn living<'a>(observed: &'a Observed, record: &Record) -> Option<&'a Object> {
    observed.get(&record.kind, &record.id).filter(|object| !object.is_leaving())
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

fn recorded_difference(
    prior: &State,
    kind: &str,
    folded: Attributes,
    object: &Object,
) -> Vec<crate::model::FieldChange> {
    let Some(kind) = kind::find(kind) else { return Vec::new() };
    let wanted = resolved(folded, &|address| prior.resources.get(address).map(|record| record.id.clone()));
    let difference = difference(&Readings::of_record(kind, &wanted, &object.attributes));
    difference.fields.into_iter().chain(difference.refused.into_iter().map(|(field, _)| field)).collect()
}

/// Replaces references by the ids that `id_of` knows; others stay references.
pub fn resolved(mut attributes: Attributes, id_of: &dyn Fn(&Address) -> Option<String>) -> Attributes {
    for value in attributes.values_mut() {
        if let Value::Reference(address) = value
            && let Some(id) = id_of(address)
        {
            *value = Value::Text(id);
        }
    }
    attributes
}

/// What `sindri refresh` writes: records of what is gone are dropped, drifted inputs become what is there.
pub fn accepted(prior: &State, observed: &Observed) -> BTreeMap<Address, Option<Record>> {
    let members = graph::members(prior.resources.keys());
    let mut records = BTreeMap::new();
    for drift in drift(prior, observed) {
        let Some(record) = prior.resources.get(&drift.address) else { continue };
        if drift.class == DriftClass::Gone {
            records.insert(drift.address.clone(), None);
            for member in members.get(&drift.address).into_iter().flatten() {
                records.insert((*member).clone(), None);
            }
            continue;
        }
        let mut record = match records.remove(&drift.address) {
            Some(Some(record)) => record,
            _ => record.clone(),
        };
        if let Some(power) = living(observed, &record).and_then(|object| object.status.as_ref()?.power()) {
            record.power = record.power.map(|_| power);
        }
        for field in drift.fields {
            accept(&mut record.inputs, &field.path, field.after);
        }
        records.insert(drift.address, Some(record));
    }
    // A pod in error, or without its GPU, is recorded as what it is to be.
    records.retain(|address, record| record.as_ref() != prior.resources.get(address));
    records
}

/// What the state says is there, for a plan that asks RunPod nothing (`--refresh=false`).
pub fn remembered(prior: &State) -> Observed {
    let members = graph::members(prior.resources.keys());
    let id_of = |address: &Address| prior.resources.get(address).map(|record| record.id.clone());
    let listed = prior.resources.iter().filter_map(|(address, record)| {
        let kind = kind::find(&record.kind).filter(|kind| kind.member_of.is_none())?;
        let folded = graph::fold_members(address, &record.inputs, members.get(address).map_or(&[], Vec::as_slice));
        let status = record.power.map(|power| match power {
            Power::Running => Status::Running,
            Power::Stopped => Status::Stopped,
        });
        Some(Object {
            kind: kind.name,
            id: record.id.clone(),
            name: record.inputs.get("name").and_then(Value::as_text).unwrap_or_default().to_owned(),
            attributes: resolved(folded, &id_of),
            marker: None,
            ready: status != Some(Status::Stopped) && !record.tainted,
            status,
            computed: Computed { chosen: record.chosen.clone(), ..Computed::default() },
        })
    });
    listed.collect()
}

/// Lets one path say what is there; of a map, `Null` takes the key away.
pub(super) fn accept(inputs: &mut Attributes, path: &str, value: Value) {
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
        // Members hold the folded attributes; they are corrected by the next apply.
        None if inputs.contains_key(path) => {
            inputs.insert(path.to_owned(), value);
        }
        None => {}
    }
}
