//! Builds the record of a resource for the state. A value loses its secrets where it enters a record: here, and in
//! `survey::accept` for observed values.

use std::collections::BTreeMap;

use ecow::EcoString;

use crate::kind::{self, Compare, Kind, Membership};
use crate::model::{Address, Attributes, Awaiting, Object, Power, Record, Resource, Secret, State, Status, Value};
use crate::resource::difference::satisfies;
use crate::resource::members;
use crate::resource::resolved;
use crate::resource::{self, RecordChanges};

/// The record of a declared resource, without an id.
pub fn declared_record(kind: &Kind, resource: &Resource, power: Option<Power>) -> Record {
    record_with(kind, resource, members::unfold_members(kind.name, resource.inputs.clone()), power)
}

/// The record of a resource with these inputs, without an id.
fn record_with(kind: &Kind, resource: &Resource, inputs: Attributes, power: Option<Power>) -> Record {
    let mut inputs = redacted(inputs);
    inputs.retain(|name, _| kind.write_only().all(|attribute| attribute.name != name));
    Record {
        kind: kind.name.into(),
        id: String::new(),
        chosen: BTreeMap::new(),
        marked: None,
        depends_on: needed(&inputs, resource),
        inputs,
        power,
        prevent_destroy: resource.lifecycle.prevent_destroy,
        ignored: resource.lifecycle.ignore_changes.clone(),
        tainted: false,
        awaiting_ready: None,
    }
}

/// The power that a resource should have: the configured one if the file sets it, otherwise the `known` power that was
/// requested last. As a result, the next apply does not start a pod stopped by `sindri stop`.
pub fn wanted_power(resource: &Resource, known: Option<Power>) -> Option<Power> {
    let by_default = resource.power?;
    resource.declared_power().or(known).or(Some(by_default))
}

/// The dependencies of a record with these inputs: everything they refer to, and the needs of its `resource`.
pub fn needed(inputs: &Attributes, resource: &Resource) -> Vec<Address> {
    let needed = inputs.values().flat_map(Value::references).chain(&resource.parent).chain(&resource.needs);
    let mut needed: Vec<Address> = needed.cloned().collect();
    needed.sort();
    needed.dedup();
    needed
}

/// An object that is added to the state without a request.
pub struct Observation<'a> {
    pub kind: &'static Kind,
    /// The resource that declares it.
    pub resource: &'a Resource,
    /// The resource's inputs. References to recorded resources are resolved to ids.
    pub wanted: &'a Attributes,
    pub object: &'a Object,
    /// The existing record of this same object, which RunPod may have migrated to another id.
    pub recorded: Option<&'a Record>,
}

impl Observation<'_> {
    /// The record of the object as observed, not as declared.
    ///
    /// If the object satisfies a declared value, the record uses the declared form, as an apply without changes does.
    /// Declared attributes that the API does not show are omitted: they are unknown and not compared.
    pub fn record(&self) -> Record {
        let mut inputs = Attributes::new();
        for attribute in self.kind.attributes.iter().filter(|attribute| !self.lists_parts(attribute.name)) {
            let name = attribute.name;
            let seen = self.object.attributes.get(name).filter(|_| attribute.compare != Compare::Recorded);
            let value = match seen {
                None if attribute.compare == Compare::Version => {
                    let known = self.recorded.and_then(|record| record.inputs.get(name));
                    known.or_else(|| self.resource.inputs.get(name)).cloned()
                }
                None => self.recorded.map_or_else(|| self.unset(name), |record| record.inputs.get(name)).cloned(),
                Some(seen) if attribute.compare == Compare::ManagedKeys => Some(self.managed(name, seen)),
                Some(seen) => {
                    let wanted = self.wanted.get(name).filter(|wanted| satisfies(attribute.compare, wanted, seen));
                    let declared = wanted.and_then(|_| self.resource.inputs.get(name));
                    Some(declared.unwrap_or(seen).clone())
                }
            };
            inputs.extend(value.map(|value| (name.to_owned(), value)));
        }
        let power = self.object.status.as_ref().and_then(Status::power);
        let asked = self.recorded.and_then(|record| record.power);
        let power = self.resource.power.map(|it| asked.or(power).unwrap_or(it));
        // An adopted object may never have become ready, so it is waited for like any other.
        let awaits = self.kind.awaits_readiness(power) && !self.object.ready;
        let awaiting = self.recorded.and_then(|record| record.awaiting_ready).or(Some(Awaiting::Again));
        Record {
            id: self.object.id.clone(),
            chosen: self.object.computed.chosen.clone(),
            marked: marked(self.object, &self.resource.address),
            // A pod that someone stopped stays stopped, unless this state requested otherwise.
            awaiting_ready: awaiting.filter(|_| awaits),
            ..record_with(self.kind, self.resource, inputs, power)
        }
    }

    /// The declared value of an attribute that the API does not show, if that value is empty: then it matches the
    /// observation.
    fn unset(&self, name: &str) -> Option<&Value> {
        self.resource.inputs.get(name).filter(|declared| satisfies(Compare::Exact, declared, &Value::Null))
    }

    fn lists_parts(&self, attribute: &str) -> bool {
        kind::parts_of(self.kind.name).any(|(_, membership)| membership.attribute == attribute)
    }

    /// Our keys of a map shared with others. A value is recorded only if a file or a record contains it in plain text;
    /// otherwise only its existence is recorded, since it may be a secret.
    fn managed(&self, name: &str, seen: &Value) -> Value {
        let recorded = self.recorded.map(|record| &record.inputs);
        let sources = [Some(&self.resource.inputs), recorded].into_iter().flatten();
        let maps: Vec<_> = sources.filter_map(|inputs| inputs.get(name)?.as_map()).collect();
        let known = |key: &EcoString, value: &Value| {
            let mut said = maps.iter().filter_map(|map| map.get(key)).peekable();
            said.peek()?;
            let plain = said.any(|said| said.as_text().is_some_and(|text| value.expose() == Some(text)));
            let value = value.expose().filter(|_| plain).map_or(Value::Secret(Secret::unknown()), Value::text);
            Some((key.clone(), value))
        };
        let seen = seen.as_map().into_iter().flatten();
        Value::Map(seen.filter_map(|(key, value)| known(key, value)).collect())
    }
}

