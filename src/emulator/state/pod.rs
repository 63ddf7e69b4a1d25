//! A pod as the world stores it. `pod_status` computes its status from the timestamps here.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::hardware::{Hardware, HostCloud};
use super::host::Machine;
use super::ordered_store::Keyed;
use super::visibility::{Visibility, Visible};

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pod {
    pub serial: u64,
    pub id: String,
    pub name: String,
    pub hardware: Hardware,
    pub cloud: HostCloud,
    pub image: String,
    pub args: String,
    /// Container disk, GB.
    pub disk: u64,
    pub storage: Storage,
    pub mount_path: String,
    pub ports: Vec<String>,
    pub env: BTreeMap<String, String>,
    pub registry: Option<String>,
    /// The template that the pod came from, if it keeps the link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    pub global_networking: GlobalNetworking,
    pub locked: bool,
    /// Spot (v1 only).
    pub interruptible: bool,
    /// `None` for a pod that is never placed (Q27).
    pub machine: Option<Machine>,
    pub phase: Phase,
    pub created_at: Timestamp,
    /// The last start, or the first placement.
    pub started_at: Timestamp,
    pub last_change: StatusChange,
    /// Published TCP ports, private to public. A new container gets new ones; a restart keeps them.
    pub tcp_ports: BTreeMap<u32, u16>,
    /// The public port of the host's own http row (Q13).
    pub proxy_port: u16,
    /// The ports that reads still show for a while after a start (Q14).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale_ports: Option<StalePorts>,
    /// When another customer rents the GPUs of the stopped pod (Q18).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stolen_at: Option<Timestamp>,
    /// The host is unreachable until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down_until: Option<Timestamp>,
    /// Announced or in progress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maintenance: Option<MaintenanceWindow>,
    pub visible: Visibility,
    /// An older copy that reads show for a while.
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
    /// The value at the last start (contract, section 3.6).
    pub enabled: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Phase {
    /// Starting or running.
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

/// A maintenance window of the host (contract, section 12.11).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MaintenanceWindow {
    pub start: Timestamp,
    pub end: Timestamp,
    /// The window has begun: the pod is stopped and free of charge.
    pub under_way: bool,
    /// The pod was running when the window began, so it starts again at the end.
    pub resumes: bool,
}

/// The result of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StartOutcome {
    Up,
    CrashLoop,
    Failed,
    /// Never finishes booting.
    NeverUp,
    /// Never gets a host.
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

impl Visible for Pod {
    fn visible(&self) -> Visibility {
        self.visible
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }
}
