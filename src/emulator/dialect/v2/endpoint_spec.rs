//! Reading endpoint requests: the rules across members, and the settings before and after a PATCH.

use serde_json::Value;

use super::container;
use crate::emulator::dialect::schema::PresentMembers;
use crate::emulator::rules::refusal::{RequestRefusal, SchemaViolation};
use crate::emulator::state::endpoint::{
    EndpointCompute, EndpointRouting, EndpointScaling, EndpointSettings, WorkerBounds,
};
use crate::emulator::state::settings::Settings;

/// Milliseconds. The document's default, which the live service does not apply.
const DOCUMENTED_TIMEOUT: i64 = 300_000;

const DEFAULT_WORKERS: WorkerBounds = WorkerBounds { min: 0, max: 3, idle_timeout: 10 };

/// Schema rules of a create that depend on other members.
pub fn violations(body: Option<&Value>) -> Vec<SchemaViolation> {
    let members = PresentMembers::of(body);
    let mut found = Vec::new();
    if !members.has("templateId") && !members.has("image") {
        found.push(SchemaViolation::Missing { path: "$".to_owned(), name: "image" });
    }
    let scaling = members.object("scaling");
    if members.text("type") == Some("LOAD_BALANCER")
        && scaling.is_some_and(|scaling| scaling.text("type") == Some("QUEUE_DELAY"))
    {
        found.push(only_request_count());
    }
    found
}

fn only_request_count() -> SchemaViolation {
    SchemaViolation::Other { path: "$.scaling.type".to_owned(), what: "value must be 'REQUEST_COUNT'".to_owned() }
}

/// `excludedTypes` needs `pools` in an update.
pub fn update_violations(body: Option<&Value>) -> Vec<SchemaViolation> {
    let gpu = PresentMembers::of(body).object("gpu");
    let lacks_pools = gpu.is_some_and(|gpu| gpu.has("excludedTypes") && !gpu.has("pools"));
    let what = "properties 'pools' required, if 'excludedTypes' exists".to_owned();
    let violation = SchemaViolation::Other { path: "$.gpu".to_owned(), what };
    if lacks_pools { vec![violation] } else { Vec::new() }
}

/// The settings of a new endpoint.
pub fn created(body: &PresentMembers, world: &Settings) -> Result<EndpointSettings, RequestRefusal> {
    let compute = match (body.object("gpu"), cpus(body)) {
        (Some(gpu), None) => new_gpu(&gpu)?,
        (None, Some(choices)) => EndpointCompute::Cpu(choices),
        _ => return Err(RequestRefusal::rule("exactly one of gpu or cpu must be set")),
    };
    let routing =
        if body.text("type") == Some("QUEUE") { EndpointRouting::Queue } else { EndpointRouting::LoadBalancer };
    // An omitted timeout reads 0 (Q33), although the document gives a default.
    let timeout = if world.observed() { 0 } else { DOCUMENTED_TIMEOUT };
    let settings = EndpointSettings {
        name: body.text("name").unwrap_or_default().to_owned(),
        routing,
        container: container::new_settings(body)?,
        compute,
        workers: workers(DEFAULT_WORKERS, body),
        scaling: scaling(body).unwrap_or(EndpointScaling::RequestCount(1)),
        data_centers: body.texts("dataCenterIds").unwrap_or_default(),
        network_volumes: body.texts("networkVolumes").unwrap_or_default(),
        timeout: body.value("timeout").and_then(whole_number).unwrap_or(timeout),
        flashboot: body.text("flashboot").unwrap_or("OFF").to_owned(),
    };
    checked(settings, body)
}

/// The settings after a PATCH. Omitted members keep their value.
pub fn patched(
    current: &EndpointSettings,
    body: &PresentMembers,
    world: &Settings,
) -> Result<EndpointSettings, RequestRefusal> {
    let compute = match (&current.compute, body.object("gpu"), cpus(body)) {
        (_, Some(_), Some(_)) => return Err(RequestRefusal::rule("gpu and cpu are mutually exclusive")),
        (EndpointCompute::Gpu { .. }, _, Some(_)) => {
            return Err(RequestRefusal::rule("cpu cannot be set on a GPU endpoint"));
        }
        (EndpointCompute::Cpu(_), Some(_), _) => {
            return Err(RequestRefusal::rule("gpu cannot be set on a CPU endpoint"));
        }
        (EndpointCompute::Gpu { .. }, Some(gpu), None) => patched_gpu(&current.compute, &gpu, world)?,
        (EndpointCompute::Cpu(_), None, Some(choices)) => EndpointCompute::Cpu(choices),
        (_, None, None) => current.compute.clone(),
    };
    let settings = EndpointSettings {
        name: body.text("name").unwrap_or(&current.name).to_owned(),
        routing: current.routing,
        container: container::patched_settings(&current.container, body)?,
        compute,
        workers: workers(current.workers, body),
        scaling: scaling(body).unwrap_or(current.scaling),
        data_centers: body.texts("dataCenterIds").unwrap_or_else(|| current.data_centers.clone()),
        network_volumes: body.texts("networkVolumes").unwrap_or_else(|| current.network_volumes.clone()),
        timeout: body.value("timeout").and_then(whole_number).unwrap_or(current.timeout),
        flashboot: body.text("flashboot").unwrap_or(&current.flashboot).to_owned(),
    };
    checked(settings, body)
}

