//! Fault lists: what can be written, and whether it means anything. Which rule fires is `firing`'s to say.
//!
//! A rule says which calls it concerns (`match`) and what happens to them (`effect`). The same list and the same seed give
//! the same faults for the same calls. Rules come from a YAML or JSON file, or from a named scenario:
//!
//! ```yaml
//! - match: { operation: createPod, pod: "trainer*", nth: 2 }
//!   effect: { statusAfterEffect: { code: 502 } }
//! - match: { probability: 0.05 }
//!   effect: { latency: { seconds: 1, upTo: 4 } }
//! ```
//!
//! What happens to a pod later (preemption, maintenance, migration, ...) is set off by a call, too: the one that creates
//! or names the pod. The control interface does the same to a pod without any call.

mod consequences;
mod effects;
mod firing;
#[allow(clippy::disallowed_methods, reason = "reads files of rules")]
mod list;
mod rule;
mod scenarios;

pub(in crate::emulator) use consequences::{Interference, Substitute};
pub use effects::{
    Effects, ErrorStatus, ExtraMembers, Garbage, HostDown, Latency, Maintenance, OWN_HOST, RateLimited, Side, Truncate,
};
pub(in crate::emulator) use firing::{CallFacts, Faults, Fired};
pub use list::{FaultsError, from_values, load, parse, scenario};
pub use rule::{Rule, When};
