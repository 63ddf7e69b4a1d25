//! Keys for a template in RunPod's API, runpodctl and Terraform, and what to write instead.

use crate::config::habits::habit;
use crate::config::table::ForeignKeys;

pub(super) static TEMPLATE_HABITS: &[ForeignKeys] = &[
    habit(&["imageName", "container", "dockerImage"], "did you mean `image`?"),
    habit(&["cmd", "dockerArgs", "run", "script"], "did you mean `args`? It is a shell-style line or a list of words"),
    habit(
        &["environment", "envVars", "envs", "variables", "vars"],
        "did you mean `env`? It is a mapping: `env: { LOG_LEVEL: info }`",
    ),
    habit(
        &["disk", "diskGb", "containerDisk", "containerDiskInGb", "containerDiskSizeGb"],
        "did you mean `containerDiskGb`? It counts GB: `containerDiskGb: 50`",
    ),
    habit(&["volumeInGb", "volumeGb", "volumeSize"], "did you mean `volumeSizeGb`? It counts GB: `volumeSizeGb: 20`"),
    habit(&["mountPath", "volumePath"], "did you mean `volumeMountPath`?"),
    habit(
        &["networkVolume", "networkVolumeId", "mounts", "volumes", "volumeMounts"],
        "write `networkVolume` in the pods or endpoints that use the template; a template has only a pod volume, \
         `volumeSizeGb: 20`",
    ),
    habit(
        &["readme", "description"],
        "remove it: REST v2 cannot set the readme of a template, and sindri leaves it as it is",
    ),
    habit(
        &["gpuType", "gpuCount", "cpuOnly", "region", "cloudType", "replicas", "power"],
        "write it in the pods or endpoints that use the template; a template has no machine",
    ),
    habit(&["id", "templateId"], "use an existing template with `templateId` in the pod, or import it"),
    habit(&["template", "extends", "from", "base"], "remove it: a template cannot be made from another one"),
    habit(&["minCudaVersion", "cuda", "minCuda"], "did you mean `cudaVersions`? It lists all accepted versions"),
];
