//! The shapes of pod requests in v1 (OpenAPI v1).

use crate::emulator::dialect::schema::{FROM_ONE, ObjectShape, TEXT, TEXTS, Type, WHOLE};
use crate::emulator::rules::market::LISTS;
use crate::emulator::state::hardware::HostCloud;

const SIZE: Type = Type::OrNull(&WHOLE);
const NAME: Type = Type::Text { min: 0, max: 191, pattern: None };
const PRIORITY: Type = Type::Word(&["availability", "custom"]);

fn gpu_types() -> &'static [String] {
    &LISTS.v1_gpu_types
}

fn data_centers() -> &'static [String] {
    &LISTS.v1_data_centers
}

fn cpu_flavors() -> &'static [String] {
    &LISTS.cpu_flavors
}

/// More than the document lists: the live service accepts later versions too (contract, section 3.2).
fn cuda_versions() -> &'static [String] {
    &LISTS.cuda_versions
}

const fn list_of(of: &'static Type) -> Type {
    Type::List { of, min: 0, max: usize::MAX, unique: false }
}

pub(super) const CREATE_POD: ObjectShape = ObjectShape {
    members: &[&[
        ("allowedCudaVersions", list_of(&Type::Listed(cuda_versions))),
        ("cloudType", Type::Word(HostCloud::WORDS)),
        ("computeType", Type::Word(&["GPU", "CPU"])),
        ("containerDiskInGb", SIZE),
        ("containerRegistryAuthId", TEXT),
        ("countryCodes", TEXTS),
        ("cpuFlavorIds", list_of(&Type::Listed(cpu_flavors))),
        ("cpuFlavorPriority", PRIORITY),
        ("dataCenterIds", list_of(&Type::Listed(data_centers))),
        ("dataCenterPriority", PRIORITY),
        ("dockerEntrypoint", TEXTS),
        ("dockerStartCmd", TEXTS),
        ("env", Type::TextMap),
        ("globalNetworking", Type::Flag),
        ("gpuCount", FROM_ONE),
        ("gpuTypeIds", list_of(&Type::Listed(gpu_types))),
        ("gpuTypePriority", PRIORITY),
        ("imageName", TEXT),
        ("interruptible", Type::Flag),
        ("locked", Type::Flag),
        ("minDiskBandwidthMBps", Type::Number),
        ("minDownloadMbps", Type::Number),
        ("minRAMPerGPU", WHOLE),
        ("minUploadMbps", Type::Number),
        ("minVCPUPerGPU", WHOLE),
        ("name", NAME),
        ("networkVolumeId", TEXT),
        ("ports", TEXTS),
        ("supportPublicIp", Type::Flag),
        ("templateId", TEXT),
        ("vcpuCount", WHOLE),
        ("volumeInGb", SIZE),
        ("volumeMountPath", TEXT),
    ]],
    required: &[],
    min_members: 0,
};

pub(super) const UPDATE_POD: ObjectShape = ObjectShape {
    members: &[&[
        ("containerDiskInGb", SIZE),
        ("containerRegistryAuthId", TEXT),
        ("dockerEntrypoint", TEXTS),
        ("dockerStartCmd", TEXTS),
        ("env", Type::TextMap),
        ("globalNetworking", Type::Flag),
        ("imageName", TEXT),
        ("locked", Type::Flag),
        ("name", NAME),
        ("ports", TEXTS),
        ("volumeInGb", SIZE),
        ("volumeMountPath", TEXT),
    ]],
    required: &[],
    min_members: 0,
};
