//! The disks of a pod: container disk, pod volume or network volume, and the data centers that a network volume allows.

use super::machine::MachineFields;
use super::mount::{self, MountProblem};
use crate::catalog::{Cloud, nearest};
use crate::config::context::Project;
use crate::config::document::{MappingEntry, YamlNode};
use crate::config::draft::ResourceDraft;
use crate::config::problem::Findings;
use crate::config::region::regions;
use crate::config::source::Span;
use crate::kind::NETWORK_VOLUME;
use crate::model::{Dialect, ProblemCode, Value};

/// Defaults from the user's document, in GB.
pub(in crate::config) const CONTAINER_DISK_GB: i64 = 50;
const POD_VOLUME_GB: i64 = 20;
pub(in crate::config) const MOUNT_PATH: &str = "/workspace";

/// Sets the disks, the network volume and the regions.
///
/// A disk that the file does not set gets its default, or is left to the pod's template.
pub(super) fn storage(
    pod: &YamlNode,
    at: Span,
    machine: &MachineFields,
    project: &Project<'_>,
    draft: &mut ResourceDraft,
    findings: &mut Findings,
) {
    let from_template = is_from_template(pod);
    container_disk(pod, machine, from_template, draft, findings);
    let attached = network_volume(pod, at, machine, project, draft, findings);
    let size = pod.get("volumeSizeGb");
    let volume_gb = match (attached, size) {
        (true, _) => {
            refuse_both(pod, project.dialect, findings);
            Some(0)
        }
        (false, Some(size)) => written_volume(size, machine, from_template, project.dialect, findings),
        (false, None) if from_template => None,
        (false, None) if machine.has_gpus => Some(POD_VOLUME_GB),
        (false, None) => Some(0),
    };
    draft.set("volume_gb", volume_gb.map_or(Value::Null, Value::Int), size.map(|node| node.span));

    let path = pod.get("volumeMountPath");
    if let Some(path) = path {
        check_mount_path(path, findings);
        if from_template && !attached && size.is_none() && project.dialect == Dialect::V2 {
            findings
                .error(
                    ProblemCode::PathWithoutSize,
                    path.span,
                    "REST v2 accepts a mount path only with the size of the volume",
                )
                .help("write `volumeSizeGb` too, or leave both to the template");
        }
    }
    // Without a mount there is no path: v2 has no field for it, and v1 shows its own default.
    let mounts = attached || volume_gb.is_some_and(|gb| gb > 0) || (volume_gb.is_none() && path.is_some());
    let shown = path.and_then(YamlNode::text).unwrap_or(MOUNT_PATH);
    draft.set("volume_mount_path", if mounts { Value::text(shown) } else { Value::Null }, path.map(|node| node.span));
}

fn container_disk(
    pod: &YamlNode,
    machine: &MachineFields,
    from_template: bool,
    draft: &mut ResourceDraft,
    findings: &mut Findings,
) {
    let disk = pod.get("containerDiskGb");
    if disk.is_none() && from_template {
        return;
    }
    let limit = machine.disk_limit_gb.unwrap_or(i64::MAX);
    let disk_gb = disk.and_then(YamlNode::int).unwrap_or(CONTAINER_DISK_GB.min(limit));
    if let Some(disk) = disk.filter(|_| disk_gb > limit) {
        findings
            .error(
                ProblemCode::DiskLimit,
                disk.span,
                format!("this CPU machine has at most {limit} GB of container disk"),
            )
            .help("lower `containerDiskGb`, or request more vCPUs");
    }
    draft.set("container_disk_gb", Value::Int(disk_gb), disk.map(|node| node.span));
}

/// Reports a pod volume combined with a network volume.
fn refuse_both(pod: &YamlNode, dialect: Dialect, findings: &mut Findings) {
    let Some(size) = pod.get("volumeSizeGb").filter(|size| size.int().is_some_and(|gb| gb > 0)) else { return };
    let message = "a pod has either a pod volume or a network volume";
    let help = "remove `volumeSizeGb`; the network volume is mounted there instead";
    match dialect {
        Dialect::V2 => findings.error(ProblemCode::TwoVolumes, size.span, message).help(help),
        Dialect::V1 => findings.warn(ProblemCode::TwoVolumes, size.span, message).help(help),
    };
}

