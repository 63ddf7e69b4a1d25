//! Serverless endpoints.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::container::ContainerSettings;
use super::endpoint_worker::EndpointWorker;
use super::ordered_store::Keyed;
use super::visibility::{Visibility, Visible};

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerlessEndpoint {
    pub serial: u64,
    pub id: String,
    #[serde(flatten)]
    pub settings: EndpointSettings,
    /// The template that RunPod creates and deletes together with the endpoint.
    pub template_id: String,
    /// The configuration version; every release increases it.
    pub version: u64,
    /// Oldest first.
    pub releases: Vec<EndpointRelease>,
    /// Oldest first.
    pub fleet: Vec<EndpointWorker>,
    /// Jobs that wait for a worker, oldest first.
    pub queue: VecDeque<QueuedJob>,
    pub finished: JobCounts,
    /// The last request, or the last change of the workers: RunPod lowers `workers.max` some days later.
    pub active_at: Timestamp,
    /// The last time the autoscaler added a worker for a job that waited too long.
    pub scaled_at: Timestamp,
    /// With a rollout in steps, when the next idle worker is replaced.
    pub replaces_at: Option<Timestamp>,
    /// The entry of this endpoint in the world's queue of steps.
    pub next_step: Option<Timestamp>,
    pub created_at: Timestamp,
    pub visible: Visibility,
}

/// All that a request can set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointSettings {
    pub name: String,
    /// `QUEUE` or `LOAD_BALANCER`.
    pub routing: EndpointRouting,
    pub container: ContainerSettings,
    pub compute: EndpointCompute,
    pub workers: WorkerBounds,
    pub scaling: EndpointScaling,
    pub data_centers: Vec<String>,
    pub network_volumes: Vec<String>,
    /// Per request, in milliseconds. 0 means that none was given.
    pub timeout: i64,
    /// `OFF`, `FLASHBOOT` or `PRIORITY_FLASHBOOT`.
    pub flashboot: String,
}

/// How requests reach the workers. It cannot be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EndpointRouting {
    Queue,
    LoadBalancer,
}

/// The hardware of the workers. Its family cannot be changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum EndpointCompute {
    Gpu {
        pools: Vec<String>,
        /// GPU types of the pools that workers do not use.
        excluded_types: Vec<String>,
        /// GPUs per worker.
        count: u32,
        allowed_cuda: Vec<String>,
        min_cuda: Option<String>,
    },
    /// CPU flavors and numbers of vCPUs, in order of preference.
    Cpu(Vec<(String, u32)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkerBounds {
    pub min: u32,
    pub max: u32,
    /// Seconds after which an idle worker is removed.
    pub idle_timeout: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EndpointScaling {
    /// Seconds that a job may wait.
    QueueDelay(f64),
    /// Requests per worker.
    RequestCount(u64),
}

/// A configuration snapshot that workers run.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointRelease {
    pub id: String,
    pub version: u64,
    pub created_at: Timestamp,
    /// Field, old and new value.
    pub diff: Vec<(String, Value, Value)>,
}

/// A job that waits for a worker.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueuedJob {
    pub queued_at: Timestamp,
    /// How long a worker needs for it.
    pub seconds: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobCounts {
    pub completed: u64,
    /// Jobs that took longer than the timeout.
    pub failed: u64,
}

impl EndpointSettings {
    /// A queue that scales by request count has no idle timeout.
    pub fn has_idle_timeout(&self) -> bool {
        !matches!((self.routing, self.scaling), (EndpointRouting::Queue, EndpointScaling::RequestCount(_)))
    }
}

impl ServerlessEndpoint {
    /// The workers that run the current version.
    pub fn current_workers(&self) -> impl Iterator<Item = &EndpointWorker> {
        self.fleet.iter().filter(|worker| worker.version == self.version)
    }

    /// Jobs that run or wait.
    pub fn jobs(&self) -> usize {
        self.queue.len() + self.fleet.iter().filter(|worker| worker.busy_until.is_some()).count()
    }
}

impl Keyed for ServerlessEndpoint {
    fn serial(&self) -> u64 {
        self.serial
    }

    fn id(&self) -> &str {
        &self.id
    }
}

impl Visible for ServerlessEndpoint {
    fn visible(&self) -> Visibility {
        self.visible
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }
}
