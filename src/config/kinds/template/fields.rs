//! The fields of a template. Those of the container are spelled as in a pod.

use super::habits::TEMPLATE_HABITS;
use crate::config::kinds::container_fields::{ARGS, ENTRYPOINT, ENV, REGISTRY, REGISTRY_AUTH};
use crate::config::lifecycle::LIFECYCLE;
use crate::config::table::{BlockSchema, Field, POSITIVE, ValueShape};

pub(super) static SECTION: Field = Field::new(
    "templates",
    ValueShape::Named(&BLOCK),
    "Templates by name. sindri keeps them at RunPod, and pods and endpoints take their fields with `template`.",
)
.like(r#"templates: { base: { image: "ghcr.io/owner/name:1.2.3" } }"#);

pub(super) static BLOCK: BlockSchema = BlockSchema {
    title: "a template",
    habits: TEMPLATE_HABITS,
    fields: &[&[
        Field::new("name", ValueShape::Text, "Its name at RunPod, unique in the account.").sets("name"),
        Field::new("image", ValueShape::Text, "The container image.")
            .sets("image")
            .like(r#"image: "ghcr.io/owner/name:1.2.3""#)
            .required(),
        ARGS,
        ENTRYPOINT,
        ENV,
        Field::new("ports", ValueShape::Texts, "Ports to expose; none by default.")
            .sets("ports")
            .like(r#"ports: ["8888/http", "22/tcp"]"#),
        REGISTRY,
        REGISTRY_AUTH,
        Field::new("containerDiskGb", POSITIVE, "Container disk in GB; 50 by default.")
            .aliases(&["container_disk_gb"])
            .sets("container_disk_gb")
            .like("containerDiskGb: 50"),
        Field::new("volumeSizeGb", ValueShape::Int(0, i64::MAX), "Pod volume in GB; none by default.")
            .aliases(&["volume_size_gb"])
            .sets("volume_gb")
            .like("volumeSizeGb: 20"),
        Field::new("volumeMountPath", ValueShape::Text, "Path of the pod volume; `/workspace` by default.")
            .aliases(&["volume_mount_path"])
            .sets("volume_mount_path")
            .like("volumeMountPath: /workspace"),
        Field::new("cudaVersions", ValueShape::Texts, "Accepted CUDA versions of the host, such as `12.8`.")
            .aliases(&["allowedCudaVersions"])
            .sets("cuda_versions")
            .like(r#"cudaVersions: ["12.8"]"#),
        Field::new("startSsh", ValueShape::Bool, "Starts sshd with the account's keys; `true` by default.")
            .aliases(&["start_ssh"])
            .sets("start_ssh"),
        Field::new("startJupyter", ValueShape::Bool, "Starts JupyterLab; `true` by default.")
            .aliases(&["start_jupyter"])
            .sets("start_jupyter"),
        Field::new("serverless", ValueShape::Bool, "Whether RunPod offers it for endpoints instead of pods.")
            .aliases(&["isServerless"])
            .sets("serverless"),
        Field::new("public", ValueShape::Bool, "Whether every RunPod user can see and use it.")
            .aliases(&["isPublic"])
            .sets("public"),
        Field::new(
            "category",
            ValueShape::Word(&["NVIDIA", "AMD", "CPU"]),
            "Its group in the console: `NVIDIA` (default), `AMD` or `CPU`.",
        )
        .sets("category"),
        Field::new("lifecycle", ValueShape::Block(&LIFECYCLE), "Rules for updating and destroying it.")
            .like("lifecycle: { preventDestroy: true }"),
    ]],
    ..BlockSchema::EMPTY
};
