//! The keys of `sindri.yaml`: those of the user's document, their legacy spellings, and those added for fleets (several
//! pods).
//!
//! Only tables: names, aliases, types, the attributes they set, and descriptions.

use super::choices::{flavors, gpus, regions, tiers, volume_regions};
use super::habits::{
    BUDGET_HABITS, POD_HABITS, PROVIDER_HABITS, ROOT_HABITS, SECRET_HABITS, TIMEOUT_HABITS, VOLUME_HABITS,
};
use super::table::{BlockSchema, Choices, Field, ValueShape};

const POSITIVE: ValueShape = ValueShape::Int(1, i64::MAX);
const ELSEWHERE: &str = "these are settings of another provider; sindri supports RunPod only, so remove them";
const NO_VERIFY: &str = "RunPod pulls the image itself and does not check signatures; pin a digest instead";

pub(super) static ROOT: BlockSchema = BlockSchema {
    title: "the top level",
    habits: ROOT_HABITS,
    fields: &[&[
        Field::new("version", ValueShape::Text, "Version of the file format, `3.0`.").like(r#"version: "3.0""#),
        Field::new("name", ValueShape::Text, "Name of the project; pods and volumes are named after it.")
            .like("name: my-project")
            .choices(Choices::Matching(
                "^[a-z][a-z0-9-]{0,62}$",
                "A name consists of lowercase letters, digits and `-`, begins with a letter, and has at most 63 \
                 characters.",
            ))
            .required(),
        Field::new("deployment", ValueShape::Block(&DEPLOYMENT), "The image to run and the machine size.")
            .like(r#"deployment: { provider: runpod, image: "ghcr.io/owner/name:1.2.3" }"#),
        Field::new(
            "extensions",
            ValueShape::Block(&EXTENSIONS),
            "Extensions that the sindri image installs when it starts.",
        )
        .like("extensions: { profile: fullstack }"),
        Field::new(
            "secrets",
            ValueShape::List(&ValueShape::Block(&SECRET)),
            "Environment variables whose values are never shown.",
        )
        .like("secrets: [{ name: HF_TOKEN, source: env }]"),
        Field::new("providers", ValueShape::Block(&PROVIDERS), "Settings of the provider; RunPod only.")
            .like("providers: { runpod: { gpuType: NVIDIA L4 } }"),
        Field::new(
            "moved",
            ValueShape::List(&ValueShape::Block(&MOVED)),
            "Resources that were renamed, with their old and new addresses.",
        )
        .like("moved: [{ from: pod.train, to: pod.trainer }]"),
        Field::new(
            "budget",
            ValueShape::Block(&BUDGET),
            "Limits on cost and number of pods, above which a plan is refused.",
        )
        .like("budget: { maxHourly: 25.00, maxPods: 8 }"),
    ]],
};

static DEPLOYMENT: BlockSchema = BlockSchema {
    title: "`deployment`",
    habits: &[],
    fields: &[&[
        Field::new("provider", ValueShape::Text, "Must be `runpod`.")
            .like("provider: runpod")
            .choices(Choices::Closed(&["runpod"])),
        Field::new("image", ValueShape::Text, "The container image.").like(r#"image: "ghcr.io/owner/name:1.2.3""#),
        Field::new("image_config", ValueShape::Block(&IMAGE_CONFIG), "The image in parts.")
            .aliases(&["imageConfig"])
            .like(r#"image_config: { registry: ghcr.io/owner/name, tag_override: "1.2.3" }"#),
        Field::new("buildFromSource", ValueShape::Block(&BUILD), "Not supported by RunPod.")
            .aliases(&["build_from_source"])
            .like("buildFromSource: { enabled: false }")
            .not_offered(),
        Field::new("resources", ValueShape::Block(&RESOURCES), "Machine size.")
            .like("resources: { memory: 16GB, cpus: 4 }"),
        Field::new("volumes", ValueShape::Block(&VOLUMES), "The pod volume, in the syntax of sindri 3.x.")
            .like("volumes: { workspace: { size: 20GB } }"),
        Field::ignored("distro", "the image determines the distribution"),
    ]],
};

static IMAGE_CONFIG: BlockSchema = BlockSchema {
    title: "`image_config`",
    habits: &[],
    fields: &[&[
        Field::new("registry", ValueShape::Text, "Registry and repository: `ghcr.io/pacphi/sindri`.").required(),
        Field::new("version", ValueShape::Text, "An exact version, used as the tag."),
        Field::new("tag_override", ValueShape::Text, "A tag.").aliases(&["tagOverride"]),
        Field::new("digest", ValueShape::Text, "A digest, `sha256:...`; wins over tags."),
        Field::ignored("resolution_strategy", "sindri takes the tag, digest or exact version as it is written"),
        Field::ignored("allow_prerelease", "sindri takes the tag, digest or exact version as it is written"),
        Field::ignored("verify_signature", NO_VERIFY),
        Field::ignored("verify_provenance", NO_VERIFY),
        Field::ignored("certificate_identity", NO_VERIFY),
        Field::ignored("certificate_oidc_issuer", NO_VERIFY),
        Field::ignored("pull_policy", "RunPod decides when an image is pulled; pin a digest to be sure which one runs"),
    ]],
};

static BUILD: BlockSchema = BlockSchema {
    title: "`buildFromSource`",
    habits: &[],
    fields: &[&[
        Field::new("enabled", ValueShape::Bool, "Must be false."),
        Field::new("gitRef", ValueShape::Text, "Has no effect.").aliases(&["git_ref"]),
    ]],
};

static RESOURCES: BlockSchema = BlockSchema {
    title: "`resources`",
    habits: &[],
    fields: &[&[
        Field::new("memory", ValueShape::Memory, "Minimum memory of the machine, such as `16GB`.").like("memory: 16GB"),
        Field::new("cpus", POSITIVE, "Minimum number of vCPUs of the machine.").like("cpus: 4"),
        Field::new("gpu", ValueShape::Block(&GPU), "Whether the pod has GPUs, and which.")
            .like("gpu: { tier: gpu-small, count: 2 }"),
    ]],
};

static GPU: BlockSchema = BlockSchema {
    title: "`gpu`",
    habits: &[],
    fields: &[&[
        Field::new("enabled", ValueShape::Bool, "Whether the pod has GPUs."),
        Field::new("type", ValueShape::Word(&["nvidia", "amd"]), "The GPU vendor."),
        Field::new("count", ValueShape::Int(1, 16), "Number of GPUs; the same as `gpuCount`.").like("count: 2"),
        Field::new("tier", ValueShape::Text, "`gpu-small`, `gpu-medium`, `gpu-large`, `gpu-xlarge`.")
            .like("tier: gpu-small")
            .choices(Choices::Open("tiers", tiers)),
        Field::ignored("memory", "the memory depends on the GPU type; choose by `gpuType` or `tier`"),
    ]],
};

static VOLUMES: BlockSchema = BlockSchema {
    title: "`volumes`",
    habits: &[],
    fields: &[&[Field::new("workspace", ValueShape::Block(&WORKSPACE), "The pod volume.")]],
};

static WORKSPACE: BlockSchema = BlockSchema {
    title: "`workspace`",
    habits: &[],
    fields: &[&[
        Field::new("size", ValueShape::Memory, "Like `volumeSizeGb`, but with a unit.")
            .like("workspace: { size: 20GB, path: /workspace }")
            .like("size: 20GB"),
        Field::new("path", ValueShape::Text, "Same as `volumeMountPath`."),
    ]],
};

static EXTENSIONS: BlockSchema = BlockSchema {
    title: "`extensions`",
    habits: &[],
    fields: &[&[
        Field::new("profile", ValueShape::Text, "A set of extensions; becomes `INSTALL_PROFILE`.")
            .like("profile: fullstack"),
        Field::new("active", ValueShape::Texts, "Extensions instead of a profile; becomes `CUSTOM_EXTENSIONS`.")
            .like("active: [python, nodejs]"),
        Field::new(
            "additional",
            ValueShape::Texts,
            "Extensions in addition to the profile; becomes `ADDITIONAL_EXTENSIONS`.",
        )
        .like("additional: [python, nodejs]"),
        Field::new("auto_install", ValueShape::Bool, "`false` becomes `SKIP_AUTO_INSTALL`.").aliases(&["autoInstall"]),
    ]],
};

static SECRET: BlockSchema = BlockSchema {
    title: "a secret",
    habits: SECRET_HABITS,
    fields: &[&[
        Field::new("name", ValueShape::Text, "The environment variable in the pod.").like("name: HF_TOKEN").required(),
        Field::new("source", ValueShape::Word(&["env", "file", "runpod", "vault", "s3"]), "The source of its value.")
            .like("source: env")
            .choices(Choices::Closed(&["env", "file", "runpod"])),
        Field::new("required", ValueShape::Bool, "Whether a missing value is an error."),
        Field::new("fromFile", ValueShape::Text, "A file with the value, read if the variable is not set.")
            .aliases(&["from_file"])
            .local(),
        Field::new("path", ValueShape::Text, "The file, for `source: file`.").local(),
        Field::ignored("mountPath", "RunPod cannot put files into a pod; the content becomes the variable's value"),
        Field::ignored("permissions", "RunPod cannot put files into a pod; the content becomes the variable's value"),
        Field::ignored("vaultPath", "sindri does not read from Vault"),
        Field::ignored("vaultKey", "sindri does not read from Vault"),
        Field::ignored("vaultMount", "sindri does not read from Vault"),
        Field::ignored("s3Path", "sindri does not read from S3"),
    ]],
};

static MOVED: BlockSchema = BlockSchema {
    title: "`moved`",
    habits: &[],
    fields: &[&[
        Field::new("from", ValueShape::Text, "The old address, as in the state: `pod.train`.")
            .like("from: pod.train")
            .required(),
        Field::new("to", ValueShape::Text, "The new address: `pod.trainer`.").like("to: pod.trainer").required(),
    ]],
};

static BUDGET: BlockSchema = BlockSchema {
    title: "`budget`",
    habits: BUDGET_HABITS,
    fields: &[&[
        Field::new("maxHourly", ValueShape::Amount, "Maximum total cost of all resources, in dollars per hour.")
            .like("maxHourly: 25.00"),
        Field::new("maxPods", ValueShape::Int(0, u32::MAX as i64), "Maximum number of pods.").like("maxPods: 8"),
    ]],
};

static PROVIDERS: BlockSchema = BlockSchema {
    title: "`providers`",
    habits: PROVIDER_HABITS,
    fields: &[&[
        Field::new("runpod", ValueShape::Block(&RUNPOD), "Pods and network volumes at RunPod.")
            .like("runpod: { gpuType: NVIDIA L4 }"),
        Field::ignored("fly", ELSEWHERE),
        Field::ignored("docker", ELSEWHERE),
        Field::ignored("kubernetes", ELSEWHERE),
        Field::ignored("devpod", ELSEWHERE),
        Field::ignored("k8s", ELSEWHERE),
        Field::ignored("e2b", ELSEWHERE),
        Field::ignored("northflank", ELSEWHERE),
    ]],
};

static RUNPOD: BlockSchema = BlockSchema {
    title: "`runpod`",
    habits: POD_HABITS,
    fields: &[
        &[
            Field::new(
                "apiVersion",
                ValueShape::Word(&["v2", "v1"]),
                "The dialect of RunPod's REST API; v1 was retired.",
            )
            .aliases(&["api_version"]),
            Field::new(
                "networkVolumes",
                ValueShape::Named(&NETWORK_VOLUME),
                "Network volumes by name. sindri creates and enlarges them, and keeps them on `destroy`.",
            )
            .aliases(&["network_volumes"])
            .like("networkVolumes: { data: { sizeGb: 100, region: US-KS-2 } }"),
            Field::new(
                "pods",
                ValueShape::Named(&POD),
                "Pods by name. Fields next to `pods` are defaults for every pod.",
            )
            .like("pods: { trainer: { gpuType: NVIDIA L4 } }"),
        ],
        POD_FIELDS,
    ],
};

pub(super) static NETWORK_VOLUME: BlockSchema = BlockSchema {
    title: "a network volume",
    habits: VOLUME_HABITS,
    fields: &[&[
        Field::new("name", ValueShape::Text, "Its name at RunPod.").sets("name"),
        Field::new("sizeGb", ValueShape::Int(1, i64::MAX), "Its size in GB; it can grow, never shrink.")
            .aliases(&["size_gb", "size"])
            .sets("size_gb")
            .like("sizeGb: 100")
            .required(),
        Field::new("region", ValueShape::Id, "The id of its data center.")
            .aliases(&["dataCenterId"])
            .sets("region")
            .like("region: US-KS-2")
            .required()
            .choices(Choices::Open("volumeRegions", volume_regions)),
        Field::new(
            "tier",
            ValueShape::Word(&["STANDARD", "HIGH_PERFORMANCE"]),
            "Storage tier: `STANDARD` (default) or `HIGH_PERFORMANCE`.",
        )
        .aliases(&["type"])
        .sets("tier"),
        Field::new("lifecycle", ValueShape::Block(&LIFECYCLE), "Rules for updating, replacing and destroying it.")
            .like("lifecycle: { preventDestroy: true }"),
    ]],
};

/// An entry of `pods`. Only these have a `name` field, because a single pod is named after the project.
pub(super) static POD: BlockSchema = BlockSchema {
    title: "a pod",
    habits: POD_HABITS,
    fields: &[&[Field::new("name", ValueShape::Text, "Its name at RunPod.").sets("name")], POD_FIELDS],
};

/// The fields of a pod, below `runpod` and below each entry of `pods`.
static POD_FIELDS: &[Field] = &[
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
    Field::new("templateId", ValueShape::Id, "A template of the account.").aliases(&["template_id"]).sets("template"),
    Field::new("image", ValueShape::Text, "The container image, if it differs from `deployment.image`.")
        .sets("image")
        .like(r#"image: "ghcr.io/owner/name:1.2.3""#),
    Field::new("args", ValueShape::Line, "The command, as a shell-style line or a list of words.")
        .aliases(&["command", "dockerStartCmd"])
        .sets("command")
        .like(r#"args: ["python", "train.py"]"#),
    Field::new("entrypoint", ValueShape::Line, "The entrypoint, as a shell-style line or a list of words.")
        .aliases(&["dockerEntrypoint"])
        .sets("entrypoint")
        .like(r#"entrypoint: ["python"]"#),
    Field::new("env", ValueShape::Variables, "Environment variables.").sets("env").like("env: { LOG_LEVEL: info }"),
    Field::new("registryAuth", ValueShape::Id, "Id of a registry credential of the account.")
        .aliases(&["registryAuthId", "containerRegistryAuthId"])
        .sets("registry_auth"),
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

static LIFECYCLE: BlockSchema = BlockSchema {
    title: "`lifecycle`",
    habits: &[],
    fields: &[&[
        Field::new(
            "updates",
            ValueShape::Word(&["recreate", "in-place"]),
            "How a change is applied to a running pod: `recreate` (default) or `in-place`.",
        ),
        Field::new(
            "createBeforeDestroy",
            ValueShape::Bool,
            "When replacing, create the new one before destroying the old one.",
        ),
        Field::new("preventDestroy", ValueShape::Bool, "Refuse every plan that destroys it."),
        Field::new("ignoreChanges", ValueShape::Texts, "Fields that are never compared: `image`, `env.FOO`.")
            .like("ignoreChanges: [image, env.FOO]"),
    ]],
};

static TIMEOUTS: BlockSchema = BlockSchema {
    title: "`timeouts`",
    habits: TIMEOUT_HABITS,
    fields: &[&[
        Field::new("create", ValueShape::Duration, "Longest wait until the pod is ready, such as `15m`.")
            .like("create: 15m"),
        Field::new("delete", ValueShape::Duration, "Longest wait until the pod is deleted, such as `90s`.")
            .like("delete: 90s"),
    ]],
};
