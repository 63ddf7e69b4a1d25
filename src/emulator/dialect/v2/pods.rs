//! Pods in v2 and the rules for their requests (behaviour page, section 5).

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::page::{PageRequest, Pagination};
use super::pod_bodies::{CREATE_POD, POD_ACTION, UPDATE_POD};
use super::pod_view::V2PodView;
use super::{container, pod_logs, pod_view, template_use};
use crate::emulator::dialect::call::{Call, without_dropped};
use crate::emulator::dialect::response::{Response, RouteResult};
use crate::emulator::dialect::route::Route;
use crate::emulator::dialect::schema::{ObjectShape, PresentMembers};
use crate::emulator::rules::edit_pod::Changes;
use crate::emulator::rules::market::market;
use crate::emulator::rules::pod_actions::PodAction;
use crate::emulator::rules::pod_spec::{CudaConstraint, PodSpec, check_limits};
use crate::emulator::rules::refusal::{RequestRefusal, SchemaViolation};
use crate::emulator::rules::tweaks::Tweaks;
use crate::emulator::state::hardware::{Hardware, HostCloud};
use crate::emulator::state::pod::{Pod, Storage};
use crate::emulator::state::world::World;
use crate::transport::Method::{Delete, Get, Patch, Post};

/// The mount path of a pod without a mount. It is v1's default, since both dialects show the same pod.
const DEFAULT_PATH: &str = "/workspace";

pub const ROUTES: &[Route] = &[
    Route::read(Get, "pods", "listPods", list),
    Route::write(Post, "pods", "createPod", create),
    Route::read(Get, "pods/{id}", "getPod", |world, call, now| show(world, call.object_id(), now)),
    Route::write(Patch, "pods/{id}", "updatePod", update),
    Route::write(Delete, "pods/{id}", "deletePod", delete),
    Route::write(Post, "pods/{id}/action", "podAction", action),
    Route::read(Get, "pods/{id}/logs", "getPodLogs", pod_logs::stream),
];

fn checked(world: &World, shape: &ObjectShape, body: Option<&Value>) -> Result<(), RequestRefusal> {
    let mut violations = shape.check(body);
    let missing =
        violations.iter().any(|violation| matches!(violation, SchemaViolation::Missing { path, .. } if path == "$"));
    if missing && world.settings.noisy_missing && world.settings.observed() {
        let names: Vec<String> = PresentMembers::of(body).0.keys().cloned().collect();
        let unknown = violations
            .iter()
            .any(|violation| matches!(violation, SchemaViolation::Unknown { path, .. } if path == "$"));
        if !names.is_empty() && !unknown {
            violations.push(SchemaViolation::Unknown { path: "$".to_owned(), names });
        }
    }
    if violations.is_empty() { Ok(()) } else { Err(RequestRefusal::Schema(violations)) }
}

/// The body of a list.
#[derive(Serialize)]
struct PodPage<'world> {
    pagination: Pagination,
    pods: Vec<V2PodView<'world>>,
}

fn list(world: &World, call: &Call, now: Timestamp) -> RouteResult {
    let mut page = PageRequest::from_query("listPods", &["includeClusterPods"], &call.query)?;
    page.shorten(world.settings.short_pages);
    let mut listed = world.listed_pods(page.before, &call.tweaks, now);
    let rows: Vec<&Pod> = listed.by_ref().take(page.limit).collect();
    let next = listed.next().and(rows.last()).map(|last| page.cursor_after(last.serial));
    let pods = rows.into_iter().map(|pod| pod_view::pod(world, pod, now)).collect();
    Ok(Response::json(200, PodPage { pagination: Pagination::to(next), pods }))
}

fn show(world: &World, id: &str, now: Timestamp) -> RouteResult {
    match world.find_pod(id, now) {
        Ok(pod) => Ok(Response::json(200, pod_view::pod(world, pod, now))),
        Err(refusal) => match world.deleted_pods.get(id) {
            Some(tombstone) if now < tombstone.shown_until => {
                Ok(Response::json(200, pod_view::terminated(world, &tombstone.item, now)))
            }
            _ => Err(refusal),
        },
    }
}

fn create(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    checked(world, &CREATE_POD, call.body.as_ref())?;
    let body = template_use::completed_pod(world, call.body.as_ref(), true, now)?;
    let template = PresentMembers::of(call.body.as_ref()).text("templateId").map(str::to_owned);
    let template = template.filter(|_| world.settings.v2_pods_keep_template);
    let spec = PodSpec { template, ..spec(world, &PresentMembers::of(body.as_ref()))? };
    let id = world.create_pod(spec, &call.tweaks, now)?;
    let pod = world.pods.get(&id).ok_or(RequestRefusal::NotFound)?;
    Ok(Response::json(201, pod_view::pod(world, pod, now)))
}

