//! Checks the invariants of a finished plan. Runs in every test and before every apply. A violation is a bug in the
//! planner, and the plan is not applied.

use std::collections::{BTreeMap, BTreeSet};

use crate::kind;
use crate::model::{
    Action, Address, Change, Drift, DriftClass, DriftResponse, Entry, FieldChange, Operation, Outcome, Plan, Replay,
    Risk, State, Value, Verb,
};
use crate::planner::decide::answer::Places;
use crate::resource::difference::satisfies;
use crate::resource::members;
use crate::resource::{self, Flaw, Folding, RecordChanges};

/// A violated invariant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{address}`: {broken}")]
pub struct PlanViolation {
    pub address: Address,
    pub broken: &'static str,
}

/// All invariants that `plan` violates; empty for a correct plan.
pub fn violations(plan: &Plan) -> Vec<PlanViolation> {
    let mut violations = Vec::new();
    let mut by_address: BTreeMap<&Address, Vec<&Operation>> = BTreeMap::new();
    for (index, operation) in plan.operations.iter().enumerate() {
        by_address.entry(&operation.address).or_default().push(operation);
        each_operation(index, operation, plan, &mut |broken| {
            violations.push(PlanViolation { address: operation.address.clone(), broken });
        });
    }
    let mut seen = BTreeSet::new();
    for change in &plan.changes {
        let mut refuse = |broken| violations.push(PlanViolation { address: change.address.clone(), broken });
        if !seen.insert(&change.address) {
            refuse("it is in the plan twice");
        }
        let own = by_address.remove(&change.address).unwrap_or_default();
        each_change(change, &own, &mut refuse);
    }
    for (address, _) in by_address.into_iter().filter(|(address, _)| address.successor().is_none()) {
        violations.push(PlanViolation { address: address.clone(), broken: "it has operations, but no visible change" });
    }
    references(plan, &mut violations);
    successors(plan, &mut violations);
    answers(plan, &mut violations);
    waits(plan, &mut violations);
    violations
}

/// All contradictions among the records that `plan` would leave in the state `prior`.
pub fn flaws(prior: &State, plan: &Plan) -> Vec<Flaw> {
    let mut known = Folding::of(Replay::new(prior.clone()));
    let steps = plan.operations.iter().enumerate().map(Some);
    for step in std::iter::once(None).chain(steps) {
        let records = match step {
            None => plan.records.clone(),
            Some((index, operation)) => outcome(index, operation, &known.state),
        };
        known.fold(Entry::Outcome(Outcome { operation: String::new(), records }));
    }
    let flaws = resource::flaws(&known.state);
    flaws.into_iter().filter(|flaw| !flaw.fault.is_passing()).collect()
}

/// The records after an operation, with placeholder ids for what it creates.
fn outcome(index: usize, operation: &Operation, state: &State) -> RecordChanges {
    let mut records = operation.members.clone();
    let before = state.resources.get(&operation.address);
    let mut record = operation.record.clone();
    if let Some(record) = record.as_mut().filter(|record| record.id.is_empty()) {
        let made = before.filter(|_| operation.verb != Verb::Create);
        record.id = made.map_or_else(|| format!("new-{index}"), |record| record.id.clone());
    }
    if let Some((address, record)) = operation.deposes.clone().zip(before) {
        records.insert(address, Some(record.clone()));
    }
    if let Some(id) = record.as_ref().map(|record| record.id.as_str()) {
        for (part, record) in records.iter_mut().filter(|(part, _)| members::is_member(part)) {
            record.iter_mut().for_each(|record| record.id = members::id_of_member(id, part));
        }
    }
    records.insert(operation.address.clone(), record);
    records
}

/// Checks that the waits shown to the user are exactly those that are carried out.
fn waits(plan: &Plan, violations: &mut Vec<PlanViolation>) {
    let reported: BTreeSet<(&Address, Option<&str>)> =
        plan.waits.iter().map(|wait| (&wait.address, Some(wait.id.as_str()))).collect();
    let done = plan.operations.iter().filter(|operation| operation.verb == Verb::Wait);
    let done: BTreeSet<(&Address, Option<&str>)> =
        done.map(|operation| (&operation.address, operation.id.as_deref())).collect();
    for (address, _) in reported.symmetric_difference(&done) {
        violations.push(PlanViolation {
            address: (*address).clone(),
            broken: "the waits that the plan shows differ from its operations",
        });
    }
}

