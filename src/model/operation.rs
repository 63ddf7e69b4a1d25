//! Operations of a plan: the single requests that carry out its changes, in their order.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Address, Attributes, Awaiting, Record, Timeouts};

/// One request that changes the world, one change of the state alone, or a wait that changes neither.
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
    /// Sends nothing: waits until an object that exists is ready for use. No intent has this verb.
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

/// An object that is to run, exists and is not ready yet, although nothing about it changes: apply waits for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    pub address: Address,
    pub id: String,
    /// In the words of [`super::Status`].
    pub status: String,
    /// RFC 3339, as far as RunPod says so.
    pub created_at: Option<String>,
    pub started_at: Option<String>,
    /// What its record says of its readiness; `None` where it was ready before.
    pub awaiting: Option<Awaiting>,
    /// How long an apply waits for it.
    pub timeout_seconds: u64,
}

/// Exactly one request that changes RunPod (or, for imports and forgets, one change of the state alone, and for waits
/// nothing).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    pub address: Address,
    pub verb: Verb,
    /// The object acted upon; `None` for a create.
    pub id: Option<String>,
    /// Create: every attribute. Update: those that change, and of `env` the managed map with `Null` for removed keys.
    pub inputs: Attributes,
    /// Create: what to lay over `inputs`, in the order to try when capacity is short. Never empty for a create.
    pub candidates: Vec<Attributes>,
    /// Indices into [`Plan::operations`] that must have succeeded before; always smaller than this one's own.
    pub depends_on: Vec<usize>,
    /// The record once it has succeeded (with the id to be filled in by a create); `None` once it is gone.
    pub record: Option<Record>,
    /// Members (ports) that the same request creates, changes or removes.
    pub members: BTreeMap<Address, Option<Record>>,
    /// Of a create that goes before the destruction of its predecessor: where the predecessor's record is kept meanwhile.
    pub deposes: Option<Address>,
    /// Wait until the object is ready (create, start, an update that restarts, whatever leaves an object that is not ready
    /// yet), or gone (delete).
    pub wait: bool,
    pub timeouts: Timeouts,
    /// The create of the successor, if this is a delete that makes room for it. Before the delete runs, everything that can be
    /// known about that create is checked again: stock, and what it refers to.
    pub replaced_by: Option<usize>,
}
