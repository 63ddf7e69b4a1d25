//! The v1 view of a pod (contract, section 3.5).
//!
//! As in v2, views borrow from the world and are written straight to JSON, with members in alphabetical order.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::machine_view::MachineView;
use super::pod_documented::DocumentedPod;
use super::volumes::V1VolumeView;
use crate::emulator::dialect::command::ContainerCommand;
use crate::emulator::rules::prices::rounded;
use crate::emulator::state::hardware::Hardware;
use crate::emulator::state::host::Machine;
use crate::emulator::state::pod::{Pod, StatusChange, Storage};
use crate::emulator::state::pod_status::{PodStatus, Stage};
use crate::emulator::state::world::World;

/// The `include*` flags, which are off by default.
#[derive(Default)]
pub(super) struct Include {
    machine: bool,
    network_volume: bool,
}

impl Include {
    pub fn from_query(query: &BTreeMap<String, String>) -> Self {
        let on = |name: &str| query.get(name).is_some_and(|flag| flag == "true");
        Self { machine: on("includeMachine"), network_volume: on("includeNetworkVolume") }
    }
}

/// A pod in a response.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct V1PodView<'world> {
    adjusted_cost_per_hr: f64,
    consumer_user_id: &'static str,
    container_disk_in_gb: u64,
    container_registry_auth_id: &'world str,
    cost_per_hr: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_flavor_id: Option<&'world str>,
    created_at: String,
    desired_status: &'static str,
    docker_entrypoint: Vec<String>,
    docker_start_cmd: Vec<String>,
    env: &'world BTreeMap<String, String>,
    gpu_count: u32,
    id: &'world str,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'world str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_name: Option<&'world str>,
    interruptible: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_started_at: Option<String>,
    last_status_change: String,
    locked: bool,
    machine: MachineView<'world>,
    machine_id: &'world str,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_in_gb: Option<u32>,
    name: &'world str,
    #[serde(skip_serializing_if = "Option::is_none")]
    network_volume: Option<V1VolumeView<'world>>,
    network_volume_id: &'world str,
    port_mappings: Option<&'world BTreeMap<u32, u16>>,
    ports: &'world [String],
    public_ip: Option<&'world str>,
    template_id: &'world str,
    #[serde(skip_serializing_if = "Option::is_none")]
    vcpu_count: Option<u32>,
    volume_encrypted: bool,
    volume_in_gb: u64,
    volume_mount_path: &'world str,
    #[serde(flatten)]
    documented: Option<DocumentedPod<'world>>,
}

/// An existing pod, or its stale copy.
pub(super) fn pod<'world>(
    world: &'world World,
    pod: &'world Pod,
    include: &Include,
    now: Timestamp,
) -> V1PodView<'world> {
    let pod = pod.seen(now);
    V1PodView::new(world, pod, world.status_of(pod, now), include, now)
}

/// A recently deleted pod.
pub(super) fn terminated<'world>(
    world: &'world World,
    pod: &'world Pod,
    include: &Include,
    now: Timestamp,
) -> V1PodView<'world> {
    V1PodView::new(world, pod, PodStatus::Terminated, include, now)
}

