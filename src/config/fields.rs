//! The keys of `sindri.yaml`: the user's document, its spellings of old, and what came with fleets.
//!
//! Tables alone: names, other spellings, types, the attributes that they set, and what they are for.

use super::schema::{Block, Field, Shape};

const POSITIVE: Shape = Shape::Int(1, i64::MAX);
const ELSEWHERE: &str = "these are settings of another provider; sindri rents from RunPod alone, so they can go";
const NO_VERIFY: &str = "RunPod pulls the image by itself and checks no signatures; pin a digest instead";

pub(super) static ROOT: Block = Block {
    title: "a sindri.yaml",
    fields: &[&[
        Field::new("version", Shape::Text, "Version of the file format, `3.0`."),
        Field::new("name", Shape::Text, "Name of the project; pods and volumes are named after it."),
        Field::new("deployment", Shape::Block(&DEPLOYMENT), "What runs, and on how large a machine."),
        Field::new("extensions", Shape::Block(&EXTENSIONS), "What the sindri image installs when it starts."),
        Field::new("secrets", Shape::List(&Shape::Block(&SECRET)), "Environment variables that are never shown."),
        Field::new("providers", Shape::Block(&PROVIDERS), "Where it runs."),
        Field::new("moved", Shape::List(&Shape::Block(&MOVED)), "Resources that go on under another address."),
        Field::new("budget", Shape::Block(&BUDGET), "Limits that every plan must keep."),
    ]],
};

static DEPLOYMENT: Block = Block {
    title: "`deployment`",
    fields: &[&[
        Field::new(
            "provider",
            Shape::Word(&["runpod", "fly", "kubernetes", "docker-compose", "docker", "devpod", "e2b", "northflank"]),
            "`runpod`.",
        ),
        Field::new("image", Shape::Text, "The container image."),
        Field::new("image_config", Shape::Block(&IMAGE_CONFIG), "The image in parts.").aliases(&["imageConfig"]),
        Field::new("buildFromSource", Shape::Block(&BUILD), "Not possible at RunPod.").aliases(&["build_from_source"]),
        Field::new("resources", Shape::Block(&RESOURCES), "The machine's size."),
        Field::new("volumes", Shape::Block(&VOLUMES), "The pod volume, in the words of sindri 3.x."),
        Field::ignored("distro", "the image decides which distribution it is"),
    ]],
};

static IMAGE_CONFIG: Block = Block {
    title: "`image_config`",
    fields: &[&[
        Field::new("registry", Shape::Text, "Registry and repository: `ghcr.io/pacphi/sindri`."),
        Field::new("version", Shape::Text, "An exact version, used as the tag."),
        Field::new("tag_override", Shape::Text, "A tag.").aliases(&["tagOverride"]),
        Field::new("digest", Shape::Text, "A digest, `sha256:...`; wins over tags."),
        Field::ignored("resolution_strategy", "sindri takes the tag, digest or exact version as it is written"),
        Field::ignored("allow_prerelease", "sindri takes the tag, digest or exact version as it is written"),
        Field::ignored("verify_signature", NO_VERIFY),
        Field::ignored("verify_provenance", NO_VERIFY),
        Field::ignored("certificate_identity", NO_VERIFY),
        Field::ignored("certificate_oidc_issuer", NO_VERIFY),
        Field::ignored("pull_policy", "RunPod decides when an image is pulled; pin a digest to be sure which one runs"),
    ]],
};

static BUILD: Block = Block {
    title: "`buildFromSource`",
    fields: &[&[
        Field::new("enabled", Shape::Bool, "Must be false."),
        Field::new("gitRef", Shape::Text, "Without effect.").aliases(&["git_ref"]),
    ]],
};

static RESOURCES: Block = Block {
    title: "`resources`",
    fields: &[&[
        Field::new("memory", Shape::Memory, "Least memory of the machine, such as `16GB`."),
        Field::new("cpus", POSITIVE, "Least number of vCPUs of the machine."),
        Field::new("gpu", Shape::Block(&GPU), "Whether GPUs are wanted, and which."),
    ]],
};

