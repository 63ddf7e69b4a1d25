//! What the console, the host or the market can do to pods and volumes, now or at a time to come.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What somebody else does to a pod: the console, the host, the market.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum PodEvent {
    /// The host takes the GPU back: the pod ends EXITED.
    Preempt,
    /// The container exits again and again.
    Crash,
    /// The container cannot run.
    Fail,
    Stop,
    Start,
    /// The body of a v2 PATCH, done in the console.
    Edit {
        changes: Value,
    },
    Delete,
    /// The pod moves: the old id is gone, a new one has its name and environment.
    Migrate,
    ZeroGpu,
    /// The pod keeps RUNNING, and nothing answers.
    HostDown {
        seconds: u64,
    },
    /// The host is serviced: announced at once (v1 shows it), the pod is stopped meanwhile, and costs nothing.
    Maintenance {
        starts_in: u64,
        seconds: u64,
    },
}

/// What somebody else does to a network volume.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "camelCase")]
pub enum VolumeEvent {
    /// To any size, in GB.
    Resize {
        size: u64,
    },
    Delete,
    Rename {
        name: String,
    },
}

/// Something that is going to happen.
#[derive(Clone, Serialize, Deserialize)]
pub struct DueEvent {
    pub at: Timestamp,
    /// None: every spot pod that runs then.
    pub pod: Option<String>,
    /// Instead of a pod, hosts, with `*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    #[serde(rename = "happening")]
    pub event: ScheduledEvent,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ScheduledEvent {
    Event(PodEvent),
    MaintenanceBegins,
    MaintenanceEnds,
}
