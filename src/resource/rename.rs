//! Renames records and everything that refers to them.

use std::collections::BTreeMap;

use crate::kind;
use crate::model::{Address, Record, State, Value};
use crate::resource::members;

/// Renames every address in `renames` throughout `state`. Parts and deposed objects move along.
pub fn renamed(state: State, renames: &BTreeMap<Address, Address>) -> State {
    let target = |address: &Address| renamed_address(renames, address);
    let resources = state.resources.into_iter().map(|(address, mut record)| {
        record.depends_on.iter_mut().for_each(|to| *to = target(to));
        record.depends_on.sort();
        record.inputs.change(&|value| matches!(value, Value::Reference(_)), &|value| {
            if let Value::Reference(to) = value {
                *value = Value::reference(target(to));
            }
        });
        let renamed = target(&address);
        if renamed != address {
            record.marked = marked(&record, &address, &renamed);
        }
        (renamed, record)
    });
    State { resources: resources.collect(), ..state }
}

/// The new address: renamed directly, or along with its parent or successor.
pub fn renamed_address(renames: &BTreeMap<Address, Address>, address: &Address) -> Address {
    if let Some(to) = renames.get(address) {
        return to.clone();
    }
    let owner = members::parent_of(address).or_else(|| address.successor());
    match owner.and_then(|owner| renames.get(&owner)) {
        Some(to) => Address { name: to.name.clone(), index: to.index, ..address.clone() },
        None => address.clone(),
    }
}

/// The address in the object's marker, if it now differs from the record's address. Only for kinds with markers.
fn marked(record: &Record, address: &Address, renamed: &Address) -> Option<Address> {
    kind::find(&record.kind).filter(|kind| kind.is_marked())?;
    // A deposed object was created for the address of its successor.
    let made_for = |address: &Address| address.successor().unwrap_or_else(|| address.clone());
    let named = record.marked.clone().unwrap_or_else(|| made_for(address));
    (named != made_for(renamed)).then_some(named)
}
