//! The plan, step by step: what is where, what happens to it, which requests that takes, and what stands against it.

use std::collections::{BTreeMap, BTreeSet};

use super::decide::change::{DecisionContext, Decisions};
use super::decide::{answer, budget, change, feasible, in_use, peak, protect, users};
use super::drift::survey;
use super::input::{Graphs, Input, PlanOptions};
use super::order::{operations, partial};
use super::recognise::claim::Lineages;
use super::recognise::moves::MovedState;
use super::recognise::succession::Successions;
use super::recognise::{claim, doubles, moves, rename, succession};
use crate::graph::{GraphError, ResourceGraph};
use crate::kind;
use crate::model::{
    Action, Address, Cause, Change, CostSummary, Drift, Note, Operation, Partial, Plan, Record, Rename, State, Wait,
};
use crate::resource::inventory;

/// Computes the plan for `input`.
pub fn plan(input: &Input<'_>) -> Result<Plan, GraphError> {
    let moved = moves::followed(input.prior, input.moved, input.desired);
    let input = &Input { options: input.options.after(&moved.done), ..*input };
    let nothing = BTreeMap::new();
    let desired = if input.options.destroy { &nothing } else { input.desired };
    let (prior, successions) = succession::deposed(input, &moved.state, desired);
    let prior = &*prior;
    let graphs = Graphs { desired: ResourceGraph::of_resources(desired)?, prior: ResourceGraph::of_state(prior)? };
    let claims = &claim::claims(input, prior, desired, Lineages::OfProject);
    let destroy_targets = &destroy_targets(prior, &graphs.prior, &input.options);
    let needed_by_protected = &protect::needed_by_protected(input, desired, prior, &graphs.prior);
    let context =
        DecisionContext { input, desired, prior, claims, graphs: &graphs, destroy_targets, needed_by_protected };

    let mut decided = change::decide(&context);
    users::keep(&mut decided, input.observed);
    let mut drift = answered_drift(&context, &decided, &moved);
    let steps = Steps::of(&context, decided, successions, &moved).restricted(&context);
    answer::narrow(&mut drift, &steps.changes, &moved, &input.options);
    let mut plan = assembled(&context, steps, drift, &moved);
    plan.notes = notes(&plan, &context, &moved);
    plan.refusals = budget::refusals(&plan, input);
    feasible::refuse_unlisted(&mut plan, input.observed);
    in_use::refuse(&mut plan, input.observed);
    Ok(plan)
}

/// What happened outside sindri, and the plan's response to it.
fn answered_drift(context: &DecisionContext<'_>, decided: &Decisions<'_>, moved: &MovedState<'_>) -> Vec<Drift> {
    let Input { prior, observed, ref options, .. } = *context.input;
    let mut migrated = inventory::migrated(prior, observed);
    if !options.refresh_only {
        context.claims.settle(&mut migrated, &moved.done);
    }
    let mut drift = survey::drift_with(prior, observed, &migrated);
    answer::answer(&mut drift, decided, moved);
    drift
}

/// The changes with everything that carries them out.
struct Steps {
    changes: Vec<Change>,
    operations: Vec<Operation>,
    waits: Vec<Wait>,
    /// State corrections that need no request.
    records: BTreeMap<Address, Option<Record>>,
    late_needs: BTreeMap<Address, Vec<Address>>,
    renames: Vec<Rename>,
    partial: Option<Partial>,
}

impl Steps {
    fn of(
        context: &DecisionContext<'_>,
        decided: Decisions<'_>,
        successions: Successions,
        moved: &MovedState<'_>,
    ) -> Self {
        let input = context.input;
        let mut operations = operations::operations(&decided, context.graphs, input.dialect);
        successions.attach(&mut operations);
        let mut records = moves::corrections(input.prior, &moved.state);
        records.extend(decided.records(context.prior));
        let late_needs = decided.late_needs(context.prior);
        let (renames, waits) = (rename::renames(context, &decided), decided.waits());
        let mut changes = decided.into_changes();
        moves::refuse(&mut changes, moved, input);
        Self { changes, operations, waits, records, late_needs, renames, partial: None }
    }

