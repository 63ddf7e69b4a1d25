//! Pods in v1: defaults, rules and filters (contract, sections 3.1, 3.2 and 3.6).

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::pod_bodies::{CREATE_POD, UPDATE_POD};
use super::pod_view::{self, Include};
use super::templates;
use crate::emulator::dialect::call::Call;
use crate::emulator::dialect::command::ContainerCommand;
use crate::emulator::dialect::response::{Response, RouteResult};
use crate::emulator::dialect::route::Route;
use crate::emulator::dialect::schema::{PresentMembers, checked};
use crate::emulator::rules::edit_pod::Changes;
use crate::emulator::rules::market::{LISTS, market};
use crate::emulator::rules::pod_actions::PodAction;
use crate::emulator::rules::pod_spec::{CudaConstraint, PodSpec, check_limits};
use crate::emulator::rules::refusal::RequestRefusal;
use crate::emulator::state::graveyard::{ListEntry, with_deleted};
use crate::emulator::state::hardware::{Hardware, HostCloud};
use crate::emulator::state::pod::{Pod, Storage};
use crate::emulator::state::world::World;
use crate::transport::Method::{Delete, Get, Patch, Post};

const NAME: &str = "my pod";
const MOUNT_PATH: &str = "/workspace";
const DISK_GB: u64 = 50;
const VOLUME_GB: u64 = 20;
const PORTS: [&str; 2] = ["8888/http", "22/tcp"];

fn default_ports() -> Vec<String> {
    PORTS.map(str::to_owned).to_vec()
}

pub const ROUTES: &[Route] = &[
    Route::read(Get, "pods", "listPods", list),
    Route::write(Post, "pods", "createPod", create),
    Route::read(Get, "pods/{id}", "getPod", get),
    Route::write(Patch, "pods/{id}", "updatePod", update),
    Route::write(Delete, "pods/{id}", "deletePod", delete),
    Route::write(Post, "pods/{id}/update", "updatePod", update),
    Route::write(Post, "pods/{id}/start", "startPod", |world, call, now| act(world, call, PodAction::Start, now)),
    Route::write(Post, "pods/{id}/stop", "stopPod", |world, call, now| act(world, call, PodAction::Stop, now)),
    Route::write(Post, "pods/{id}/restart", "restartPod", |world, call, now| act(world, call, PodAction::Restart, now)),
    Route::write(Post, "pods/{id}/reset", "resetPod", |world, call, now| act(world, call, PodAction::Reset, now)),
];

fn create(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    checked(&CREATE_POD, call.body.as_ref())?;
    let body = templates::completed(world, call.body.as_ref(), now)?;
    let template = PresentMembers::of(call.body.as_ref()).text("templateId").filter(|id| !id.is_empty());
    let spec = PodSpec { template: template.map(str::to_owned), ..spec(world, &PresentMembers::of(body.as_ref()))? };
    let id = world.create_pod(spec, &call.tweaks, now)?;
    let pod = world.pods.get(&id).ok_or(RequestRefusal::NotFound)?;
    Ok(Response::json(201, pod_view::pod(world, pod, &Include::default(), now)))
}

