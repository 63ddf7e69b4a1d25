//! Writes an existing template as a block.

use crate::config::kinds::pod::write::{write_command, write_environment};
use crate::config::kinds::registry::write_use;
use crate::config::lines::{KnownIds, YamlLines};
use crate::model::{Object, Value};

pub(super) fn write(lines: &mut YamlLines, template: &Object, declared: &KnownIds) {
    let seen = |attribute: &str| template.attributes.get(attribute);
    let listed = |attribute: &str| seen(attribute).filter(|value| !value.text_items().is_empty());
    let flagged = |attribute: &str, by_default| seen(attribute).filter(|flag| **flag != Value::Bool(by_default));
    lines.field("name", seen("name"));
    lines.field("image", seen("image"));
    write_use(lines, seen("registry_auth"), declared);
    lines.field("containerDiskGb", seen("container_disk_gb"));
    let volume = seen("volume_gb").filter(|size| size.as_int().is_some_and(|size| size > 0));
    lines.field("volumeSizeGb", volume);
    lines.field("volumeMountPath", seen("volume_mount_path").filter(|_| volume.is_some()));
    lines.field("ports", listed("ports"));
    write_command(lines, template);
    lines.field("cudaVersions", listed("cuda_versions"));
    lines.field("startSsh", flagged("start_ssh", true));
    lines.field("startJupyter", flagged("start_jupyter", true));
    lines.field("serverless", flagged("serverless", false));
    lines.field("public", flagged("public", false));
    lines.field("category", seen("category").filter(|category| category.as_text() != Some("NVIDIA")));
    let note =
        "# Its environment is unchanged at RunPod. Pods that name this template get only the variables in `env`.";
    write_environment(lines, template, note);
}
