//! Manual corrections of a state, and the reasons to refuse them: `sindri state mv`, `sindri state rm`,
//! `sindri import`.

use crate::config::Move;
use crate::model::{Address, Object, Observed, PendingIntent, Record, Replay, State, Value, Verb};
use crate::planner::recognise::moves;
use crate::resource::inventory::live_object;
use crate::resource::members;
use crate::resource::{self, RecordChanges};

/// Why a correction was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ByHandError {
    #[error("`{0}` is not in the state")]
    NotRecorded(Address),
    #[error("`{from}` and `{to}` are of different kinds")]
    OtherKind { from: Box<Address>, to: Box<Address> },
    #[error("an earlier run was stopped before it learned the result of its request to {verb} `{address}`")]
    Unsettled { address: Box<Address>, verb: Verb },
    #[error("`{0}` is already in the state")]
    Taken(Address),
    #[error("`{0}` is part of another resource and moves with it")]
    Part(Address),
    #[error(
        "`{part}` is part of `{parent}` and cannot be forgotten separately; RunPod keeps it as long as `{parent}` \
         exists"
    )]
    PartOf { part: Box<Address>, parent: Box<Address> },
    #[error("`{0}` is part of another resource")]
    ToPart(Address),
    #[error("{} depend on `{address}`", listed(.needed_by))]
    Needed { address: Box<Address>, needed_by: Vec<Address> },
    #[error("`{id}` is already recorded as `{address}`")]
    RecordedAs { id: String, address: Box<Address> },
    #[error("`{0}` is already recorded, and its object still exists")]
    Alive(Address),
    #[error("RunPod lists no {} `{id}`", kind.replace('_', " "))]
    NotListed { kind: String, id: String },
}

fn listed(addresses: &[Address]) -> String {
    addresses.iter().map(|address| format!("`{address}`")).collect::<Vec<_>>().join(", ")
}

/// Refuses if a request for one of `addresses` is pending, because its outcome will be recorded under the original
/// address.
fn settled(known: &Replay, addresses: &[&Address]) -> Result<(), ByHandError> {
    let about = |address: &Address| {
        addresses.iter().any(|of| address == *of || address.successor().as_ref() == Some(*of)) //
    };
    match known.pending.iter().find(|pending| about(&pending.address)) {
        Some(PendingIntent { address, verb, .. }) => {
            Err(ByHandError::Unsettled { address: Box::new(address.clone()), verb: *verb })
        }
        None => Ok(()),
    }
}

/// The record changes that rename `from` to `to`. Its parts, its predecessors and all references follow.
pub fn moved(known: &Replay, from: &Address, to: &Address) -> Result<RecordChanges, ByHandError> {
    let state = &known.state;
    settled(known, &[from, to])?;
    if !state.resources.contains_key(from) {
        return Err(ByHandError::NotRecorded(from.clone()));
    }
    if from.kind != to.kind {
        return Err(ByHandError::OtherKind { from: Box::new(from.clone()), to: Box::new(to.clone()) });
    }
    if state.resources.contains_key(to) {
        return Err(ByHandError::Taken(to.clone()));
    }
    if members::is_member(from) {
        return Err(ByHandError::Part(from.clone()));
    }
    // A member is a part, or a predecessor left behind by a replacement. It can be renamed back but not created by
    // hand.
    if to.member.is_some() {
        return Err(ByHandError::ToPart(to.clone()));
    }
    let step = Move { from: from.clone(), to: to.clone(), position: None };
    let after = moves::renamed(state, &[step]).state;
    Ok(moves::corrections(state, &after))
}

/// The record changes that forget `address` and its parts. Its dependents must be removed first.
///
/// A part cannot be forgotten while its parent is recorded, because forgetting a port would not close it.
pub fn forgotten(known: &Replay, address: &Address) -> Result<RecordChanges, ByHandError> {
    let state = &known.state;
    settled(known, &[address])?;
    if !state.resources.contains_key(address) {
        return Err(ByHandError::NotRecorded(address.clone()));
    }
    if let Some(parent) = members::parent_of(address).filter(|parent| state.resources.contains_key(parent)) {
        return Err(ByHandError::PartOf { part: Box::new(address.clone()), parent: Box::new(parent) });
    }
    let refers = |record: &Record| {
        let named = record.inputs.values().flat_map(Value::references);
        record.depends_on.iter().chain(named).any(|to| to == address)
    };
    let needs = state.resources.iter().filter(|(other, record)| !members::is_member(other) && refers(record));
    let needed_by: Vec<Address> = needs.map(|(other, _)| other.clone()).collect();
    if !needed_by.is_empty() {
        return Err(ByHandError::Needed { address: Box::new(address.clone()), needed_by });
    }
    Ok(resource::completed(state, RecordChanges::from([(address.clone(), None)])))
}

/// The live object that can be recorded as `address`.
pub fn importable<'o>(
    state: &State,
    observed: &'o Observed,
    address: &Address,
    id: &str,
) -> Result<&'o Object, ByHandError> {
    if let Some(other) = state.address_of(&address.kind, id) {
        return Err(ByHandError::RecordedAs { id: id.to_owned(), address: Box::new(other.clone()) });
    }
    if state.resources.get(address).is_some_and(|record| live_object(observed, record).is_some()) {
        return Err(ByHandError::Alive(address.clone()));
    }
    let object = observed.get(&address.kind, id).filter(|object| !object.is_leaving());
    object.ok_or_else(|| ByHandError::NotListed { kind: address.kind.to_string(), id: id.to_owned() })
}
