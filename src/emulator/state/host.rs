//! Hosts, and the copy of host facts that a pod keeps.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Host {
    pub id: String,
    pub ssh_suffix: String,
    pub ip: Option<String>,
    pub inner_ip: String,
    pub cuda: Option<String>,
    /// GPUs, or the number of CPU pods that fit.
    pub slots: u32,
    /// Slots taken by pods, running or stopped: a stopped pod keeps its host.
    pub assigned: u32,
    /// Takes no new pods from the first moment to the second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<(Timestamp, Timestamp)>,
    /// Images already pulled.
    pub images: BTreeSet<String>,
}

impl Host {
    /// Whether the host takes new pods.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.closed.is_none_or(|(from, until)| now < from || until <= now)
    }
}

/// The host facts that a pod keeps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Machine {
    pub id: String,
    /// The pool of the host, and its index there.
    pub pool: String,
    pub host: usize,
    pub data_center: String,
    /// Public address. Some Community hosts have none.
    pub ip: Option<String>,
    /// Internal address in 100.64.0.0/10.
    pub inner_ip: String,
    pub cuda: Option<String>,
    /// For the whole pod.
    pub vcpu_count: u32,
    pub memory_gb: u32,
    /// Second half of the user name at the SSH proxy.
    pub ssh_suffix: String,
}
