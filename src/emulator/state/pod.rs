//! A pod as the world keeps it, and what it is at a given moment.
//!
//! Transitions are computed from timestamps when somebody looks, so nothing runs in the background.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::emulator::rules::market::{Cloud, market};
use crate::emulator::rules::money::{Rate, nanos, storage};
use crate::emulator::rules::order::parse_port;
use crate::emulator::state::ordered_store::Entry;
use crate::emulator::state::settings::Fidelity;

/// Seconds between two starts of a container that crashes (Q15).
pub const CRASH_PERIOD_SECONDS: i64 = 16;

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
    pub last_change: Change,
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
    pub visible: Visible,
    /// What reads show instead, for a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<Box<Shadow>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Hardware {
    Gpu {
        id: String,
        count: u32,
        /// What the pod really got: 0 after a start without free GPUs.
        attached: u32,
    },
    Cpu {
        id: String,
        vcpu_count: u32,
    },
}

impl Hardware {
    pub fn id(&self) -> &str {
        match self {
            Self::Gpu { id, .. } | Self::Cpu { id, .. } => id,
        }
    }

    /// USD per hour while running.
    pub fn price(&self, cloud: Cloud) -> f64 {
        match self {
            Self::Gpu { id, attached, .. } => {
                market().gpu(id).map_or(0.0, |gpu| gpu.price(cloud)) * f64::from(*attached)
            }
            Self::Cpu { id, vcpu_count } => {
                market().flavor(id).map_or(0.0, |flavor| flavor.price_per_vcpu) * f64::from(*vcpu_count)
            }
        }
    }
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

/// What a pod knows of its host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Machine {
    pub id: String,
    /// Which pool of hosts, and which of them: for the stock's books.
    pub pool: String,
    pub host: usize,
    pub data_center: String,
    /// Public address; Community hosts can lack one.
    pub ip: Option<String>,
    /// Address in 100.64.0.0/10.
    pub inner_ip: String,
    pub cuda: Option<String>,
    /// Of the whole pod.
    pub vcpu_count: u32,
    pub memory_gb: u32,
    /// Second half of the SSH proxy's user name.
    pub ssh_suffix: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Phase {
    /// On its way up, or up.
    Started {
        placed: Timestamp,
        pulled: Timestamp,
        up: Timestamp,
        fate: Fate,
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
pub enum Fate {
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
pub struct Change {
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
pub struct Visible {
    pub found: Timestamp,
    pub listed: Timestamp,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Shadow {
    pub until: Timestamp,
    pub pod: Pod,
}

/// Finer than the API's status (behaviour page, section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Allocating,
    Pulling,
    Booting,
    Up,
    CrashLoop,
    Stopped,
    Resuming,
    Failed,
}

/// v2's `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Provisioning,
    Starting,
    Running,
    Exited,
    Error,
    Terminated,
}

impl Status {
    pub fn word(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Starting => "STARTING",
            Self::Running => "RUNNING",
            Self::Exited => "EXITED",
            Self::Error => "ERROR",
            Self::Terminated => "TERMINATED",
        }
    }

    /// What may be asked next (contract, section 3.7).
    pub fn actions(self) -> &'static [&'static str] {
        match self {
            Self::Running => &["stop", "restart", "terminate"],
            Self::Exited | Self::Error => &["start", "terminate"],
            Self::Provisioning | Self::Starting => &["stop", "terminate"],
            Self::Terminated => &[],
        }
    }

    /// v1's `desiredStatus`: what was asked for, not what is.
    pub fn desired(self) -> &'static str {
        match self {
            Self::Exited => "EXITED",
            Self::Terminated => "TERMINATED",
            Self::Provisioning | Self::Starting | Self::Running | Self::Error => "RUNNING",
        }
    }
}

impl Stage {
    pub fn status(self, fidelity: Fidelity) -> Status {
        match (self, fidelity) {
            (Self::Stopped, _) => Status::Exited,
            (Self::Failed, _) => Status::Error,
            (Self::Up | Self::CrashLoop, _) => Status::Running,
            // The live service says RUNNING from the first answer on (Q11).
            (_, Fidelity::Observed) => Status::Running,
            (Self::Allocating, Fidelity::Documented) => Status::Provisioning,
            (Self::Pulling | Self::Booting | Self::Resuming, Fidelity::Documented) => Status::Starting,
        }
    }

