//! The host of a pod in v1, shown with `includeMachine`.

use jiff::Timestamp;
use serde::Serialize;

use super::pod_documented::DocumentedMachine;
use crate::emulator::rules::market::market;
use crate::emulator::state::hardware::{Hardware, HostCloud};
use crate::emulator::state::host::Machine;
use crate::emulator::state::pod::Pod;

/// The `machine` member of a pod.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum MachineView<'world> {
    /// `{}`: not asked for, or the pod has no host.
    Hidden {},
    Shown(Box<HostView<'world>>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HostView<'world> {
    cpu_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_price_per_gpu: Option<f64>,
    data_center_id: &'world str,
    #[serde(skip_serializing_if = "Option::is_none")]
    gpu_display_name: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gpu_type_id: Option<&'world str>,
    location: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    maintenance_end: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maintenance_note: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maintenance_start: Option<String>,
    secure_cloud: bool,
    support_public_ip: bool,
    #[serde(flatten)]
    documented: Option<DocumentedMachine<'world>>,
}

impl<'world> MachineView<'world> {
    /// The host of a pod. `is_observed` leaves out what the live service omits; the document wants empty members there.
    pub fn shown(pod: &'world Pod, host: &'world Machine, is_observed: bool) -> Self {
        let empty = (!is_observed).then_some("");
        let (gpu_id, gpu) = match &pod.hardware {
            Hardware::Gpu { id, .. } => (Some(id.as_str()), market().gpu(id)),
            Hardware::Cpu { .. } => (None, None),
        };
        let window = pod.maintenance.as_ref();
        let time =
            |moment: Option<Timestamp>| moment.map(|moment| moment.to_string()).or_else(|| empty.map(str::to_owned));
        Self::Shown(Box::new(HostView {
            cpu_count: host.vcpu_count,
            current_price_per_gpu: gpu.map(|gpu| gpu.price(pod.cloud)).or((!is_observed).then_some(0.0)),
            data_center_id: &host.data_center,
            gpu_display_name: gpu.map(|gpu| gpu.display_name.as_str()).or(empty),
            gpu_type_id: gpu_id.or(empty),
            location: market().center(&host.data_center).map_or("", |center| center.country_code.as_str()),
            maintenance_end: time(window.map(|window| window.end)),
            maintenance_note: window.map(|_| "Scheduled host maintenance.").or(empty),
            maintenance_start: time(window.map(|window| window.start)),
            secure_cloud: pod.cloud == HostCloud::Secure,
            support_public_ip: host.ip.is_some(),
            documented: (!is_observed).then(|| DocumentedMachine::of(&pod.hardware, pod.price(), host.vcpu_count)),
        }))
    }
}