static GPU: Block = Block {
    title: "`gpu`",
    fields: &[&[
        Field::new("enabled", Shape::Bool, "Whether the pod has GPUs."),
        Field::new("type", Shape::Word(&["nvidia", "amd"]), "The maker."),
        Field::new("count", Shape::Int(1, 16), "How many; `gpuCount` says the same."),
        Field::new("tier", Shape::Text, "`gpu-small`, `gpu-medium`, `gpu-large`, `gpu-xlarge`."),
        Field::ignored("memory", "each GPU type has its own memory: choose by `gpuType` or `tier`"),
    ]],
};

static VOLUMES: Block =
    Block { title: "`volumes`", fields: &[&[Field::new("workspace", Shape::Block(&WORKSPACE), "The pod volume.")]] };

static WORKSPACE: Block = Block {
    title: "`workspace`",
    fields: &[&[
        Field::new("size", Shape::Memory, "As `volumeSizeGb`, with a unit."),
        Field::new("path", Shape::Text, "As `volumeMountPath`."),
    ]],
};

static EXTENSIONS: Block = Block {
    title: "`extensions`",
    fields: &[&[
        Field::new("profile", Shape::Text, "A set of extensions; becomes `INSTALL_PROFILE`."),
        Field::new("active", Shape::Texts, "Single extensions instead of a profile; become `CUSTOM_EXTENSIONS`."),
        Field::new("additional", Shape::Texts, "More than the profile has; become `ADDITIONAL_EXTENSIONS`."),
        Field::new("auto_install", Shape::Bool, "`false` becomes `SKIP_AUTO_INSTALL`.").aliases(&["autoInstall"]),
    ]],
};

static SECRET: Block = Block {
    title: "a secret",
    fields: &[&[
        Field::new("name", Shape::Text, "The environment variable in the pod."),
        Field::new("source", Shape::Word(&["env", "file", "runpod", "vault", "s3"]), "Where its value comes from."),
        Field::new("required", Shape::Bool, "Whether it is an error that there is none."),
        Field::new("fromFile", Shape::Text, "A file with the value, where no variable has it.").aliases(&["from_file"]),
        Field::new("path", Shape::Text, "The file, for `source: file`."),
        Field::ignored("mountPath", "RunPod cannot put files into a pod: the content becomes the variable's value"),
        Field::ignored("permissions", "RunPod cannot put files into a pod: the content becomes the variable's value"),
        Field::ignored("vaultPath", "sindri does not read Vault"),
        Field::ignored("vaultKey", "sindri does not read Vault"),
        Field::ignored("vaultMount", "sindri does not read Vault"),
        Field::ignored("s3Path", "sindri does not read S3"),
    ]],
};

static MOVED: Block = Block {
    title: "`moved`",
    fields: &[&[
        Field::new("from", Shape::Text, "The address in the state: `pod.train`."),
        Field::new("to", Shape::Text, "The address from now on: `pod.trainer`."),
    ]],
};

static BUDGET: Block = Block {
    title: "`budget`",
    fields: &[&[
        Field::new("maxHourly", Shape::Amount, "Most dollars per hour that everything may cost."),
        Field::new("maxPods", Shape::Int(0, u32::MAX as i64), "Most pods."),
    ]],
};

static PROVIDERS: Block = Block {
    title: "`providers`",
    fields: &[&[
        Field::new("runpod", Shape::Block(&RUNPOD), "Pods and network volumes at RunPod."),
        Field::ignored("fly", ELSEWHERE),
        Field::ignored("docker", ELSEWHERE),
        Field::ignored("kubernetes", ELSEWHERE),
        Field::ignored("devpod", ELSEWHERE),
        Field::ignored("k8s", ELSEWHERE),
        Field::ignored("e2b", ELSEWHERE),
        Field::ignored("northflank", ELSEWHERE),
    ]],
};

