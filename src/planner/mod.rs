//! Desired, prior and observed become a [`Plan`]. Pure: no I/O, no clock, no async, no logging.
//!
//! `succession` finds replacements whose journal was lost, `claim` says which object belongs to which address, `diff` what
//! differs, `change` what is done about it, `replace` whether that takes a new object, `order` which requests that takes
//! and in what order, `feasible` which creates are known to fail, `partial` what some resources need of that, `doubles` what
//! exists a second time, `identity` what the plan is called, `saved` what of it goes into a file, `check` whether the
//! finished plan keeps its promises. `by_hand` corrects a state without a plan.

mod answer;
pub mod by_hand;
pub mod change;
pub mod check;
mod claim;
pub mod compare;
pub mod diff;
pub mod discover;
pub mod doubles;
pub mod drift;
pub mod feasible;
pub mod identity;
pub mod in_use;
mod ignored;
mod lock;
mod member;
pub mod moves;
mod order;
mod partial;
pub mod power;
mod protect;
pub mod record;
pub mod refresh;
mod rename;
mod replace;
pub mod saved;
mod side_effects;
mod succession;
pub mod takeover;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::config::Move;
use crate::graph::{GraphError, ResourceGraph};
use crate::kind::{self, Kind};
use crate::model::{
    Action, Address, Budget, Cause, CostSummary, Dialect, Note, Observed, Plan, Refusal, Resource, State, Updates,
};

/// Everything that a plan is made of.
pub struct Input<'a> {
    /// The configuration's `name`.
    pub name: &'a str,
    pub environment: &'a str,
    /// Which world: see [`State::api`].
    pub api: &'a str,
    pub dialect: Dialect,
    pub desired: &'a BTreeMap<Address, Resource>,
    pub moved: &'a [Move],
    pub budget: Budget,
    /// The state with its journal replayed and settled.
    pub prior: &'a State,
    pub observed: &'a Observed,
    /// For estimates of cost.
    pub catalog: &'a Catalog,
    pub options: Options,
}

impl<'a> Input<'a> {
    /// What a configuration without moves and without a budget asks for, in the environment of the state.
    pub fn new(
        name: &'a str,
        desired: &'a BTreeMap<Address, Resource>,
        prior: &'a State,
        observed: &'a Observed,
    ) -> Self {
        Self {
            name,
            environment: &prior.environment,
            api: &prior.api,
            dialect: Dialect::default(),
            desired,
            moved: &[],
            budget: Budget::default(),
            prior,
            observed,
            catalog: Catalog::embedded(),
            options: Options::default(),
        }
    }
}

/// What flags ask of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// Destroy everything that is recorded, except protected volumes.
    pub destroy: bool,
    /// With `destroy`: only these, with what stands on them; empty for everything.
    pub only: BTreeSet<Address>,
    /// Flags that permit deleting objects of a protected kind, see [`kind::Protection`].
    pub permits: BTreeSet<String>,
    /// Overrides `lifecycle.updates` of every resource.
    pub updates: Option<Updates>,
    /// Take over what looks like ours but belongs to an unknown lineage.
    pub adopt: bool,
    /// Create beside what looks like ours.
    pub ignore_existing: bool,
    /// Only these, with what they need; everything where it is empty.
    pub targets: BTreeSet<Address>,
    /// Replaced whether anything differs or not.
    pub replace: BTreeSet<Address>,
    /// Take into the state what RunPod shows, and change nothing there.
    pub refresh_only: bool,
    /// RunPod was not asked: [`refresh::remembered`] stands for what is there.
    pub unrefreshed: bool,
    /// What looks renamed is not: destroy and create.
    pub no_renames: bool,
}

impl Options {
    /// The same, with resources that moved named by their new addresses.
    fn after(&self, done: &[(Address, Address)]) -> Self {
        Self {
            only: moves::current(&self.only, done),
            targets: moves::current(&self.targets, done),
            replace: moves::current(&self.replace, done),
            ..self.clone()
        }
    }

    /// Whether objects of this kind may be deleted that nothing declares.
    pub fn permits_deleting(&self, kind: &Kind) -> bool {
        kind.protection.is_none_or(|protection| self.permits.contains(protection.flag))
    }

    /// The flags that ask for the same again, a word each; of `sindri destroy` the addresses.
    pub fn flags(&self) -> Vec<String> {
        let Self {
            destroy,
            only,
            permits,
            updates,
            adopt,
            ignore_existing,
            no_renames,
            targets,
            replace,
            refresh_only,
            unrefreshed: _, // a way of asking, not what is asked for
        } = self;
        let switch = |on: bool, flag: &str| on.then(|| flag.to_owned());
        let updates = updates.map(|updates| match updates {
            Updates::Recreate => "--updates=recreate".to_owned(),
            Updates::InPlace => "--updates=in-place".to_owned(),
        });
        let only = only.iter().filter(|_| *destroy).map(ToString::to_string);
        let switches = [
            updates,
            switch(*adopt, "--adopt"),
            switch(*ignore_existing, "--ignore-existing"),
            switch(*no_renames, "--no-renames"),
            switch(*refresh_only, "--refresh-only"),
        ];
        only.chain(targets.iter().map(|address| format!("--target={address}")))
            .chain(replace.iter().map(|address| format!("--replace={address}")))
            .chain(permits.iter().cloned())
            .chain(switches.into_iter().flatten())
            .collect()
    }
}

