//! Determines the plan's response to each outside change, so that the drift section and the changes agree.
//!
//! It uses the comparison that decided the change itself, so comparison rules, ignored fields and refusals apply in the
//! same way.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Action, Address, Cause, Change, Drift, DriftClass, DriftResponse};
use crate::planner::decide::change::{Decision, Decisions};
use crate::planner::input::PlanOptions;
use crate::planner::recognise::moves::MovedState;
use crate::resource::difference::ignored;

/// The address at which a plan decides about a drifted object. Drift uses the addresses of the state as read; the
/// record may have moved since.
pub(in crate::planner) struct Places<'m> {
    moved: BTreeMap<&'m Address, &'m Address>,
}

impl<'m> Places<'m> {
    /// The addresses that moved, from old to new.
    pub fn new(moved: &'m [(Address, Address)]) -> Self {
        Self { moved: moved.iter().map(|(from, to)| (from, to)).collect() }
    }

    /// `is_planned` returns whether the plan has a change for an address.
    pub fn of(&self, drift: &Drift, is_planned: impl Fn(&Address) -> bool) -> Address {
        let address = self.moved.get(&drift.address).copied().unwrap_or(&drift.address);
        // If the plan imports a successor of the object, the change at the address is about the successor.
        let deposed = address.deposed(&drift.id);
        if is_planned(&deposed) { deposed } else { address.clone() }
    }
}

/// Sets the answer of every drift entry from the decision about its object.
pub fn answer(drifts: &mut [Drift], decided: &Decisions<'_>, moved: &MovedState<'_>) {
    let places = Places::new(&moved.done);
    for drift in drifts {
        let address = places.of(drift, |address| decided.by_address.contains_key(address));
        drift.answer = match decided.by_address.get(&address) {
            Some(decision) => answer_of(drift, decision),
            None => DriftResponse::Untouched,
        };
    }
}

fn answer_of(drift: &Drift, decision: &Decision<'_>) -> DriftResponse {
    let change = &decision.change;
    let Some(resource) = decision.resource else {
        return planned(change).unwrap_or(DriftResponse::Untouched);
    };
    let differs = |path: &String| drift.fields.iter().any(|field| field.path == *path);
    if decision.refused.iter().any(differs) {
        return DriftResponse::Refused;
    }
    if change.action.destroys() {
        return DriftResponse::Planned(change.action);
    }
    match drift.class {
        DriftClass::Changed if change.fields.iter().any(|field| differs(&field.path)) => {
            DriftResponse::Planned(change.action)
        }
        DriftClass::Changed => {
            let ignore = &resource.lifecycle.ignore_changes;
            let any = drift.fields.iter().any(|field| ignored(&field.path, ignore));
            if any { DriftResponse::Ignored } else { DriftResponse::Agrees }
        }
        DriftClass::Stopped | DriftClass::Started if !change.causes.iter().any(is_about_power) => DriftResponse::Agrees,
        _ => planned(change).unwrap_or(DriftResponse::Untouched),
    }
}

fn is_about_power(cause: &Cause) -> bool {
    matches!(cause, Cause::Power { .. })
}

fn planned(change: &Change) -> Option<DriftResponse> {
    (change.action != Action::NoOp).then_some(DriftResponse::Planned(change.action))
}

/// Adjusts the answers for a plan that accepts the drift, or that leaves out some decisions.
pub fn narrow(drifts: &mut [Drift], changes: &[Change], moved: &MovedState<'_>, options: &PlanOptions) {
    if options.refresh_only {
        drifts.iter_mut().for_each(|drift| drift.answer = DriftResponse::Accepted);
        return;
    }
    let acts = |change: &&Change| change.action != Action::NoOp || !change.refusals.is_empty();
    let kept: BTreeSet<&Address> = changes.iter().filter(acts).map(|change| &change.address).collect();
    let planned: BTreeSet<&Address> = changes.iter().map(|change| &change.address).collect();
    let places = Places::new(&moved.done);
    for drift in
        drifts.iter_mut().filter(|drift| matches!(drift.answer, DriftResponse::Planned(_) | DriftResponse::Refused))
    {
        let address = places.of(drift, |address| planned.contains(address));
        if !kept.contains(&address) {
            drift.answer = DriftResponse::LeftOut;
        }
    }
}
