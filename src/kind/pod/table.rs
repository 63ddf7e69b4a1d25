//! The table of pods.

use super::attributes::ATTRIBUTES;
use super::price::PRICING;
use super::words::{describe, losses};
use crate::kind::limits::{
    FROM_ONE, LONGEST_NAME, Limit, LimitRule, LimitSource, MOST_HTTP_PORTS, MOST_VARIABLES, NOT_EMPTY, limit,
};
use crate::kind::{Kind, Readiness, Recognition};
use crate::model::Dialect::{self, V1, V2};
use crate::model::{ProblemCode, Risk};

/// One container on a rented machine, with its disk, its pod volume and at most one network volume.
pub static POD: Kind = Kind {
    name: "pod",
    title: "pod",
    dialects: &[V1, V2],
    attributes: ATTRIBUTES,
    always_listed: true,
    limits: LIMITS,
    recognition: Recognition::Marker,
    readiness: Readiness::ComesUp,
    has_container: true,
    has_capacity: true,
    // Source: `GpuType` of the vendor's OpenAPI v2 has neither the memory nor the vCPUs of the machine.
    not_in_catalog: &["min_ram_gb_per_gpu", "min_vcpu_per_gpu"],
    disk_attributes: &["container_disk_gb", "volume_gb"],
    // Source: `locked` of `UpdatePodRequest` in RunPod's OpenAPI v2. Stopping a locked pod returns 409.
    lock_attribute: Some("locked"),
    spot_attribute: Some("spot"),
    budget_weight: 1,
    // Source: contract, section 12, rule 10: at zero balance, RunPod stops pods with a network volume and deletes all
    // others with their data.
    ends_at_zero_balance: true,
    losses,
    precious_risk: |_| Risk::DiskLoss,
    stop_risk: Risk::EphemeralLoss,
    pricing: PRICING,
    describe,
    ..Kind::PLAIN
};

const LIMITS: &[Limit] = &[
    created("name", "name", LONGEST_NAME, ProblemCode::NameLength),
    created("container_disk_gb", "disk", FROM_ONE, ProblemCode::DiskSize),
    created("gpu_count", "gpu/count", FROM_ONE, ProblemCode::GpuCount),
    created("cuda_versions", "gpu/allowedCudaVersions[]", LimitRule::Versions, ProblemCode::BadVersion),
    created("min_ram_gb_per_gpu", "gpu/minRamPerGpu", FROM_ONE, ProblemCode::MemoryFloor),
    created("min_vcpu_per_gpu", "gpu/minVcpuCountPerGpu", FROM_ONE, ProblemCode::VcpuFloor),
    created("vcpu_count", "cpu/vcpuCount", LimitRule::Whole { min: 2, max: i64::MAX }, ProblemCode::BadVcpus),
    created("volume_gb", "mounts/persistent/size", LimitRule::WholeOrNone { min: 10 }, ProblemCode::VolumeSize),
    created("template", "templateId", NOT_EMPTY, ProblemCode::EmptyId),
    variables(V2),
    http_ports(V2),
    limit(V1, "name", LONGEST_NAME, ProblemCode::NameLength, LimitSource::Schema("PodCreateInput", "name")),
    limit(V1, "gpu_count", FROM_ONE, ProblemCode::GpuCount, LimitSource::Schema("PodCreateInput", "gpuCount")),
    limit(
        V1,
        "cuda_versions",
        LimitRule::Versions,
        ProblemCode::BadVersion,
        LimitSource::Page("the form of v1's enumeration"),
    ),
    limit(V1, "template", NOT_EMPTY, ProblemCode::EmptyId, LimitSource::Page("as REST v2")),
    variables(V1),
    http_ports(V1),
];

/// A limit from the schema of REST v2's create request.
const fn created(attribute: &'static str, member: &'static str, rule: LimitRule, code: ProblemCode) -> Limit {
    limit(V2, attribute, rule, code, LimitSource::Schema("CreatePodRequest", member))
}

const fn variables(dialect: Dialect) -> Limit {
    let source = LimitSource::Page("RunPod's page on environment variables");
    limit(dialect, "env", LimitRule::Entries { max: MOST_VARIABLES }, ProblemCode::TooManyVariables, source)
}

const fn http_ports(dialect: Dialect) -> Limit {
    let rule = LimitRule::Ports { protocol: "http", max: MOST_HTTP_PORTS };
    limit(dialect, "ports", rule, ProblemCode::TooManyPorts, LimitSource::Page("RunPod's console"))
}
