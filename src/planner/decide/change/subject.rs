//! The subject of a decision: one address with its three readings, and the context that all decisions share.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::kind::Kind;
use crate::model::{Action, Address, Attributes, Cause, Object, Record, Resource, State};
use crate::planner::input::{Graphs, Input};
use crate::planner::recognise::claim::Claims;

/// The data that every decision may use.
pub struct DecisionContext<'a> {
    pub input: &'a Input<'a>,
    /// Empty if everything is being destroyed.
    pub desired: &'a BTreeMap<Address, Resource>,
    /// The prior state after applying moves.
    pub prior: &'a State,
    pub claims: &'a Claims<'a>,
    pub graphs: &'a Graphs,
    /// The addresses that `sindri destroy` covers.
    pub destroy_targets: &'a BTreeSet<Address>,
}

/// Progress of the successor of a predecessor left behind by an earlier run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::planner) enum Successor {
    Ready,
    /// Created, recreated or waited for in this plan.
    Coming,
    /// It exists, is not ready, and is not waited for.
    NotReady,
}

/// One address with its three readings: desired, prior and observed.
pub(super) struct Subject<'c, 'a> {
    pub context: &'c DecisionContext<'a>,
    pub kind: &'static Kind,
    pub address: &'c Address,
    pub resource: Option<&'a Resource>,
    pub record: Option<Cow<'a, Record>>,
    pub object: Option<&'a Object>,
    pub claim: Option<Cause>,
    /// Inputs with members folded in. References to objects that exist and stay are ids.
    pub wanted: Attributes,
    /// The same inputs with all references as written, for display.
    pub declared: Attributes,
    pub recorded: Option<Attributes>,
    /// For a predecessor: its successor's address and progress.
    pub successor: Option<(Address, Successor)>,
    /// Whether its predecessor is kept until it is ready.
    pub succeeds: bool,
    /// The targets of the unresolved references in `wanted`, with the action on each.
    pub unresolved: Vec<(Address, Action)>,
    /// Attributes that keep their values although the declaration differs.
    pub unapplied: BTreeSet<String>,
}

pub(super) struct Members<'m> {
    pub desired: BTreeMap<Address, Vec<&'m Address>>,
    pub recorded: BTreeMap<Address, Vec<&'m Address>>,
    /// Addresses with a predecessor left behind by an earlier run.
    pub succeeding: BTreeSet<Address>,
}
