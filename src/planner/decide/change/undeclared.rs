//! Objects and records that the configuration does not declare.

use super::{Decision, Subject};
use crate::model::{Action, Awaiting, Cause, Object, Power, Resource, Status};
use crate::planner::decide::lock::{Unlock, locked};
use crate::planner::decide::protect;

/// How far the successor of a predecessor is that an earlier run left behind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::planner) enum Successor {
    Ready,
    /// Created, created anew or waited for in this plan.
    Coming,
    /// There, not ready, and not waited for.
    NotReady,
}

impl Successor {
    /// How far this successor is.
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

/// Whether a stopped pod was ready before it was stopped, as far as its record tells.
fn has_worked(successor: &Decision<'_>) -> bool {
    let Some(record) = successor.record.as_deref().or(successor.settled.as_ref()) else { return false };
    match record.awaiting_ready {
        _ if record.tainted => false,
        None => true,
        // The record was lost. A pod that is declared as stopped is stopped once it was ready, and not before.
        Some(Awaiting::Again) => {
            successor.resource.and_then(Resource::declared_power) == Some(Power::Stopped) //
        }
        Some(Awaiting::First) => false,
    }
}

impl<'a> Subject<'_, 'a> {
    /// There, and no longer declared.
    pub(super) fn undeclared(self, object: &'a Object) -> Decision<'a> {
        let options = &self.context.input.options;
        if self.is_spared() {
            return self.stays(object, Vec::new());
        }
        if let Some((by, Successor::NotReady)) = &self.successor {
            // It may be all that works: it goes when its successor is ready, and not before.
            let superseded = Cause::Superseded { by: by.clone() };
            return self.stays(object, vec![superseded]);
        }
        let cause = match &self.successor {
            Some((by, _)) => Cause::Superseded { by: by.clone() },
            None if options.destroy => Cause::Destroy,
            None => Cause::Undeclared,
        };
        let prevents = self.prevents_destroy();
        // The end of a predecessor is a part of the replacement that was agreed to.
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

    /// Nothing happens to `object`.
    fn stays(self, object: &'a Object, causes: Vec<Cause>) -> Decision<'a> {
        let mut change = self.change(Action::NoOp, causes);
        change.before = self.display_object(object);
        change.hourly_before = self.estimate_object(object);
        change.hourly_after = change.hourly_before;
        self.finish(change)
    }

    /// Recorded, neither declared nor there.
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

    /// Whether other addresses are being destroyed, and this one is not.
    pub(super) fn is_spared(&self) -> bool {
        self.context.input.options.destroy && !self.context.destroy_targets.contains(self.address)
    }
}