static RUNPOD: Block = Block {
    title: "`runpod`",
    fields: &[
        &[
            Field::new("apiVersion", Shape::Word(&["v2", "v1"]), "The dialect of RunPod's REST API; v1 was retired.")
                .aliases(&["api_version"]),
            Field::new(
                "networkVolumes",
                Shape::Named(&NETWORK_VOLUME),
                "Volumes that sindri creates, grows and keeps.",
            )
            .aliases(&["network_volumes"]),
            Field::new("pods", Shape::Named(&POD), "A fleet; what is written beside it is the default of each pod."),
        ],
        POD_FIELDS,
    ],
};

pub(super) static NETWORK_VOLUME: Block = Block {
    title: "a network volume",
    fields: &[&[
        Field::new("name", Shape::Text, "Its name at RunPod.").sets("name"),
        Field::new("sizeGb", Shape::Int(1, i64::MAX), "Its size in GB; it can grow, never shrink.")
            .aliases(&["size_gb", "size"])
            .sets("size_gb"),
        Field::new("region", Shape::Text, "The id of its data center.").aliases(&["dataCenterId"]).sets("region"),
        Field::new("tier", Shape::Word(&["STANDARD", "HIGH_PERFORMANCE"]), "How fast it is.")
            .aliases(&["type"])
            .sets("tier"),
        Field::new("lifecycle", Shape::Block(&LIFECYCLE), "Rules of its life."),
    ]],
};

/// One of `pods`: only there does a name of its own make sense, since a single pod is named after the project.
pub(super) static POD: Block = Block {
    title: "a pod",
    fields: &[&[Field::new("name", Shape::Text, "Its name at RunPod.").sets("name")], POD_FIELDS],
};