/// The records of the parts that `object` lists, under their addresses below `parent`.
pub fn parts_there(parent: &Address, object: &Object) -> BTreeMap<Address, Record> {
    let listed = kind::parts_of(&parent.kind).flat_map(|(kind, membership)| {
        let names = object.attributes.get(membership.attribute).map(Value::text_items).unwrap_or_default();
        names.into_iter().filter_map(|name| part(kind, membership, (parent, &object.id), name)).collect::<Vec<_>>()
    });
    listed.collect()
}

/// The record of one part; `None` if its name does not form a valid address.
pub fn part(
    kind: &Kind,
    membership: &Membership,
    (parent, parent_id): (&Address, &str),
    name: &str,
) -> Option<(Address, Record)> {
    let address = Address { kind: kind.name.into(), ..parent.clone() }.with_member(name);
    // Leaving out a strange port is better than writing a state that cannot be read.
    if address.to_string().parse::<Address>().as_ref() != Ok(&address) {
        return None;
    }
    let record = Record {
        kind: kind.name.into(),
        id: members::id_of_member(parent_id, &address),
        chosen: BTreeMap::new(),
        marked: None,
        depends_on: vec![parent.clone()],
        power: None,
        prevent_destroy: false,
        ignored: Default::default(),
        tainted: false,
        awaiting_ready: None,
        inputs: (membership.inputs)(name),
    };
    Some((address, record))
}

/// The records of objects and their parts after an import under declared addresses.
pub fn imported(declared: &BTreeMap<Address, Resource>, taken: &[(Address, &Object)], prior: &State) -> RecordChanges {
    let mut ids: BTreeMap<&Address, &str> =
        prior.resources.iter().map(|(address, record)| (address, record.id.as_str())).collect();
    ids.extend(taken.iter().map(|(address, object)| (address, object.id.as_str())));
    let id_of = |address: &Address| ids.get(address).map(|id| (*id).to_owned());
    let mut records = RecordChanges::new();
    for (address, object) in taken {
        let Some((kind, resource)) = kind::find(&address.kind).zip(declared.get(address)) else { continue };
        let wanted = resolved(resource.inputs.clone(), &id_of);
        let observation = Observation { kind, resource, wanted: &wanted, object, recorded: None };
        // Parts of the object previously recorded here.
        records.extend(resource::parts_of(prior, address).map(|(part, _)| (part.clone(), None)));
        records.insert(address.clone(), Some(observation.record()));
        records.extend(parts_there(address, object).into_iter().map(|(part, record)| (part, Some(record))));
    }
    records
}

/// See [`Record::marked`].
fn marked(object: &Object, address: &Address) -> Option<Address> {
    let marker = object.marker.as_ref()?;
    (marker.address != *address).then(|| marker.address.clone())
}

/// Replaces secrets by the fact that they exist.
pub fn redacted(mut inputs: Attributes) -> Attributes {
    inputs.change(&is_secret, &hide);
    inputs
}

/// Replaces the secrets in one value by the fact that they exist.
pub fn redact(value: &mut Value) {
    value.change(&is_secret, &hide);
}

/// Whether it holds, or could hold, a plain secret.
fn is_secret(value: &Value) -> bool {
    matches!(value, Value::Secret(secret) if secret.expose().is_some())
}

fn hide(value: &mut Value) {
    *value = Value::Secret(Secret::unknown());
}
