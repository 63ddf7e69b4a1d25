//! RunPod's lock of a pod, which keeps it from being stopped and, as sindri reads it, from being destroyed.
//!
//! Source: `locked` of `UpdatePodRequest` in RunPod's OpenAPI v2; a stop of a locked pod is answered with 409.

use crate::model::{Address, Attributes, FieldChange, Object, Refusal, Value};

/// The attribute that locks.
pub const LOCK: &str = "locked";

/// Whether an object with these attributes is locked.
pub fn is_locked(attributes: &Attributes) -> bool {
    attributes.get(LOCK) == Some(&Value::Bool(true))
}

/// Whether these changes unlock it.
pub fn unlocks(fields: &[FieldChange]) -> bool {
    fields.iter().any(|field| field.path == LOCK && field.after != Value::Bool(true))
}

/// A pod that somebody locked is neither stopped, replaced nor destroyed.
pub fn locked(address: &Address, object: &Object) -> Option<Refusal> {
    is_locked(&object.attributes).then(|| Refusal {
        code: "locked".into(),
        message: format!("`{address}` ({}) is locked at RunPod", object.id),
        help: "set `locked: false` on it and apply that first, or unlock it in the RunPod console".into(),
        position: None,
    })
}
