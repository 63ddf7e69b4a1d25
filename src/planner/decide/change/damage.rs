//! Determines what a change destroys, and whether it could be made in place instead.

use super::subject::Subject;
use crate::kind::loss;
use crate::model::{Action, Attributes, Cause, Change, Effect, FieldChange, Loss, Object, Power, Risk, Status};
use crate::planner::decide::side_effects;

impl Subject<'_, '_> {
    pub(super) fn damage(&self, object: &Object, action: Action, fields: &[FieldChange]) -> (Risk, Vec<Loss>) {
        let mut losses = (self.kind.losses)(&object.attributes);
        let running = object.status.as_ref().and_then(Status::power) == Some(Power::Running);
        match action {
            action if action.destroys() => {
                if action.is_replacement() {
                    let inputs: Vec<&Attributes> = [&self.wanted].into_iter().chain(&self.recorded).collect();
                    losses.extend(side_effects::undeclared(self.kind, object, &inputs));
                }
                let risk = match losses.as_slice() {
                    [] => Risk::None,
                    losses if losses.iter().any(|loss| loss.precious) => (self.kind.precious_risk)(&object.attributes),
                    _ => Risk::EphemeralLoss,
                };
                (risk, losses)
            }
            Action::Stop => (self.kind.stop_risk, losses.into_iter().filter(|loss| !loss.precious).collect()),
            Action::Update if running && fields.iter().any(|field| field.effect == Effect::Restart) => {
                (Risk::Restart, losses.into_iter().filter(|loss| !loss.precious).collect())
            }
            _ => (Risk::None, Vec::new()),
        }
    }

    /// The alternative that `--updates in-place` offers, if the API supports it.
    pub(super) fn in_place_alternative(&self, object: &Object, change: &Change) -> Option<String> {
        let possible = change.action.is_replacement()
            && !change.fields.is_empty()
            && change.fields.iter().all(|field| field.effect < Effect::Replace)
            && !change.causes.iter().any(|cause| matches!(cause, Cause::Flag { .. }))
            && self.broken(object).is_none();
        if !possible {
            return None;
        }
        let kept: Vec<String> = change
            .losses
            .iter()
            .filter_map(|loss| match loss.names.as_slice() {
                [] => loss.precious.then(|| format!("its {}", loss::in_sentence(loss))),
                names => Some(names.join(", ")),
            })
            .collect();
        let keeps = if kept.is_empty() { String::new() } else { format!(", and keeps {}", kept.join(" and ")) };
        Some(format!("the {} restarts, with a fresh container disk{keeps}", self.kind.title))
    }
}
