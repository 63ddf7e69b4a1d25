//! Workers of an object that RunPod starts and ends with the number of requests.

/// The workers of one object by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

/// How far a release has reached the workers of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// Whether a worker runs an older release.
    pub in_progress: bool,
    pub on_latest: u64,
    pub total: u64,
}
