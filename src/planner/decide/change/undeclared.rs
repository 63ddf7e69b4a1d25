//! Decides about objects and records that the configuration does not declare.

use super::decision::Decision;
use super::subject::{Subject, Successor};
use crate::model::{Action, Awaiting, Cause, Object, Power, Resource, Status};
use crate::planner::decide::lock::{Unlock, locked};
use crate::planner::decide::protect;

impl Successor {
    /// The progress of this successor.
    pub(super) fn of(successor: &Decision<'_>) -> Self {
        let action = successor.change.action;
        let Some(object) = successor.object else { return Self::Coming };
        if action == Action::Create || action.is_replacement() || successor.is_unready() {
            return Self::Coming;
        }
        let rests = object.status == Some(Status::Stopped) && has_worked(successor);
        if object.ready || rests { Self::Ready } else { Self::NotReady }
    }
}

/// Whether a stopped pod was ready before it was stopped, according to its record.
fn has_worked(successor: &Decision<'_>) -> bool {
    let Some(record) = successor.record.as_deref().or(successor.settled.as_ref()) else { return false };
    match record.awaiting_ready {
        _ if record.tainted => false,
        None => true,
        // The record was lost. A pod declared as stopped is only stopped after it was ready.
        Some(Awaiting::Again) => {
            successor.resource.and_then(Resource::declared_power) == Some(Power::Stopped) //
        }
        Some(Awaiting::First) => false,
    }
}

impl<'a> Subject<'_, 'a> {
    /// The object exists but is no longer declared.
    pub(super) fn undeclared(self, object: &'a Object) -> Decision<'a> {
        let options = &self.context.input.options;
        if self.is_spared() {
            return self.stays(object, Vec::new());
        }
        // A protected object is kept anyway, and says how to delete it.
        let may_go = self.successor.is_none() && options.permits_deleting(self.kind);
        if let Some(by) = self.context.needed_by_protected.get(self.address).filter(|_| may_go) {
            let refusal = options.only.contains(self.address).then(|| protect::needed(self.address, by));
            let mut decision = self.stays(object, vec![Cause::NeededBy { address: by.clone() }]);
            decision.change.refusals.extend(refusal);
            return decision;
        }
        if let Some((by, Successor::NotReady)) = &self.successor {
            // It may be the only working object, so it stays until its successor is ready.
            let superseded = Cause::Superseded { by: by.clone() };
            return self.stays(object, vec![superseded]);
        }
        let cause = match &self.successor {
            Some((by, _)) => Cause::Superseded { by: by.clone() },
            None if options.destroy => Cause::Destroy,
            None => Cause::Undeclared,
        };
        let prevents = self.prevents_destroy();
        // Destroying a predecessor is part of the replacement that the user already approved.
        let kept = self.successor.is_none() && !options.permits_deleting(self.kind);
        let causes = self.claim.iter().cloned().chain([cause]).collect();
        let mut change = self.change(if kept { Action::NoOp } else { Action::Delete }, causes);
        change.before = self.display_object(object);
        change.hourly_before = self.estimate_object(object);
        if kept {
            change.hourly_after = change.hourly_before;
            if options.only.contains(self.address) {
                change.refusals.push(prevents.unwrap_or_else(|| protect::protected(self.address, self.kind)));
            }
        } else {
            (change.risk, change.losses) = self.damage(object, Action::Delete, &[]);
            change.refusals.extend(prevents);
            let declared = self.context.input.desired.get(self.address);
            change.refusals.extend(locked(self.address, object, Unlock::of(declared)));
        }
        self.finish(change)
    }

    /// Leaves `object` unchanged.
    fn stays(self, object: &'a Object, causes: Vec<Cause>) -> Decision<'a> {
        let mut change = self.change(Action::NoOp, causes);
        change.before = self.display_object(object);
        change.hourly_before = self.estimate_object(object);
        change.hourly_after = change.hourly_before;
        self.finish(change)
    }

    /// Recorded, but neither declared nor existing.
    pub(super) fn forgotten(self) -> Decision<'a> {
        if self.is_spared() {
            let change = self.change(Action::NoOp, Vec::new());
            return self.finish(change);
        }
        let id = self.record.as_ref().map_or_else(String::new, |record| record.id.clone());
        let declared = if self.context.input.options.destroy { Cause::Destroy } else { Cause::Undeclared };
        let change = self.change(Action::Forget, vec![declared, Cause::Missing { id }]);
        self.finish(change)
    }

    /// Whether a destroy covers other addresses but not this one.
    pub(super) fn is_spared(&self) -> bool {
        self.context.input.options.destroy && !self.context.destroy_targets.contains(self.address)
    }
}
