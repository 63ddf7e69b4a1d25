//! Translates the machine settings of `deployment` into fields of a pod, so that later code knows only one vocabulary.
//!
//! Sources: the user's document and sindri 3.x, whose files are still supported.

use crate::config::document::{Data, MappingEntry, Scalar, YamlNode};
use crate::config::problem::Findings;
use crate::config::quantity::megabytes;
use crate::model::ProblemCode;

/// The pod fields set by `deployment`; fields below `runpod` override them.
pub(super) fn pod_fields(root: &YamlNode, runpod: &YamlNode, findings: &mut Findings) -> YamlNode {
    let deployment = root.entry("deployment");
    let span = deployment.map_or(root.span, |entry| entry.key_span);
    let mut fields: Vec<MappingEntry> = Vec::new();
    if let Some(MappingEntry { value: deployment, .. }) = deployment {
        refuse_builds(deployment, findings);
        fields.extend(image(deployment, findings));
        fields.extend(resources(deployment, runpod, findings));
        fields.extend(workspace(deployment));
    }
    YamlNode { span, data: Data::Map(fields) }
}

/// The same entry under another key.
fn renamed(entry: &MappingEntry, key: &str) -> MappingEntry {
    MappingEntry { key: key.to_owned(), ..entry.clone() }
}

fn refuse_builds(deployment: &YamlNode, findings: &mut Findings) {
    if let Some(enabled) = deployment.at(&["buildFromSource", "enabled"]).filter(|node| node.bool() == Some(true)) {
        findings
            .error(ProblemCode::Unsupported, enabled.span, "RunPod runs images but does not build them")
            .help("build and push the image in CI, then set `deployment.image` to it");
    }
}

fn image(deployment: &YamlNode, findings: &mut Findings) -> Option<MappingEntry> {
    let (plain, parts) = (deployment.entry("image"), deployment.entry("image_config"));
    let (Some(parts), None) = (parts, plain) else {
        if let (Some(parts), Some(plain)) = (parts, plain) {
            findings
                .error(ProblemCode::Conflict, parts.key_span, "`image_config` and `image` both set the image")
                .also(plain.key_span, "the other one")
                .help("keep one of them");
        }
        return plain.cloned();
    };
    let part = |key: &str| parts.value.get(key).and_then(YamlNode::text);
    let Some(registry) = part("registry") else {
        findings
            .missing(&["registry"], ProblemCode::MissingField, parts.key_span, "`image_config` has no `registry`")
            .help("write the whole image into `deployment.image`: `ghcr.io/owner/name:tag`");
        return None;
    };
    let exact = |version: &&str| {
        version.chars().next().is_some_and(|first| first.is_ascii_alphanumeric()) && !version.contains([' ', '*', ','])
    };
    let image = if let Some(digest) = part("digest") {
        format!("{registry}@{digest}")
    } else if let Some(tag) = part("tag_override").or(part("version").filter(exact)) {
        format!("{registry}:{tag}")
    } else {
        let at = parts.value.get("version").map_or(parts.key_span, |node| node.span);
        findings
            .error(
                ProblemCode::Unsupported,
                at,
                "the image needs an exact tag or digest; sindri does not resolve version ranges",
            )
            .help("set `tag_override` or `digest`, so that every apply runs the same image");
        // Still return the image, to avoid a second error about a missing one.
        registry.to_owned()
    };
    let value = YamlNode { span: parts.key_span, data: Data::Scalar(Scalar::new(image)) };
    Some(MappingEntry { key: "image".into(), key_span: parts.key_span, value })
}

fn resources(deployment: &YamlNode, runpod: &YamlNode, findings: &mut Findings) -> Vec<MappingEntry> {
    let Some(resources) = deployment.get("resources") else { return Vec::new() };
    let mut fields: Vec<MappingEntry> =
        ["memory", "cpus"].iter().filter_map(|key| resources.entry(key)).cloned().collect();
    let Some(gpu) = resources.get("gpu") else { return fields };
    let gpu_type = runpod.entry("gpuType");
    match gpu.entry("enabled").map(|entry| (entry, entry.value.bool())) {
        Some((entry, Some(false))) => {
            if let Some(gpu_type) = gpu_type {
                findings
                    .error(ProblemCode::Conflict, entry.value.span, "`gpu.enabled: false` contradicts `gpuType`")
                    .also(gpu_type.key_span, "requests GPUs")
                    .help("remove one of them; for a pod without GPUs, write `cpuOnly: true`");
            }
            return fields;
        }
        Some((entry, _)) if runpod.get("cpuOnly").and_then(YamlNode::bool) == Some(true) => {
            findings
                .error(ProblemCode::CpuWithGpu, entry.value.span, "`gpu.enabled: true` contradicts `cpuOnly: true`")
                .help("remove one of them");
        }
        _ => {}
    }
    if let Some(count) = gpu.entry("count") {
        match runpod.entry("gpuCount") {
            Some(other) if other.value.int() != count.value.int() => {
                findings
                    .error(ProblemCode::Conflict, count.value.span, "`gpu.count` and `gpuCount` differ")
                    .also(other.value.span, "the other one")
                    .help("keep `gpuCount`");
            }
            _ => fields.push(renamed(count, "gpuCount")),
        }
    }
    if let Some(tier) = gpu.entry("tier") {
        fields.push(renamed(tier, "gpuType"));
    }
    if let (Some("amd"), None, Some(maker)) = (gpu.get("type").and_then(YamlNode::text), gpu_type, gpu.get("type")) {
        findings
            .error(ProblemCode::MissingGpu, maker.span, "`type: amd` does not select a GPU type")
            .help("write `gpuType: \"AMD Instinct MI300X OAM\"` under `providers.runpod`");
    }
    fields
}

/// `volumes.workspace` of sindri 3.x is now the pod volume.
fn workspace(deployment: &YamlNode) -> Vec<MappingEntry> {
    let Some(workspace) = deployment.at(&["volumes", "workspace"]) else { return Vec::new() };
    let size = workspace.entry("size").and_then(|entry| {
        let size_gb = megabytes(&entry.value)?.div_euclid(1024).max(1);
        let value = YamlNode { span: entry.value.span, data: Data::Scalar(Scalar::new(size_gb.to_string())) };
        Some(MappingEntry { value, ..renamed(entry, "volumeSizeGb") })
    });
    let path = workspace.entry("path").map(|entry| renamed(entry, "volumeMountPath"));
    size.into_iter().chain(path).collect()
}
