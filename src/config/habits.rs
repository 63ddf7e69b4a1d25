//! Keys from RunPod's API, runpodctl, Terraform, docker compose and other clouds, and what to write instead.

use super::table::ForeignKeys;

const REPLICAS: &str = "`replicas: 3` makes three pods; `gpuCount` is the number of GPUs in each";
const GPUS: &str = "write `gpuType: \"NVIDIA L4\"`, and `gpuCount: 2` for two of them";
const MOUNTS: &str = "write `networkVolume: data` to mount a volume that `networkVolumes` declares, or \
                      `volumeSizeGb: 20` for a pod volume; `volumeMountPath` sets the path";
const REGIONS: &str = "did you mean `region`? It takes data centers such as `US-KS-2`, or `US` and `EU`";
const ORDER: &str = "remove it: sindri orders resources by their references, such as `networkVolume`";
const SPOT: &str = "write `cloudType: COMMUNITY` for cheaper hosts; REST v2 has no spot pods";
const NO_TAGS: &str = "remove it: RunPod has no labels for pods, and sindri finds its own by `SINDRI_RESOURCE`";
const NO_RESTART: &str = "remove it: RunPod decides when a container restarts";

const NO_TIMER: &str = "remove it: sindri has no timers. Run `sindri stop` or `sindri destroy` from a scheduler";
const NO_LOOPS: &str = "remove it: sindri has no loops. Write each pod under its name in `pods`, or `replicas: 3` \
                        for identical ones";
const NO_SETUP: &str =
    "remove it: sindri does not run setup steps. Build them into the image, or run them first in `args`";
const NO_KEYS: &str = "remove it: sindri does not set SSH keys. Add yours to the account at RunPod, and write \
                       `startSsh: true`";

const fn habit(keys: &'static [&'static str], instead: &'static str) -> ForeignKeys {
    ForeignKeys { keys, instead }
}

/// At the top level of the file.
pub(super) static ROOT_HABITS: &[ForeignKeys] = &[
    habit(&["volumes", "volume", "mounts"], "network volumes are declared under `providers.runpod.networkVolumes`"),
    habit(
        &["services", "pod", "instances", "servers", "machines"],
        "pods are declared under `providers.runpod.pods`, each under its name",
    ),
    habit(&["count", "replicas"], "`replicas` belongs under `providers.runpod.pods.NAME`"),
    habit(
        &["environments", "profiles", "workspaces", "stages"],
        "write the settings that differ in `prod` into `sindri.prod.yaml`, and select it with `-e prod`",
    ),
    habit(
        &["variables", "vars", "locals"],
        "`${NAME}` in a value reads the environment; anchors go under `x-...` keys",
    ),
    habit(&["environment", "envVars"], "did you mean `env`? It belongs under `providers.runpod`"),
    habit(&["dependsOn"], ORDER),
];

