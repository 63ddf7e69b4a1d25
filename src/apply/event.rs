//! What happens while a plan is applied, as data: progress and the final summary are built from these alone.

use std::time::Duration;

use crate::kind::Kind;
use crate::model::{Address, Double, Money, Object, Verb};

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// Recovery settled an operation of an earlier run whose outcome was not known.
    Recovered { address: Address, verb: Verb, id: Option<String>, how: String },
    /// A request is about to be sent. `detail` names the candidate: `NVIDIA L4 in US-CA-2`.
    Started { address: Address, verb: Verb, id: Option<String>, detail: Option<String> },
    /// One candidate could not be had; the next is tried.
    CandidateUnavailable { address: Address, detail: String, message: String },
    /// RunPod answered, the id is recorded; the resource is not ready yet.
    Accepted { address: Address, verb: Verb, id: String },
    /// Still waiting for it.
    Waiting { address: Address, id: String, status: String, elapsed: Duration },
    /// Settled.
    Done { address: Address, verb: Verb, id: Option<String>, object: Option<Box<Object>>, elapsed: Duration },
    /// Failed; `changed` says whether something exists or was changed all the same.
    Failed {
        address: Address,
        verb: Verb,
        id: Option<String>,
        message: String,
        help: Option<String>,
        code: String,
        changed: bool,
    },
    /// Begun, and left before its end was seen, because the user interrupted. The object exists, or may.
    Unfinished { address: Address, verb: Verb, id: String, because: String },
    /// Not started: what it needs failed, the first replacement was refused, everything stops, or the user interrupted.
    Skipped { address: Address, verb: Verb, because: String },
    /// RunPod asked for slower requests, or a quota nears its end.
    Paced { wait: Duration, reason: String },
    /// A create whose answer was lost was looked for, and what was found.
    Settled { address: Address, message: String },
    /// A container exits and is started again, over and over, while the pod says that it runs and bills.
    CrashLoop { address: Address, id: String },
    /// Something alive carries our marker and is in no state.
    OrphanFound { id: String, name: String, hourly: Option<Money> },
    /// Something stands for a resource of this state a second time, made from another state of the same project.
    DoubleFound(Box<Double>),
    /// Orphans and doubles of this kind could not be looked for after the last operation.
    NotListed { kind: &'static Kind, message: String },
    /// The user asked to stop: nothing new starts.
    Interrupted { in_flight: usize },
}

/// Where events go; called from the one task that applies.
pub type Events<'a> = &'a (dyn Fn(Event) + Send + Sync);
