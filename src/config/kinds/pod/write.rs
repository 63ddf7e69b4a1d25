//! Writes an existing pod as a block.

use crate::config::kinds::registry::write_use;
use crate::config::lines::{KnownIds, YamlLines, quoted, single};
use crate::kind::NETWORK_VOLUME;
use crate::model::{Object, Power, Status, Value};

/// On v1, a pod that is still being placed does not show its hardware.
pub(super) fn undeclarable(pod: &Object) -> Option<&'static str> {
    let placed = ["gpu_types", "cpu_flavors"].iter().any(|name| pod.attributes.contains_key(name));
    (pod.status == Some(Status::Creating) && !placed)
        .then_some("it is being created, and RunPod does not show its hardware yet; try again in a minute")
}

pub(super) fn write(lines: &mut YamlLines, pod: &Object, declared: &KnownIds) {
    let seen = |attribute: &str| pod.attributes.get(attribute);
    let set = |attribute: &str| seen(attribute).filter(|value| value.as_bool() == Some(true));
    lines.field("name", seen("name").filter(|name| name.as_text() != Some("")));
    lines.field("image", seen("image"));
    lines.field("gpuType", seen("gpu_types").map(single));
    lines.field("gpuCount", seen("gpu_count").filter(|count| count.as_int() != Some(1)));
    lines.field("cpuFlavor", seen("cpu_flavors").map(single));
    if seen("cpu_flavors").is_some() {
        lines.field("vcpuCount", seen("vcpu_count"));
    }
    lines.field("cloudType", seen("cloud"));
    let mounted = seen("network_volume").filter(|id| id.as_text().is_some_and(|id| !id.is_empty()));
    let volume = mounted.and_then(Value::as_text).and_then(|id| declared.name(NETWORK_VOLUME.name, id));
    // A declared volume determines where its pods run.
    lines.field("region", seen("regions").map(single).filter(|_| mounted.is_none() || volume.is_none()));
    lines.field("containerDiskGb", seen("container_disk_gb"));
    match (mounted, volume) {
        (Some(_), Some(volume)) => lines.field("networkVolume", Some(&Value::text(volume))),
        (Some(id), None) => lines.field("networkVolumeId", Some(id)),
        (None, _) => lines.field("volumeSizeGb", Some(seen("volume_gb").unwrap_or(&Value::Int(0)))),
    }
    let mounts = mounted.is_some() || seen("volume_gb").and_then(Value::as_int).is_some_and(|size| size > 0);
    let absolute = |path: &&Value| path.as_text().is_some_and(|path| path.starts_with('/'));
    lines.field("volumeMountPath", seen("volume_mount_path").filter(|_| mounts).filter(absolute));
    lines.field("ports", seen("ports"));
    write_command(lines, pod);
    write_use(lines, seen("registry_auth"), declared);
    lines.field("globalNetworking", set("global_networking"));
    lines.field("spot", set("spot"));
    lines.field("locked", set("locked"));
    if pod.status.as_ref().and_then(Status::power) == Some(Power::Stopped) {
        lines.line("power: stopped");
    }
    let note = "# Its environment is unchanged; a replacement gets only the variables in `env` and `secrets`.";
    write_environment(lines, pod, note);
}

/// Writes the command of a container, unless it holds a credential.
pub(in crate::config) fn write_command(lines: &mut YamlLines, object: &Object) {
    for (field, attribute) in [("entrypoint", "entrypoint"), ("args", "command")] {
        let words =
            object.attributes.get(attribute).filter(|words| words.as_list().is_some_and(|words| !words.is_empty()));
        if words.is_some_and(Value::holds_secret) {
            lines.line(&format!(
                "# `{field}` contains a credential. It is not written here and is unchanged at RunPod."
            ));
        } else {
            lines.field(field, words);
        }
    }
}

/// Writes the names of the variables as a comment after `note`.
pub(in crate::config) fn write_environment(lines: &mut YamlLines, object: &Object, note: &str) {
    let env = object.attributes.get("env").and_then(Value::as_map);
    let names: Vec<String> = env.into_iter().flatten().map(|(name, _)| quoted(name)).collect();
    if !names.is_empty() {
        lines.line(note);
        lines.line(&format!("# It now has: {}", names.join(", ")));
    }
}
