//! Keys for a pod in RunPod's API, runpodctl, Terraform, docker compose and other clouds, and what to write instead.

use crate::config::habits::{ORDER, habit};
use crate::config::table::ForeignKeys;

const REPLICAS: &str = "`replicas: 3` creates three pods; `gpuCount` is the number of GPUs in each";
const GPUS: &str = "write `gpuType: \"NVIDIA L4\"`, and `gpuCount: 2` for two of them";
const MOUNTS: &str = "write `networkVolume: data` to mount a volume that `networkVolumes` declares, or \
                      `volumeSizeGb: 20` for a pod volume; `volumeMountPath` sets the path";
const REGIONS: &str = "did you mean `region`? It takes data centers such as `US-KS-2`, or `US` and `EU`";
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

/// In a pod.
pub(in crate::config) static POD_HABITS: &[ForeignKeys] = &[
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
