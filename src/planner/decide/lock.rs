//! RunPod's lock of an object, which prevents stopping it and, in sindri, also destroying it. Each kind defines its
//! lock attribute ([`Kind::lock_attribute`]).

use crate::kind::{self, Kind};
use crate::model::{Address, Cause, Change, FieldChange, Object, Refusal, RefusalCode, Resource, Value};

pub fn is_locked(object: &Object) -> bool {
    kind::find(object.kind).is_some_and(|kind| kind.is_locked(&object.attributes))
}

/// Whether these changes unlock an object of this kind.
pub fn unlocks(kind: &Kind, fields: &[FieldChange]) -> bool {
    fields.iter().any(|field| Some(&*field.path) == kind.lock_attribute && field.after != Value::Bool(true))
}

/// How to unlock a locked object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlock {
    /// Apply `locked: false`.
    Apply,
    /// Apply `locked: false`, which the file already contains, without the other changes.
    ApplyAlone,
    /// No apply can unlock it: the lock is ignored, the object is undeclared, or every apply would replace it.
    Console,
}

impl Unlock {
    /// How to unlock an object that a command would destroy or stop.
    pub fn of(declared: Option<&Resource>) -> Self {
        let lock = declared.and_then(|resource| Some((resource, kind::find(&resource.address.kind)?.lock_attribute?)));
        match lock {
            Some((resource, lock)) if !resource.lifecycle.ignore_changes.contains(lock) => Self::Apply,
            _ => Self::Console,
        }
    }

    /// How to unlock an object whose lock refuses `change`, with these fields.
    pub fn before(change: &Change, fields: &[FieldChange], declared: &Resource) -> Self {
        // Changes to its fields and power can be postponed; other causes cannot.
        let goes_anyway = change.action.destroys()
            && change.causes.iter().any(|cause| !matches!(cause, Cause::Fields | Cause::Power { .. }));
        match Self::of(Some(declared)) {
            Self::Apply if goes_anyway => Self::Console,
            Self::Apply if kind::find(&change.address.kind).is_some_and(|kind| unlocks(kind, fields)) => {
                Self::ApplyAlone
            }
            other => other,
        }
    }

    fn help(self) -> &'static str {
        match self {
            Self::Apply => "set `locked: false` on it and apply that first, or unlock it in the RunPod console",
            Self::ApplyAlone => {
                "apply `locked: false` without its other changes first, or unlock it in the RunPod console"
            }
            Self::Console => "unlock it in the RunPod console and run the command again; apply cannot unlock it",
        }
    }
}

/// Refuses to stop, replace or destroy a locked pod.
pub fn locked(address: &Address, object: &Object, unlock: Unlock) -> Option<Refusal> {
    is_locked(object).then(|| Refusal {
        code: RefusalCode::Locked,
        message: format!("`{address}` ({}) is locked at RunPod", object.id),
        help: unlock.help().into(),
        position: None,
    })
}
