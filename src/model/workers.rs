//! Workers of an object that RunPod starts and ends with the number of requests.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The workers of one object by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerCounts {
    /// Working on a job.
    pub running: u64,
    /// Ready for a job.
    pub idle: u64,
    pub initializing: u64,
    /// Waiting for hardware.
    pub throttled: u64,
    pub unhealthy: u64,
    pub total: u64,
}

impl fmt::Display for WorkerCounts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { running, idle, initializing, throttled, unhealthy, total: _ } = self;
        let states = [
            (running, "running"),
            (idle, "idle"),
            (initializing, "starting"),
            (throttled, "waiting for hardware"),
            (unhealthy, "unhealthy"),
        ];
        let some: Vec<String> =
            states.iter().filter(|(count, _)| **count > 0).map(|(count, state)| format!("{count} {state}")).collect();
        formatter.write_str(if some.is_empty() { "none" } else { "" })?;
        formatter.write_str(&some.join(", "))
    }
}

/// How far a release has reached the workers of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// Whether a worker runs an older release.
    pub in_progress: bool,
    pub on_latest: u64,
    pub total: u64,
}
