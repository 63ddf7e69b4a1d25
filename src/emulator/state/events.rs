//! Events that other people or RunPod cause, immediate or scheduled.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A change to a pod made from the console, by its host or by the market.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum PodEvent {
    /// The host takes the GPU back and the pod becomes EXITED.
    Preempt,
    /// The container enters a crash loop.
    Crash,
    /// The container cannot start.
    Fail,
    Stop,
    Start,
    /// An edit in the console, given as the body of a v2 PATCH.
    Edit {
        changes: Value,
    },
    Delete,
    /// The pod gets a new id on another host and keeps its name and environment.
    Migrate,
    ZeroGpu,
    /// The pod stays RUNNING but is unreachable.
    HostDown {
        seconds: u64,
    },
    /// Host maintenance. v1 announces it immediately; the pod is stopped and free of charge while it lasts.
    Maintenance {
        starts_in: u64,
        seconds: u64,
    },
}

/// A change to a network volume made from the console.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "camelCase")]
pub enum VolumeEvent {
    /// GB. May also shrink the volume.
    Resize {
        size: u64,
    },
    Delete,
    Rename {
        name: String,
    },
}

/// A change to a serverless endpoint made by its users, from the console or by time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum EndpointEvent {
    /// Requests arrive. Each keeps a worker busy for `seconds`.
    Jobs {
        #[serde(default = "one")]
        count: u32,
        #[serde(default = "a_minute")]
        seconds: u64,
    },
    /// The last request was `seconds` longer ago, or `days`.
    Age {
        #[serde(default)]
        seconds: u64,
        #[serde(default)]
        days: u64,
    },
    /// An edit in the console, given as the body of a PATCH.
    Edit {
        changes: Value,
    },
    Delete,
}

fn one() -> u32 {
    1
}

fn a_minute() -> u64 {
    60
}

/// An event with its time and its target.
#[derive(Clone, Serialize, Deserialize)]
pub struct DueEvent {
    pub at: Timestamp,
    /// `None` means every spot pod that is running by then.
    pub pod: Option<String>,
    /// A pattern of host ids, in place of a pod.
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
