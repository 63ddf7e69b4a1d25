//! Reasons to refuse a change.

use super::subject::Subject;
use crate::kind::Kind;
use crate::model::{Address, Cause, Change, Object, Power, Refusal, RefusalCode, Resource};
use crate::planner::decide::lock::{Unlock, locked, unlocks};
use crate::planner::decide::protect;
use crate::resource::difference::Difference;

impl Subject<'_, '_> {
    /// The refusal if `preventDestroy` protects an object that is no longer declared.
    pub(super) fn prevents_destroy(&self) -> Option<Refusal> {
        let (record, declared) = (self.record.as_deref(), self.context.input.desired.get(self.address));
        let successor = self.successor.as_ref().and_then(|(successor, _)| self.context.desired.get(successor));
        let prevents = match successor {
            Some(successor) => protect::prevents_end(record, successor),
            None => protect::prevents(record, declared),
        };
        prevents.then(|| protect::prevented(self.address, declared.or(successor)))
    }

    pub(super) fn refusals(
        &self,
        resource: &Resource,
        object: &Object,
        change: &Change,
        difference: &Difference,
    ) -> Vec<Refusal> {
        let holds_data = !(self.kind.losses)(&object.attributes).is_empty();
        let move_data = if holds_data { " and move the data yourself" } else { "" };
        let mut refusals: Vec<Refusal> = difference
            .refused
            .iter()
            .map(|(field, reason)| Refusal {
                code: RefusalCode::ImpossibleChange,
                message: format!(
                    "`{}` of `{}` cannot change from {} to {}: {reason}",
                    field.path, self.address, field.before, field.after
                ),
                help: format!(
                    "keep {}, or declare a new {} under another name{move_data}",
                    field.before, self.kind.title
                ),
                position: field.position.clone(),
            })
            .collect();
        if change.action.destroys() && resource.lifecycle.prevent_destroy {
            refusals.push(protect::replaced(resource));
        }
        let stops = change.causes.iter().any(|cause| matches!(cause, Cause::Power { wanted: Power::Stopped, .. }));
        if change.action.destroys() || (stops && !unlocks(self.kind, &difference.fields)) {
            refusals.extend(locked(self.address, object, Unlock::before(change, &difference.fields, resource)));
        }
        refusals
    }
}

/// Refuses a create if several unmanaged objects look like the resource.
pub fn ambiguous(address: &Address, kind: &Kind, alike: &[&Object]) -> Option<Refusal> {
    if alike.is_empty() {
        return None;
    }
    let ids = alike.iter().map(|object| format!("`{}`", object.id)).collect::<Vec<_>>().join(", ");
    Some(Refusal {
        code: RefusalCode::Ambiguous,
        message: format!("{} unmanaged {}s match `{address}`: {ids}", alike.len(), kind.title),
        help: format!("`sindri import {address} ID` imports one of them; `--ignore-existing` creates another one"),
        position: None,
    })
}
