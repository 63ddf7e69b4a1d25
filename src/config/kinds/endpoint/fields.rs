//! The fields of an endpoint.

use crate::config::choices::{gpus, regions};
use crate::config::habits::habit;
use crate::config::kinds::container_fields::{ARGS, ENTRYPOINT, ENV, REGISTRY, REGISTRY_AUTH};
use crate::config::lifecycle::LIFECYCLE;
use crate::config::table::{BlockSchema, Choices, Field, ForeignKeys, POSITIVE, ValueShape};

pub(super) static SECTION: Field = Field::new(
    "endpoints",
    ValueShape::Named(&BLOCK),
    "Serverless endpoints by name. RunPod starts and ends their workers with the number of requests.",
)
.aliases(&["serverless"])
.like("endpoints: { sd: { type: queue, image: ghcr.io/owner/worker:1.2.3, gpuType: ADA_24 } }");

pub(super) static BLOCK: BlockSchema =
    BlockSchema { title: "an endpoint", habits: HABITS, fields: &[OWN, CONTAINER], ..BlockSchema::EMPTY };

static OWN: &[Field] = &[
    Field::new("name", ValueShape::Text, "Its name at RunPod.").sets("name"),
    Field::new(
        "type",
        ValueShape::Word(&["queue", "loadBalancer"]),
        "How requests reach the workers: `queue` (jobs) or `loadBalancer` (HTTP paths of the workers).",
    )
    .sets("routing")
    .like("type: queue")
    .required(),
    Field::new("gpuType", ValueShape::Texts, "GPU types and pools; workers run on any of them.")
        .aliases(&["gpuTypeId", "gpuTypeIds", "gpuTypes", "gpu_type"])
        .sets("gpu_pools")
        .like("gpuType: [RTX 4090, ADA_48_PRO]")
        .counted_by("gpuCount")
        .choices(Choices::Open("gpus", gpus)),
    Field::new("gpuCount", ValueShape::Int(1, 16), "Number of GPUs of each worker; 1 by default.")
        .aliases(&["gpu_count"])
        .sets("gpu_count")
        .like("gpuCount: 2"),
    Field::new("cpuInstanceId", ValueShape::Texts, "CPU machines such as `cpu3c-2-4`, for workers without GPUs.")
        .aliases(&["cpuInstanceIds", "cpu_instance_id"])
        .sets("cpu_instances")
        .like("cpuInstanceId: [cpu3c-2-4, cpu5c-2-4]"),
    Field::new("workers", ValueShape::Block(&WORKERS), "How many workers RunPod keeps and starts.")
        .like("workers: { min: 0, max: 5, idleTimeout: 10s }"),
    Field::new("scaling", ValueShape::Block(&SCALING), "When RunPod starts more workers; `queueDelay: 4` by default.")
        .like("scaling: { queueDelay: 4 }"),
    Field::new("timeout", ValueShape::Duration, "Longest run of one request; `5m` by default.")
        .aliases(&["executionTimeout"])
        .sets("timeout_ms")
        .like("timeout: 5m"),
    Field::new(
        "flashboot",
        ValueShape::Word(&["false", "true", "priority"]),
        "FlashBoot, for faster starts: `false` (default), `true` or `priority`.",
    )
    .aliases(&["flashBoot"])
    .sets("flashboot")
    .like("flashboot: true"),
    Field::new("minCuda", ValueShape::Text, "The lowest accepted CUDA version, such as `12.4`.")
        .aliases(&["minCudaVersion"])
        .sets("min_cuda_version")
        .like("minCuda: \"12.4\""),
    Field::new("allowedCuda", ValueShape::Texts, "All accepted CUDA versions, instead of `minCuda`.")
        .aliases(&["allowedCudaVersions", "cudaVersions"])
        .sets("cuda_versions")
        .like("allowedCuda: [\"12.8\", \"12.9\"]"),
    Field::new(
        "networkVolumes",
        ValueShape::Texts,
        "Network volumes that the workers mount, by name or id; at most one in each data center.",
    )
    .aliases(&["networkVolume", "networkVolumeIds", "networkVolumeId"])
    .sets("network_volumes")
    .like("networkVolumes: [datasets]"),
    Field::new("region", ValueShape::Texts, "Data centers, countries or `EU`; any by default.")
        .aliases(&["regions", "dataCenterIds"])
        .sets("regions")
        .like("region: [US-KS-2, US-CA-2]")
        .choices(Choices::Open("regions", regions)),
    Field::new(
        "rollout",
        ValueShape::Block(&ROLLOUT),
        "Whether an apply waits until a new release has reached all workers.",
    )
    .like("rollout: { wait: 10m }"),
    Field::new("lifecycle", ValueShape::Block(&LIFECYCLE), "Rules for updating, replacing and destroying it.")
        .like("lifecycle: { preventDestroy: true }"),
];

