//! The inputs of a plan.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::config::Move;
use crate::graph::ResourceGraph;
use crate::kind::Kind;
use crate::model::{Address, Budget, Dialect, Observed, Resource, State, Updates};

/// Everything that a plan is computed from.
pub struct Input<'a> {
    /// The configuration's `name`.
    pub name: &'a str,
    pub environment: &'a str,
    /// The API: see [`State::api`].
    pub api: &'a str,
    pub dialect: Dialect,
    pub desired: &'a BTreeMap<Address, Resource>,
    pub moved: &'a [Move],
    pub budget: Budget,
    /// The state after replaying and settling its journal.
    pub prior: &'a State,
    pub observed: &'a Observed,
    /// For cost estimates.
    pub catalog: &'a Catalog,
    pub options: PlanOptions,
}

impl<'a> Input<'a> {
    /// An input without moves and budget, in the environment of the state.
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
            options: PlanOptions::default(),
        }
    }
}

/// Options of a plan, set by flags.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlanOptions {
    /// Destroy everything that is recorded, except protected volumes.
    pub destroy: bool,
    /// With `destroy`: only these resources and their dependents; empty for everything.
    pub only: BTreeSet<Address>,
    /// Flags that permit deleting objects of a protected kind, see [`crate::kind::Protection`].
    pub permits: BTreeSet<String>,
    /// Overrides `lifecycle.updates` of every resource.
    pub updates: Option<Updates>,
    /// Adopt objects that look like ours but belong to an unknown lineage.
    pub adopt: bool,
    /// Create even if an object that looks like ours exists.
    pub ignore_existing: bool,
    /// Only these resources and their dependencies; empty for everything.
    pub targets: BTreeSet<Address>,
    /// Replace these resources even if nothing differs.
    pub replace: BTreeSet<Address>,
    /// Update the state to what RunPod shows, without changing anything there.
    pub refresh_only: bool,
    /// RunPod was not asked; [`crate::planner::drift::survey::remembered`] replaces the observation.
    pub unrefreshed: bool,
    /// Treat probable renames as destroy and create.
    pub no_renames: bool,
}

impl PlanOptions {
    /// The same options, with the new addresses of moved resources.
    pub(super) fn after(&self, done: &[(Address, Address)]) -> Self {
        Self {
            only: current(&self.only, done),
            targets: current(&self.targets, done),
            replace: current(&self.replace, done),
            ..self.clone()
        }
    }

    /// Whether undeclared objects of this kind may be deleted.
    pub fn permits_deleting(&self, kind: &Kind) -> bool {
        kind.protection.is_none_or(|protection| self.permits.contains(protection.flag))
    }

    /// The flags that reproduce these options, one word each; for `sindri destroy`, the addresses.
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

/// The two graphs that determine the order.
pub struct Graphs {
    pub desired: ResourceGraph,
    pub prior: ResourceGraph,
}

/// Translates addresses named by the user: an old name refers to the resource that moved from there.
fn current(named: &BTreeSet<Address>, done: &[(Address, Address)]) -> BTreeSet<Address> {
    let moved: BTreeMap<&Address, &Address> = done.iter().map(|(from, to)| (from, to)).collect();
    named.iter().map(|address| (*moved.get(address).unwrap_or(&address)).clone()).collect()
}
