//! A plan of some resources: the whole plan, reduced to what they need.
//!
//! What the named resources need is told by the operations themselves: whatever one of them has to wait for is in the plan
//! too, be it what it stands on and is made first, or what stands on it and has to go first.

use std::collections::{BTreeMap, BTreeSet};

use super::identity::root;
use crate::model::{Action, Address, Attributes, Change, Operation, Partial, Risk};

/// Keeps what `targets` need of a whole plan, and tells what is left out.
pub fn restrict(
    targets: &BTreeSet<Address>,
    changes: &mut [Change],
    operations: Vec<Operation>,
) -> (Partial, Vec<Operation>) {
    let kept = needed(targets, &operations);
    let mut left_out = Vec::new();
    for change in changes.iter_mut().filter(|change| !kept.contains(&root(&change.address))) {
        if change.action != Action::NoOp && root(&change.address) == change.address {
            left_out.push((change.address.clone(), change.action));
        }
        leave(change);
    }
    let partial = Partial { targets: targets.iter().cloned().collect(), left_out };
    (partial, remaining(operations, &kept))
}

/// The targets, and all that their operations wait for, to the end of the chain; never a part of an address alone.
fn needed(targets: &BTreeSet<Address>, operations: &[Operation]) -> BTreeSet<Address> {
    let mut by_root: BTreeMap<Address, Vec<usize>> = BTreeMap::new();
    for (index, operation) in operations.iter().enumerate() {
        by_root.entry(root(&operation.address)).or_default().push(index);
    }
    let mut needed = BTreeSet::new();
    let mut open: Vec<Address> = targets.iter().map(root).collect();
    while let Some(address) = open.pop() {
        if !needed.insert(address.clone()) {
            continue;
        }
        let own = by_root.get(&address).into_iter().flatten();
        open.extend(own.flat_map(|index| &operations[*index].depends_on).map(|need| root(&operations[*need].address)));
    }
    needed
}

/// What is not in the plan stays as it is.
pub fn leave(change: &mut Change) {
    change.action = Action::NoOp;
    change.fields.clear();
    change.after = Attributes::new();
    change.causes.clear();
    change.risk = Risk::None;
    change.losses.clear();
    change.hourly_after = change.hourly_before;
    change.in_place_alternative = None;
    change.refusals.clear();
}

fn remaining(operations: Vec<Operation>, kept: &BTreeSet<Address>) -> Vec<Operation> {
    let mut place = vec![None; operations.len()];
    let mut remaining = Vec::new();
    for (index, mut operation) in operations.into_iter().enumerate() {
        if !kept.contains(&root(&operation.address)) {
            continue;
        }
        place[index] = Some(remaining.len());
        operation.depends_on = operation.depends_on.iter().filter_map(|need| place[*need]).collect();
        remaining.push(operation);
    }
    // A successor comes after what makes room for it, and belongs to the same address.
    for operation in &mut remaining {
        operation.replaced_by = operation.replaced_by.and_then(|successor| place[successor]);
    }
    remaining
}