static CONTAINER: &[Field] = &[
    Field::new("image", ValueShape::Text, "The container image of the workers.")
        .sets("image")
        .like(r#"image: "ghcr.io/owner/worker:1.2.3""#),
    Field::new("template", ValueShape::Id, "One of `templates`, by name; fields of the endpoint win over its fields.")
        .like("template: base"),
    Field::new("templateId", ValueShape::Id, "A serverless template that sindri does not manage.")
        .aliases(&["template_id"])
        .sets("template"),
    Field::new("containerDiskGb", POSITIVE, "Container disk of each worker in GB; 20 by default.")
        .aliases(&["container_disk_gb"])
        .sets("container_disk_gb")
        .like("containerDiskGb: 20"),
    Field::new("ports", ValueShape::Texts, "Ports of the workers; none by default.")
        .sets("ports")
        .like(r#"ports: ["8000/http"]"#),
    ARGS.like(r#"args: ["python", "worker.py"]"#),
    ENTRYPOINT,
    ENV,
    REGISTRY,
    REGISTRY_AUTH,
];

static WORKERS: BlockSchema = BlockSchema {
    title: "`workers`",
    habits: WORKER_HABITS,
    fields: &[&[
        Field::new("min", ValueShape::Int(0, 10_000), "Workers that always run and are always billed; 0 by default.")
            .sets("workers_min")
            .like("min: 0"),
        Field::new("max", ValueShape::Int(0, 10_000), "Most workers at a time; 3 by default.")
            .sets("workers_max")
            .like("max: 5"),
        Field::new("idleTimeout", ValueShape::Duration, "How long a worker without a request stays; `10s` by default.")
            .aliases(&["idle_timeout"])
            .sets("idle_timeout_seconds")
            .like("idleTimeout: 10s"),
    ]],
    ..BlockSchema::EMPTY
};

static SCALING: BlockSchema = BlockSchema {
    title: "`scaling`",
    habits: SCALING_HABITS,
    fields: &[&[
        Field::new("queueDelay", ValueShape::Number, "Seconds that a request may wait in the queue, at least 0.5.")
            .sets("queue_delay_ms")
            .like("queueDelay: 4"),
        Field::new("requestCount", POSITIVE, "Requests for each worker.").sets("request_count").like("requestCount: 8"),
    ]],
    ..BlockSchema::EMPTY
};

static ROLLOUT: BlockSchema = BlockSchema {
    title: "`rollout`",
    fields: &[&[Field::new("wait", ValueShape::Duration, "Longest wait for a release to reach all workers.")
        .like("wait: 10m")
        .required()]],
    ..BlockSchema::EMPTY
};

static WORKER_HABITS: &[ForeignKeys] = &[
    habit(&["workersMin", "minWorkers", "minimum"], "did you mean `min`? It counts workers: `min: 0`"),
    habit(&["workersMax", "maxWorkers", "maximum", "count"], "did you mean `max`? It counts workers: `max: 5`"),
    habit(&["standby", "workersStandby"], "remove it: REST v2 cannot set standby workers"),
];

static SCALING_HABITS: &[ForeignKeys] = &[
    habit(&["type", "scalerType"], "name the rule by its field: `queueDelay: 4` or `requestCount: 8`"),
    habit(&["value", "scalerValue"], "write `queueDelay: 4` (seconds) or `requestCount: 8`"),
];

static HABITS: &[ForeignKeys] = &[
    habit(&["gpuIds", "pools", "gpuPools", "gpu", "gpus"], "write `gpuType: [ADA_24, ADA_48_PRO]`; it takes pools too"),
    habit(
        &["excludedTypes", "excludedGpuTypes"],
        "list only the types that you want in `gpuType`; sindri excludes the others of their pools",
    ),
    habit(&["cpu", "cpuFlavor", "cpuFlavors", "vcpuCount", "instanceIds"], "write `cpuInstanceId: [cpu3c-2-4]`"),
    habit(
        &["minWorkers", "maxWorkers", "workersMin", "workersMax", "idleTimeout", "replicas"],
        "write `workers: { min: 0, max: 5, idleTimeout: 10s }`",
    ),
    habit(
        &["scalerType", "scalerValue", "queueDelay", "requestCount"],
        "write `scaling: { queueDelay: 4 }` or `scaling: { requestCount: 8 }`",
    ),
    habit(&["executionTimeoutMs", "timeoutMs"], "did you mean `timeout`? It has a unit: `timeout: 5m`"),
    habit(&["volumeSizeGb", "volumeMountPath"], "remove it: workers have no pod volume; use `networkVolumes`"),
    habit(&["locations", "location", "dataCenter", "datacenter"], "did you mean `region`? It takes data centers"),
    habit(&["power", "locked", "spot", "publicIp", "cloudType"], "remove it: only pods have it"),
    habit(&["timeouts"], "write `rollout: { wait: 10m }` to wait for a release, or `timeout: 5m` for requests"),
];