/// Checks the rules across members and returns the spec of the pod.
fn spec(world: &World, body: &PresentMembers) -> Result<PodSpec, RequestRefusal> {
    let cloud = HostCloud::from_word(body.text("cloud"));
    let (gpu, cpu) = (body.object("gpu"), body.object("cpu"));
    if gpu.is_some() == cpu.is_some() {
        return Err(RequestRefusal::rule("exactly one of gpu or cpu must be set"));
    }
    if body.text("image").is_none() {
        return Err(RequestRefusal::rule("image is required unless templateId is set"));
    }
    let (storage, mount_path) = mounts(body, cpu.is_some(), cloud)?;
    let cuda = cuda_constraint(gpu.as_ref())?;
    let args = container::stored_args("", body)?;
    let (ports, env) = (body.texts("ports").unwrap_or_default(), body.text_map("env").unwrap_or_default());
    if world.settings.enforce_ui_limits {
        check_limits(&ports, &env)?;
    }
    if let Some(cpu) = &cpu {
        let (id, count) = (cpu.text("id").unwrap_or_default(), cpu.count("vcpuCount").unwrap_or(0));
        if market().flavor(id).is_some_and(|flavor| !flavor.allows(count)) {
            return Err(RequestRefusal::rule("vcpuCount is not valid for the selected CPU flavor"));
        }
    }
    // The live service gives this error whenever `disk` is missing (Q2).
    let disk = body.whole("disk");
    if disk.is_none() && world.settings.observed() {
        return Err(RequestRefusal::rule("You must either provide a template id or pod configuration parameters"));
    }
    Ok(PodSpec {
        name: body.text("name").unwrap_or_default().to_owned(),
        hardware: hardware(world, gpu.as_ref(), cpu.as_ref()),
        cloud,
        data_centers: body.texts("dataCenterIds").unwrap_or_default(),
        data_centers_in_order: false,
        countries: Vec::new(),
        cuda,
        min_ram_per_gpu: gpu.as_ref().and_then(|gpu| gpu.count("minRamPerGpu")).unwrap_or(0),
        min_vcpu_per_gpu: gpu.as_ref().and_then(|gpu| gpu.count("minVcpuCountPerGpu")).unwrap_or(0),
        public_ip: false,
        image: body.text("image").unwrap_or_default().to_owned(),
        args,
        disk: disk.unwrap_or(20),
        storage,
        mount_path,
        ports,
        env,
        registry: container::registry(body),
        template: None,
        global_networking: body.flag("globalNetworking").unwrap_or(false),
        locked: false,
        interruptible: false,
        start_ssh: body.flag("startSsh").unwrap_or(false),
        start_jupyter: body.flag("startJupyter").unwrap_or(false),
    })
}

fn hardware(world: &World, gpu: Option<&PresentMembers>, cpu: Option<&PresentMembers>) -> Vec<Hardware> {
    let id = |members: &PresentMembers| members.text("id").unwrap_or_default().to_owned();
    let cpu = cpu.map(|cpu| Hardware::Cpu { id: id(cpu), vcpu_count: cpu.count("vcpuCount").unwrap_or(0) });
    // Without `count` the live service finds no machine (Q3), although the document says that the default is 1.
    let unsaid = if world.settings.observed() { 0 } else { 1 };
    let gpu = gpu.map(|gpu| {
        let count = gpu.count("count").unwrap_or(unsaid);
        Hardware::Gpu { id: id(gpu), count, attached: count }
    });
    gpu.into_iter().chain(cpu).collect()
}

fn mounts(body: &PresentMembers, on_cpu: bool, cloud: HostCloud) -> Result<(Storage, String), RequestRefusal> {
    let mounts = body.object("mounts");
    let persistent = mounts.as_ref().and_then(|mounts| mounts.object("persistent"));
    let network = mounts.as_ref().and_then(|mounts| mounts.list("network")).and_then(<[Value]>::first);
    let path = |mount: &PresentMembers| mount.text("path").unwrap_or(DEFAULT_PATH).to_owned();
    match (persistent, network) {
        (Some(_), Some(_)) => Err(RequestRefusal::rule("mounts.persistent and mounts.network are mutually exclusive")),
        (Some(_), None) if on_cpu => Err(RequestRefusal::rule("mounts.persistent is not supported on CPU pods")),
        (None, Some(_)) if cloud == HostCloud::Community => {
            Err(RequestRefusal::rule("network volumes require SECURE cloud"))
        }
        (Some(mount), None) => Ok((Storage::Persistent { size: mount.whole("size").unwrap_or(0) }, path(&mount))),
        (None, Some(mount)) => {
            let mount = PresentMembers::of(Some(mount));
            let volume_id = mount.text("volumeId").unwrap_or_default().to_owned();
            Ok((Storage::Network { volume_id }, path(&mount)))
        }
        (None, None) => Ok((Storage::None, DEFAULT_PATH.to_owned())),
    }
}

