//! The disks of a pod: container disk, pod volume or network volume, and the data centers that a network volume allows.

use super::document::{Entry, Node};
use super::draft::Draft;
use super::machine::{Machine, regions};
use super::pod::Project;
use super::problem::Findings;
use super::source::Span;
use crate::catalog::{Cloud, nearest};
use crate::model::{Dialect, Value};

/// Defaults of the user's document, in GB.
const CONTAINER_DISK_GB: i64 = 50;
const POD_VOLUME_GB: i64 = 20;
const MOUNT_PATH: &str = "/workspace";
/// Least size of a pod volume. Source: `mounts.persistent.size` of REST v2.
const LEAST_V2_VOLUME_GB: i64 = 10;

/// Sets the disks, the network volume and the regions.
pub(super) fn storage(
    pod: &Node,
    at: Span,
    machine: &Machine,
    project: &Project<'_>,
    draft: &mut Draft,
    findings: &mut Findings,
) {
    let dialect = project.dialect;
    let disk = pod.get("containerDiskGb");
    let limit = machine.disk_limit_gb.unwrap_or(i64::MAX);
    let disk_gb = disk.and_then(Node::int).unwrap_or(CONTAINER_DISK_GB.min(limit));
    if let Some(disk) = disk.filter(|_| disk_gb > limit) {
        findings
            .error("disk_limit", disk.span, format!("this CPU machine takes at most {limit} GB of container disk"))
            .help("lower `containerDiskGb`, or take more vCPUs");
    }
    draft.set("container_disk_gb", Value::Int(disk_gb), disk.map(|node| node.span));

    let mut mount_path = MOUNT_PATH.to_owned();
    if let Some(path) = pod.get("volumeMountPath") {
        path.text().unwrap_or_default().clone_into(&mut mount_path);
        if !mount_path.starts_with('/') {
            findings.error("bad_path", path.span, "a mount path must be absolute").help("for example `/workspace`");
        }
    }
    let size = pod.get("volumeSizeGb");
    let explicit_gb = size.and_then(Node::int).filter(|gb| *gb > 0);
    let attached = network_volume(pod, at, machine, project, draft, findings);
    let volume_gb = match (attached, explicit_gb, size) {
        (true, Some(_), Some(size)) => {
            let message = "a pod has either a pod volume or a network volume";
            let help = "remove `volumeSizeGb`: the network volume takes its place at the mount path";
            match dialect {
                Dialect::V2 => findings.error("two_volumes", size.span, message).help(help),
                Dialect::V1 => findings.warn("two_volumes", size.span, message).help(help),
            };
            0
        }
        (true, ..) => 0,
        (false, Some(gb), Some(size)) if !machine.has_gpus && dialect == Dialect::V2 => {
            findings
                .error("volume_on_cpu", size.span, "REST v2 has no pod volume on a CPU pod")
                .help("write `volumeSizeGb: 0`, and keep what must last on a network volume");
            gb
        }
        (false, Some(gb), Some(size)) => {
            if dialect == Dialect::V2 && gb < LEAST_V2_VOLUME_GB {
                findings
                    .error("volume_size", size.span, format!("a pod volume cannot have {gb} GB"))
                    .help(format!("0 for none, or at least {LEAST_V2_VOLUME_GB} GB"));
            }
            gb
        }
        (false, None, Some(_)) => 0,
        (false, _, None) => {
            if machine.has_gpus {
                POD_VOLUME_GB
            } else {
                0
            }
        }
    };
    draft.set("volume_gb", Value::Int(volume_gb), size.map(|node| node.span));
    // Where nothing is mounted there is no path: v2 has no place for one, v1 shows its own default.
    let path = if attached || volume_gb > 0 { Value::Text(mount_path) } else { Value::Null };
    draft.set("volume_mount_path", path, pod.get("volumeMountPath").map(|node| node.span));
}

/// Sets the network volume and the regions, which must fit it; gives whether there is one.
fn network_volume(
    pod: &Node,
    at: Span,
    machine: &Machine,
    project: &Project<'_>,
    draft: &mut Draft,
    findings: &mut Findings,
) -> bool {
    let region = pod.get("region");
    let mut ids = regions(pod, project, findings);
    let (by_name, by_id) = (pod.entry("networkVolume"), pod.entry("networkVolumeId"));
    if let (Some(by_name), Some(by_id)) = (by_name, by_id) {
        findings
            .error("conflict", by_id.key_span, "`networkVolumeId` and `networkVolume` exclude each other")
            .also(by_name.key_span, "the other one")
            .help("RunPod mounts one network volume per pod");
    }
    let entry = by_name.or(by_id);
    if let (Some(entry), Cloud::Community) = (entry, machine.cloud) {
        findings
            .error("volume_on_community", entry.key_span, "network volumes are in the SECURE cloud only")
            .also(machine.cloud_span.unwrap_or(at), "asks for the other cloud")
            .help("remove `cloudType: COMMUNITY`, or the network volume");
    }
    if let Some(name) = by_name {
        let text = name.value.text().unwrap_or_default();
        match project.volumes.get(text) {
            Some(volume) => {
                draft.set("network_volume", Value::reference(volume.address.clone()), Some(name.value.span));
                if let Some(home) = &volume.region {
                    if let Some(region) = region.filter(|_| !ids.is_empty() && !ids.contains(home)) {
                        let problem = findings.error(
                            "region_conflict",
                            region.span,
                            format!("the pod cannot run here: its network volume `{text}` is in `{home}`"),
                        );
                        problem.help(format!("write `region: {home}`, or remove `region`: the volume decides"));
                        if let Some(span) = volume.region_span {
                            problem.also(span, "the volume is here");
                        }
                    }
                    ids = vec![home.clone()];
                }
            }
            None => unknown_volume(name, project, findings),
        }
    } else if let Some(id) = by_id {
        draft.set("network_volume", Value::text(id.value.text().unwrap_or_default()), Some(id.value.span));
    }
    draft.set("regions", Value::texts(ids), region.map(|node| node.span));
    entry.is_some()
}

fn unknown_volume(entry: &Entry, project: &Project<'_>, findings: &mut Findings) {
    let shown = entry.value.scalar().map_or("", |scalar| scalar.shown());
    let names = || project.volumes.keys().map(String::as_str);
    let declared = names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let otherwise = if declared.is_empty() {
        "declare it below `networkVolumes`, or use `networkVolumeId` for one that sindri does not own".to_owned()
    } else {
        format!("declared are {declared}; `networkVolumeId` takes one that sindri does not own")
    };
    findings
        .error("unknown_volume", entry.value.span, format!("there is no network volume `{shown}`"))
        .label("not among `networkVolumes`")
        .nearest(nearest(entry.value.text().unwrap_or_default(), names()), otherwise);
}