fn spec(world: &World, body: &PresentMembers) -> Result<PodSpec, RequestRefusal> {
    let cloud = HostCloud::from_word(body.text("cloudType"));
    let image = body.text("imageName").ok_or_else(|| RequestRefusal::rule("imageName or templateId is required"))?;
    let volume_size = body.whole("volumeInGb").unwrap_or(VOLUME_GB);
    let storage = match body.text("networkVolumeId").filter(|id| !id.is_empty()) {
        Some(_) if cloud == HostCloud::Community => {
            return Err(RequestRefusal::rule("network volumes require SECURE cloud"));
        }
        Some(id) => {
            world.volumes.get(id).ok_or_else(|| RequestRefusal::rule("network volume not found"))?;
            Storage::Network { volume_id: id.to_owned() }
        }
        None if volume_size == 0 => Storage::None,
        None => Storage::Persistent { size: volume_size },
    };
    let (ports, env) = (body.texts("ports").unwrap_or_else(default_ports), body.text_map("env").unwrap_or_default());
    if world.settings.enforce_ui_limits {
        check_limits(&ports, &env)?;
    }
    let command = ContainerCommand {
        entrypoint: body.texts("dockerEntrypoint").unwrap_or_default(),
        cmd: body.texts("dockerStartCmd").unwrap_or_default(),
    };
    Ok(PodSpec {
        name: body.text("name").unwrap_or(NAME).to_owned(),
        hardware: hardware(body),
        cloud,
        // The default is every data center of the enumeration.
        data_centers: body
            .texts("dataCenterIds")
            .filter(|ids| !ids.is_empty())
            .unwrap_or_else(|| LISTS.v1_data_centers.clone()),
        data_centers_in_order: body.text("dataCenterPriority") == Some("custom"),
        countries: body.texts("countryCodes").unwrap_or_default(),
        cuda: CudaConstraint { allowed: body.texts("allowedCudaVersions").unwrap_or_default(), minimum: None },
        min_ram_per_gpu: body.count("minRAMPerGPU").unwrap_or(8),
        min_vcpu_per_gpu: body.count("minVCPUPerGPU").unwrap_or(2),
        public_ip: body.flag("supportPublicIp").unwrap_or(false),
        image: image.to_owned(),
        args: command.encode(),
        disk: body.whole("containerDiskInGb").unwrap_or(DISK_GB),
        storage,
        mount_path: body.text("volumeMountPath").unwrap_or(MOUNT_PATH).to_owned(),
        ports,
        env,
        registry: body.text("containerRegistryAuthId").filter(|id| !id.is_empty()).map(str::to_owned),
        template: None,
        global_networking: body.flag("globalNetworking").unwrap_or(false),
        locked: body.flag("locked").unwrap_or(false),
        interruptible: body.flag("interruptible").unwrap_or(false),
        start_ssh: false,
        start_jupyter: false,
    })
}

/// The candidates in the order of the request. Both priorities take the first one with stock, because unlimited stock
/// has no "most available".
fn hardware(body: &PresentMembers) -> Vec<Hardware> {
    if body.text("computeType") == Some("CPU") {
        let ids = body.texts("cpuFlavorIds").filter(|ids| !ids.is_empty());
        let ids = ids.unwrap_or_else(|| LISTS.cpu_flavors.clone());
        let vcpu_count = body.count("vcpuCount").unwrap_or(2);
        return ids.into_iter().map(|id| Hardware::Cpu { id, vcpu_count }).collect();
    }
    let any = || market().gpu_types.iter().map(|gpu| gpu.id.clone()).collect();
    let ids = body.texts("gpuTypeIds").filter(|ids| !ids.is_empty()).unwrap_or_else(any);
    let count = body.count("gpuCount").unwrap_or(1);
    ids.into_iter().map(|id| Hardware::Gpu { id, count, attached: count }).collect()
}

fn get(world: &World, call: &Call, now: Timestamp) -> RouteResult {
    let id = call.object_id();
    let include = Include::from_query(&call.query);
    match world.find_pod(id, now) {
        Ok(pod) => Ok(Response::json(200, pod_view::pod(world, pod, &include, now))),
        Err(refusal) => match world.deleted_pods.get(id) {
            Some(tombstone) if now < tombstone.shown_until => {
                Ok(Response::json(200, pod_view::terminated(world, &tombstone.item, &include, now)))
            }
            _ => Err(refusal),
        },
    }
}

fn list(world: &World, call: &Call, now: Timestamp) -> RouteResult {
    let include = Include::from_query(&call.query);
    let rows = with_deleted(&world.pods, &world.deleted_pods, u64::MAX).filter_map(|entry| match entry {
        ListEntry::Existing(pod) => call.tweaks.lists(pod.visible, pod.created_at, now).then_some((pod, false)),
        ListEntry::Deleted(tombstone) => {
            let terminated = now < tombstone.shown_until;
            let listed = tombstone.is_listed(call.tweaks.disappear_lag_seconds, now);
            (terminated || listed).then_some((&tombstone.item, terminated))
        }
    });
    let shown = rows.filter(|(pod, _)| matches(world, &call.query, pod, now));
    let views = shown.map(|(pod, terminated)| match terminated {
        true => pod_view::terminated(world, pod, &include, now),
        false => pod_view::pod(world, pod, &include, now),
    });
    Ok(Response::json(200, views.collect::<Vec<_>>()))
}

