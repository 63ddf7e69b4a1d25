//! Writes an existing endpoint as a block.

use crate::catalog::Catalog;
use crate::config::kinds::registry::write_use;
use crate::config::lines::{KnownIds, YamlLines, quoted, single, written};
use crate::kind::NETWORK_VOLUME;
use crate::model::{Attributes, Object, Value};

/// `gpuType` can leave out only types that the catalog has in a pool.
pub(super) fn undeclarable(endpoint: &Object) -> Option<&'static str> {
    let attributes = &endpoint.attributes;
    let has = |name: &str| !texts(attributes, name).is_empty();
    if !has("gpu_pools") && !has("cpu_instances") {
        return Some("RunPod does not show its hardware");
    }
    gpu_types(attributes)
        .is_none()
        .then_some("it uses or excludes GPU types that are in none of the pools that this version of sindri knows")
}

pub(super) fn write(lines: &mut YamlLines, endpoint: &Object, declared: &KnownIds) {
    let attributes = &endpoint.attributes;
    let seen = |attribute: &str| attributes.get(attribute);
    let by_balancer = seen("routing").and_then(Value::as_text) == Some("LOAD_BALANCER");
    lines.field("name", seen("name"));
    lines.line(if by_balancer { "type: loadBalancer" } else { "type: queue" });
    lines.field("image", seen("image"));
    match texts(attributes, "cpu_instances").as_slice() {
        [] => {
            let gpus = gpu_types(attributes).map(Value::texts);
            lines.field("gpuType", gpus.as_ref().map(single));
            lines.field("gpuCount", seen("gpu_count").filter(|count| count.as_int() != Some(1)));
            lines.field("allowedCuda", seen("cuda_versions").filter(|list| !list.text_items().is_empty()));
            lines.field("minCuda", seen("min_cuda_version"));
        }
        instances => lines.field("cpuInstanceId", Some(single(&Value::texts(instances.iter().copied())))),
    }
    write_scaling(lines, attributes);
    let volumes: Vec<&str> = texts(attributes, "network_volumes");
    let by_name = |id: &&str| declared.name(NETWORK_VOLUME.name, id).map_or((*id).to_owned(), str::to_owned);
    if !volumes.is_empty() {
        lines.field("networkVolumes", Some(&Value::texts(volumes.iter().map(by_name))));
    }
    lines.field("region", seen("regions").filter(|list| !list.text_items().is_empty()).map(single));
    lines.field("containerDiskGb", seen("container_disk_gb"));
    lines.field("ports", seen("ports").filter(|list| !list.text_items().is_empty()));
    for (field, attribute) in [("entrypoint", "entrypoint"), ("args", "command")] {
        let words = seen(attribute).filter(|words| words.as_list().is_some_and(|words| !words.is_empty()));
        if words.is_some_and(Value::holds_secret) {
            lines.line(&format!(
                "# `{field}` contains a credential. It is not written here and is unchanged at RunPod."
            ));
        } else {
            lines.field(field, words);
        }
    }
    write_use(lines, seen("registry_auth"), declared);
    let names = seen("env").and_then(Value::as_map).into_iter().flatten().map(|(name, _)| quoted(name));
    let names: Vec<String> = names.collect();
    if !names.is_empty() {
        lines.line("# Its environment is unchanged; a replacement gets only the variables in `env` and `secrets`.");
        lines.line(&format!("# It now has: {}", names.join(", ")));
    }
}

fn write_scaling(lines: &mut YamlLines, attributes: &Attributes) {
    let number = |name: &str| attributes.get(name).and_then(Value::as_int);
    let limits = [("min", "workers_min"), ("max", "workers_max")];
    let mut workers: Vec<String> =
        limits.iter().filter_map(|(field, name)| Some(format!("{field}: {}", number(name)?))).collect();
    workers.extend(number("idle_timeout_seconds").map(|seconds| format!("idleTimeout: {seconds}s")));
    if !workers.is_empty() {
        lines.line(&format!("workers: {{ {} }}", workers.join(", ")));
    }
    if let Some(count) = number("request_count") {
        lines.line(&format!("scaling: {{ requestCount: {count} }}"));
    } else if let Some(delay_ms) = number("queue_delay_ms") {
        lines.line(&format!("scaling: {{ queueDelay: {} }}", delay_ms as f64 / 1000.0));
    }
    if let Some(timeout_ms) = number("timeout_ms") {
        lines.line(&format!("timeout: {}s", timeout_ms / 1000));
    }
    let flashboot = match attributes.get("flashboot").and_then(Value::as_text) {
        Some("FLASHBOOT") => "true",
        Some("PRIORITY_FLASHBOOT") => "priority",
        _ => "false",
    };
    lines.line(&format!("flashboot: {}", written(&Value::text(flashboot)).trim_matches('"')));
}

/// The words of `gpuType` that give these pools and exclusions: a pool as a whole, or the types that remain of it.
/// `None` if the catalog knows another pool.
fn gpu_types(attributes: &Attributes) -> Option<Vec<String>> {
    let excluded = texts(attributes, "excluded_gpu_types");
    let mut words = Vec::new();
    let mut left_out = 0;
    for id in texts(attributes, "gpu_pools") {
        let pool = Catalog::embedded().pools.iter().find(|pool| pool.id == id)?;
        let (out, rest): (Vec<&String>, Vec<&String>) =
            pool.members.iter().partition(|member| excluded.contains(&member.as_str()));
        left_out += out.len();
        match out.is_empty() {
            true => words.push(id.to_owned()),
            false => words.extend(rest.into_iter().cloned()),
        }
    }
    (left_out == excluded.len()).then_some(words)
}

fn texts<'a>(attributes: &'a Attributes, name: &str) -> Vec<&'a str> {
    attributes.get(name).map(Value::text_items).unwrap_or_default()
}
