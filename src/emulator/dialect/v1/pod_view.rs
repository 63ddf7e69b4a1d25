//! The v1 view of a pod (contract, section 3.5).

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::pod_documented;
use crate::emulator::dialect::command::ContainerCommand;
use crate::emulator::rules::market::market;
use crate::emulator::rules::prices::rounded;
use crate::emulator::state::hardware::{Hardware, HostCloud};
use crate::emulator::state::host::Machine;
use crate::emulator::state::pod::{Pod, StatusChange, Storage};
use crate::emulator::state::pod_status::PodStatus;
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

/// An existing pod, or its stale copy.
pub(super) fn pod(world: &World, pod: &Pod, include: &Include, now: Timestamp) -> Value {
    let pod = pod.seen(now);
    view(world, pod, world.status_of(pod, now), include, now)
}

/// A recently deleted pod.
pub(super) fn terminated(world: &World, pod: &Pod, include: &Include, now: Timestamp) -> Value {
    view(world, pod, PodStatus::Terminated, include, now)
}

fn view(world: &World, pod: &Pod, status: PodStatus, include: &Include, now: Timestamp) -> Value {
    let placed = pod.placed_on(now);
    let observed = world.settings.observed();
    let stopped = matches!(status, PodStatus::Exited | PodStatus::Terminated);
    let cost = if stopped && !observed { 0.0 } else { rounded(pod.price()) };
    let command = ContainerCommand::parse(&pod.args);
    let (volume_gb, volume_id) = match &pod.storage {
        Storage::None => (0, ""),
        Storage::Persistent { size } => (*size, ""),
        Storage::Network { volume_id } => (0, volume_id.as_str()),
    };
    let mut body = json!({
        "id": pod.id,
        "name": pod.name,
        "desiredStatus": status.desired(),
        "containerDiskInGb": pod.disk,
        "volumeInGb": volume_gb,
        "volumeMountPath": pod.mount_path,
        "volumeEncrypted": false,
        "networkVolumeId": volume_id,
        "ports": pod.ports,
        "env": pod.env,
        "dockerEntrypoint": command.entrypoint,
        "dockerStartCmd": command.cmd,
        "costPerHr": cost,
        "adjustedCostPerHr": cost,
        "interruptible": pod.interruptible,
        "locked": pod.locked,
        "containerRegistryAuthId": pod.registry.as_deref().unwrap_or_default(),
        "templateId": "",
        "consumerUserId": "user_emulated",
        "machine": machine(pod, placed.filter(|_| include.machine), observed),
        "createdAt": go_time(pod.created_at),
        "lastStatusChange": last_change(&pod.last_change),
    });
    // Documented as `image`; the live service returns `imageName` (Q8).
    body[if observed { "imageName" } else { "image" }] = json!(pod.image);
    add_hardware(&mut body, pod, observed);
    add_place(&mut body, pod, status, placed, now);
    if !observed {
        pod_documented::complete(&mut body);
    }
    if let Some(volume) = world.volumes.get(volume_id).filter(|_| include.network_volume) {
        body["networkVolume"] = super::volumes::view(volume);
    }
    body
}

fn add_hardware(body: &mut Value, pod: &Pod, observed: bool) {
    if let Some(host) = &pod.machine {
        body["vcpuCount"] = json!(host.vcpu_count);
        body["memoryInGb"] = json!(host.memory_gb);
    }
    match &pod.hardware {
        Hardware::Gpu { id, count, attached } => {
            let count = if pod.is_stopped() { count } else { attached };
            body["gpuCount"] = json!(count);
            // Documented, but often absent in the live service.
            if !observed {
                body["gpu"] = pod_documented::gpu(id, *count);
            }
        }
        Hardware::Cpu { id, vcpu_count } => {
            body["gpuCount"] = json!(0);
            body["cpuFlavorId"] = json!(id);
            body["vcpuCount"] = json!(vcpu_count);
        }
    }
}

/// The host and the addresses of the pod, empty until the container is up.
fn add_place(body: &mut Value, pod: &Pod, status: PodStatus, placed: Option<&Machine>, now: Timestamp) {
    body["machineId"] = json!(placed.map_or("", |machine| machine.id.as_str()));
    if placed.is_some() {
        body["lastStartedAt"] = json!(go_time(pod.started_at));
    }
    let stage = pod.stage(now);
    let reachable =
        (stage.is_up() || stage == crate::emulator::state::pod_status::Stage::Resuming) && status == PodStatus::Running;
    let ip = placed.and_then(|machine| machine.ip.as_deref()).filter(|_| reachable && !pod.is_unreachable(now));
    // Reads show the old mapping for a while after a start (Q14), even before the container is up.
    let ports = if stage.is_up() { pod.shown_ports(now) } else { &stale_ports(pod, now) };
    let (ip, mapping) = match ip {
        Some(ip) if stage.is_up() || !ports.is_empty() => {
            let ports: Map<String, Value> =
                ports.iter().map(|(private, public)| (private.to_string(), json!(public))).collect();
            (ip, Value::Object(ports))
        }
        _ => ("", Value::Null),
    };
    body["publicIp"] = json!(ip);
    body["portMappings"] = mapping;
}

fn stale_ports(pod: &Pod, now: Timestamp) -> BTreeMap<u32, u16> {
    let stale = pod.stale_ports.as_ref().filter(|stale| now < stale.until);
    stale.map(|stale| stale.ports.clone()).unwrap_or_default()
}

/// The host, or `{}` without the include flag.
fn machine(pod: &Pod, host: Option<&Machine>, observed: bool) -> Value {
    let Some(host) = host else { return json!({}) };
    let center = market().center(&host.data_center);
    let mut body = json!({
        "dataCenterId": host.data_center,
        "location": center.map_or("", |center| center.country_code.as_str()),
        "secureCloud": pod.cloud == HostCloud::Secure,
        "supportPublicIp": host.ip.is_some(),
        "cpuCount": host.vcpu_count,
    });
    if let Some(window) = &pod.maintenance {
        body["maintenanceStart"] = json!(window.start);
        body["maintenanceEnd"] = json!(window.end);
        body["maintenanceNote"] = json!("Scheduled host maintenance.");
    }
    if let Hardware::Gpu { id, .. } = &pod.hardware {
        body["gpuTypeId"] = json!(id);
        if let Some(gpu) = market().gpu(id) {
            body["gpuDisplayName"] = json!(gpu.display_name);
            body["currentPricePerGpu"] = json!(gpu.price(pod.cloud));
        }
    }
    if !observed {
        pod_documented::complete_machine(&mut body, &pod.hardware, pod.price());
    }
    body
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
