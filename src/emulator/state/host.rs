//! Hosts, and what a pod knows of its own.

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
    /// GPUs, or places for CPU pods.
    pub slots: u32,
    /// Places of pods that live here, running or not: a stopped pod keeps its host.
    pub assigned: u32,
    /// No new pod comes here from the one to the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<(Timestamp, Timestamp)>,
    /// Images that were pulled here before.
    pub images: BTreeSet<String>,
}

impl Host {
    /// Whether new pods may come.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.closed.is_none_or(|(from, until)| now < from || until <= now)
    }
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
