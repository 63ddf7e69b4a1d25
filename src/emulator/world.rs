//! The emulated RunPod: everything it knows, and one function from (call, virtual time) to an answer.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::call::{Answer, Call};
use super::dice::Dice;
pub use super::settings::{Fidelity, Pace, ResumeWithoutGpu, Settings};

/// Everything, saved as one JSON document.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct World {
    pub settings: Settings,
    /// When something last changed; virtual time never goes back behind it.
    now: Timestamp,
    dice: Dice,
}

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
}

/// What somebody else does to a network volume.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "camelCase")]
pub enum VolumeEvent {
    Resize { size: u64 },
    Delete,
    Rename { name: String },
}

/// Overrides how many GPUs can still be rented. The first rule that matches decides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CapacityRule {
    /// GPU type or CPU flavor id; `*` matches any run of characters.
    #[serde(alias = "cpu")]
    pub gpu: String,
    #[serde(default = "any")]
    pub data_center: String,
    /// GPUs that are free; taken by creates and starts, given back by stops and deletes.
    pub free: u32,
}

fn any() -> String {
    "*".to_owned()
}

/// The account's money. USD.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    pub balance: f64,
    pub spend_limit: Option<f64>,
    /// What everything costs now, per hour.
    pub hourly: f64,
    pub spent_compute: f64,
    pub spent_storage: f64,
}

impl World {
    pub fn new(settings: Settings, now: Timestamp) -> Self {
        Self { dice: Dice::new(settings.seed), settings, now }
    }

    /// Answers one call at virtual time `now`.
    pub fn answer(&mut self, _call: &Call, _now: Timestamp) -> Answer {
        Answer { status: 404, content_type: "application/problem+json", body: Vec::new(), touched: Vec::new() }
    }

    /// Does to a pod what somebody else would. The error says why it cannot be.
    pub fn pod_event(&mut self, id: &str, _event: &PodEvent, _now: Timestamp) -> Result<(), String> {
        Err(format!("no pod `{id}`"))
    }

    /// Does to a volume what somebody else would.
    pub fn volume_event(&mut self, id: &str, _event: &VolumeEvent, _now: Timestamp) -> Result<(), String> {
        Err(format!("no network volume `{id}`"))
    }

    pub fn set_capacity(&mut self, _rules: Vec<CapacityRule>) {}

    pub fn account(&self, _now: Timestamp) -> Account {
        Account { balance: 0.0, spend_limit: None, hourly: 0.0, spent_compute: 0.0, spent_storage: 0.0 }
    }

    /// Sets the balance and the spend limit, in USD.
    pub fn set_account(&mut self, _balance: Option<f64>, _spend_limit: Option<Option<f64>>, _now: Timestamp) {}
}