    /// Without the steps that the options leave out.
    fn restricted(mut self, context: &DecisionContext<'_>) -> Self {
        let Input { prior, observed, ref options, .. } = *context.input;
        if options.refresh_only {
            self.changes.iter_mut().for_each(partial::leave);
            self.operations.clear();
            self.waits.clear();
            self.records = survey::accepted(prior, observed);
        } else if !options.targets.is_empty() {
            let (reported, remaining) =
                partial::restrict(&options.targets, &context.graphs.desired, &mut self.changes, self.operations);
            (self.partial, self.operations) = (Some(reported), remaining);
            partial::restrict_waits(&mut self.waits, &self.operations, &mut self.partial);
        } else {
            return self;
        }
        let pending = self.changes.iter().filter(|change| change.action != Action::NoOp);
        let pending: BTreeSet<&Address> = pending.map(|change| &change.address).collect();
        self.renames.retain(|rename| pending.contains(&rename.to) || pending.contains(&rename.from));
        self
    }
}

/// The plan, still without notes and refusals.
fn assembled(context: &DecisionContext<'_>, steps: Steps, drift: Vec<Drift>, moved: &MovedState<'_>) -> Plan {
    let Input { name, environment, api, dialect, prior, observed, catalog, ref options, .. } = *context.input;
    let Steps { mut changes, operations, waits, records, late_needs, renames, partial } = steps;
    peak::set(&mut changes, catalog);
    Plan {
        name: name.to_owned(),
        environment: environment.to_owned(),
        lineage: prior.lineage.clone(),
        new_state: context.prior.resources.is_empty(),
        api: api.to_owned(),
        dialect,
        destroy: options.destroy,
        refresh_only: options.refresh_only,
        unrefreshed: options.unrefreshed,
        partial,
        moves: moved.done.clone(),
        renames,
        cost: cost(&changes),
        changes,
        waits,
        drift,
        orphans: context.claims.orphans(),
        doubles: doubles::doubles(name, context.prior, observed, catalog),
        operations,
        records,
        late_needs,
        notes: Vec::new(),
        refusals: Vec::new(),
        prior_digest: prior.digest(),
    }
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

fn cost(changes: &[Change]) -> CostSummary {
    CostSummary {
        hourly_before: changes.iter().map(|change| change.hourly_before).sum(),
        hourly_after: changes.iter().map(|change| change.hourly_after).sum(),
        peak_before: changes.iter().map(|change| change.peak_before).sum(),
        peak_after: changes.iter().map(|change| change.peak_after).sum(),
        data_at_risk_gb: changes
            .iter()
            .flat_map(|change| &change.losses)
            .filter(|loss| loss.precious)
            .filter_map(|loss| loss.size_gb)
            .sum(),
    }
}

/// Everything that a reader of the plan should know besides its changes.
fn notes(plan: &Plan, context: &DecisionContext<'_>, moved: &MovedState<'_>) -> Vec<Note> {
    let DecisionContext { input, prior, .. } = *context;
    let zero_balance = survey::zero_balance_note(input.prior, input.observed).filter(|_| !input.options.destroy);
    let notes = zero_balance.into_iter().chain(kept(&plan.changes, input, prior));
    let notes = notes.chain(protect::corrections(prior, &plan.records)).chain(moves::note(moved, input));
    let notes = notes.chain(doubles::notes(&plan.doubles)).chain(delays(&plan.changes));
    notes.chain(feasible::unpriced(plan)).chain(feasible::unanswerable(plan)).collect()
}

/// Notes on new objects that cannot be used at once although no reading shows it, one per kind.
fn delays(changes: &[Change]) -> Vec<Note> {
    let made: BTreeSet<&str> = changes
        .iter()
        .filter(|change| change.action == Action::Create || change.action.is_replacement())
        .map(|change| &*change.address.kind)
        .collect();
    let delays = kind::KINDS.iter().filter(|kind| made.contains(kind.name));
    let note = |kind: &&kind::Kind| {
        Some(Note { address: None, message: format!("{}s: {}", kind.title, kind.delay?) }) //
    };
    delays.filter_map(note).collect()
}

/// Notes on undeclared objects that are kept, with their ongoing cost.
fn kept(changes: &[Change], input: &Input<'_>, prior: &State) -> Vec<Note> {
    let mut notes = Vec::new();
    for change in changes {
        if let (Action::NoOp, [Cause::Superseded { by }]) = (change.action, change.causes.as_slice()) {
            let id = change.id.as_deref().unwrap_or_default();
            let message = match users::of_old_object(change) {
                Some(users) => {
                    let title = kind::find(&change.address.kind).map_or("object", |kind| kind.title);
                    format!("the previous {title} `{id}` stays until {users} recreated")
                }
                None => format!(
                    "`{id}` is kept until its successor `{by}` is ready; `sindri start {by}` starts it and waits"
                ),
            };
            notes.push(Note { address: Some(change.address.clone()), message });
            continue;
        }
        if let [Cause::NeededBy { address }] = change.causes.as_slice() {
            let message = format!("it is kept, because `{address}` needs it and is protected");
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
