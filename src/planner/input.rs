//! What a plan is made from.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::config::Move;
use crate::graph::ResourceGraph;
use crate::kind::Kind;
use crate::model::{Address, Budget, Dialect, Observed, Resource, State, Updates};

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
    pub(super) fn after(&self, done: &[(Address, Address)]) -> Self {
        Self {
            only: current(&self.only, done),
            targets: current(&self.targets, done),
            replace: current(&self.replace, done),
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

/// The two graphs that an order has to respect.
pub struct Graphs {
    pub desired: ResourceGraph,
    pub prior: ResourceGraph,
}

/// The addresses that a person named, each as the plan calls it: an old name means the resource that moved from there.
fn current(named: &BTreeSet<Address>, done: &[(Address, Address)]) -> BTreeSet<Address> {
    let moved: BTreeMap<&Address, &Address> = done.iter().map(|(from, to)| (from, to)).collect();
    named.iter().map(|address| (*moved.get(address).unwrap_or(&address)).clone()).collect()
}
