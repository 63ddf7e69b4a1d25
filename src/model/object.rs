//! What exists at RunPod, as the API's lists tell it, in the words of the kinds' tables.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Attributes, Awaiting, Marker, Money, Power};

/// The life of an object, in the words of the user's document ("Pod State Mapping").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Being placed, pulled or booted; v2 `PROVISIONING`, `STARTING`, or `RUNNING` without a `runtime`.
    Creating,
    Running,
    /// Its volume is kept; v2 and v1 `EXITED`.
    Stopped,
    Error,
    /// Running without the GPU it was created with (after a start on a full host).
    ZeroGpu,
    /// Deleted, though still listed.
    Terminated,
    /// A word that this version does not know. Never read as absent.
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
    /// What the status says about power, where it says anything.
    pub fn power(&self) -> Option<Power> {
        match self {
            Self::Creating | Self::Running | Self::ZeroGpu => Some(Power::Running),
            Self::Stopped => Some(Power::Stopped),
            Self::Error | Self::Terminated | Self::Unknown(_) => None,
        }
    }
}

/// Where an SSH server can be reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SshTarget {
    pub host: String,
    pub port: u16,
    pub username: String,
}

/// One reachable exposure of a pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// As declared: `8888/http`, `22/tcp`.
    pub port: String,
    /// `https://<id>-8888.proxy.runpod.net` or `203.0.113.7:35558`; `None` until RunPod has mapped it.
    pub address: Option<String>,
}

/// Members that RunPod computes: shown, never compared, never stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Computed {
    pub cost_per_hour: Option<Money>,
    /// RFC 3339.
    pub created_at: Option<String>,
    pub started_at: Option<String>,
    /// What happened last and by whom, in v1's own words (`Exited by System: ...`). For display and for guesses only.
    pub last_change: Option<String>,
    /// Whether RunPod would take a start now; `None` where the dialect does not say.
    pub can_start: Option<bool>,
    /// What was chosen among what was asked: `gpu_type`, `region`, `cuda_version`.
    pub chosen: BTreeMap<String, String>,
    pub ssh_direct: Option<SshTarget>,
    pub ssh_proxy: Option<SshTarget>,
    pub endpoints: Vec<Endpoint>,
    /// Seconds since the container started; falls in a crash loop.
    pub uptime_seconds: Option<u64>,
}

/// One object that an API list showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    pub kind: &'static str,
    pub id: String,
    pub name: String,
    /// By attribute name of the kind's table. An attribute that the API does not return is absent (not `Null`).
    /// Every value of `env` is a [`super::Secret`], since most were not declared by us; the marker is left out.
    pub attributes: Attributes,
    pub marker: Option<Marker>,
    /// Of kinds that have a life of their own (pods).
    pub status: Option<Status>,
    /// Ready for use: running, with its GPUs, and every declared TCP port mapped.
    pub ready: bool,
    pub computed: Computed,
}

impl Object {
    /// The hourly price that RunPod reports. Zero is no price: nothing that runs is free.
    pub fn reported_price(&self) -> Option<Money> {
        self.computed.cost_per_hour.filter(|price| *price > Money::ZERO)
    }

    /// Sorts objects by age, the oldest first. Times are compared as times: `08.5Z` is a text before `08Z`.
    pub fn seniority(&self) -> (Option<jiff::Timestamp>, String) {
        let created = self.computed.created_at.as_ref().and_then(|at| at.parse().ok());
        (created, self.id.clone())
    }

    /// Whether it shows that it cannot be used. A status that this version does not know says nothing either way.
    pub fn shows_unready(&self) -> bool {
        !self.ready && !matches!(self.status, Some(Status::Unknown(_)))
    }

    /// Whether it has to be waited for, if it is to run: it shows that it is not ready, or was never seen ready.
    pub fn is_awaited(&self, awaiting: Option<Awaiting>) -> bool {
        self.shows_unready() || (!self.ready && awaiting.is_some())
    }

    /// Whether the object is on its way out: listed, but no longer there to be used.
    pub fn is_leaving(&self) -> bool {
        self.status == Some(Status::Terminated)
    }
}

/// What exists, by kind and id: the whole of one refresh.
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
    fn the_older_of_two_is_told_by_time_and_not_by_text() {
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
