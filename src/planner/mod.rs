//! Desired, prior and observed become a [`Plan`]. Pure: no I/O, no clock, no async, no logging.

use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::config::Move;
use crate::model::{Address, Budget, Dialect, Observed, Plan, Resource, State, Updates};

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
    /// The state with its journal replayed.
    pub prior: &'a State,
    pub observed: &'a Observed,
    /// For estimates of cost.
    pub catalog: &'a Catalog,
    pub options: Options,
}

/// What flags ask of a plan.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Destroy everything that is recorded, except protected volumes.
    pub destroy: bool,
    /// `destroy` takes network volumes too.
    pub include_volumes: bool,
    /// Overrides `lifecycle.updates` of every resource.
    pub updates: Option<Updates>,
    /// Take over what looks like ours but belongs to an unknown lineage.
    pub adopt: bool,
    /// Create beside what looks like ours.
    pub ignore_existing: bool,
}

/// A plan for `input`.
pub fn plan(_input: &Input<'_>) -> Plan {
    unimplemented!("written next")
}