/// A plan for `input`.
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

    let claims = claim::claims(input, prior, desired);
    let doomed = doomed(prior, &graphs.prior, &input.options);
    let context = change::Context { input, desired, prior, claims: &claims, graphs: &graphs, doomed: &doomed };
    let decided = change::decide(&context);
    let mut renames = rename::renames(&context, &decided);
    let mut waits = decided.waits();
    let mut operations = order::operations(&decided, &graphs, input.dialect);
    successions.attach(&mut operations);
    let mut strays = refresh::strays(input.prior, input.observed);
    if !input.options.refresh_only {
        claims.settle(&mut strays, &moved.done);
    }
    let mut drift = refresh::drift_with(input.prior, input.observed, &strays);
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
        records = refresh::accepted(input.prior, input.observed);
    } else if !input.options.targets.is_empty() {
        let (told, remaining) = partial::restrict(&input.options.targets, &graphs.desired, &mut changes, operations);
        (partial, operations) = (Some(told), remaining);
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
    let purse = refresh::empty_purse(input.prior, input.observed).filter(|_| !input.options.destroy);
    let idle = moves::note(&moved, input);
    let doubles = doubles::doubles(input.name, prior, input.observed, input.catalog);
    let twice = doubles::notes(&doubles);
    let notes = purse.into_iter().chain(notes(&changes, input, prior)).chain(corrected).chain(idle).chain(twice);
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
    plan.refusals = over_budget(&plan, input);
    plan.notes.extend(feasible::unpriced(&plan));
    plan.notes.extend(feasible::unanswerable(&plan));
    feasible::refuse_unlisted(&mut plan, input.observed);
    in_use::refuse(&mut plan, input.observed);
    Ok(plan)
}

/// What a destruction is about: the addresses that were named, and all that stands on them; everything, where none was.
fn doomed(prior: &State, graph: &ResourceGraph, options: &Options) -> BTreeSet<Address> {
    if !options.destroy {
        return BTreeSet::new();
    }
    if options.only.is_empty() {
        return prior.resources.keys().cloned().collect();
    }
    let mut doomed = BTreeSet::new();
    let mut open: Vec<&Address> = options.only.iter().collect();
    while let Some(address) = open.pop() {
        if doomed.insert(address.clone()) {
            open.extend(graph.dependents(address));
        }
    }
    doomed
}

/// The two graphs that an order has to respect.
pub struct Graphs {
    pub desired: ResourceGraph,
    pub prior: ResourceGraph,
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

/// What stays although nothing declares it, with what it goes on to cost.
fn notes(changes: &[crate::model::Change], input: &Input<'_>, prior: &State) -> Vec<Note> {
    let mut notes = Vec::new();
    for change in changes {
        if let (Action::NoOp, [Cause::Superseded { by }]) = (change.action, change.causes.as_slice()) {
            let id = change.id.as_deref().unwrap_or_default();
            let message = format!(
                "`{id}` stays until `{by}`, which takes its place, has been ready; `sindri start {by}` starts that and waits"
            );
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

fn over_budget(plan: &Plan, input: &Input<'_>) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let mut refuse = |message: String, key: &str| {
        refusals.push(Refusal {
            code: "budget".into(),
            message,
            help: format!("ask for less, or raise `budget.{key}` in the configuration"),
            position: None,
        });
    };
    // A plan that only takes away, or changes nothing, is never held up by the budget.
    let grows = plan.cost.hourly_after > plan.cost.hourly_before;
    if let Some(limit) = input.budget.max_hourly.filter(|limit| grows && plan.cost.hourly_after > *limit) {
        refuse(format!("this plan comes to {}/h, over the budget of {limit}/h", plan.cost.hourly_after), "maxHourly");
    }
    let exist = |change: &&crate::model::Change| {
        !matches!(change.action, Action::Delete | Action::Forget)
            // What a partial plan leaves to be created is not there.
            && (change.id.is_some() || change.action == Action::Create)
    };
    let weight = |change: &crate::model::Change| kind::find(&change.address.kind).map_or(0, |kind| kind.budget_weight);
    let pods: usize = plan.changes.iter().filter(exist).map(weight).sum();
    let creates = plan.changes.iter().any(|change| change.action == Action::Create && weight(change) > 0);
    if let Some(limit) = input.budget.max_pods.filter(|limit| creates && pods > *limit as usize) {
        refuse(format!("this plan comes to {pods} pods, over the budget of {limit}"), "maxPods");
    }
    refusals
}
