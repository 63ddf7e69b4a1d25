//! Endpoints, workers and releases in responses.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::container;
use crate::emulator::rules::market::market;
use crate::emulator::state::endpoint::{
    EndpointCompute, EndpointRelease, EndpointRouting, EndpointScaling, ServerlessEndpoint,
};
use crate::emulator::state::endpoint_worker::{EndpointWorker, WorkerStatus};
use crate::emulator::state::hardware::Hardware;
use crate::emulator::state::pod::Phase;

pub fn endpoint(endpoint: &ServerlessEndpoint) -> Value {
    let ServerlessEndpoint { id, settings, created_at, .. } = endpoint;
    let mut members = Map::new();
    container::show(&settings.container, &mut members);
    let mut workers = json!({ "min": settings.workers.min, "max": settings.workers.max });
    if settings.has_idle_timeout() {
        workers["idleTimeout"] = json!(settings.workers.idle_timeout);
    }
    let scaling = match settings.scaling {
        EndpointScaling::QueueDelay(delay) => json!({ "type": "QUEUE_DELAY", "queueDelay": delay }),
        EndpointScaling::RequestCount(count) => json!({ "type": "REQUEST_COUNT", "requestCount": count }),
    };
    let compute = match &settings.compute {
        EndpointCompute::Gpu { pools, excluded_types, count, allowed_cuda, min_cuda } => (
            "gpu",
            json!({ "pools": pools, "excludedTypes": excluded_types, "count": count,
                    "allowedCudaVersions": allowed_cuda, "minCudaVersion": min_cuda }),
        ),
        EndpointCompute::Cpu(choices) => ("cpu", choices.iter().map(cpu_choice).collect()),
    };
    for (name, value) in [
        ("id", json!(id)),
        ("name", json!(settings.name)),
        ("type", json!(if settings.routing == EndpointRouting::Queue { "QUEUE" } else { "LOAD_BALANCER" })),
        ("requestUrls", request_urls(id, settings.routing)),
        compute,
        ("workers", workers),
        ("scaling", scaling),
        ("dataCenterIds", json!(settings.data_centers)),
        ("networkVolumes", json!(settings.network_volumes)),
        ("timeout", json!(settings.timeout)),
        ("flashboot", json!(settings.flashboot)),
        ("createdAt", json!(created_at)),
    ] {
        members.insert(name.to_owned(), value);
    }
    Value::Object(members)
}

fn cpu_choice((id, vcpu_count): &(String, u32)) -> Value {
    let memory = market().flavor(id).map_or(1, |flavor| flavor.ram_gb_per_vcpu * vcpu_count);
    json!({ "id": id, "vcpuCount": vcpu_count, "memory": memory })
}

fn request_urls(id: &str, routing: EndpointRouting) -> Value {
    if routing == EndpointRouting::LoadBalancer {
        let base = format!("https://{id}.api.runpod.ai");
        return json!({ "base": base, "health": format!("{base}/ping") });
    }
    let to = |path: &str| format!("https://api.runpod.ai/v2/{id}/{path}");
    json!({
        "run": to("run"), "runSync": to("runsync"), "status": to("status/{job_id}"), "stream": to("stream/{job_id}"),
        "cancel": to("cancel/{job_id}"), "retry": to("retry/{job_id}"), "purgeQueue": to("purge-queue"),
        "health": to("health"),
    })
}

/// The workers with a summary by status.
pub fn workers(endpoint: &ServerlessEndpoint, now: Timestamp) -> Value {
    let rows: Vec<Value> = endpoint.fleet.iter().map(|worker| worker_row(endpoint, worker, now)).collect();
    let mut summary = json!({ "total": rows.len() });
    for status in WorkerStatus::ALL {
        let count = endpoint.fleet.iter().filter(|worker| worker.status(now) == status).count();
        summary[status.word().to_ascii_lowercase()] = json!(count);
    }
    json!({ "endpointVersion": endpoint.version, "summary": summary, "workers": rows })
}

fn worker_row(endpoint: &ServerlessEndpoint, worker: &EndpointWorker, now: Timestamp) -> Value {
    let placed = worker.placement.as_ref();
    let times = placed.and_then(|placement| match placement.phase {
        Phase::Started { placed, up, .. } => Some((placed, up)),
        Phase::Stopped { .. } => None,
    });
    // A worker is placed, then runs.
    let placed = placed.filter(|_| times.is_some_and(|(placed, _)| placed <= now));
    let gpu = placed.and_then(|placement| match &placement.hardware {
        Hardware::Gpu { id, .. } => Some(id),
        Hardware::Cpu { .. } => None,
    });
    let count = if let EndpointCompute::Gpu { count, .. } = endpoint.settings.compute { count } else { 0 };
    json!({
        "id": worker.id, "status": worker.status(now).word(), "isStale": worker.version != endpoint.version,
        "version": worker.version, "gpuCount": count, "image": worker.image,
        "uptimeSeconds": times.filter(|(_, up)| *up <= now).map(|(_, up)| now.duration_since(up).as_secs()),
        "gpuTypeId": gpu,
        "dataCenterId": placed.map(|placement| &placement.machine.data_center),
        "startedAt": times.filter(|(placed, _)| *placed <= now).map(|(placed, _)| placed),
    })
}

/// The progress of the latest release.
pub fn rollout(endpoint: &ServerlessEndpoint) -> Value {
    let (latest, total) = (endpoint.current_workers().count(), endpoint.fleet.len());
    let percent = (latest * 100 + total / 2).checked_div(total).unwrap_or(0);
    json!({
        "inProgress": latest < total, "workersOnLatest": latest, "workersTotal": total, "percentOnLatest": percent,
    })
}

pub fn release(endpoint: &ServerlessEndpoint, release: &EndpointRelease) -> Value {
    let workers = endpoint.fleet.iter().filter(|worker| worker.version == release.version).count();
    let change = |(field, old, new): &(String, Value, Value)| json!({ "field": field, "old": old, "new": new });
    json!({
        "id": release.id, "version": release.version, "source": "MANUAL", "buildId": null, "createdByUserId": null,
        "workerCount": workers, "createdAt": release.created_at,
        "diff": release.diff.iter().map(change).collect::<Vec<_>>(),
    })
}
