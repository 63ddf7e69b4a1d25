//! A pod as the world keeps it, and what it is at a given moment.
//!
//! Transitions are computed from timestamps when somebody looks, so nothing runs in the background.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::hardware::{Cloud, Hardware};
use super::host::Machine;
use super::ordered_store::Keyed;

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pod {
    pub serial: u64,
    pub id: String,
    pub name: String,
    pub hardware: Hardware,
    pub cloud: Cloud,
    pub image: String,
    pub args: String,
    /// Container disk, GB.
    pub disk: u64,
    pub storage: Storage,
    pub mount_path: String,
    pub ports: Vec<String>,
    pub env: BTreeMap<String, String>,
    pub registry: Option<String>,
    pub global_networking: GlobalNetworking,
    pub locked: bool,
    /// Spot (v1 only).
    pub interruptible: bool,
    /// The host; none for a pod that is never placed (Q27).
    pub machine: Option<Machine>,
    pub phase: Phase,
    pub created_at: Timestamp,
    /// The last start, or when the pod was first placed.
    pub started_at: Timestamp,
    pub last_change: StatusChange,
    /// Published TCP ports: inside -> outside. New with every container, kept over a restart.
    pub tcp_ports: BTreeMap<u32, u16>,
    /// The outside of the host's own http row (Q13).
    pub proxy_port: u16,
    /// What reads still show after a start (Q14).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale_ports: Option<StalePorts>,
    /// Somebody else rents the GPUs from here on (Q18).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stolen_at: Option<Timestamp>,
    /// The host does not answer until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down_until: Option<Timestamp>,
    /// Announced, or under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maintenance: Option<Maintenance>,
    pub visible: Visibility,
    /// What reads show instead, for a while.
    #[serde(rename = "shadow", default, skip_serializing_if = "Option::is_none")]
    pub stale_copy: Option<Box<StaleCopy>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Storage {
    None,
    Persistent { size: u64 },
    Network { volume_id: String },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GlobalNetworking {
    pub wanted: bool,
    /// As of the last start (contract, section 3.6).
    pub enabled: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Phase {
    /// On its way up, or up.
    Started {
        placed: Timestamp,
        pulled: Timestamp,
        up: Timestamp,
        #[serde(rename = "fate")]
        outcome: StartOutcome,
        resumed: bool,
    },
    Stopped {
        since: Timestamp,
    },
}

/// When the host is serviced (contract, section 12.11).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Maintenance {
    pub start: Timestamp,
    pub end: Timestamp,
    /// The pod is stopped for it, and costs nothing.
    pub under_way: bool,
    /// The pod ran when it began, so that it is started at the end.
    pub resumes: bool,
}

/// How a start ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StartOutcome {
    Up,
    CrashLoop,
    Failed,
    /// Boots for ever.
    NeverUp,
    /// Waits for a host for ever.
    NeverPlaced,
}

/// v1's `lastStatusChange`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusChange {
    pub event: String,
    pub by: String,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StalePorts {
    pub until: Timestamp,
    pub ports: BTreeMap<u32, u16>,
}

/// From when an object can be found by id, and from when lists show it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Visibility {
    pub found: Timestamp,
    pub listed: Timestamp,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct StaleCopy {
    pub until: Timestamp,
    pub pod: Pod,
}

impl Keyed for Pod {
    fn serial(&self) -> u64 {
        self.serial
    }

    fn id(&self) -> &str {
        &self.id
    }
}