/// The size of the pod volume in the file; `None` if only the template can decide.
fn written_volume(
    size: &YamlNode,
    machine: &MachineFields,
    from_template: bool,
    dialect: Dialect,
    findings: &mut Findings,
) -> Option<i64> {
    let gb = size.int().unwrap_or(0);
    if gb > 0 && !machine.has_gpus && dialect == Dialect::V2 {
        findings
            .error(ProblemCode::VolumeOnCpu, size.span, "REST v2 has no pod volume on a CPU pod")
            .help("write `volumeSizeGb: 0`, and keep lasting data on a network volume");
    }
    if gb == 0 && from_template && machine.has_gpus && dialect == Dialect::V2 {
        findings
            .warn(ProblemCode::TemplateVolume, size.span, "REST v2 cannot omit a pod volume that the template has")
            .help("remove `volumeSizeGb` to use the template's volume, or use a template without a volume");
        return None;
    }
    Some(gb)
}

/// Reports a path where a volume hides what the image needs.
pub(in crate::config) fn check_mount_path(path: &YamlNode, findings: &mut Findings) {
    const HELP: &str = "for example `/workspace`";
    match mount::check(path.text().unwrap_or_default()) {
        Some(MountProblem::Error(why)) => {
            findings.error(ProblemCode::BadPath, path.span, why).help(HELP);
        }
        Some(MountProblem::Warning(why)) => {
            findings.warn(ProblemCode::HiddenFiles, path.span, why).help(HELP);
        }
        None => {}
    }
}

/// Sets the network volume and the matching regions. Returns whether there is a network volume.
fn network_volume(
    pod: &YamlNode,
    at: Span,
    machine: &MachineFields,
    project: &Project<'_>,
    draft: &mut ResourceDraft,
    findings: &mut Findings,
) -> bool {
    let region = pod.get("region");
    let mut ids = regions(pod, project, findings);
    let (by_name, by_id) = (pod.entry("networkVolume"), pod.entry("networkVolumeId"));
    if let (Some(by_name), Some(by_id)) = (by_name, by_id) {
        findings
            .error(
                ProblemCode::Conflict,
                by_id.key_span,
                "`networkVolumeId` and `networkVolume` are mutually exclusive",
            )
            .also(by_name.key_span, "the other one")
            .help("RunPod mounts one network volume per pod");
    }
    let entry = by_name.or(by_id);
    if let (Some(entry), Cloud::Community) = (entry, machine.cloud) {
        findings
            .error(ProblemCode::VolumeOnCommunity, entry.key_span, "network volumes exist only in the SECURE cloud")
            .also(machine.cloud_span.unwrap_or(at), "requests the other cloud")
            .help("remove `cloudType: COMMUNITY`, or the network volume");
    }
    if let Some(name) = by_name {
        let text = name.value.text().unwrap_or_default();
        match project.find(&NETWORK_VOLUME, text) {
            Some(volume) => {
                let address = volume.resource.address.clone();
                draft.set("network_volume", Value::reference(address), Some(name.value.span));
                // A volume without a region was reported.
                if let Some(home) = volume.resource.inputs.get("region").and_then(Value::as_text) {
                    if let Some(region) = region.filter(|_| !ids.is_empty() && !ids.iter().any(|id| id == home)) {
                        let problem = findings.error(
                            ProblemCode::RegionConflict,
                            region.span,
                            format!("the pod cannot run here: its network volume `{text}` is in `{home}`"),
                        );
                        problem.help(format!("write `region: {home}`, or remove `region` to follow the volume"));
                        if let Some(span) = volume.span("region") {
                            problem.also(span, "the volume is here");
                        }
                    }
                    ids = vec![home.to_owned()];
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

fn unknown_volume(entry: &MappingEntry, project: &Project<'_>, findings: &mut Findings) {
    let shown = entry.value.scalar().map_or("", |scalar| scalar.shown());
    // Each search reads all names, so problems that are not shown must not cause one.
    let known = findings.may_search().then_some(project);
    let names = || known.into_iter().flat_map(|project| project.names(&NETWORK_VOLUME));
    let declared = names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let otherwise = if declared.is_empty() {
        "declare it under `networkVolumes`, or use `networkVolumeId` for one that sindri does not manage".to_owned()
    } else {
        format!("declared: {declared}; use `networkVolumeId` for one that sindri does not manage")
    };
    findings
        .error(ProblemCode::UnknownVolume, entry.value.span, format!("there is no network volume `{shown}`"))
        .label("not among `networkVolumes`")
        .nearest(nearest(entry.value.text().unwrap_or_default(), names()), otherwise);
}

/// Whether a template supplies what the file does not set.
pub(super) fn is_from_template(pod: &YamlNode) -> bool {
    pod.get("templateId").and_then(YamlNode::text).is_some_and(|id| !id.is_empty())
}
