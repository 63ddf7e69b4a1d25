//! Restricts a plan to some resources and their dependencies.
//!
//! The operations determine what the targets need: everything that one of their operations waits for is in the plan
//! too, whether it is a dependency created first or a dependent destroyed first. A refusal of a needed resource stays
//! in the plan and prevents its apply; other refusals are only reported.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::ResourceGraph;
use crate::model::{Action, Address, Attributes, Change, Operation, Partial, Risk, Verb, Wait};
use crate::planner::review::identity::root;

/// Keeps the part of a plan that `targets` need, and returns what is left out.
pub fn restrict(
    targets: &BTreeSet<Address>,
    graph: &ResourceGraph,
    changes: &mut [Change],
    operations: Vec<Operation>,
) -> (Partial, Vec<Operation>) {
    let mut kept = needed(targets, &operations);
    kept.extend(refused(&kept, graph, changes));
    let mut partial = Partial { targets: targets.iter().cloned().collect(), ..Partial::default() };
    for change in changes.iter_mut().filter(|change| !kept.contains(&root(&change.address))) {
        let address = &change.address;
        if change.action != Action::NoOp && root(address) == *address {
            partial.left_out.push((address.clone(), change.action));
        }
        partial.refused.extend(change.refusals.drain(..).map(|refusal| (address.clone(), refusal)));
        leave(change);
    }
    (partial, remaining(operations, &kept))
}

/// The refused resources that `kept` depends on. They block the plan even without operations.
fn refused(kept: &BTreeSet<Address>, graph: &ResourceGraph, changes: &[Change]) -> Vec<Address> {
    let refused: BTreeSet<Address> =
        changes.iter().filter(|change| !change.refusals.is_empty()).map(|change| root(&change.address)).collect();
    let mut seen = BTreeSet::new();
    let mut open: Vec<&Address> = if refused.is_empty() { Vec::new() } else { kept.iter().collect() };
    while let Some(address) = open.pop() {
        if seen.insert(address) {
            open.extend(graph.dependencies(address));
        }
    }
    seen.into_iter().filter(|address| refused.contains(*address)).cloned().collect()
}

/// Keeps the waits that the remaining operations carry out, and reports other resources that are not ready.
pub fn restrict_waits(waits: &mut Vec<Wait>, operations: &[Operation], partial: &mut Option<Partial>) {
    let kept: BTreeSet<&Address> = operations
        .iter()
        .filter(|operation| operation.verb == Verb::Wait)
        .map(|operation| &operation.address)
        .collect();
    let (stay, go): (Vec<Wait>, Vec<Wait>) =
        std::mem::take(waits).into_iter().partition(|wait| kept.contains(&wait.address));
    *waits = stay;
    if let Some(partial) = partial {
        partial.not_ready = go.into_iter().map(|wait| wait.address).collect();
    }
}

/// The targets, and everything that their operations transitively wait for; always whole resources.
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

/// Turns a change outside the plan into a no-op.
pub fn leave(change: &mut Change) {
    change.action = Action::NoOp;
    change.fields.clear();
    change.after = Attributes::new();
    change.causes.clear();
    change.side_effects.clear();
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
    // A successor comes after the delete that makes room for it, and belongs to the same address.
    for operation in &mut remaining {
        operation.replaced_by = operation.replaced_by.and_then(|successor| place[successor]);
    }
    remaining
}