fn each_operation(index: usize, operation: &Operation, plan: &Plan, refuse: &mut dyn FnMut(&'static str)) {
    if operation.depends_on.iter().any(|need| *need >= index) {
        refuse("an operation comes before one that it depends on");
    }
    if (operation.verb == Verb::Create) == operation.candidates.is_empty() {
        refuse("creates must have candidates, and other operations must not");
    }
    if matches!(operation.verb, Verb::Delete | Verb::Forget) != operation.record.is_none() {
        refuse("only operations that remove an object leave no record");
    }
    let needs_id = matches!(operation.verb, Verb::Delete | Verb::Import | Verb::Forget | Verb::Wait);
    if needs_id && operation.id.as_deref().is_none_or(str::is_empty) {
        refuse("it does not identify its object");
    }
    if operation
        .replaced_by
        .is_some_and(|successor| plan.operations.get(successor).is_none_or(|op| op.verb != Verb::Create))
    {
        refuse("its successor is not created");
    }
}

fn each_change(change: &Change, operations: &[&Operation], refuse: &mut dyn FnMut(&'static str)) {
    let has = |verb| operations.iter().any(|operation| operation.verb == verb);
    let count = |verb| operations.iter().filter(|operation| operation.verb == verb).count();
    if members::is_member(&change.address) {
        if !operations.is_empty() {
            refuse("it is part of another resource, but has operations");
        }
        return;
    }
    let expected = match change.action {
        Action::NoOp => operations.iter().all(|operation| operation.verb == Verb::Wait),
        Action::Create => count(Verb::Create) == 1 && !has(Verb::Delete),
        Action::Update => count(Verb::Update) == 1 && !has(Verb::Create) && !has(Verb::Delete),
        Action::Replace => count(Verb::Create) == 1 && count(Verb::Delete) == 1,
        // Its delete has the address of the deposed object.
        Action::ReplaceCreateFirst => count(Verb::Create) == 1 && !has(Verb::Delete),
        Action::Delete => count(Verb::Delete) == 1 && operations.len() == 1,
        Action::Start => count(Verb::Start) == 1 && !has(Verb::Create) && !has(Verb::Delete),
        Action::Stop => count(Verb::Stop) == 1 && !has(Verb::Create) && !has(Verb::Delete),
        Action::Import => operations.len() == 1 && has(Verb::Import),
        Action::Forget => operations.len() == 1 && has(Verb::Forget),
    };
    if !expected {
        refuse("its operations do not match its action");
    }
    if change.action != Action::NoOp && change.causes.is_empty() {
        refuse("it gives no reason for its change");
    }
    if !change.losses.is_empty() && change.action.destroys() && change.risk < Risk::EphemeralLoss {
        refuse("it loses data, but states no risk");
    }
    if change.losses.iter().any(|loss| loss.precious) && change.risk < Risk::AddressLoss {
        refuse("it loses precious data, but states a lower risk");
    }
    if change.action == Action::NoOp && !change.fields.is_empty() {
        refuse("it differs, but has no action");
    }
}

/// A delete that makes room for a successor must wait for all dependencies of the successor. Operations that need room
/// themselves are exempt, because two deletes could otherwise wait for each other.
fn successors(plan: &Plan, violations: &mut Vec<PlanViolation>) {
    let needs_room = needs_room(plan);
    for (index, operation) in plan.operations.iter().enumerate() {
        let Some(successor) = operation.replaced_by.and_then(|successor| plan.operations.get(successor)) else {
            continue;
        };
        let early = successor.depends_on.iter().filter(|needed| **needed != index).any(|needed| {
            !needs_room.get(*needed).is_some_and(|needs_room| *needs_room) && !reaches(plan, operation, *needed)
        });
        if early {
            violations.push(PlanViolation {
                address: operation.address.clone(),
                broken: "it is destroyed before the dependencies of its successor exist",
            });
        }
    }
}

/// For each operation, whether it is a delete or depends on one. Operations come after those that they depend on.
fn needs_room(plan: &Plan) -> Vec<bool> {
    let mut needs_room: Vec<bool> = Vec::with_capacity(plan.operations.len());
    for operation in &plan.operations {
        let needs = |need: &usize| needs_room.get(*need).is_some_and(|needs_room| *needs_room);
        needs_room.push(operation.verb == Verb::Delete || operation.depends_on.iter().any(needs));
    }
    needs_room
}

/// A create or update must wait for the resources it refers to if the same plan creates them.
fn references(plan: &Plan, violations: &mut Vec<PlanViolation>) {
    let made: BTreeMap<&Address, usize> = plan
        .operations
        .iter()
        .enumerate()
        .filter(|(_, operation)| matches!(operation.verb, Verb::Create | Verb::Import))
        .map(|(index, operation)| (&operation.address, index))
        .collect();
    for operation in &plan.operations {
        for target in operation.inputs.values().flat_map(Value::references) {
            if made.get(target).is_some_and(|maker| !reaches(plan, operation, *maker)) {
                violations.push(PlanViolation {
                    address: operation.address.clone(),
                    broken: "it does not wait for the resources it refers to",
                });
            }
        }
    }
}

/// Checks that the plan's answer to each outside change matches its changes.
fn answers(plan: &Plan, violations: &mut Vec<PlanViolation>) {
    let changes = plan.by_address();
    let places = Places::new(&plan.moves);
    for drift in &plan.drift {
        let address = places.of(drift, |address| changes.contains_key(address));
        let change = changes.get(&address).copied();
        if let Some(broken) = change.and_then(|change| contradiction(drift, change)) {
            violations.push(PlanViolation { address: drift.address.clone(), broken });
        }
    }
}

fn contradiction(drift: &Drift, change: &Change) -> Option<&'static str> {
    let changes = |field: &FieldChange| change.fields.iter().any(|other| other.path == field.path);
    let undone = || change.action.destroys() || drift.fields.iter().any(changes);
    let changed = drift.class == DriftClass::Changed;
    match drift.answer {
        DriftResponse::Planned(action) if action != change.action => {
            Some("it says that an action settles an outside change, but plans another action")
        }
        DriftResponse::Agrees | DriftResponse::Ignored | DriftResponse::Untouched if changed && undone() => {
            Some("it says that an outside change is kept, but plans to undo it")
        }
        DriftResponse::Agrees if changed && !drift.fields.iter().all(|field| is_declared(field, change)) => {
            Some("it says that an outside change matches the configuration, but it does not")
        }
        DriftResponse::Refused if change.refusals.is_empty() => {
            Some("it says that an outside change is refused, but refuses nothing")
        }
        DriftResponse::LeftOut | DriftResponse::Accepted if change.action != Action::NoOp => {
            Some("it says that an outside change is left out, but acts on it")
        }
        _ => None,
    }
}

/// Whether the observed value satisfies the declared attribute, as far as the plan shows both in plain text.
fn is_declared(field: &FieldChange, change: &Change) -> bool {
    let (name, key) = field.path.split_once('.').map_or((field.path.as_str(), None), |(name, key)| (name, Some(key)));
    let attribute = kind::find(&change.address.kind).and_then(|kind| kind.attribute(name));
    let Some((attribute, declared)) = attribute.zip(change.after.get(name)) else { return true };
    let declared = match key {
        Some(key) => declared.as_map().and_then(|map| map.get(key)).unwrap_or(&Value::Null),
        None => declared,
    };
    let hidden = |value: &Value| value.any(&|item| matches!(item, Value::Secret(_) | Value::Reference(_)));
    hidden(declared) || hidden(&field.after) || satisfies(attribute.compare, declared, &field.after)
}

/// Whether an operation depends on another one, directly or not. In a plan, it usually does so directly.
fn reaches(plan: &Plan, from: &Operation, target: usize) -> bool {
    let mut open: Vec<&Operation> = vec![from];
    let mut seen = BTreeSet::new();
    while let Some(operation) = open.pop() {
        if operation.depends_on.contains(&target) {
            return true;
        }
        let later = operation.depends_on.iter().filter(|need| **need > target && seen.insert(**need));
        open.extend(later.filter_map(|need| plan.operations.get(*need)));
    }
    false
}
