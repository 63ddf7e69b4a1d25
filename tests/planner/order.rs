//! Checks that a plan's operations respect every declared and recorded dependency, without using the planner's graph
//! and order.

use std::collections::{BTreeMap, BTreeSet};

use sindri::model::{Address, Plan, Resource, State, Value, Verb};

/// Asserts that everything is created after its dependencies, and destroyed before them.
pub fn respects_every_edge(plan: &Plan, desired: &BTreeMap<Address, Resource>, prior: &State) {
    for (index, operation) in plan.operations.iter().enumerate() {
        assert!(operation.depends_on.iter().all(|need| *need < index), "{:#?}", plan.operations);
    }
    for (from, to) in desired.values().flat_map(needs) {
        for (first, last) in pairs(made(plan, from), made(plan, to)) {
            assert!(waits_for(plan, first, last), "`{from}` is made before `{to}`: {:#?}", plan.operations);
        }
    }
    let recorded = prior.resources.iter().flat_map(|(from, record)| record.depends_on.iter().map(move |to| (from, to)));
    for (from, to) in recorded {
        for (first, last) in pairs(destroyed(plan, to), destroyed(plan, from)) {
            assert!(waits_for(plan, first, last), "`{to}` goes before `{from}`: {:#?}", plan.operations);
        }
    }
}

fn needs(resource: &Resource) -> impl Iterator<Item = (&Address, &Address)> {
    let references = resource.inputs.values().filter_map(|value| match value {
        Value::Reference(address) => Some(address.as_ref()),
        _ => None,
    });
    references.chain(&resource.parent).map(|to| (&resource.address, to))
}

fn pairs(first: Vec<usize>, second: Vec<usize>) -> impl Iterator<Item = (usize, usize)> {
    first.into_iter().flat_map(move |first| second.clone().into_iter().map(move |second| (first, second)))
}

/// The operations after which the address is as declared.
fn made(plan: &Plan, address: &Address) -> Vec<usize> {
    let of = |verbs: &[Verb]| indexes(plan, |other, verb| other == address && verbs.contains(&verb));
    match of(&[Verb::Create, Verb::Update, Verb::Start, Verb::Stop]) {
        // An import only records; the operations after it make the address as declared.
        made if made.is_empty() => of(&[Verb::Import]),
        made => made,
    }
}

/// The operations that remove the current object of the address.
fn destroyed(plan: &Plan, address: &Address) -> Vec<usize> {
    let deposed = |other: &Address| {
        let member = other.member.as_deref().is_some_and(|member| member.starts_with("deposed-"));
        member && Address { member: None, ..other.clone() } == *address
    };
    indexes(plan, |other, verb| verb == Verb::Delete && (other == address || deposed(other)))
}

fn indexes(plan: &Plan, fits: impl Fn(&Address, Verb) -> bool) -> Vec<usize> {
    let operations = plan.operations.iter().enumerate();
    operations.filter(|(_, operation)| fits(&operation.address, operation.verb)).map(|(index, _)| index).collect()
}

fn waits_for(plan: &Plan, later: usize, earlier: usize) -> bool {
    let mut open = vec![later];
    let mut seen = BTreeSet::new();
    while let Some(index) = open.pop() {
        if index == earlier {
            return true;
        }
        if seen.insert(index) {
            open.extend(&plan.operations[index].depends_on);
        }
    }
    false
}