/// Whether a pod matches the filters of a list. Several values of one filter are alternatives.
fn matches(world: &World, query: &BTreeMap<String, String>, pod: &Pod, now: Timestamp) -> bool {
    let pod = pod.seen(now);
    let is = |name: &str, actual: &str| {
        query.get(name).is_none_or(|wanted| wanted.is_empty() || wanted.split(',').any(|one| one == actual))
    };
    let (compute, gpu, cpu) = match &pod.hardware {
        Hardware::Gpu { id, .. } => ("GPU", id.as_str(), ""),
        Hardware::Cpu { id, .. } => ("CPU", "", id.as_str()),
    };
    let volume = if let Storage::Network { volume_id } = &pod.storage { volume_id.as_str() } else { "" };
    let center = pod.placed_on(now).map_or("", |machine| machine.data_center.as_str());
    is("computeType", compute)
        && is("gpuTypeId", gpu)
        && is("cpuFlavorId", cpu)
        && is("dataCenterId", center)
        && is("desiredStatus", world.status_of(pod, now).desired())
        && is("id", &pod.id)
        && is("imageName", &pod.image)
        && is("name", &pod.name)
        && is("networkVolumeId", volume)
        && is("templateId", pod.template.as_deref().unwrap_or_default())
        && is("endpointId", "")
}

fn update(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    checked(&UPDATE_POD, call.body.as_ref())?;
    let kept = call.kept_body();
    let id = call.object_id();
    let changes = changes(world, world.find_pod(id, now)?, &PresentMembers::of(kept.as_ref()))?;
    world.edit(id, changes, &call.tweaks, now)?;
    get(world, call, now)
}

fn changes(world: &World, pod: &Pod, body: &PresentMembers) -> Result<Changes, RequestRefusal> {
    let command = ContainerCommand::parse(&pod.args);
    let mut changes = Changes {
        name: body.text("name").map(str::to_owned),
        locked: body.flag("locked"),
        image: body.text("imageName").map(str::to_owned),
        disk: body.whole("containerDiskInGb"),
        ports: body.texts("ports"),
        env: body.text_map("env"),
        registry: body.text("containerRegistryAuthId").map(|id| if id.is_empty() { None } else { Some(id.to_owned()) }),
        volume_size: body.whole("volumeInGb"),
        mount_path: body.text("volumeMountPath").map(str::to_owned),
        global_networking: body.flag("globalNetworking"),
        args: (body.has("dockerEntrypoint") || body.has("dockerStartCmd")).then(|| {
            let entrypoint = body.texts("dockerEntrypoint").unwrap_or(command.entrypoint);
            ContainerCommand { entrypoint, cmd: body.texts("dockerStartCmd").unwrap_or(command.cmd) }.encode()
        }),
        // Only these two are updated in place. The document says that anything else "will trigger a reset".
        resets: body.0.keys().any(|name| !matches!(name.as_str(), "name" | "locked")),
    };
    if world.settings.v1_patch_applies_defaults && changes.resets {
        apply_defaults(&mut changes);
    }
    if changes.volume_size.is_some_and(|size| size > 0) && pod.storage == Storage::None {
        return Err(RequestRefusal::rule("a pod volume cannot be added to an existing pod"));
    }
    if world.settings.enforce_ui_limits {
        check_limits(changes.ports.as_deref().unwrap_or(&pod.ports), changes.env.as_ref().unwrap_or(&pod.env))?;
    }
    Ok(changes)
}

/// The strict reading of the document: omitted members are reset to the defaults of a create.
fn apply_defaults(changes: &mut Changes) {
    changes.name.get_or_insert_with(|| NAME.to_owned());
    changes.locked.get_or_insert(false);
    changes.disk.get_or_insert(DISK_GB);
    changes.ports.get_or_insert_with(default_ports);
    changes.env.get_or_insert_default();
    changes.mount_path.get_or_insert_with(|| MOUNT_PATH.to_owned());
    changes.args.get_or_insert_default();
}

fn act(world: &mut World, call: &Call, action: PodAction, now: Timestamp) -> RouteResult {
    world.act(call.object_id(), action, &call.tweaks, now)?;
    get(world, call, now)
}

fn delete(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    world.terminate(call.object_id(), &call.tweaks, now)?;
    Ok(Response::no_content())
}
