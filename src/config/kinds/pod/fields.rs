//! The fields of a pod.

use super::habits::POD_HABITS;
use crate::config::choices::{flavors, gpus, regions};
use crate::config::kinds::container_fields::{ARGS, ENTRYPOINT, ENV, REGISTRY, REGISTRY_AUTH};
use crate::config::lifecycle::{LIFECYCLE, TIMEOUTS};
use crate::config::table::{BlockSchema, Choices, Field, POSITIVE, ValueShape};

pub(super) static SECTION: Field =
    Field::new("pods", ValueShape::Named(&BLOCK), "Pods by name. Fields next to `pods` are defaults for every pod.")
        .like("pods: { trainer: { gpuType: NVIDIA L4 } }");

/// An entry of `pods`. Only these have a `name` field, because a single pod is named after the project.
pub(super) static BLOCK: BlockSchema = BlockSchema {
    title: "a pod",
    habits: POD_HABITS,
    fields: &[&[Field::new("name", ValueShape::Text, "Its name at RunPod.").sets("name")], POD_FIELDS],
    ..BlockSchema::EMPTY
};

/// The fields that a pod takes from a template of the file.
pub(super) const FROM_TEMPLATE: &[&str] = &[
    "image",
    "args",
    "entrypoint",
    "env",
    "ports",
    "registry",
    "registryAuth",
    "containerDiskGb",
    "volumeSizeGb",
    "volumeMountPath",
    "cudaVersions",
    "startSsh",
];

