//! Faults inside the world: how one call misbehaves, and the events that it triggers.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::refusal::RequestRefusal;
use crate::emulator::state::events::PodEvent;
use crate::emulator::state::moment::after_seconds;
use crate::emulator::state::visibility::Visibility;

/// Faults that apply to one call. Durations are virtual seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Tweaks {
    /// Create: answer "no capacity" but create the pod (Q7).
    pub ghost: bool,
    /// Create: answer "no capacity".
    pub no_capacity: bool,
    /// Create: GET, PATCH, actions and DELETE of the new object are 404 for this long (Q9).
    pub not_found_after_create_seconds: Option<u64>,
    /// Create: the object is missing from lists for this long. List: objects younger than this are missing (Q9).
    pub appear_lag_seconds: Option<u64>,
    /// Delete: the object stays in lists for this long. List: objects deleted more recently are still shown (Q10).
    pub disappear_lag_seconds: Option<u64>,
    /// Delete: answer 204 and do nothing.
    pub delete_ignored: bool,
    /// Delete: reads show the pod as TERMINATED for this long (Q10).
    pub delete_slow_seconds: Option<u64>,
    /// Update, start, stop: reads show the old values for this long.
    pub stale_read_seconds: Option<u64>,
    /// Update: this member of the body is accepted and ignored.
    pub patch_drops_field: Option<String>,
    /// Start: refuse because the host has no free GPU (Q18).
    pub resume_refused: bool,
    /// Start, create: the pod starts without its GPUs (Q18).
    pub zero_gpu: bool,
    /// Undocumented members to add to every object in the response.
    pub extra_members: Vec<String>,
    /// Members to remove from every object in the response (Q23).
    pub missing_members: Vec<String>,
    /// The status to show for every pod in the response.
    pub new_status: Option<String>,
    /// How pods in the response show their command.
    pub echo_args: Option<EchoArgs>,
    /// Answer as v2 did in August 2026.
    pub v2_2026_08: bool,
    /// Create: refuse with RunPod's own GraphQL error (Q26).
    pub object_mounts_bug: bool,
    /// Create: another client creates an object of the same name just before.
    pub duplicate_name: bool,
    /// The account's balance after the call, in USD.
    pub balance: Option<f64>,
    /// The account's spend limit from this call on, in USD per hour.
    pub spend_limit: Option<f64>,
    /// Events that the call triggers, now or later.
    pub follow_ups: Vec<FollowUp>,
}

impl Tweaks {
    /// Whether the call does not misbehave.
    pub(in crate::emulator) fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a call changes more than its answer says, such as the account or the objects of another client.
    pub(in crate::emulator) fn changes_world(&self) -> bool {
        self.duplicate_name || self.balance.is_some() || self.spend_limit.is_some() || !self.follow_ups.is_empty()
    }

    /// Refuses a create that finds no stock. A ghost is refused after its create, by [`Tweaks::deny_create`].
    pub(in crate::emulator) fn check_create(&self) -> Result<(), RequestRefusal> {
        if self.no_capacity && !self.ghost { Err(RequestRefusal::NoCapacity) } else { Ok(()) }
    }

    /// Denies a create that has taken effect.
    pub(in crate::emulator) fn deny_create(&self) -> Result<(), RequestRefusal> {
        if self.ghost { Err(RequestRefusal::NoCapacity) } else { Ok(()) }
    }

    /// When an object that is created now becomes visible.
    pub(in crate::emulator) fn visibility(&self, now: Timestamp) -> Visibility {
        Visibility {
            found: after_seconds(now, self.not_found_after_create_seconds.unwrap_or(0)),
            listed: after_seconds(now, self.appear_lag_seconds.unwrap_or(0)),
        }
    }

    /// Whether a list shows an existing object.
    pub(in crate::emulator) fn lists(&self, visible: Visibility, created_at: Timestamp, now: Timestamp) -> bool {
        visible.listed <= now && after_seconds(created_at, self.appear_lag_seconds.unwrap_or(0)) <= now
    }
}

/// How `args` is returned, which is not documented (contract, section 20).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EchoArgs {
    /// As sent.
    Verbatim,
    /// As a JSON object of the two arrays.
    Reserialized,
    /// Only in `entrypoint` and `cmd`.
    Split,
}

/// An event that a call triggers after a number of virtual seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FollowUp {
    pub seconds: u64,
    pub scope: EventScope,
    pub event: PodEvent,
}

/// The pods that an event affects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EventScope {
    /// The pod that the call creates or refers to.
    Called,
    /// Every pod on the host of that pod.
    Neighbors,
    /// Every pod on the hosts whose id matches.
    Host(String),
    /// Every spot pod that is running by then.
    Spot,
}
