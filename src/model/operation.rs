//! Operations of a plan: the individual requests that carry out its changes, in order.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Address, Attributes, Awaiting, Record, Timeouts};

/// One request that changes RunPod, one change of the state alone, or a wait that changes neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    Create,
    Update,
    Delete,
    Start,
    Stop,
    Import,
    Forget,
    /// Sends nothing; waits until an existing object is ready. No intent has this verb.
    Wait,
}

impl Verb {
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Import => "import",
            Self::Forget => "forget",
            Self::Wait => "wait",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// An existing object that should run but is not ready yet. It does not change; apply only waits for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    pub address: Address,
    pub id: String,
    /// As displayed by [`super::Status`].
    pub status: String,
    /// RFC 3339, if RunPod reports it.
    pub created_at: Option<String>,
    pub started_at: Option<String>,
    /// Readiness according to its record; `None` if it was ready before.
    pub awaiting: Option<Awaiting>,
    /// How long apply waits for it.
    pub timeout_seconds: u64,
}

/// One step of apply: exactly one request that changes RunPod. Imports and forgets change only the state, and waits
/// change nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    pub address: Address,
    pub verb: Verb,
    /// The existing object; `None` for a create.
    pub id: Option<String>,
    /// Create: every attribute. Update: those that change; for `env`, the managed map with `Null` for removed keys.
    pub inputs: Attributes,
    /// Create: values to overlay on `inputs`, in the order to try if capacity is short. Never empty for a create.
    pub candidates: Vec<Attributes>,
    /// Indices into [`super::Plan::operations`] that must succeed first; always smaller than this operation's own.
    pub depends_on: Vec<usize>,
    /// The record after success (a create fills in the id); `None` once the object is gone.
    pub record: Option<Record>,
    /// Members (ports) that the same request creates, changes or removes.
    pub members: BTreeMap<Address, Option<Record>>,
    /// For a create before destroy: the address that keeps the old object's record in the meantime.
    pub deposes: Option<Address>,
    /// Wait until the object is ready (create, start, an update that restarts, or any operation that leaves it not
    /// ready), or gone (delete).
    pub wait: bool,
    /// How long to wait until a release that the update creates has reached all workers; `None` if nothing waits for it.
    pub rollout: Option<Duration>,
    pub timeouts: Timeouts,
    /// For a delete that makes room for a successor: the successor's create. Before the delete runs, apply checks again
    /// everything it can know about that create: stock and the objects it refers to.
    pub replaced_by: Option<usize>,
}