fn cuda_constraint(gpu: Option<&PresentMembers>) -> Result<CudaConstraint, RequestRefusal> {
    let allowed = gpu.and_then(|gpu| gpu.texts("allowedCudaVersions")).unwrap_or_default();
    let minimum = gpu.and_then(|gpu| gpu.text("minCudaVersion")).map(str::to_owned);
    if !allowed.is_empty() && minimum.is_some() {
        return Err(RequestRefusal::rule("allowedCudaVersions and minCudaVersion are mutually exclusive"));
    }
    Ok(CudaConstraint { allowed, minimum })
}

fn update(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    let id = call.object_id();
    apply_patch(world, id, call.body.as_ref(), &call.tweaks, now)?;
    show(world, id, now)
}

/// Checks and applies a PATCH (contract, section 3.6).
pub fn apply_patch(
    world: &mut World,
    id: &str,
    body: Option<&Value>,
    tweaks: &Tweaks,
    now: Timestamp,
) -> Result<(), RequestRefusal> {
    checked(world, &UPDATE_POD, body)?;
    let kept = without_dropped(body, tweaks);
    let kept = template_use::completed_pod(world, kept.as_ref(), false, now)?;
    let body = PresentMembers::of(kept.as_ref());
    let changes = changes(world, world.find_pod(id, now)?, &body)?;
    world.edit(id, changes, tweaks, now)
}

fn changes(world: &World, pod: &Pod, body: &PresentMembers) -> Result<Changes, RequestRefusal> {
    let mut changes = Changes {
        name: body.text("name").map(str::to_owned),
        locked: body.flag("locked"),
        image: body.text("image").map(str::to_owned),
        disk: body.whole("disk"),
        ports: body.texts("ports"),
        env: body.text_map("env"),
        registry: body.has("registry").then(|| container::registry(body)),
        global_networking: body.flag("globalNetworking"),
        ..Changes::default()
    };
    if ["args", "entrypoint", "cmd"].iter().any(|name| body.has(name)) {
        changes.args = Some(container::stored_args(&pod.args, body)?);
    }
    if let Some(mounts) = body.object("mounts") {
        remount(pod, &mounts, &mut changes)?;
    }
    if world.settings.enforce_ui_limits {
        check_limits(changes.ports.as_deref().unwrap_or(&pod.ports), changes.env.as_ref().unwrap_or(&pod.env))?;
    }
    Ok(changes)
}

/// Changes a mount. It keeps its kind and its volume, but its path can change and a pod volume can grow.
fn remount(pod: &Pod, mounts: &PresentMembers, changes: &mut Changes) -> Result<(), RequestRefusal> {
    let refused = || RequestRefusal::rule("mounts cannot be added, removed or changed to another kind after create");
    if let Some(network) = mounts.list("network") {
        let Some(mount) = network.first() else { return Err(RequestRefusal::rule("mounts cannot be cleared")) };
        let mount = PresentMembers::of(Some(mount));
        match &pod.storage {
            Storage::Network { volume_id } if mount.text("volumeId") == Some(volume_id) => {
                changes.mount_path = mount.text("path").map(str::to_owned);
            }
            Storage::Network { .. } => return Err(RequestRefusal::rule("mounts.network volumeId cannot be changed")),
            _ => return Err(refused()),
        }
    }
    if let Some(persistent) = mounts.object("persistent") {
        if !matches!(pod.storage, Storage::Persistent { .. }) {
            return Err(refused());
        }
        changes.volume_size = persistent.whole("size");
        changes.mount_path = persistent.text("path").map(str::to_owned);
    }
    Ok(())
}

fn action(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    checked(world, &POD_ACTION, call.body.as_ref())?;
    let action = match PresentMembers::of(call.body.as_ref()).text("action") {
        Some("start") => PodAction::Start,
        Some("stop") => PodAction::Stop,
        Some("restart") => PodAction::Restart,
        _ => return delete(world, call, now),
    };
    let id = call.object_id();
    world.act(id, action, &call.tweaks, now)?;
    show(world, id, now)
}

fn delete(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    world.terminate(call.object_id(), &call.tweaks, now)?;
    Ok(Response::no_content())
}
