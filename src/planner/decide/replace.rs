//! Decides whether an object can stay or must be replaced.

use crate::model::{Cause, Effect, FieldChange, Object, Power, Record, Resource, Status, Updates};
use crate::planner::decide::power;
use crate::planner::input::PlanOptions;

/// Why an object must be replaced, independent of its attributes.
pub fn broken(object: &Object, record: Option<&Record>) -> Option<Cause> {
    match &object.status {
        Some(status @ (Status::Error | Status::ZeroGpu)) => {
            Some(Cause::Broken { status: status.to_string(), retry: power::retry(object) })
        }
        // A pod that was late may be ready by now. Being late once is no reason to destroy a healthy pod.
        Some(Status::Stopped) => None,
        _ if record.is_some_and(|record| record.tainted) && !object.ready => Some(Cause::Tainted),
        _ => None,
    }
}

/// Whether a change that needs a restart replaces the object. `power` holds the desired and the current power.
pub fn recreates(options: &PlanOptions, resource: &Resource, power: (Option<Power>, Option<Power>)) -> bool {
    // A stopped pod that stays stopped has no container to recreate: an update is free, but a replacement costs a boot.
    let rests = power == (Some(Power::Stopped), Some(Power::Stopped));
    match options.updates {
        Some(updates) => updates == Updates::Recreate,
        None => resource.lifecycle.updates == Updates::Recreate && !rests,
    }
}

/// Whether these differences require a new object.
pub fn must_replace(fields: &[FieldChange], recreates: bool) -> bool {
    fields.iter().any(|field| match field.effect {
        Effect::Replace => true,
        Effect::Restart => recreates,
        Effect::InPlace | Effect::Rollout => false,
    })
}
