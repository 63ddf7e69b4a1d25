//! The settings that workers run: a change of one of them is a release.

use serde_json::{Value, json};

use crate::emulator::state::endpoint::{EndpointCompute, EndpointSettings};

/// The fields of a release that differ, in RunPod's names, with their old and new values.
///
/// Name, scaling, worker bounds, timeout and FlashBoot take effect without a release.
pub fn diff(old: &EndpointSettings, new: &EndpointSettings) -> Vec<(String, Value, Value)> {
    let pairs = fields(old).into_iter().zip(fields(new));
    let changed = pairs.filter(|((_, old), (_, new))| old != new);
    changed.map(|((field, old), (_, new))| (field.to_owned(), old, new)).collect()
}

fn fields(settings: &EndpointSettings) -> Vec<(&'static str, Value)> {
    let container = &settings.container;
    let mut fields = vec![
        ("template.imageName", json!(container.image)),
        ("template.dockerArgs", json!(container.args)),
        ("template.containerDiskInGb", json!(container.disk)),
        ("template.ports", json!(container.ports)),
        ("template.env", json!(container.env)),
        ("template.containerRegistryAuthId", json!(container.registry)),
        ("locations", json!(settings.data_centers)),
        ("networkVolumeIds", json!(settings.network_volumes)),
    ];
    match &settings.compute {
        EndpointCompute::Gpu { pools, excluded_types, count, allowed_cuda, min_cuda } => fields.extend([
            ("gpuIds", json!(pools)),
            ("excludedGpuTypes", json!(excluded_types)),
            ("gpuCount", json!(count)),
            ("allowedCudaVersions", json!(allowed_cuda)),
            ("minCudaVersion", json!(min_cuda)),
        ]),
        EndpointCompute::Cpu(choices) => fields.push(("instanceIds", json!(choices))),
    }
    fields
}
