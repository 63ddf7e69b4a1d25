//! The v2 view of a pod (contract, section 3.5; computed members: behaviour page, section 6).
//!
//! Views borrow from the world and are written straight to JSON, because a list shows thousands of them. Members are in
//! alphabetical order, as in all other responses.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::emulator::dialect::command::ContainerCommand;
use crate::emulator::rules::prices::rounded;
use crate::emulator::state::hardware::Hardware;
use crate::emulator::state::host::Machine;
use crate::emulator::state::pod::{Pod, Storage};
use crate::emulator::state::pod_status::{PodStatus, Stage};
use crate::emulator::state::world::World;

/// A pod in a response.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct V2PodView<'world> {
    actions: &'static [&'static str],
    args: &'world str,
    cloud: &'static str,
    cmd: Vec<String>,
    cost: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu: Option<CpuView<'world>>,
    created_at: Timestamp,
    cuda_version: Option<&'world str>,
    data_center_id: Option<&'world str>,
    disk: u64,
    entrypoint: Vec<String>,
    env: &'world BTreeMap<String, String>,
    global_networking: GlobalNetworkingView,
    #[serde(skip_serializing_if = "Option::is_none")]
    gpu: Option<GpuView<'world>>,
    id: &'world str,
    image: &'world str,
    locked: bool,
    mounts: MountsView<'world>,
    name: &'world str,
    ports: &'world [String],
    registry: Option<&'world str>,
    runtime: Option<RuntimeView<'world>>,
    ssh: SshView<'world>,
    started_at: Option<Timestamp>,
    status: &'static str,
    /// Null for a pod of v2, unless the settings say otherwise.
    template: Option<&'world str>,
}

/// An existing pod, or its stale copy.
pub(super) fn pod<'world>(world: &World, pod: &'world Pod, now: Timestamp) -> V2PodView<'world> {
    let pod = pod.seen(now);
    V2PodView::new(world, pod, world.status_of(pod, now), now)
}

/// A recently deleted pod.
pub(super) fn terminated<'world>(world: &World, pod: &'world Pod, now: Timestamp) -> V2PodView<'world> {
    V2PodView::new(world, pod, PodStatus::Terminated, now)
}

impl<'world> V2PodView<'world> {
    fn new(world: &World, pod: &'world Pod, status: PodStatus, now: Timestamp) -> Self {
        let gone = status == PodStatus::Terminated;
        let placed = pod.placed_on(now);
        let up = pod.stage(now).is_up() && !gone && !pod.is_unreachable(now);
        let ContainerCommand { entrypoint, cmd } = ContainerCommand::parse(&pod.args);
        Self {
            actions: status.actions(),
            args: &pod.args,
            cloud: pod.cloud.word(),
            cmd,
            cost: cost(world, pod, gone),
            cpu: CpuView::of(pod),
            created_at: pod.created_at,
            cuda_version: placed.and_then(|machine| machine.cuda.as_deref()),
            data_center_id: placed.map(|machine| machine.data_center.as_str()),
            disk: pod.disk,
            entrypoint,
            env: &pod.env,
            global_networking: GlobalNetworkingView::of(pod),
            gpu: GpuView::of(pod),
            id: &pod.id,
            image: &pod.image,
            locked: pod.locked,
            mounts: MountsView::of(pod),
            name: &pod.name,
            ports: &pod.ports,
            registry: pod.registry.as_deref(),
            runtime: if up { Some(RuntimeView::of(world, pod, now)) } else { None },
            ssh: SshView {
                direct: if up { SshAddress::direct(pod, now) } else { None },
                proxy: placed.filter(|_| !gone).map(|machine| SshAddress::proxy(pod, machine)),
            },
            started_at: (pod.stage(now) != Stage::Allocating).then_some(pod.started_at),
            status: status.word(),
            template: pod.template.as_deref(),
        }
    }
}

/// The price per hour. Documented as 0 for a stopped pod, but the live service keeps showing it (Q12).
fn cost(world: &World, pod: &Pod, gone: bool) -> f64 {
    let stopped = gone || pod.is_stopped();
    if stopped && !world.settings.observed() { 0.0 } else { rounded(pod.price()) }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CpuView<'world> {
    id: &'world str,
    memory: u32,
    vcpu_count: u32,
}

