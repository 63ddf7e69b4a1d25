//! The workers of serverless endpoints.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::hardware::Hardware;
use super::host::Machine;
use super::pod::Phase;
use super::pod_status::Stage;

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointWorker {
    pub id: String,
    /// The version of the endpoint that it runs.
    pub version: u64,
    pub image: String,
    pub created_at: Timestamp,
    /// `None` while no host has room.
    pub placement: Option<WorkerPlacement>,
    /// The end of its job, and whether the job fails.
    pub busy_until: Option<(Timestamp, bool)>,
    /// The end of its last job, or its start.
    pub idle_since: Timestamp,
}

/// Where a worker runs.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkerPlacement {
    pub hardware: Hardware,
    pub machine: Machine,
    pub phase: Phase,
}

/// A worker's status in responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerStatus {
    Running,
    Idle,
    Initializing,
    Throttled,
    Unhealthy,
}

impl WorkerStatus {
    pub const ALL: [Self; 5] = [Self::Running, Self::Idle, Self::Initializing, Self::Throttled, Self::Unhealthy];

    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Idle => "IDLE",
            Self::Initializing => "INITIALIZING",
            Self::Throttled => "THROTTLED",
            Self::Unhealthy => "UNHEALTHY",
        }
    }
}

impl EndpointWorker {
    pub fn status(&self, now: Timestamp) -> WorkerStatus {
        let Some(placement) = &self.placement else { return WorkerStatus::Throttled };
        match placement.phase.stage(now) {
            Stage::Up if self.busy_until.is_some() => WorkerStatus::Running,
            Stage::Up => WorkerStatus::Idle,
            Stage::CrashLoop | Stage::Failed => WorkerStatus::Unhealthy,
            Stage::Allocating | Stage::Pulling | Stage::Booting | Stage::Resuming | Stage::Stopped => {
                WorkerStatus::Initializing
            }
        }
    }

    /// When the container comes up, if it ever does.
    pub fn up_at(&self) -> Option<Timestamp> {
        match self.placement.as_ref()?.phase {
            Phase::Started { up, .. } => Some(up),
            Phase::Stopped { .. } => None,
        }
    }
}
