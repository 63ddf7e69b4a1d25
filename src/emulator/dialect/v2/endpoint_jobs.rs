//! The queue of an endpoint: the `requestUrls` of an endpoint of type QUEUE.
//!
//! RunPod serves them from another host with the same paths, and outside the OpenAPI document (its serverless guide
//! describes them). The emulator is one host for both.

use jiff::Timestamp;
use serde_json::json;

use crate::emulator::dialect::call::Call;
use crate::emulator::dialect::response::{Response, RouteResult};
use crate::emulator::dialect::route::Route;
use crate::emulator::rules::refusal::RequestRefusal;
use crate::emulator::state::endpoint::{EndpointRouting, ServerlessEndpoint};
use crate::emulator::state::endpoint_worker::WorkerStatus;
use crate::emulator::state::world::World;
use crate::transport::Method::{Get, Post};

/// How long a worker needs for a job that a client sends.
const JOB_SECONDS: u64 = 10;

pub const ROUTES: &[Route] = &[
    Route::read(Get, "{id}/health", "getEndpointHealth", health),
    Route::write(Post, "{id}/run", "runJob", run),
    Route::write(Post, "{id}/purge-queue", "purgeQueue", purge),
];

fn queue<'world>(
    world: &'world World,
    call: &Call,
    now: Timestamp,
) -> Result<&'world ServerlessEndpoint, RequestRefusal> {
    let endpoint = world.endpoints.find(call.object_id(), now)?;
    if endpoint.settings.routing == EndpointRouting::Queue { Ok(endpoint) } else { Err(RequestRefusal::NotFound) }
}

fn health(world: &World, call: &Call, now: Timestamp) -> RouteResult {
    let endpoint = queue(world, call, now)?;
    let count = |status| endpoint.fleet.iter().filter(|worker| worker.status(now) == status).count();
    let (idle, running) = (count(WorkerStatus::Idle), count(WorkerStatus::Running));
    let (waiting, finished) = (endpoint.queue.len(), endpoint.finished);
    Ok(Response::json(
        200,
        json!({
            "jobs": {
                "completed": finished.completed, "failed": finished.failed, "inProgress": endpoint.jobs() - waiting,
                "inQueue": waiting, "retried": 0,
            },
            "workers": {
                "idle": idle, "initializing": count(WorkerStatus::Initializing), "ready": idle + running,
                "running": running, "throttled": count(WorkerStatus::Throttled),
                "unhealthy": count(WorkerStatus::Unhealthy),
            },
        }),
    ))
}

/// Queues a job. Its input is ignored.
fn run(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    queue(world, call, now)?;
    let id = world.add_jobs(call.object_id(), 1, JOB_SECONDS, now);
    Ok(Response::json(200, json!({ "id": id, "status": "IN_QUEUE" })))
}

/// Removes the jobs that wait. Jobs that run continue.
fn purge(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    queue(world, call, now)?;
    let removed = world.purge_jobs(call.object_id(), now);
    Ok(Response::json(200, json!({ "removed": removed, "status": "completed" })))
}