/// The fields of a pod, below `runpod` and below each entry of `pods`.
pub(in crate::config) static POD_FIELDS: &[Field] = &[
    Field::new("gpuType", ValueShape::Texts, "GPU type, pool or tier; a list is tried in order.")
        .aliases(&["gpuTypeId", "gpuTypeIds", "gpuTypes", "gpu_type_id", "gpu_type"])
        .sets("gpu_types")
        .like(r#"gpuType: ["NVIDIA L4", "NVIDIA A40"]"#)
        .counted_by("gpuCount")
        .choices(Choices::Open("gpus", gpus)),
    Field::new("gpuCount", ValueShape::Int(1, 16), "Number of GPUs; 1 by default.")
        .aliases(&["gpu_count"])
        .sets("gpu_count")
        .like("gpuCount: 2"),
    Field::new("cpuOnly", ValueShape::Bool, "A pod without GPUs.").aliases(&["cpu_only"]),
    Field::new("cpuInstanceId", ValueShape::Id, "CPU machine such as `cpu3c-2-4`.")
        .aliases(&["cpu_instance_id"])
        .sets("cpu_flavors")
        .like("cpuInstanceId: cpu3c-2-4"),
    Field::new("cpuFlavor", ValueShape::Texts, "CPU flavor such as `cpu3c`; a list is tried in order.")
        .aliases(&["cpuFlavorIds", "cpu_flavor"])
        .sets("cpu_flavors")
        .like("cpuFlavor: [cpu3c, cpu5c]")
        .choices(Choices::Open("flavors", flavors)),
    Field::new("vcpuCount", POSITIVE, "vCPUs of a CPU pod; 4 by default.")
        .aliases(&["vcpu_count"])
        .sets("vcpu_count")
        .like("vcpuCount: 4"),
    Field::new("memory", ValueShape::Memory, "Minimum memory of the machine, such as `16GB`.")
        .sets("min_ram_gb_per_gpu")
        .like("memory: 16GB"),
    Field::new("cpus", POSITIVE, "Minimum number of vCPUs of the machine.").sets("min_vcpu_per_gpu").like("cpus: 4"),
    Field::new("containerDiskGb", POSITIVE, "Container disk in GB, wiped when the pod stops; 50 by default.")
        .aliases(&["container_disk_gb"])
        .sets("container_disk_gb")
        .like("containerDiskGb: 50"),
    Field::new(
        "volumeSizeGb",
        ValueShape::Int(0, i64::MAX),
        "Pod volume in GB, kept when the pod stops; 20 by default.",
    )
    .aliases(&["volume_size_gb"])
    .sets("volume_gb")
    .like("volumeSizeGb: 20"),
    Field::new("volumeMountPath", ValueShape::Text, "Path where the volume is mounted; `/workspace` by default.")
        .aliases(&["volume_mount_path"])
        .sets("volume_mount_path")
        .like("volumeMountPath: /workspace"),
    Field::new(
        "cloudType",
        ValueShape::Word(&["SECURE", "COMMUNITY"]),
        "RunPod's cloud: `SECURE` (default) or `COMMUNITY`.",
    )
    .aliases(&["cloud_type", "cloud"])
    .sets("cloud")
    .like("cloudType: SECURE"),
    Field::new(
        "region",
        ValueShape::Texts,
        "Data centers, countries (`US`) or `EU` for all of Europe; any by default.",
    )
    .aliases(&["regions", "dataCenterIds"])
    .sets("regions")
    .like("region: [US-KS-2, US-CA-2]")
    .choices(Choices::Open("regions", regions)),
    Field::new("spot", ValueShape::Bool, "An interruptible pod; v1 only.").not_offered().sets("spot"),
    Field::new("spotBid", ValueShape::Amount, "Same as `spot: true`; no API accepts the bid.")
        .aliases(&["spot_bid"])
        .sets("spot")
        .like("spotBid: 0.50")
        .not_offered(),
    Field::new("ports", ValueShape::Texts, "Ports to expose; `8888/http` and `22/tcp` by default.")
        .sets("ports")
        .like(r#"ports: ["8888/http", "22/tcp"]"#),
    Field::new("exposePorts", ValueShape::Texts, "HTTP ports by number; `22/tcp` is added.")
        .aliases(&["expose_ports"])
        .like("exposePorts: [8080]"),
    Field::new("networkVolume", ValueShape::Id, "One of `networkVolumes`, by name.")
        .aliases(&["network_volume"])
        .sets("network_volume")
        .like("networkVolume: data"),
    Field::new("networkVolumeId", ValueShape::Id, "The id of a network volume that sindri does not manage.")
        .aliases(&["network_volume_id"])
        .sets("network_volume")
        .like("networkVolumeId: abc123"),
    Field::new("publicIp", ValueShape::Bool, "Requests a public address.").aliases(&["public_ip"]).sets("public_ip"),
    Field::new("startSsh", ValueShape::Bool, "Starts sshd with the account's keys.")
        .aliases(&["start_ssh"])
        .sets("start_ssh"),
    Field::new("template", ValueShape::Id, "One of `templates` by name, whose fields the pod gets.")
        .like("template: base"),
    Field::new("templateId", ValueShape::Id, "The id of a template that sindri does not manage.")
        .aliases(&["template_id"])
        .sets("template"),
    Field::new("image", ValueShape::Text, "The container image, if it differs from `deployment.image`.")
        .sets("image")
        .like(r#"image: "ghcr.io/owner/name:1.2.3""#),
    ARGS,
    ENTRYPOINT,
    ENV,
    REGISTRY,
    REGISTRY_AUTH,
    Field::new("cudaVersions", ValueShape::Texts, "Accepted CUDA versions of the host, such as `12.8`.")
        .aliases(&["allowedCudaVersions"])
        .sets("cuda_versions")
        .like(r#"cudaVersions: ["12.8"]"#),
    Field::new("globalNetworking", ValueShape::Bool, "Joins the account's private network.").sets("global_networking"),
    Field::new("locked", ValueShape::Bool, "Locks the pod against stop and reset in the console.").sets("locked"),
    Field::new(
        "power",
        ValueShape::Word(&["running", "stopped"]),
        "Whether the pod runs: `running` (default) or `stopped`.",
    )
    .like("power: stopped"),
    Field::new(
        "replicas",
        ValueShape::Int(0, 10_000),
        "Number of identical pods, with the addresses `pod.name[0]` and up.",
    )
    .like("replicas: 3"),
    Field::new("lifecycle", ValueShape::Block(&LIFECYCLE), "Rules for updating, replacing and destroying it.")
        .like("lifecycle: { updates: in-place }"),
    Field::new(
        "timeouts",
        ValueShape::Block(&TIMEOUTS),
        "How long sindri waits for the pod to become ready and to be deleted.",
    )
    .like("timeouts: { create: 15m }"),
];