impl<'world> CpuView<'world> {
    fn of(pod: &'world Pod) -> Option<Self> {
        let Hardware::Cpu { id, vcpu_count } = &pod.hardware else { return None };
        let memory = pod.machine.as_ref().map_or(1, |host| host.memory_gb);
        Some(Self { id, memory, vcpu_count: *vcpu_count })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GpuView<'world> {
    count: u32,
    id: &'world str,
    memory: u32,
    vcpu_count: u32,
}

impl<'world> GpuView<'world> {
    /// A pod that lost its GPUs has no `gpu` member (Q18).
    fn of(pod: &'world Pod) -> Option<Self> {
        match &pod.hardware {
            Hardware::Gpu { id, count, attached } if *attached > 0 || pod.is_stopped() => {
                let (vcpu_count, memory) =
                    pod.machine.as_ref().map_or((1, 1), |host| (host.vcpu_count, host.memory_gb));
                Some(Self { count: *count, id, memory, vcpu_count })
            }
            Hardware::Gpu { .. } | Hardware::Cpu { .. } => None,
        }
    }
}

#[derive(Default, Serialize)]
struct MountsView<'world> {
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<[NetworkMount<'world>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    persistent: Option<PersistentMount<'world>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NetworkMount<'world> {
    path: &'world str,
    volume_id: &'world str,
}

#[derive(Serialize)]
struct PersistentMount<'world> {
    path: &'world str,
    size: u64,
}

impl<'world> MountsView<'world> {
    fn of(pod: &'world Pod) -> Self {
        let path = pod.mount_path.as_str();
        match &pod.storage {
            Storage::None => Self::default(),
            Storage::Persistent { size } => {
                Self { persistent: Some(PersistentMount { path, size: *size }), network: None }
            }
            Storage::Network { volume_id } => {
                Self { network: Some([NetworkMount { path, volume_id }]), persistent: None }
            }
        }
    }
}

#[derive(Serialize)]
struct SshView<'world> {
    direct: Option<SshAddress<'world>>,
    proxy: Option<SshAddress<'world>>,
}

#[derive(Serialize)]
struct SshAddress<'world> {
    command: String,
    host: &'world str,
    port: u16,
    username: String,
}

impl<'world> SshAddress<'world> {
    /// The address at RunPod's SSH proxy.
    fn proxy(pod: &Pod, machine: &Machine) -> Self {
        let username = format!("{}-{}", pod.id, machine.ssh_suffix);
        Self { command: format!("ssh {username}@ssh.runpod.io"), host: "ssh.runpod.io", port: 22, username }
    }

    /// The published port of the pod itself.
    fn direct(pod: &'world Pod, now: Timestamp) -> Option<Self> {
        let host = pod.placed_on(now)?.ip.as_deref()?;
        let port = *pod.shown_ports(now).get(&22)?;
        Some(Self { command: format!("ssh root@{host} -p {port}"), host, port, username: "root".to_owned() })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GlobalNetworkingView {
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    internal_dns: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<String>,
}

impl GlobalNetworkingView {
    fn of(pod: &Pod) -> Self {
        let enabled = pod.global_networking.enabled;
        let [.., a, b, c] = pod.serial.to_be_bytes();
        Self {
            enabled,
            internal_dns: enabled.then(|| format!("{}.runpod.internal", pod.id)),
            ip: enabled.then(|| format!("10.{a}.{b}.{c}")),
        }
    }
}

/// The measurements of a running container, which is always idle.
#[derive(Serialize)]
struct RuntimeView<'world> {
    cpu: Load,
    gpus: Vec<GpuLoad>,
    memory: Load,
    ports: Vec<PublishedPort<'world>>,
    uptime: Option<i64>,
}

#[derive(Default, Serialize)]
struct Load {
    util: u32,
}

#[derive(Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct GpuLoad {
    memory_util: u32,
    util: u32,
}

#[derive(Serialize)]
struct PublishedPort<'world> {
    ip: &'world str,
    private: u32,
    public: u16,
    #[serde(rename = "type")]
    protocol: &'static str,
}

impl<'world> RuntimeView<'world> {
    fn of(world: &World, pod: &'world Pod, now: Timestamp) -> Self {
        let gpus = if let Hardware::Gpu { attached, .. } = pod.hardware { attached } else { 0 };
        Self {
            cpu: Load::default(),
            gpus: vec![GpuLoad::default(); gpus as usize],
            memory: Load::default(),
            ports: published_ports(world, pod, now),
            uptime: pod.uptime(now),
        }
    }
}

fn published_ports<'world>(world: &World, pod: &'world Pod, now: Timestamp) -> Vec<PublishedPort<'world>> {
    let Some(machine) = pod.placed_on(now) else { return Vec::new() };
    let mut rows = Vec::new();
    if let Some(ip) = machine.ip.as_deref() {
        for (&private, &public) in pod.shown_ports(now) {
            // A symmetrical port has the same private and public number.
            let private = if private > 70_000 { u32::from(public) } else { private };
            rows.push(PublishedPort { ip, private, public, protocol: "tcp" });
        }
    }
    // The host's own row, whose address is not reachable from outside (Q13).
    if world.settings.observed() {
        let (ip, public) = (machine.inner_ip.as_str(), pod.proxy_port);
        rows.push(PublishedPort { ip, private: 19123, public, protocol: "http" });
    }
    rows
}
