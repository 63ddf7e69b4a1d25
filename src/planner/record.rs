//! What the state will say of a resource: its record, without any secret.

use std::collections::BTreeMap;

use super::change::Context;
use crate::graph;
use crate::kind::{self, Kind};
use crate::model::{Address, Attributes, Object, Power, Record, Resource, Secret, Status, Value};

/// The id that a member's record carries: its parent's, with what tells it apart.
pub fn id_of_member(parent_id: &str, address: &Address) -> String {
    format!("{parent_id}:{}", address.member.as_deref().unwrap_or_default())
}

/// The record of a declared resource, without an id.
pub fn declared_record(kind: &Kind, resource: &Resource, power: Option<Power>) -> Record {
    let mut depends_on: Vec<Address> = resource.inputs.values().flat_map(Value::references).cloned().collect();
    depends_on.extend(resource.parent.clone());
    depends_on.sort();
    depends_on.dedup();
    Record {
        kind: kind.name.to_owned(),
        id: String::new(),
        inputs: redacted(graph::unfold_members(kind.name, resource.inputs.clone())),
        chosen: BTreeMap::new(),
        marked: None,
        depends_on,
        power,
        prevent_destroy: resource.lifecycle.prevent_destroy,
        ignored: resource.lifecycle.ignore_changes.clone(),
        tainted: false,
    }
}

/// The records that `object` and its declared members get when it is imported as `address`.
pub fn imported(
    declared: &BTreeMap<Address, Resource>,
    address: &Address,
    object: &Object,
) -> BTreeMap<Address, Option<Record>> {
    let mut records = BTreeMap::new();
    let Some((kind, resource)) = kind::find(&address.kind).zip(declared.get(address)) else { return records };
    let power = resource.power.map(|declared| object.status.as_ref().and_then(Status::power).unwrap_or(declared));
    let record = Record {
        id: object.id.clone(),
        chosen: object.computed.chosen.clone(),
        marked: marked(object, address),
        ..declared_record(kind, resource, power)
    };
    records.insert(address.clone(), Some(record));
    for (member, resource) in declared.iter().filter(|(_, resource)| resource.parent.as_ref() == Some(address)) {
        let Some(kind) = kind::find(&member.kind) else { continue };
        let listed = kind.member_of.as_ref().and_then(|membership| object.attributes.get(membership.attribute));
        if listed.is_some_and(|listed| listed.text_items().contains(&member.member.as_deref().unwrap_or_default())) {
            let record = Record { id: id_of_member(&object.id, member), ..declared_record(kind, resource, None) };
            records.insert(member.clone(), Some(record));
        }
    }
    records
}

/// The record of an object that is taken over: it exists as declared, whatever its attributes; the diff sees to those.
pub fn adopted_record(kind: &'static Kind, resource: &Resource, object: &Object, context: &Context<'_>) -> Record {
    let asked = context.prior.resources.get(&resource.address).and_then(|record| record.power);
    // Nobody remembers what was asked for: what was stopped stays stopped.
    let seen = object.status.as_ref().and_then(Status::power);
    let power = resource.power.map(|declared| asked.or(seen).unwrap_or(declared));
    let mut record = declared_record(kind, resource, power);
    record.id = object.id.clone();
    record.chosen = object.computed.chosen.clone();
    record.marked = marked(object, &resource.address);
    record
}

/// See [`Record::marked`].
fn marked(object: &Object, address: &Address) -> Option<Address> {
    let marker = object.marker.as_ref()?;
    (marker.address != *address).then(|| marker.address.clone())
}

/// Secrets reduced to the fact that they are.
pub fn redacted(mut inputs: Attributes) -> Attributes {
    inputs.values_mut().for_each(redact);
    inputs
}

/// The same of one value.
pub fn redact(value: &mut Value) {
    match value {
        Value::Secret(secret) => *secret = Secret::unknown(),
        Value::List(items) => items.iter_mut().for_each(redact),
        Value::Map(map) => map.values_mut().for_each(redact),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Text(_) | Value::Reference(_) => {}
    }
}
