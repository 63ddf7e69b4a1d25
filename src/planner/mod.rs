//! Computes a [`Plan`] from desired, prior and observed. Pure: no I/O, no clock, no async, no logging.
//!
//! Reading order: `recognise` matches objects to addresses, `decide` chooses the action for each address, and `order`
//! turns the actions into ordered requests. `drift` compares the state with reality, and `review` names, saves and
//! checks the finished plan. `by_hand` corrects a state without a plan.
//!
//! Terms: a *member* or *part* exists only in its parent's request, such as the ports of a pod. A *predecessor* is the
//! deposed object of a create-before-destroy replacement, which stays until its *successor* is ready.

pub mod by_hand;
pub mod decide;
pub mod drift;
pub mod input;
pub mod order;
pub mod recognise;
pub mod review;

use std::collections::{BTreeMap, BTreeSet};

use self::decide::{answer, budget, change, feasible, in_use, protect};
use self::drift::survey;
use self::order::{operations, partial};
use self::recognise::claim::Lineages;
use self::recognise::{claim, doubles, moves, rename, succession};
use crate::graph::{GraphError, ResourceGraph};
use crate::model::{Action, Address, Cause, CostSummary, Note, Plan, State};
use crate::resource::inventory;

pub use input::{Graphs, Input, PlanOptions};

/// Computes the plan for `input`.
pub fn plan(input: &Input<'_>) -> Result<Plan, GraphError> {
    let moved = moves::followed(input.prior, input.moved, input.desired);
    let input = &Input { options: input.options.after(&moved.done), ..*input };
    let prior = &*moved.state;
    let corrections = moves::corrections(input.prior, prior);
    let nothing = BTreeMap::new();
    let desired = if input.options.destroy { &nothing } else { input.desired };
    let (prior, successions) = succession::deposed(input, prior, desired);
    let prior = &*prior;
    let graphs = Graphs { desired: ResourceGraph::of_resources(desired)?, prior: ResourceGraph::of_state(prior)? };

    let claims = claim::claims(input, prior, desired, Lineages::OfProject);
    let destroy_targets = destroy_targets(prior, &graphs.prior, &input.options);
    let context = change::DecisionContext {
        input,
        desired,
        prior,
        claims: &claims,
        graphs: &graphs,
        destroy_targets: &destroy_targets,
    };
    let decided = change::decide(&context);
    let mut renames = rename::renames(&context, &decided);
    let mut waits = decided.waits();
    let mut operations = operations::operations(&decided, &graphs, input.dialect);
    successions.attach(&mut operations);
    let mut migrated = inventory::migrated(input.prior, input.observed);
    if !input.options.refresh_only {
        claims.settle(&mut migrated, &moved.done);
    }
    let mut drift = survey::drift_with(input.prior, input.observed, &migrated);
    answer::answer(&mut drift, &decided, &moved);

    let mut records = corrections;
    records.extend(decided.records(prior));
    let mut changes = decided.into_changes();
    moves::refuse(&mut changes, &moved, input);
    let mut partial = None;
    if input.options.refresh_only {
        changes.iter_mut().for_each(partial::leave);
        operations.clear();
        waits.clear();
        records = survey::accepted(input.prior, input.observed);
    } else if !input.options.targets.is_empty() {
        let (reported, remaining) =
            partial::restrict(&input.options.targets, &graphs.desired, &mut changes, operations);
        (partial, operations) = (Some(reported), remaining);
        partial::restrict_waits(&mut waits, &operations, &mut partial);
    }
    if partial.is_some() || input.options.refresh_only {
        let pending: BTreeSet<&Address> =
            changes.iter().filter(|change| change.action != Action::NoOp).map(|change| &change.address).collect();
        renames.retain(|rename| pending.contains(&rename.to) || pending.contains(&rename.from));
    }
    answer::narrow(&mut drift, &changes, &moved, &input.options);
    let cost = cost(&changes);
    let corrected = protect::corrections(prior, &records);
    let zero_balance = survey::zero_balance_note(input.prior, input.observed).filter(|_| !input.options.destroy);
    let idle = moves::note(&moved, input);
    let doubles = doubles::doubles(input.name, prior, input.observed, input.catalog);
    let twice = doubles::notes(&doubles);
    let notes = zero_balance.into_iter().chain(notes(&changes, input, prior)).chain(corrected).chain(idle).chain(twice);
    let notes = notes.collect();
    let mut plan = Plan {
        name: input.name.to_owned(),
        environment: input.environment.to_owned(),
        lineage: prior.lineage.clone(),
        new_state: prior.resources.is_empty(),
        api: input.api.to_owned(),
        dialect: input.dialect,
        destroy: input.options.destroy,
        refresh_only: input.options.refresh_only,
        unrefreshed: input.options.unrefreshed,
        partial,
        moves: moved.done.clone(),
        renames,
        waits,
        drift,
        orphans: claims.orphans(),
        doubles,
        operations,
        records,
        notes,
        refusals: Vec::new(),
        prior_digest: input.prior.digest(),
        changes,
        cost,
    };
    plan.refusals = budget::refusals(&plan, input);
    plan.notes.extend(feasible::unpriced(&plan));
    plan.notes.extend(feasible::unanswerable(&plan));
    feasible::refuse_unlisted(&mut plan, input.observed);
    in_use::refuse(&mut plan, input.observed);
    Ok(plan)
}

/// The addresses to destroy: the named ones and all their dependents, or everything if none are named.
fn destroy_targets(prior: &State, graph: &ResourceGraph, options: &PlanOptions) -> BTreeSet<Address> {
    if !options.destroy {
        return BTreeSet::new();
    }
    if options.only.is_empty() {
        return prior.resources.keys().cloned().collect();
    }
    let mut destroy_targets = BTreeSet::new();
    let mut open: Vec<&Address> = options.only.iter().collect();
    while let Some(address) = open.pop() {
        if destroy_targets.insert(address.clone()) {
            open.extend(graph.dependents(address));
        }
    }
    destroy_targets
}

fn cost(changes: &[crate::model::Change]) -> CostSummary {
    CostSummary {
        hourly_before: changes.iter().map(|change| change.hourly_before).sum(),
        hourly_after: changes.iter().map(|change| change.hourly_after).sum(),
        data_at_risk_gb: changes
            .iter()
            .flat_map(|change| &change.losses)
            .filter(|loss| loss.precious)
            .filter_map(|loss| loss.size_gb)
            .sum(),
    }
}

/// Notes on undeclared objects that are kept, with their ongoing cost.
fn notes(changes: &[crate::model::Change], input: &Input<'_>, prior: &State) -> Vec<Note> {
    let mut notes = Vec::new();
    for change in changes {
        if let (Action::NoOp, [Cause::Superseded { by }]) = (change.action, change.causes.as_slice()) {
            let id = change.id.as_deref().unwrap_or_default();
            let message =
                format!("`{id}` is kept until its successor `{by}` is ready; `sindri start {by}` starts it and waits");
            notes.push(Note { address: Some(change.address.clone()), message });
            continue;
        }
        let undeclared = change.causes.iter().any(|cause| matches!(cause, Cause::Undeclared | Cause::Destroy));
        if change.action != Action::NoOp || !undeclared {
            continue;
        }
        let record = prior.resources.get(&change.address);
        let message = protect::note(change, record, input.desired.get(&change.address), input.options.destroy);
        notes.push(Note { address: Some(change.address.clone()), message });
    }
    notes
}
