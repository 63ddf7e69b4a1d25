//! Fault lists.
//!
//! A rule selects calls (`match`) and says what happens to them (`effect`). The same list and seed give the same faults
//! for the same calls. Rules come from a YAML or JSON file or from a named scenario:
//!
//! ```yaml
//! - match: { operation: createPod, pod: "trainer*", nth: 2 }
//! effect: { statusAfterEffect: { code: 502 } }
//! - match: { probability: 0.05 }
//! effect: { latency: { seconds: 1, upTo: 4 } } ```
//!
//! Later events of a pod (preemption, maintenance, migration, ...) are also triggered by a call that creates the pod or
//! refers to it. Control calls can cause the same events directly.

mod consequences;
mod effects;
mod firing;
#[allow(clippy::disallowed_methods, reason = "reads files of rules")]
mod list;
mod rule;
mod scenarios;

pub(in crate::emulator) use consequences::{Interference, Substitute};
pub use effects::{
    DelaySide, Effects, ErrorStatus, ExtraMembers, Garbage, HostDown, Latency, Maintenance, OWN_HOST, RateLimited,
    Truncate,
};
pub(in crate::emulator) use firing::{CallFacts, Faults, Fired};
pub use list::{FaultsError, from_values, load, parse, scenario};
pub use rule::{CallMatch, FaultRule};
