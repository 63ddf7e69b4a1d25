//! `moved` entries: records that go on under another address.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::config::Move;
use crate::graph;
use crate::model::{Address, Record, State};

/// The state with every move carried out that names a recorded address and a free one; members move with their parent.
pub fn renamed<'s>(prior: &'s State, moved: &[Move]) -> (Cow<'s, State>, Vec<(Address, Address)>) {
    let mut state = Cow::Borrowed(prior);
    let mut done = Vec::new();
    for Move { from, to, .. } in moved {
        if state.resources.contains_key(to) || !state.resources.contains_key(from) {
            continue; // carried out before, or never needed
        }
        let renames: BTreeMap<Address, Address> = state
            .resources
            .keys()
            .filter_map(|address| rename(address, from, to).map(|renamed| (address.clone(), renamed)))
            .collect();
        let state = state.to_mut();
        let records = std::mem::take(&mut state.resources);
        let target = |address: &Address| renames.get(address).cloned().unwrap_or_else(|| address.clone());
        state.resources = records
            .into_iter()
            .map(|(address, record)| {
                let depends_on = record.depends_on.iter().map(target).collect();
                (target(&address), Record { depends_on, ..record })
            })
            .collect();
        done.extend(renames);
    }
    (state, done)
}

fn rename(address: &Address, from: &Address, to: &Address) -> Option<Address> {
    if address == from {
        return Some(to.clone());
    }
    let of_moved = graph::parent_of(address).is_some_and(|parent| &parent == from);
    of_moved.then(|| Address { name: to.name.clone(), index: to.index, ..address.clone() })
}

/// What has to be written so that `before` becomes `after`.
pub fn corrections(before: &State, after: &State) -> BTreeMap<Address, Option<Record>> {
    let gone = before.resources.keys().filter(|address| !after.resources.contains_key(*address));
    let changed = after.resources.iter().filter(|(address, record)| before.resources.get(*address) != Some(*record));
    gone.map(|address| (address.clone(), None))
        .chain(changed.map(|(address, record)| (address.clone(), Some(record.clone()))))
        .collect()
}
