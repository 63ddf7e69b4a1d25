//! `moved` entries: records that go on under another address.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::config::Move;
use crate::graph;
use crate::kind;
use crate::model::{Address, Record, State};

/// The state with every move carried out that names a recorded address and a free one; members move with their parent.
pub fn renamed<'s>(prior: &'s State, moved: &[Move]) -> (Cow<'s, State>, Vec<(Address, Address)>) {
    let mut state = Cow::Borrowed(prior);
    let mut done = Vec::new();
    for step in moved {
        let renames = renames(&state, step);
        if renames.is_empty() {
            continue; // carried out before, or never needed
        }
        let state = state.to_mut();
        let records = std::mem::take(&mut state.resources);
        let target = |address: &Address| renames.get(address).cloned().unwrap_or_else(|| address.clone());
        state.resources = records
            .into_iter()
            .map(|(address, record)| {
                let depends_on = record.depends_on.iter().map(target).collect();
                let renamed = target(&address);
                let marked = called(&record, &address).filter(|called| *called != renamed);
                (renamed, Record { depends_on, marked, ..record })
            })
            .collect();
        done.extend(renames);
    }
    (state, done)
}

/// The address that the object's marker goes on to name, of a kind that has markers.
fn called(record: &Record, address: &Address) -> Option<Address> {
    kind::find(&record.kind).filter(|kind| kind.marked).map(|_| record.called(address).clone())
}

/// What one move gives another address.
fn renames(state: &State, step: &Move) -> BTreeMap<Address, Address> {
    // One that is recorded under the very address is meant alone.
    let alone = state.resources.contains_key(&step.from);
    let target = |address: &Address| {
        let target = step.target(address).filter(|_| !alone || *address == step.from)?;
        (!state.resources.contains_key(&target)).then_some(target)
    };
    let rename = |address: &Address| match graph::parent_of(address) {
        Some(parent) => {
            let to = target(&parent)?;
            Some(Address { name: to.name, index: to.index, ..address.clone() })
        }
        None => target(address),
    };
    state.resources.keys().filter_map(|address| Some((address.clone(), rename(address)?))).collect()
}

/// What has to be written so that `before` becomes `after`.
pub fn corrections(before: &State, after: &State) -> BTreeMap<Address, Option<Record>> {
    let gone = before.resources.keys().filter(|address| !after.resources.contains_key(*address));
    let changed = after.resources.iter().filter(|(address, record)| before.resources.get(*address) != Some(*record));
    gone.map(|address| (address.clone(), None))
        .chain(changed.map(|(address, record)| (address.clone(), Some(record.clone()))))
        .collect()
}