/// The fields of one pod: below `runpod`, and below each of `pods`.
static POD_FIELDS: &[Field] = &[
    Field::new("gpuType", Shape::Texts, "GPU type, pool or tier; a list is tried in order.")
        .aliases(&["gpuTypeId", "gpuTypeIds", "gpuTypes", "gpu_type_id", "gpu_type"])
        .sets("gpu_types"),
    Field::new("gpuCount", Shape::Int(1, 16), "Number of GPUs, 1 where not given.")
        .aliases(&["gpu_count"])
        .sets("gpu_count"),
    Field::new("cpuOnly", Shape::Bool, "A pod without GPUs.").aliases(&["cpu_only"]),
    Field::new("cpuInstanceId", Shape::Text, "CPU machine such as `cpu3c-2-4`.")
        .aliases(&["cpu_instance_id"])
        .sets("cpu_flavors"),
    Field::new("cpuFlavor", Shape::Texts, "CPU flavor such as `cpu3c`; a list is tried in order.")
        .aliases(&["cpuFlavorIds", "cpu_flavor"])
        .sets("cpu_flavors"),
    Field::new("vcpuCount", POSITIVE, "vCPUs of a CPU pod, 4 where not given.")
        .aliases(&["vcpu_count"])
        .sets("vcpu_count"),
    Field::new("memory", Shape::Memory, "Least memory of the machine, such as `16GB`.").sets("min_ram_gb_per_gpu"),
    Field::new("cpus", POSITIVE, "Least number of vCPUs of the machine.").sets("min_vcpu_per_gpu"),
    Field::new("containerDiskGb", POSITIVE, "Container disk in GB, wiped on stop; 50 where not given.")
        .aliases(&["container_disk_gb"])
        .sets("container_disk_gb"),
    Field::new("volumeSizeGb", Shape::Int(0, i64::MAX), "Pod volume in GB, kept on stop; 20 where not given.")
        .aliases(&["volume_size_gb"])
        .sets("volume_gb"),
    Field::new("volumeMountPath", Shape::Text, "Where the volume is mounted; `/workspace` where not given.")
        .aliases(&["volume_mount_path"])
        .sets("volume_mount_path"),
    Field::new("cloudType", Shape::Word(&["SECURE", "COMMUNITY"]), "`SECURE` where not given.")
        .aliases(&["cloud_type", "cloud"])
        .sets("cloud"),
    Field::new("region", Shape::Texts, "Data centers, countries (`US`) or continents (`EU`); any where not given.")
        .aliases(&["regions", "dataCenterIds"])
        .sets("regions"),
    Field::new("spot", Shape::Bool, "Interruptible; v1 only.").sets("spot"),
    Field::new("spotBid", Shape::Amount, "As `spot: true`; no API takes the bid.").aliases(&["spot_bid"]).sets("spot"),
    Field::new("ports", Shape::Texts, "Ports such as `8888/http` and `22/tcp`, which are also the default.")
        .sets("ports"),
    Field::new("exposePorts", Shape::Texts, "HTTP ports by number; 22/tcp is added.").aliases(&["expose_ports"]),
    Field::new("networkVolume", Shape::Text, "One of `networkVolumes`, by name.")
        .aliases(&["network_volume"])
        .sets("network_volume"),
    Field::new("networkVolumeId", Shape::Text, "A network volume that sindri does not own, by id.")
        .aliases(&["network_volume_id"])
        .sets("network_volume"),
    Field::new("publicIp", Shape::Bool, "Ask for a public address.").aliases(&["public_ip"]).sets("public_ip"),
    Field::new("startSsh", Shape::Bool, "Start sshd with the account's keys.")
        .aliases(&["start_ssh"])
        .sets("start_ssh"),
    Field::new("templateId", Shape::Text, "A template of the account.").aliases(&["template_id"]).sets("template"),
    Field::new("image", Shape::Text, "The container image, where it differs from `deployment.image`.").sets("image"),
    Field::new("args", Shape::Texts, "The command: a line as in a shell, or a list of words.")
        .aliases(&["command", "dockerStartCmd"])
        .sets("command"),
    Field::new("entrypoint", Shape::Texts, "The entrypoint: a line as in a shell, or a list of words.")
        .aliases(&["dockerEntrypoint"])
        .sets("entrypoint"),
    Field::new("env", Shape::Variables, "Environment variables.").sets("env"),
    Field::new("registryAuth", Shape::Text, "Id of a registry credential of the account.")
        .aliases(&["registryAuthId", "containerRegistryAuthId"])
        .sets("registry_auth"),
    Field::new("cudaVersions", Shape::Texts, "CUDA versions that the host may have, such as `12.8`.")
        .aliases(&["allowedCudaVersions"])
        .sets("cuda_versions"),
    Field::new("globalNetworking", Shape::Bool, "Join the account's private network.").sets("global_networking"),
    Field::new("locked", Shape::Bool, "Locked against stop and reset in the console.").sets("locked"),
    Field::new("power", Shape::Word(&["running", "stopped"]), "Whether the pod is to run."),
    Field::new("replicas", Shape::Int(0, 10_000), "That many alike, with addresses `pod.name[0]` and up."),
    Field::new("lifecycle", Shape::Block(&LIFECYCLE), "Rules of its life."),
    Field::new("timeouts", Shape::Block(&TIMEOUTS), "How long sindri waits."),
];

static LIFECYCLE: Block = Block {
    title: "`lifecycle`",
    fields: &[&[
        Field::new("updates", Shape::Word(&["recreate", "in-place"]), "How changes reach a living pod."),
        Field::new("createBeforeDestroy", Shape::Bool, "Replace by creating first."),
        Field::new("preventDestroy", Shape::Bool, "Refuse every plan that destroys it."),
        Field::new("ignoreChanges", Shape::Texts, "Fields that are never compared: `image`, `env.FOO`."),
    ]],
};

static TIMEOUTS: Block = Block {
    title: "`timeouts`",
    fields: &[&[
        Field::new("create", Shape::Duration, "Until it is ready for use."),
        Field::new("delete", Shape::Duration, "Until it is gone."),
    ]],
};
