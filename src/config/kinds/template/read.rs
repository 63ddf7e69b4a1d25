//! Reads `templates`.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;

use super::fields;
use crate::config::config_kind::KindSection;
use crate::config::context::Project;
use crate::config::document::{MappingEntry, YamlNode};
use crate::config::draft::{Declared, LifecycleSettings, ResourceDraft};
use crate::config::environment;
use crate::config::kinds::pod::command::command;
use crate::config::kinds::pod::machine::cuda_versions;
use crate::config::kinds::pod::ports::ports;
use crate::config::kinds::pod::read::{PULLED_BY_PODS, set_image, set_registry};
use crate::config::kinds::pod::storage::{CONTAINER_DISK_GB, MOUNT_PATH, check_mount_path};
use crate::config::lifecycle::lifecycle;
use crate::config::problem::Findings;
use crate::kind::TEMPLATE;
use crate::model::{Address, ProblemCode, Value};

const CATEGORY: &str = "NVIDIA";

/// All declared templates.
pub(super) fn templates(section: &KindSection<'_>, project: &Project<'_>, findings: &mut Findings) -> Vec<Declared> {
    let declared: Vec<Declared> =
        section.declarations().iter().map(|entry| template(entry, project, findings)).collect();
    refuse_same_names(section.declarations(), &declared, findings);
    declared
}

/// Reports templates with the same name at RunPod, which accepts a name once per account.
fn refuse_same_names(entries: &[MappingEntry], declared: &[Declared], findings: &mut Findings) {
    let mut first: BTreeMap<&Value, &MappingEntry> = BTreeMap::new();
    for (entry, template) in entries.iter().zip(declared) {
        let Some(name) = template.resource.inputs.get("name") else { continue };
        match first.entry(name) {
            Slot::Vacant(slot) => drop(slot.insert(entry)),
            Slot::Occupied(other) => {
                let at = template.span("name").unwrap_or(entry.key_span);
                let message = format!("the templates `{}` and `{}` have the same `name`", other.get().key, entry.key);
                findings
                    .error(ProblemCode::Conflict, at, message)
                    .help("RunPod accepts the name of a template once per account; change one of them");
            }
        }
    }
}

fn template(entry: &MappingEntry, project: &Project<'_>, findings: &mut Findings) -> Declared {
    let (key, at, node) = (&entry.key, entry.key_span, &entry.value);
    let mut draft = ResourceDraft::new(&TEMPLATE);
    let name = node.get("name");
    draft.set(
        "name",
        Value::text(name.and_then(YamlNode::text).map_or_else(|| project.standard_name(key), str::to_owned)),
        name.map_or(project.name_span, |node| Some(node.span)),
    );
    match node.get("image") {
        Some(image) => set_image(image, PULLED_BY_PODS, &mut draft, findings),
        None => {
            findings
                .missing(&["image"], ProblemCode::MissingImage, at, "the template has no `image`")
                .help("write its container image, for example `image: \"ghcr.io/owner/name:1.2.3\"`");
        }
    }
    command(node, &mut draft, findings);
    environment::set_variables(&mut draft, &[], node.entry("env"), at, project, findings);
    let listed = ports(node, true, findings);
    draft.set("ports", Value::texts(listed.iter().map(|port| port.text())), node.get("ports").map(|node| node.span));
    set_registry(node, project, &mut draft, findings);
    storage(node, &mut draft, findings);
    if let Some(versions) = node.get("cudaVersions") {
        cuda_versions(versions, &mut draft, findings);
    }
    settings(node, &mut draft);
    // Items of ports, variables and versions were checked where they have positions.
    let open = |attribute: &str| !matches!(attribute, "ports" | "env" | "cuda_versions");
    draft.keep_limits(project.dialect, &fields::BLOCK, at, open, findings);
    let lifecycle = lifecycle(node.get("lifecycle"), &TEMPLATE, &fields::BLOCK, findings);
    let settings = LifecycleSettings { lifecycle, ..LifecycleSettings::default() };
    draft.finish(Address::new(TEMPLATE.name, key), settings, at, findings).with_fields(node)
}

/// Sets the disks. The container disk has the default of a pod, so that the console and sindri make the same pod.
fn storage(node: &YamlNode, draft: &mut ResourceDraft, findings: &mut Findings) {
    let disk = node.get("containerDiskGb");
    let disk_gb = disk.and_then(YamlNode::int).unwrap_or(CONTAINER_DISK_GB);
    draft.set("container_disk_gb", Value::Int(disk_gb), disk.map(|node| node.span));
    let size = node.get("volumeSizeGb");
    let volume_gb = size.and_then(YamlNode::int).unwrap_or(0);
    draft.set("volume_gb", Value::Int(volume_gb), size.map(|node| node.span));
    let path = node.get("volumeMountPath");
    if let Some(path) = path {
        check_mount_path(path, findings);
    }
    // Without a volume there is no path: v2 has no field for it.
    let shown = path.and_then(YamlNode::text).unwrap_or(MOUNT_PATH);
    let shown = if volume_gb > 0 { Value::text(shown) } else { Value::Null };
    draft.set("volume_mount_path", shown, path.map(|node| node.span));
}

/// Sets the fields that RunPod has defaults for. All are sent, because two of the defaults are `true`.
fn settings(node: &YamlNode, draft: &mut ResourceDraft) {
    for (key, attribute, by_default) in [
        ("startSsh", "start_ssh", true),
        ("startJupyter", "start_jupyter", true),
        ("serverless", "serverless", false),
        ("public", "public", false),
    ] {
        let written = node.get(key);
        let flag = written.and_then(YamlNode::bool).unwrap_or(by_default);
        draft.set(attribute, Value::Bool(flag), written.map(|node| node.span));
    }
    let category = node.get("category");
    let word = category.and_then(YamlNode::text).unwrap_or(CATEGORY);
    draft.set("category", Value::text(word), category.map(|node| node.span));
}
