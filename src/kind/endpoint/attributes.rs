//! The attributes of serverless endpoints.
//!
//! Sources: `CreateEndpointRequest` and `UpdateEndpointRequest` of RunPod's OpenAPI v2, and the description of
//! `updateEndpoint`: scaling, workers and timeout reach the autoscaler at once, and changes of the container create a
//! release.

use crate::kind::attribute::{
    AccountObject, Attribute, BOTH, Compare, Names, SharedMap, attribute, in_place, replace, rollout,
};
use crate::model::{Effect, Value};

pub(super) const ATTRIBUTES: &[Attribute] = &[
    attribute("name", Compare::Exact, in_place, "an endpoint is renamed in place", BOTH),
    attribute("routing", Compare::Exact, replace, "RunPod cannot change the type of an endpoint", BOTH),
    from_template(attribute("image", Compare::Exact, rollout, "a new image is a release", BOTH)),
    attribute("gpu_pools", Compare::Set, compute_family, FAMILY, BOTH),
    attribute("excluded_gpu_types", Compare::Set, rollout, HARDWARE, BOTH),
    attribute("gpu_count", Compare::Exact, rollout, HARDWARE, BOTH),
    attribute("cpu_instances", Compare::Set, compute_family, FAMILY, BOTH),
    from_template(attribute("cuda_versions", Compare::Set, rollout, HARDWARE, BOTH)),
    attribute("min_cuda_version", Compare::Exact, rollout, HARDWARE, BOTH),
    attribute("workers_min", Compare::Exact, in_place, SCALING, BOTH),
    attribute("workers_max", Compare::Exact, in_place, SCALING, BOTH),
    attribute("idle_timeout_seconds", Compare::Exact, in_place, SCALING, BOTH),
    attribute("queue_delay_ms", Compare::Exact, in_place, SCALING, BOTH),
    attribute("request_count", Compare::Exact, in_place, SCALING, BOTH),
    attribute("timeout_ms", Compare::Exact, in_place, SCALING, BOTH),
    attribute("flashboot", Compare::Exact, rollout, "FlashBoot changes with a release", BOTH),
    attribute("regions", Compare::Set, rollout, "new data centers are a release", BOTH),
    naming(
        MOUNTED,
        attribute("network_volumes", Compare::Set, rollout, "a change of network volumes is a release", BOTH),
    ),
    from_template(attribute("container_disk_gb", Compare::Exact, rollout, "a new disk size is a release", BOTH)),
    from_template(attribute("ports", Compare::Set, rollout, "a change of ports is a release", BOTH)),
    Attribute {
        shared: Some(&ENVIRONMENT),
        ..attribute("env", Compare::ManagedKeys, rollout, "a change of the environment is a release", BOTH)
    },
    from_template(attribute("entrypoint", Compare::Exact, rollout, "a new entrypoint is a release", BOTH)),
    from_template(attribute("command", Compare::Exact, rollout, "a new command is a release", BOTH)),
    Attribute {
        cleared_by_delete: true,
        ..from_template(naming(
            Names::Outside(AccountObject::Registry),
            attribute("registry_auth", Compare::Exact, rollout, "a new registry credential is a release", BOTH),
        ))
    },
    naming(
        Names::Outside(AccountObject::ServerlessTemplate),
        // Source: `templateId` of `UpdateEndpointRequest`: it is applied once, and no link is kept.
        attribute("template", Compare::Recorded, rollout, "a template is applied once, as a release", BOTH),
    ),
];

const FAMILY: &str = "RunPod cannot turn a GPU endpoint into a CPU endpoint, or the reverse";
const HARDWARE: &str = "workers on other hardware are a release";
const SCALING: &str = "the autoscaler uses new settings at once";

/// Source: `networkVolumes` of `CreateEndpointRequest`. Workers run in the data centers of their volumes.
const MOUNTED: Names = Names::Listed { kind: "network_volume", place: Some(("region", "regions")) };

/// Names with the prefix `RUNPOD_` are reserved for RunPod.
static ENVIRONMENT: SharedMap = SharedMap { title: "environment", injected: |_, key| key.starts_with("RUNPOD_") };

/// An attribute that a template supplies if the file does not set it. Source: `templateId` of `CreateEndpointRequest`:
/// the template is resolved into these settings, and explicit members of the body override it.
const fn from_template(attribute: Attribute) -> Attribute {
    Attribute { supplied_by: Some("template"), ..attribute }
}

/// An attribute whose texts name objects by id.
const fn naming(names: Names, attribute: Attribute) -> Attribute {
    Attribute { names: Some(names), ..attribute }
}

/// The hardware changes with a release, but an endpoint keeps its family. Source: `cpu` of `UpdateEndpointRequest`.
fn compute_family(before: &Value, after: &Value) -> Result<Effect, &'static str> {
    let is_set = |value: &Value| value.as_list().is_some_and(|items| !items.is_empty());
    Ok(if is_set(before) == is_set(after) { Effect::Rollout } else { Effect::Replace })
}
