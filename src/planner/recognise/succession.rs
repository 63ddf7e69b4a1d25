//! Handles replacements whose journal was lost. The state still names the predecessor, but another live pod carries the
//! marker of the same lineage and address, or another network volume matches the declared one.
//!
//! Returns the prior state as the journal would have left it: the predecessor is deposed, and the marked pod can be
//! imported in its place. If the recorded pod needs no replacement, it keeps its address, and the other pod is an
//! orphan.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::kind::{self, Kind};
use crate::model::{Address, Object, Operation, Record, Resource, State, Status, Value, Verb};
use crate::planner::decide::replace::{broken, must_replace, recreates};
use crate::planner::input::Input;
use crate::planner::recognise::lookalikes::{Alike, alike};
use crate::resource::difference::{Readings, difference};
use crate::resource::inventory::{live_object, orphans, unmanaged};
use crate::resource::members;
use crate::resource::records::wanted_power;
use crate::resource::resolved;
use crate::resource::{self, RecordChanges};

/// Predecessors by the address of their successor.
#[derive(Default)]
pub struct Successions {
    by_address: BTreeMap<Address, Succession>,
}

struct Succession {
    deposed: Address,
    predecessor: Record,
    /// The recorded ports of the predecessor.
    members: Vec<Address>,
}

impl Successions {
    /// Writes each predecessor's record together with its successor's import, so that a kill cannot separate them.
    pub fn attach(self, operations: &mut [Operation]) {
        let mut by_address = self.by_address;
        for operation in operations.iter_mut().filter(|operation| operation.verb == Verb::Import) {
            let Some(succession) = by_address.remove(&operation.address) else { continue };
            for member in succession.members {
                operation.members.entry(member).or_insert(None);
            }
            operation.members.insert(succession.deposed, Some(succession.predecessor));
        }
    }
}

/// The prior state, in which every predecessor is deposed if an interrupted run created its successor.
pub fn deposed<'s>(
    input: &Input<'_>,
    prior: &'s State,
    desired: &BTreeMap<Address, Resource>,
) -> (Cow<'s, State>, Successions) {
    let mut found = Successions::default();
    let mut state = Cow::Borrowed(prior);
    if input.options.refresh_only {
        return (state, found);
    }
    let candidates = candidates(input, prior, desired);
    if candidates.is_empty() {
        return (state, found);
    }
    let judge = ObjectChooser::new(input, prior, desired);
    let mut changes = RecordChanges::new();
    for (address, objects) in candidates {
        let Some(predecessor) = prior.resources.get(address).filter(|_| judge.has_successor(address, &objects)) else {
            continue;
        };
        let deposed = address.deposed(&predecessor.id);
        changes.extend([(address.clone(), None), (deposed.clone(), Some(predecessor.clone()))]);
        let members = resource::parts_of(prior, address).map(|(member, _)| member.clone()).collect();
        let succession = Succession { deposed, predecessor: predecessor.clone(), members };
        found.by_address.insert(address.clone(), succession);
    }
    // References to a predecessor keep meaning that object, not the successor that now has its address.
    for (address, record) in resource::completed(prior, changes) {
        let resources = &mut state.to_mut().resources;
        match record {
            Some(record) => drop(resources.insert(address, record)),
            None => drop(resources.remove(&address)),
        }
    }
    (state, found)
}

/// Declared addresses with a live recorded object, and the other live objects that carry their marker.
fn candidates<'a, 'd>(
    input: &Input<'a>,
    prior: &State,
    desired: &'d BTreeMap<Address, Resource>,
) -> BTreeMap<&'d Address, Vec<&'a Object>> {
    let mut candidates: BTreeMap<&Address, Vec<&Object>> = BTreeMap::new();
    // A missing predecessor may still exist under a new id; `claim` handles that.
    let waiting: BTreeSet<Address> = prior.resources.keys().filter_map(Address::successor).collect();
    if !input.options.ignore_existing {
        for (address, object) in lookalikes(input, prior, desired, &unmanaged(prior, input.observed)) {
            if !waiting.contains(address) {
                candidates.entry(address).or_default().push(object);
            }
        }
    }
    let mut orphans = orphans(None, prior, input.observed).peekable();
    if orphans.peek().is_none() {
        return candidates;
    }
    let mut by_marker: BTreeMap<&Address, Vec<&Address>> = BTreeMap::new();
    for (address, record) in &prior.resources {
        let lives = !members::is_member(address) && live_object(input.observed, record).is_some();
        if let Some((address, _)) = desired.get_key_value(address).filter(|_| lives && !waiting.contains(address)) {
            by_marker.entry(record.marker_address(address)).or_default().push(address);
        }
    }
    for (object, marker) in orphans {
        if let Some([address]) = by_marker.get(&marker.address).map(Vec::as_slice) {
            // A declared address that was never created takes precedence for objects that carry its name.
            if **address == marker.address || !desired.contains_key(&marker.address) {
                candidates.entry(address).or_default().push(object);
            }
        }
    }
    candidates
}

