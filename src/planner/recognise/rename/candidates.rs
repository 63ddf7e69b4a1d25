//! The resources that may have been renamed: existing objects without a block, and blocks without an object.

use std::collections::{BTreeMap, BTreeSet};

use super::traits::{Trait, traits};
use crate::kind::Kind;
use crate::model::{Action, Address, Attributes, Cause, Resource, Status};
use crate::planner::decide::change::{Decision, DecisionContext, Decisions};
use crate::resource::members;
use crate::resource::resolved;

/// An existing object whose block was removed.
pub(super) struct RemovedCandidate<'d> {
    pub address: &'d Address,
    pub id: &'d str,
    pub seen: &'d Attributes,
    pub recorded: Attributes,
}

impl<'d> RemovedCandidate<'d> {
    pub fn of(
        context: &DecisionContext<'_>,
        decision: &'d Decision<'_>,
        members: &BTreeMap<Address, Vec<&Address>>,
    ) -> Option<Self> {
        let (record, object, address) = (decision.record.as_ref()?, decision.object?, &decision.change.address);
        // A broken object would be replaced under any address.
        let usable =
            !matches!(object.status, Some(Status::Error | Status::ZeroGpu)) && (!record.tainted || object.ready);
        if !usable || !decision.change.causes.contains(&Cause::Undeclared) {
            return None;
        }
        let members = members.get(address).map_or(&[][..], Vec::as_slice);
        let id_of = |target: &Address| context.prior.id_of(target);
        let recorded = resolved(members::fold_members(address, &record.inputs, members), &id_of);
        Some(Self { address, id: &object.id, seen: &object.attributes, recorded })
    }

    pub fn traits(&self, kind: &Kind) -> Vec<Trait<'_>> {
        traits(kind, |attribute| {
            let (seen, recorded) = (self.seen.get(attribute), self.recorded.get(attribute));
            // Only the recorded keys of a shared map are ours.
            (seen.or(recorded), recorded)
        })
    }
}

/// A declared resource with neither a record nor an object.
pub(super) struct DeclaredCandidate<'d> {
    pub address: &'d Address,
    pub resource: &'d Resource,
    pub wanted: Attributes,
}

impl<'d> DeclaredCandidate<'d> {
    /// `renamed` has the ids of probable renames by their new address.
    pub fn of(decision: &'d Decision<'_>, decided: &Decisions<'_>, renamed: &BTreeMap<&Address, &str>) -> Option<Self> {
        let new = decision.change.action == Action::Create
            && matches!(decision.change.causes.as_slice(), [Cause::New { .. }]);
        let resource = decision.resource.filter(|_| new)?;
        let id_of = |target: &Address| {
            let moved = renamed.get(target).map(|id| (*id).to_owned());
            moved.or_else(|| {
                let there = decided.by_address.get(target).filter(|there| !there.change.action.destroys())?;
                there.record.as_ref().map(|record| record.id.clone())
            })
        };
        let wanted = resolved(decision.change.after.clone(), &id_of);
        Some(Self { address: &decision.change.address, resource, wanted })
    }

    pub fn traits(&self, kind: &Kind) -> Vec<Trait<'_>> {
        traits(kind, |attribute| (self.wanted.get(attribute), self.wanted.get(attribute)))
    }

    /// The attributes and keys that may have any value: those that are ignored, and those that a template supplies.
    pub fn exemptions(&self, kind: &Kind) -> BTreeSet<String> {
        let supplied = kind.supplied(&self.wanted).map(|(attribute, ..)| attribute.to_owned());
        self.resource.lifecycle.ignore_changes.iter().cloned().chain(supplied).collect()
    }
}
