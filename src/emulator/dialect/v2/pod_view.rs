//! The v2 view of a pod (contract, section 3.5; computed members: behaviour page, section 6).

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::emulator::dialect::command::ContainerCommand;
use crate::emulator::rules::prices::rounded;
use crate::emulator::state::hardware::Hardware;
use crate::emulator::state::host::Machine;
use crate::emulator::state::pod::{Pod, Storage};
use crate::emulator::state::pod_status::{PodStatus, Stage};
use crate::emulator::state::world::World;

/// An existing pod, or its stale copy.
pub(super) fn pod(world: &World, pod: &Pod, now: Timestamp) -> Value {
    let pod = pod.seen(now);
    view(world, pod, world.status_of(pod, now), now)
}

/// A recently deleted pod.
pub(super) fn terminated(world: &World, pod: &Pod, now: Timestamp) -> Value {
    view(world, pod, PodStatus::Terminated, now)
}

fn view(world: &World, pod: &Pod, status: PodStatus, now: Timestamp) -> Value {
    let gone = status == PodStatus::Terminated;
    let placed = pod.placed_on(now);
    let up = pod.stage(now).is_up() && !gone && !pod.is_unreachable(now);
    let command = ContainerCommand::parse(&pod.args);
    let mut body = json!({
        "id": pod.id,
        "name": pod.name,
        "status": status.word(),
        "actions": status.actions(),
        "image": pod.image,
        "args": pod.args,
        "cmd": command.cmd,
        "entrypoint": command.entrypoint,
        "disk": pod.disk,
        "mounts": mounts(pod),
        "ports": pod.ports,
        "env": pod.env,
        "registry": pod.registry,
        "cloud": pod.cloud.word(),
        "dataCenterId": placed.map(|machine| &machine.data_center),
        "cudaVersion": placed.and_then(|machine| machine.cuda.as_ref()),
        "ssh": {
            "proxy": placed.filter(|_| !gone).map(|machine| proxy(pod, machine)),
            "direct": if up { direct(pod, now) } else { None },
        },
        "template": null,
        "cost": cost(world, pod, gone),
        "locked": pod.locked,
        "globalNetworking": global_networking(pod),
        "runtime": if up { Some(runtime(world, pod, now)) } else { None },
        "createdAt": pod.created_at,
        "startedAt": (pod.stage(now) != Stage::Allocating).then_some(pod.started_at),
    });
    // A pod that lost its GPUs has no `gpu` member (Q18).
    match (&pod.hardware, &pod.machine) {
        (Hardware::Gpu { id, count, attached }, machine) if *attached > 0 || pod.is_stopped() => {
            let (vcpu_count, memory) = machine.as_ref().map_or((1, 1), |host| (host.vcpu_count, host.memory_gb));
            body["gpu"] = json!({ "id": id, "count": count, "vcpuCount": vcpu_count, "memory": memory });
        }
        (Hardware::Gpu { .. }, _) => {}
        (Hardware::Cpu { id, vcpu_count }, machine) => {
            let memory = machine.as_ref().map_or(1, |host| host.memory_gb);
            body["cpu"] = json!({ "id": id, "vcpuCount": vcpu_count, "memory": memory });
        }
    }
    body
}

fn mounts(pod: &Pod) -> Value {
    match &pod.storage {
        Storage::None => json!({}),
        Storage::Persistent { size } => json!({ "persistent": { "size": size, "path": pod.mount_path } }),
        Storage::Network { volume_id } => {
            json!({ "network": [{ "volumeId": volume_id, "path": pod.mount_path }] })
        }
    }
}

/// The price per hour. Documented as 0 for a stopped pod, but the live service keeps showing it (Q12).
fn cost(world: &World, pod: &Pod, gone: bool) -> f64 {
    let stopped = gone || pod.is_stopped();
    if stopped && !world.settings.observed() { 0.0 } else { rounded(pod.price()) }
}

fn proxy(pod: &Pod, machine: &Machine) -> Value {
    let user = format!("{}-{}", pod.id, machine.ssh_suffix);
    json!({
        "host": "ssh.runpod.io",
        "port": 22,
        "command": format!("ssh {user}@ssh.runpod.io"),
        "username": user,
    })
}

fn direct(pod: &Pod, now: Timestamp) -> Option<Value> {
    let ip = pod.placed_on(now)?.ip.as_ref()?;
    let port = pod.shown_ports(now).get(&22)?;
    Some(json!({ "host": ip, "port": port, "username": "root", "command": format!("ssh root@{ip} -p {port}") }))
}

fn global_networking(pod: &Pod) -> Value {
    if !pod.global_networking.enabled {
        return json!({ "enabled": false });
    }
    let [.., a, b, c] = pod.serial.to_be_bytes();
    json!({
        "enabled": true,
        "ip": format!("10.{a}.{b}.{c}"),
        "internalDns": format!("{}.runpod.internal", pod.id),
    })
}

fn runtime(world: &World, pod: &Pod, now: Timestamp) -> Value {
    let gpus = if let Hardware::Gpu { attached, .. } = pod.hardware { attached } else { 0 };
    let idle = json!({ "util": 0, "memoryUtil": 0 });
    json!({
        "uptime": pod.uptime(now),
        "gpus": vec![idle; gpus as usize],
        "cpu": { "util": 0 },
        "memory": { "util": 0 },
        "ports": runtime_ports(world, pod, now),
    })
}

fn runtime_ports(world: &World, pod: &Pod, now: Timestamp) -> Vec<Value> {
    let Some(machine) = pod.placed_on(now) else { return Vec::new() };
    let mut rows = Vec::new();
    if let Some(ip) = &machine.ip {
        for (&private, &public) in pod.shown_ports(now) {
            // A symmetrical port has the same private and public number.
            let private = if private > 70_000 { u32::from(public) } else { private };
            rows.push(json!({ "private": private, "public": public, "type": "tcp", "ip": ip }));
        }
    }
    // The host's own row, whose address is not reachable from outside (Q13).
    if world.settings.observed() {
        rows.push(json!({ "private": 19123, "public": pod.proxy_port, "type": "http", "ip": machine.inner_ip }));
    }
    rows
}