/// For kinds without markers: the single object that matches an address, if no other address matches it.
fn lookalikes<'a, 'd>(
    input: &Input<'a>,
    prior: &State,
    desired: &'d BTreeMap<Address, Resource>,
    unmanaged: &[&'a Object],
) -> Vec<(&'d Address, &'a Object)> {
    let lives =
        |address: &Address| prior.resources.get(address).and_then(|it| live_object(input.observed, it)).is_some();
    let only = |(addresses, objects): Alike<'d, 'a>| match (addresses.as_slice(), objects.as_slice()) {
        ([address], [object]) if lives(address) => Some((*address, *object)),
        _ => None,
    };
    alike(unmanaged, desired.iter(), &|address| prior.id_of(address)).into_iter().filter_map(only).collect()
}

/// Decides which of several objects an address should keep.
pub struct ObjectChooser<'j, 'a> {
    input: &'j Input<'a>,
    prior: &'j State,
    desired: &'j BTreeMap<Address, Resource>,
    declared_members: BTreeMap<Address, Vec<&'j Address>>,
    recorded_members: BTreeMap<Address, Vec<&'j Address>>,
}

impl<'j, 'a> ObjectChooser<'j, 'a> {
    pub fn new(input: &'j Input<'a>, prior: &'j State, desired: &'j BTreeMap<Address, Resource>) -> Self {
        let declared_members = members::by_parent(desired.keys());
        let recorded_members = members::by_parent(prior.resources.keys());
        Self { input, prior, desired, declared_members, recorded_members }
    }

    /// Whether the recorded object must be replaced anyway, and one of the others is its replacement: one that needs no
    /// replacement itself, otherwise the last one created.
    fn has_successor(&self, address: &Address, objects: &[&Object]) -> bool {
        let (Some(resource), Some(record)) = (self.desired.get(address), self.prior.resources.get(address)) else {
            return false;
        };
        let (Some(kind), Some(recorded)) = (kind::find(&record.kind), live_object(self.input.observed, record)) else {
            return false;
        };
        let goes = |object, record| self.is_replaced(kind, resource, object, record);
        goes(recorded, Some(record))
            && objects.iter().any(|object| !goes(object, None) || object.seniority() > recorded.seniority())
    }

    /// Whether `object` would be replaced immediately if it were imported as `address`.
    pub fn would_replace(&self, address: &Address, object: &Object) -> bool {
        let declared = kind::find(object.kind).zip(self.desired.get(address));
        declared.is_some_and(|(kind, resource)| self.is_replaced(kind, resource, object, None))
    }

    fn is_replaced(&self, kind: &'static Kind, resource: &Resource, object: &Object, record: Option<&Record>) -> bool {
        let id_of = |target: &Address| {
            let record = self.prior.resources.get(target)?;
            live_object(self.input.observed, record).map(|object| object.id.clone())
        };
        let address = &resource.address;
        let of = |members, inputs| resolved(members::folded(address, inputs, members), &id_of);
        let mut wanted = of(&self.declared_members, &resource.inputs);
        for (name, value) in wanted.iter_mut() {
            let keeps = kind.attribute(name).is_some_and(|attribute| attribute.keeps_previous)
                && matches!(resource.inputs.get(name), Some(Value::Reference(_)));
            // The reference is still unknown and may turn out to equal the observed value, or the object may keep the
            // previous object of the resource.
            if let (true, Some(seen)) = (keeps || !value.references().is_empty(), object.attributes.get(name)) {
                *value = seen.clone();
            }
        }
        let recorded = record.map(|record| of(&self.recorded_members, &record.inputs));
        let difference = difference(&Readings::of_resource(kind, resource, object, (&wanted, recorded.as_ref())));
        let asked = record.is_some() && self.input.options.replace.contains(address);
        let seen = object.status.as_ref().and_then(Status::power);
        // An object without a record would be imported with its current power.
        let power = wanted_power(resource, record.map_or(seen, |record| record.power));
        let recreates = recreates(&self.input.options, resource, (power, seen));
        asked || broken(object, record).is_some() || must_replace(&difference.fields, recreates)
    }
}
