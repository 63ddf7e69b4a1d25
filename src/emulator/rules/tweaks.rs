//! Faults inside the world: what one call does otherwise than it should, and what it sets off.

use serde::{Deserialize, Serialize};

use crate::emulator::state::events::PodEvent;

/// Faults inside the world that apply to this one call. Durations are virtual seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tweaks {
    /// Create: answer "no capacity", and create the pod all the same (Q7).
    pub ghost: bool,
    /// Create: answer "no capacity".
    pub no_capacity: bool,
    /// Create: GET, PATCH, actions and DELETE of the new object are 404 for this long (Q9).
    pub not_found_after_create_seconds: Option<u64>,
    /// Create: the object is missing from lists for this long. List: objects younger than this are missing (Q9).
    pub appear_lag_seconds: Option<u64>,
    /// Delete: the object stays in lists for this long. List: objects deleted more recently are still shown (Q10).
    pub disappear_lag_seconds: Option<u64>,
    /// Delete: 204, and nothing happens.
    pub delete_ignored: bool,
    /// Delete: the pod can be read as TERMINATED for this long (Q10).
    pub delete_slow_seconds: Option<u64>,
    /// Update, start, stop: every read shows the old values for this long.
    pub stale_read_seconds: Option<u64>,
    /// Update: this member of the body is accepted and ignored.
    pub patch_drops_field: Option<String>,
    /// Start: refused for want of a GPU on the host (Q18).
    pub resume_refused: bool,
    /// Start, create: the pod comes up without its GPUs (Q18).
    pub zero_gpu: bool,
    /// Every object in the answer carries members that no document names.
    pub extra_members: Vec<String>,
    /// Members that every object in the answer lacks (Q23).
    pub missing_members: Vec<String>,
    /// The status that every pod in the answer has.
    pub new_status: Option<String>,
    /// How every pod in the answer says what its container runs.
    pub echo_args: Option<EchoArgs>,
    /// v2 is as it was in August 2026.
    pub v2_2026_08: bool,
    /// Create: refused by a fault of the service itself (Q26).
    pub object_mounts_bug: bool,
    /// Create: somebody else creates a pod of the same name just before.
    pub duplicate_name: bool,
    /// What happens to the account: its balance, in USD.
    pub balance: Option<f64>,
    /// The account's spend limit from here on, this call included. USD per hour.
    pub spend_limit: Option<f64>,
    /// What happens because of the call, now or later.
    pub follow_ups: Vec<FollowUp>,
}

/// How `args` comes back; no document says (contract, section 20).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EchoArgs {
    /// As it was sent.
    Verbatim,
    /// As a JSON object of the two arrays, however it was sent.
    Reserialized,
    /// Only in `entrypoint` and `cmd`.
    Split,
}

/// What a call sets off, so many virtual seconds after it.
#[derive(Clone, Debug, PartialEq)]
pub struct FollowUp {
    pub seconds: u64,
    pub scope: EventScope,
    pub event: PodEvent,
}

/// Whom it happens to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventScope {
    /// The pod that the call creates or names.
    Called,
    /// Every pod on the host of that pod.
    Neighbors,
    /// Every pod on the hosts whose id fits.
    Host(String),
    /// Every spot pod that runs then.
    Spot,
}