/// In a pod.
pub(super) static POD_HABITS: &[ForeignKeys] = &[
    habit(&["count", "instances", "instanceCount", "podCount", "numPods", "scale"], REPLICAS),
    habit(
        &[
            "gpu",
            "gpus",
            "gpuName",
            "gpuModel",
            "gpuId",
            "accelerator",
            "accelerators",
            "instance",
            "instanceType",
            "machine",
            "machineType",
            "machineId",
            "flavor",
            "hardware",
            "node",
            "nodeType",
            "sku",
        ],
        GPUS,
    ),
    habit(
        &["vram", "vramGb", "minVram", "gpuMemory", "gpuMemoryGb", "minGpuMemory", "gpuRam", "minMemoryPerGpu"],
        "choose a `gpuType` with enough memory; `sindri catalog gpus` lists the memory of each",
    ),
    habit(
        &["mounts", "mount", "volumes", "volume", "volumeMounts", "volumeMount", "persistentVolume", "storage"],
        MOUNTS,
    ),
    habit(&["mountPath", "volumePath"], "did you mean `volumeMountPath`?"),
    habit(&["volumeInGb", "volumeGb", "volumeSize"], "did you mean `volumeSizeGb`? It counts GB: `volumeSizeGb: 20`"),
    habit(
        &[
            "disk",
            "diskGb",
            "diskSize",
            "diskSizeGb",
            "containerDisk",
            "containerDiskInGb",
            "containerDiskSize",
            "containerDiskSizeGb",
        ],
        "did you mean `containerDiskGb`? It counts GB: `containerDiskGb: 50`",
    ),
    habit(
        &[
            "dataCenter",
            "datacenter",
            "dataCenterId",
            "data_center_ids",
            "datacenters",
            "dataCenters",
            "dataCenterPriority",
            "location",
            "locations",
            "zone",
            "zones",
            "availabilityZone",
            "country",
            "countryCode",
            "countryCodes",
        ],
        REGIONS,
    ),
    habit(
        &["environment", "envVars", "envs", "variables", "vars"],
        "did you mean `env`? It is a mapping: `env: { LOG_LEVEL: info }`",
    ),
    habit(&["cmd", "dockerArgs", "run", "script"], "did you mean `args`? It is a shell-style line or a list of words"),
    habit(&["imageName", "container", "dockerImage"], "did you mean `image`?"),
    habit(&["interruptible", "preemptible", "bid", "bidPrice", "bidPerGpu", "spotPrice", "maxPrice", "use_spot"], SPOT),
    habit(&["secureCloud"], "write `cloudType: SECURE`"),
    habit(&["communityCloud"], "write `cloudType: COMMUNITY`"),
    habit(&["supportPublicIp", "public_ip_address"], "did you mean `publicIp`?"),
    habit(
        &["minVCPUPerGPU", "minVcpuCount", "cpu", "vcpu", "vcpus", "vCPU"],
        "write `cpus: 4` for a minimum on a GPU pod, or `vcpuCount: 4` for a CPU pod",
    ),
    habit(
        &["minRAMPerGPU", "minMemoryInGb", "ram", "mem", "memoryInGb", "memoryGb"],
        "did you mean `memory`? It has a unit: `memory: 16GB`",
    ),
    habit(&["computeType"], "write `gpuType` for a GPU pod, or `cpuOnly: true` for a CPU pod"),
    habit(
        &["status", "state", "desiredStatus", "running", "enabled"],
        "did you mean `power`? It is `running` or `stopped`",
    ),
    habit(&["dependsOn"], ORDER),
    habit(&["tags", "labels", "annotations", "metadata"], NO_TAGS),
    habit(&["restart", "restartPolicy"], NO_RESTART),
    habit(
        &["minCudaVersion", "cudaVersion", "cuda", "minCuda"],
        "did you mean `cudaVersions`? It lists all accepted versions: `cudaVersions: [\"12.8\", \"12.9\"]`",
    ),
    habit(
        &[
            "ttl",
            "idle",
            "idleTimeout",
            "idleMinutes",
            "autostop",
            "autoShutdown",
            "stopAfter",
            "terminateAfter",
            "deleteAfter",
            "maxLifetime",
            "maxRuntime",
            "schedule",
        ],
        NO_TIMER,
    ),
    habit(&["forEach", "foreach", "loop", "matrix"], NO_LOOPS),
    habit(&["setup", "setupCommands", "initCommands", "postStart", "onStart", "userData", "provisioner"], NO_SETUP),
    habit(&["sshKey", "sshKeys", "sshPublicKey", "publicKey", "authorizedKeys", "keyName"], NO_KEYS),
    habit(&["secret"], "did you mean `secrets`? It belongs at the top level of the file"),
];

/// In a network volume.
pub(super) static VOLUME_HABITS: &[ForeignKeys] = &[
    habit(
        &["dataCenter", "datacenter", "location", "zone"],
        "did you mean `region`? It takes a data center such as `US-KS-2`",
    ),
    habit(&["sizeInGb", "capacity", "volumeSizeGb", "diskGb"], "did you mean `sizeGb`? It counts GB: `sizeGb: 100`"),
    habit(
        &["id", "volumeId", "networkVolumeId"],
        "mount an existing volume with `networkVolumeId` in the pod, or import it with `sindri import`",
    ),
    habit(&["mountPath", "path", "mount", "volumeMountPath"], "set `volumeMountPath` in the pod that mounts it"),
];

/// In a secret.
pub(super) static SECRET_HABITS: &[ForeignKeys] = &[
    habit(&["value"], "remove it: a value in the file is not a secret. `source: env` reads the variable of that name"),
    habit(&["env", "key", "variable"], "`name` is the name of the variable, in the pod and in your environment"),
    habit(&["file", "filename"], "did you mean `path`? Use it with `source: file`"),
];

/// In `budget`.
pub(super) static BUDGET_HABITS: &[ForeignKeys] = &[
    habit(&["pods", "podCount", "count", "instances"], "did you mean `maxPods`?"),
    habit(
        &["hourly", "perHour", "maxPerHour", "maxCost", "maxPrice", "cost", "price", "limit", "max", "amount"],
        "did you mean `maxHourly`? It is in dollars per hour: `maxHourly: 25.00`",
    ),
    habit(
        &["monthly", "maxMonthly", "perMonth", "daily", "maxDaily"],
        "write an hourly limit: `maxHourly: 25.00`; sindri counts 730 hours a month",
    ),
];

/// In `timeouts`.
pub(super) static TIMEOUT_HABITS: &[ForeignKeys] = &[
    habit(
        &["ready", "start", "up", "boot", "read", "update"],
        "did you mean `create`? It includes startup: `create: 15m`",
    ),
    habit(&["destroy", "stop", "terminate", "remove"], "did you mean `delete`? It is a time: `delete: 90s`"),
];

/// Next to `runpod`.
pub(super) static PROVIDER_HABITS: &[ForeignKeys] = &[habit(
    &["aws", "gcp", "google", "azure", "lambda", "vast", "vastai", "coreweave", "modal", "local", "paperspace"],
    "remove it: sindri supports RunPod only, under `providers.runpod`",
)];
