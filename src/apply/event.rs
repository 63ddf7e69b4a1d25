//! Events during an apply, as data. Progress and the final summary use only these.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::kind::Kind;
use crate::model::code::codes;
use crate::model::{Address, Double, Money, Object, Rollout, Verb};
use crate::runpod::ErrorClass;

codes! {
    /// The code of an operation that failed although RunPod did not refuse its request.
    pub enum OperationFault {
        DeleteNotConfirmed,
        /// RunPod migrated the pod to another id before it could be destroyed.
        Moved,
        NotReady,
        /// The object was created, and its record could not be written.
        StateNotWritten,
        UpdateNotDone,
    }
}

/// Why an operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum OperationErrorCode {
    Request(ErrorClass),
    Fault(OperationFault),
}

impl From<ErrorClass> for OperationErrorCode {
    fn from(class: ErrorClass) -> Self {
        Self::Request(class)
    }
}

impl From<OperationFault> for OperationErrorCode {
    fn from(fault: OperationFault) -> Self {
        Self::Fault(fault)
    }
}

impl fmt::Display for OperationErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(class) => class.fmt(formatter),
            Self::Fault(fault) => fault.fmt(formatter),
        }
    }
}

/// One event.
#[derive(Clone, Debug)]
pub enum Event {
    /// Recovery resolved an operation of an earlier run whose outcome was unknown.
    Recovered { address: Address, verb: Verb, id: Option<String>, how: String },
    /// A request is about to be sent. `detail` names the candidate, for example `NVIDIA L4 in US-CA-2`.
    Started { address: Address, verb: Verb, id: Option<String>, detail: Option<String> },
    /// A candidate is not available; the next one is tried.
    CandidateUnavailable { address: Address, detail: String, message: String },
    /// RunPod accepted the request and the id is recorded, but the resource is not ready yet.
    Accepted { address: Address, verb: Verb, id: String },
    /// Still waiting for it.
    Waiting { address: Address, id: String, status: String, elapsed: Duration },
    /// A release has reached some workers.
    RollingOut { address: Address, id: String, rollout: Rollout, elapsed: Duration },
    /// Workers of a new object run although it got no request, and may be billed.
    StandbyWorkers { address: Address, id: String, count: u64 },
    /// The operation succeeded.
    Done { address: Address, verb: Verb, id: Option<String>, object: Option<Box<Object>>, elapsed: Duration },
    /// The operation failed. `changed` says whether something exists or was changed despite the failure.
    Failed {
        address: Address,
        verb: Verb,
        id: Option<String>,
        message: String,
        help: Option<String>,
        code: OperationErrorCode,
        changed: bool,
    },
    /// Started, but the user interrupted before the result was seen. The object exists or may exist.
    Unfinished { address: Address, verb: Verb, id: String, because: String },
    /// Not started, because a dependency failed, the first replacement was refused, everything stops, or the user
    /// interrupted.
    Skipped { address: Address, verb: Verb, because: String },
    /// The next request waits for several seconds: RunPod asked for slower requests, a quota is used up, or the last
    /// request failed and is sent again.
    Paced { wait: Duration, reason: String },
    /// The result of a search for a create whose response was lost.
    Settled { address: Address, message: String },
    /// A container keeps exiting and restarting, while RunPod reports the pod as running and bills it.
    CrashLoop { address: Address, id: String },
    /// A live object carries our marker but is in no state.
    OrphanFound { id: String, name: String, hourly: Option<Money> },
    /// A second object for a resource of this state, created from another state of the same project.
    DoubleFound(Box<Double>),
    /// This kind could not be searched for orphans and duplicates after the last operation.
    NotListed { kind: &'static Kind, message: String },
    /// The user asked to stop: no new operations start.
    Interrupted { in_flight: usize },
}

/// Receives the events; called only from the task that applies.
pub type Events<'a> = &'a (dyn Fn(Event) + Send + Sync);
