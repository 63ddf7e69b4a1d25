//! RunPod's lock of a pod, which keeps it from being stopped and, as sindri reads it, from being destroyed.
//!
//! Source: `locked` of `UpdatePodRequest` in RunPod's OpenAPI v2; a stop of a locked pod is answered with 409.

use crate::model::{Address, Attributes, Cause, Change, FieldChange, Object, Refusal, Resource, Value};

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

/// The way to unlock a locked object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlock {
    /// An apply of `locked: false`.
    Apply,
    /// An apply of `locked: false`, which the file says already, without the other changes.
    ApplyAlone,
    /// No apply can: the lock is ignored, nothing declares the object, or every apply would replace it.
    Console,
}

impl Unlock {
    /// The way to unlock an object that a command would end or stop.
    pub fn of(declared: Option<&Resource>) -> Self {
        match declared {
            Some(resource) if !resource.lifecycle.ignore_changes.contains(LOCK) => Self::Apply,
            _ => Self::Console,
        }
    }

    /// The way to unlock an object whose lock refuses `change`, with these fields.
    pub fn before(change: &Change, fields: &[FieldChange], declared: &Resource) -> Self {
        // Its fields and its power can be left as they are for once.
        let goes_anyway = change.action.destroys()
            && change.causes.iter().any(|cause| !matches!(cause, Cause::Fields | Cause::Power { .. }));
        match Self::of(Some(declared)) {
            Self::Apply if goes_anyway => Self::Console,
            Self::Apply if unlocks(fields) => Self::ApplyAlone,
            other => other,
        }
    }

    fn help(self) -> &'static str {
        match self {
            Self::Apply => "set `locked: false` on it and apply that first, or unlock it in the RunPod console",
            Self::ApplyAlone => {
                "apply `locked: false` without its other changes first, or unlock it in the RunPod console"
            }
            Self::Console => "unlock it in the RunPod console and run the command again: no apply can unlock it",
        }
    }
}

/// A locked pod is neither stopped, replaced nor destroyed.
pub fn locked(address: &Address, object: &Object, unlock: Unlock) -> Option<Refusal> {
    is_locked(&object.attributes).then(|| Refusal {
        code: "locked".into(),
        message: format!("`{address}` ({}) is locked at RunPod", object.id),
        help: unlock.help().into(),
        position: None,
    })
}
