//! Plain data types that all other modules share.
//!
//! Nothing here does I/O, reads a clock, or knows about terminals or API dialects (versions of RunPod's REST API). Maps
//! are sorted, so the same data always serialises to the same bytes.

pub mod address;
mod address_part;
pub mod change;
pub(crate) mod code;
#[doc(hidden)]
pub mod comparisons;
pub mod cost;
pub mod credential;
pub mod drift;
pub mod journal;
pub mod kind_registry;
pub mod marker;
pub mod money;
pub mod natural;
pub mod object;
pub mod operation;
pub mod plan;
pub mod problem_code;
pub(crate) mod reading;
pub mod resource;
pub mod shared;
pub mod similar;
pub mod state;
pub mod text;
pub mod value;
pub mod value_map;
pub mod workers;

pub use address::{Address, ParseAddressError};
pub use address_part::AddressPart;
pub use change::{
    Action, Cause, Change, DifferenceOrigin, Effect, FieldChange, Loss, Refusal, RefusalCode, Retry, Risk, SideEffect,
};
pub use cost::Cost;
pub use drift::{DriftReport, Finding, Hold, Price, RestoreEffect, Severity, Unsettled};
pub use journal::{Entry, Intent, Moment, Outcome, PendingIntent, PendingIntents, Replay, Uptime};
pub use kind_registry::KindRegistry;
pub use marker::Marker;
pub use money::Money;
pub use natural::natural;
pub use object::{Computed, Endpoint, Object, Observed, SshTarget, Status};
pub use operation::{Operation, Verb, Wait};
pub use plan::{CostSummary, Double, Drift, DriftClass, DriftResponse, Note, Orphan, Partial, Plan, Rename};
pub use problem_code::ProblemCode;
pub use resource::{Budget, Dialect, Lifecycle, Position, Power, Resource, Timeouts, Updates};
pub use state::{Awaiting, Record, State};
pub use value::{Secret, Value};
pub use value_map::{Attributes, ValueMap};
pub use workers::{Rollout, WorkerCounts};