impl<'world> V1PodView<'world> {
    fn new(world: &'world World, pod: &'world Pod, status: PodStatus, include: &Include, now: Timestamp) -> Self {
        let observed = world.settings.observed();
        // The live service omits some members; the document wants them, empty.
        let (empty, zero) = ((!observed).then_some(""), (!observed).then_some(0));
        let placed = pod.placed_on(now);
        let stopped = matches!(status, PodStatus::Exited | PodStatus::Terminated);
        let cost = if stopped && !observed { 0.0 } else { rounded(pod.price()) };
        let ContainerCommand { entrypoint, cmd } = ContainerCommand::parse(&pod.args);
        let (volume_gb, volume_id) = match &pod.storage {
            Storage::None => (0, ""),
            Storage::Persistent { size } => (*size, ""),
            Storage::Network { volume_id } => (0, volume_id.as_str()),
        };
        let volume = if include.network_volume { world.volumes.get(volume_id) } else { None };
        let (vcpu_count, memory) = pod.machine.as_ref().map(|host| (host.vcpu_count, host.memory_gb)).unzip();
        let (gpu_count, flavor, vcpu_count) = match &pod.hardware {
            Hardware::Gpu { count, attached, .. } => {
                (if pod.is_stopped() { *count } else { *attached }, None, vcpu_count)
            }
            Hardware::Cpu { id, vcpu_count } => (0, Some(id.as_str()), Some(*vcpu_count)),
        };
        let (public_ip, port_mappings) = address(pod, status, placed, now).unzip();
        Self {
            adjusted_cost_per_hr: cost,
            consumer_user_id: "user_emulated",
            container_disk_in_gb: pod.disk,
            container_registry_auth_id: pod.registry.as_deref().unwrap_or_default(),
            cost_per_hr: cost,
            cpu_flavor_id: flavor.or(empty),
            created_at: go_time(pod.created_at),
            desired_status: status.desired(),
            docker_entrypoint: entrypoint,
            docker_start_cmd: cmd,
            env: &pod.env,
            gpu_count,
            id: &pod.id,
            // Documented as `image`; the live service returns `imageName` (Q8).
            image: (!observed).then_some(pod.image.as_str()),
            image_name: observed.then_some(pod.image.as_str()),
            interruptible: pod.interruptible,
            last_started_at: placed.map(|_| go_time(pod.started_at)).or_else(|| empty.map(str::to_owned)),
            last_status_change: last_change(&pod.last_change),
            locked: pod.locked,
            machine: match placed.filter(|_| include.machine) {
                Some(host) => MachineView::shown(pod, host, observed),
                None => MachineView::Hidden {},
            },
            machine_id: placed.map_or("", |machine| machine.id.as_str()),
            memory_in_gb: memory.or(zero),
            name: &pod.name,
            network_volume: volume.map(V1VolumeView::of),
            network_volume_id: volume_id,
            port_mappings,
            ports: &pod.ports,
            // Documented as null; the live service returns an empty text.
            public_ip: public_ip.or(observed.then_some("")),
            template_id: pod.template.as_deref().unwrap_or_default(),
            vcpu_count: vcpu_count.or(zero),
            volume_encrypted: false,
            volume_in_gb: volume_gb,
            volume_mount_path: &pod.mount_path,
            documented: (!observed).then(|| DocumentedPod::of(&pod.hardware, gpu_count)),
        }
    }
}

/// The public address of a pod and its published ports; `None` while it is not reachable.
fn address<'world>(
    pod: &'world Pod,
    status: PodStatus,
    placed: Option<&'world Machine>,
    now: Timestamp,
) -> Option<(&'world str, &'world BTreeMap<u32, u16>)> {
    let stage = pod.stage(now);
    let starts = stage.is_up() || stage == Stage::Resuming;
    if !starts || status != PodStatus::Running || pod.is_unreachable(now) {
        return None;
    }
    let ip = placed?.ip.as_deref()?;
    if stage.is_up() {
        return Some((ip, pod.shown_ports(now)));
    }
    // Reads show the old mapping for a while after a start (Q14), even before the container is up.
    let stale = pod.stale_ports.as_ref().filter(|stale| now < stale.until && !stale.ports.is_empty())?;
    Some((ip, &stale.ports))
}

/// A time in Go's format (Q8), without trailing zeros: `2026-08-20 06:16:19.436 +0000 UTC`.
fn go_time(moment: Timestamp) -> String {
    let time = moment.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S%.f +0000 UTC");
    time.to_string()
}

/// `Rented by User: Fri Jul 12 2024 15:14:40 GMT+0000 (Coordinated Universal Time)`.
fn last_change(change: &StatusChange) -> String {
    let time = change.at.to_zoned(TimeZone::UTC);
    let time = time.strftime("%a %b %d %Y %H:%M:%S GMT+0000 (Coordinated Universal Time)");
    format!("{} by {}: {time}", change.event, change.by)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_the_formats_of_go_and_javascript() {
        let moment: Timestamp = "2026-08-20T06:16:19.436Z".parse().expect("a valid time");
        assert_eq!(go_time(moment), "2026-08-20 06:16:19.436 +0000 UTC");
        let change = StatusChange { event: "Rented".to_owned(), by: "User".to_owned(), at: moment };
        let expected = "Rented by User: Thu Aug 20 2026 06:16:19 GMT+0000 (Coordinated Universal Time)";
        assert_eq!(last_change(&change), expected);
    }
}