/// Rules about the settings that a request leads to.
fn checked(settings: EndpointSettings, body: &PresentMembers) -> Result<EndpointSettings, RequestRefusal> {
    let given = body.object("workers");
    if !settings.has_idle_timeout() && given.as_ref().is_some_and(|workers| workers.has("idleTimeout")) {
        let what = "not applicable to a queue that scales by requestCount";
        return Err(RequestRefusal::violation("$.workers.idleTimeout", what));
    }
    if settings.routing == EndpointRouting::LoadBalancer && matches!(settings.scaling, EndpointScaling::QueueDelay(_)) {
        return Err(RequestRefusal::Schema(vec![only_request_count()]));
    }
    if given.is_some() && settings.workers.min > settings.workers.max {
        return Err(RequestRefusal::rule("workers.min must not exceed workers.max"));
    }
    if settings.timeout < 0 {
        return Err(RequestRefusal::rule("timeout must not be negative"));
    }
    Ok(settings)
}

fn whole_number(value: &Value) -> Option<i64> {
    value.as_i64()
}

fn cpus(body: &PresentMembers) -> Option<Vec<(String, u32)>> {
    let choices = body.list("cpu")?.iter().map(|choice| {
        let choice = PresentMembers::of(Some(choice));
        (choice.text("id").unwrap_or_default().to_owned(), choice.count("vcpuCount").unwrap_or(0))
    });
    Some(choices.collect())
}

fn workers(current: WorkerBounds, body: &PresentMembers) -> WorkerBounds {
    let Some(given) = body.object("workers") else { return current };
    WorkerBounds {
        min: given.count("min").unwrap_or(current.min),
        max: given.count("max").unwrap_or(current.max),
        idle_timeout: given.whole("idleTimeout").unwrap_or(current.idle_timeout),
    }
}

fn scaling(body: &PresentMembers) -> Option<EndpointScaling> {
    let given = body.object("scaling")?;
    match given.text("type")? {
        "QUEUE_DELAY" => Some(EndpointScaling::QueueDelay(given.value("queueDelay")?.as_f64()?)),
        _ => Some(EndpointScaling::RequestCount(given.whole("requestCount")?)),
    }
}

/// Surrounding whitespace of an excluded type is trimmed.
fn excluded(gpu: &PresentMembers) -> Vec<String> {
    let types = gpu.texts("excludedTypes").unwrap_or_default();
    types.iter().map(|id| id.trim().to_owned()).collect()
}

fn new_gpu(gpu: &PresentMembers) -> Result<EndpointCompute, RequestRefusal> {
    both_constraints_refused(gpu)?;
    Ok(EndpointCompute::Gpu {
        pools: gpu.texts("pools").unwrap_or_default(),
        excluded_types: excluded(gpu),
        count: gpu.count("count").unwrap_or(1),
        allowed_cuda: gpu.texts("allowedCudaVersions").unwrap_or_default(),
        min_cuda: gpu.text("minCudaVersion").map(str::to_owned),
    })
}

fn both_constraints_refused(gpu: &PresentMembers) -> Result<(), RequestRefusal> {
    let lists = gpu.list("allowedCudaVersions").is_some_and(|versions| !versions.is_empty());
    let has_floor = gpu.text("minCudaVersion").is_some_and(|floor| !floor.is_empty());
    if lists && has_floor { Err(cuda_conflict()) } else { Ok(()) }
}

fn cuda_conflict() -> RequestRefusal {
    RequestRefusal::rule("allowedCudaVersions and minCudaVersion are mutually exclusive")
}

/// `pools` replaces the whole selection, so the exclusions are lost unless they are restated. Neither CUDA constraint
/// clears the other.
fn patched_gpu(
    current: &EndpointCompute,
    gpu: &PresentMembers,
    world: &Settings,
) -> Result<EndpointCompute, RequestRefusal> {
    both_constraints_refused(gpu)?;
    let mut next = current.clone();
    if let EndpointCompute::Gpu { pools, excluded_types, count, allowed_cuda, min_cuda } = &mut next {
        if let Some(given) = gpu.texts("pools") {
            *pools = given;
            *excluded_types = excluded(gpu);
        }
        *count = gpu.count("count").unwrap_or(*count);
        if let Some(given) = gpu.texts("allowedCudaVersions") {
            *allowed_cuda = given;
        }
        if let Some(given) = gpu.text("minCudaVersion") {
            *min_cuda = Some(given.to_owned()).filter(|floor| !floor.is_empty());
        }
        if world.refuses_both_cuda_constraints && !allowed_cuda.is_empty() && min_cuda.is_some() {
            return Err(cuda_conflict());
        }
    }
    Ok(next)
}