    /// Whether the container runs, so that `runtime` is there.
    pub fn is_up(self) -> bool {
        matches!(self, Self::Up | Self::CrashLoop)
    }
}

impl Entry for Pod {
    fn serial(&self) -> u64 {
        self.serial
    }

    fn id(&self) -> &str {
        &self.id
    }
}

impl Pod {
    pub fn stage(&self, now: Timestamp) -> Stage {
        let Phase::Started { placed, pulled, up, fate, resumed } = self.phase else { return Stage::Stopped };
        match fate {
            Fate::NeverPlaced => Stage::Allocating,
            _ if now < placed => Stage::Allocating,
            _ if now < pulled => Stage::Pulling,
            Fate::Failed => Stage::Failed,
            Fate::NeverUp => Stage::Booting,
            _ if now < up && resumed => Stage::Resuming,
            _ if now < up => Stage::Booting,
            Fate::CrashLoop => Stage::CrashLoop,
            Fate::Up => Stage::Up,
        }
    }

    pub fn is_stopped(&self) -> bool {
        matches!(self.phase, Phase::Stopped { .. })
    }

    /// What reads show at `now`: the pod, or what it was.
    pub fn seen(&self, now: Timestamp) -> &Self {
        match &self.shadow {
            Some(shadow) if now < shadow.until => &shadow.pod,
            _ => self,
        }
    }

    /// Seconds since the container came up; none while it is not.
    pub fn uptime(&self, now: Timestamp) -> Option<i64> {
        let Phase::Started { up, .. } = self.phase else { return None };
        let seconds = now.duration_since(up).as_secs();
        match self.stage(now) {
            Stage::Up => Some(seconds),
            Stage::CrashLoop => Some(seconds % CRASH_PERIOD_SECONDS),
            _ => None,
        }
    }

    /// The host, once the pod is placed.
    pub fn placed_on(&self, now: Timestamp) -> Option<&Machine> {
        self.machine.as_ref().filter(|_| self.stage(now) != Stage::Allocating)
    }

    /// The published ports that reads show.
    pub fn shown_ports(&self, now: Timestamp) -> &BTreeMap<u32, u16> {
        match &self.stale_ports {
            Some(stale) if now < stale.until => &stale.ports,
            _ => &self.tcp_ports,
        }
    }

    /// The TCP ports that the configuration asks for.
    pub fn wanted_tcp_ports(&self) -> impl Iterator<Item = u32> {
        self.ports.iter().filter_map(|port| parse_port(port)).filter(|(_, kind)| *kind == "tcp").map(|(port, _)| port)
    }

    pub fn is_unreachable(&self, now: Timestamp) -> bool {
        self.down_until.is_some_and(|until| now < until)
    }

    /// USD per hour of compute while running; spot is taken to cost half.
    pub fn price(&self) -> f64 {
        self.hardware.price(self.cloud) * if self.interruptible { 0.5 } else { 1.0 }
    }

    /// What the pod costs now (contract, section 16).
    pub fn rate(&self) -> Rate {
        let persistent = if let Storage::Persistent { size } = self.storage { size } else { 0 };
        match self.phase {
            _ if self.is_serviced() => Rate::default(),
            Phase::Started { .. } => {
                Rate { compute: nanos(self.price()), storage: storage(self.disk, 0.10) + storage(persistent, 0.10) }
            }
            Phase::Stopped { .. } => Rate { compute: 0, storage: storage(persistent, 0.20) },
        }
    }

    /// Whether the host is being serviced.
    pub fn is_serviced(&self) -> bool {
        self.maintenance.as_ref().is_some_and(|window| window.under_way)
    }

    /// What nobody else can have of the stock: GPUs, or one place of a CPU flavor.
    pub fn units_taken(&self) -> u32 {
        match (&self.hardware, &self.phase) {
            (_, Phase::Stopped { .. }) => 0,
            (Hardware::Gpu { attached, .. }, Phase::Started { .. }) => *attached,
            (Hardware::Cpu { .. }, Phase::Started { .. }) => 1,
        }
    }
}
