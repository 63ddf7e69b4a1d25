//! Objects that exist at RunPod, as the API lists show them, with attributes named as in the kind tables.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Attributes, Awaiting, Marker, Money, Power, WorkerCounts};

/// Status of an object, with the names from the user's document ("Pod State Mapping").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Being placed, pulling the image or booting. v2 `PROVISIONING` or `STARTING`, or `RUNNING` without a `runtime`.
    Creating,
    Running,
    /// Stopped, with its volume kept. v2 and v1 `EXITED`.
    Stopped,
    Error,
    /// Running without the GPU it was created with, after a start on a full host.
    ZeroGpu,
    /// Deleted but still listed.
    Terminated,
    /// A status that this version does not know. Never treated as absent.
    Unknown(String),
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Creating => "Creating",
            Self::Running => "Running",
            Self::Stopped => "Stopped",
            Self::Error => "Error",
            Self::ZeroGpu => "Error (running without a GPU)",
            Self::Terminated => "NotDeployed",
            Self::Unknown(word) => return write!(formatter, "Unknown ({word})"),
        })
    }
}

impl Status {
    /// The power that the status implies, if any.
    pub fn power(&self) -> Option<Power> {
        match self {
            Self::Creating | Self::Running | Self::ZeroGpu => Some(Power::Running),
            Self::Stopped => Some(Power::Stopped),
            Self::Error | Self::Terminated | Self::Unknown(_) => None,
        }
    }
}

/// Address of an SSH server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SshTarget {
    pub host: String,
    pub port: u16,
    pub username: String,
}

/// One reachable port of a pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// As declared: `8888/http`, `22/tcp`.
    pub port: String,
    /// `https://<id>-8888.proxy.runpod.net` or `203.0.113.7:35558`; `None` until RunPod has mapped it.
    pub address: Option<String>,
}

/// Values that RunPod computes. Displayed, but never compared or stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Computed {
    pub cost_per_hour: Option<Money>,
    /// RFC 3339.
    pub created_at: Option<String>,
    pub started_at: Option<String>,
    /// The last change and its cause, in v1's wording (`Exited by System: ...`). For display and heuristics only.
    pub last_change: Option<String>,
    /// Whether RunPod would accept a start now; `None` if the dialect does not report it.
    pub can_start: Option<bool>,
    /// RunPod's choice among the candidates: `gpu_type`, `region`, `cuda_version`.
    pub chosen: BTreeMap<String, String>,
    pub ssh_direct: Option<SshTarget>,
    pub ssh_proxy: Option<SshTarget>,
    pub endpoints: Vec<Endpoint>,
    /// Addresses that clients call, by purpose: `run`, `runSync`, `base`.
    pub urls: BTreeMap<String, String>,
    /// Only `sindri status` asks for them.
    pub workers: Option<WorkerCounts>,
    /// Seconds since the container started. Resets repeatedly in a crash loop.
    pub uptime_seconds: Option<u64>,
}

/// One object from an API list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    pub kind: &'static str,
    pub id: String,
    pub name: String,
    /// Keyed by the attribute names of the kind's table. An attribute that the API does not return is absent (not
    /// `Null`). Every value of `env` is a [`super::Secret`], since most were not declared by us. The marker is
    /// excluded.
    pub attributes: Attributes,
    pub marker: Option<Marker>,
    /// Set for kinds whose objects have a status (pods).
    pub status: Option<Status>,
    /// Ready for use: running, with its GPUs, and every declared TCP port mapped.
    pub ready: bool,
    pub computed: Computed,
}

impl Object {
    /// The hourly price that RunPod reports. Zero counts as missing: nothing that runs is free.
    pub fn reported_price(&self) -> Option<Money> {
        self.computed.cost_per_hour.filter(|price| *price > Money::ZERO)
    }

    /// Sort key by age, oldest first. Compares parsed times, because as text `08.5Z` sorts before `08Z`.
    pub fn seniority(&self) -> (Option<jiff::Timestamp>, String) {
        let created = self.computed.created_at.as_ref().and_then(|at| at.parse().ok());
        (created, self.id.clone())
    }

    /// Whether the object is known to be unusable. An unknown status implies nothing.
    pub fn shows_unready(&self) -> bool {
        !self.ready && !matches!(self.status, Some(Status::Unknown(_)))
    }

    /// Whether an object that should run must be waited for: it is known to be unusable, or was never seen ready.
    pub fn is_awaited(&self, awaiting: Option<Awaiting>) -> bool {
        self.shows_unready() || (!self.ready && awaiting.is_some())
    }

    /// Whether the object is terminating: still listed, but no longer usable.
    pub fn is_leaving(&self) -> bool {
        self.status == Some(Status::Terminated)
    }
}

/// All observed objects of one refresh, by kind and id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    objects: BTreeMap<&'static str, BTreeMap<String, Object>>,
}

impl Observed {
    pub fn insert(&mut self, object: Object) {
        self.objects.entry(object.kind).or_default().insert(object.id.clone(), object);
    }

    pub fn get(&self, kind: &str, id: &str) -> Option<&Object> {
        self.objects.get(kind)?.get(id)
    }

    pub fn remove(&mut self, kind: &str, id: &str) -> Option<Object> {
        self.objects.get_mut(kind)?.remove(id)
    }

    /// Adds all objects of another list.
    pub fn append(&mut self, other: Self) {
        for (kind, mut objects) in other.objects {
            self.objects.entry(kind).or_default().append(&mut objects);
        }
    }

    /// All objects, by kind and id.
    pub fn iter(&self) -> impl Iterator<Item = &Object> {
        self.objects.values().flat_map(BTreeMap::values)
    }

    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Object> {
        self.objects.get(kind).into_iter().flat_map(BTreeMap::values)
    }
}

impl FromIterator<Object> for Observed {
    fn from_iter<I: IntoIterator<Item = Object>>(objects: I) -> Self {
        let mut observed = Self::default();
        for object in objects {
            observed.insert(object);
        }
        observed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn age_is_compared_by_time_and_not_by_text() {
        let made = |at: &str| Object {
            kind: "pod",
            id: at.to_owned(),
            name: String::new(),
            attributes: Attributes::new(),
            marker: None,
            status: None,
            ready: false,
            computed: Computed { created_at: Some(at.to_owned()), ..Computed::default() },
        };
        assert!(made("2026-01-01T00:00:08Z").seniority() < made("2026-01-01T00:00:08.5Z").seniority());
    }
}
