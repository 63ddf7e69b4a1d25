//! The attributes of pods.
//!
//! Sources: `CreatePodRequest` and `UpdatePodRequest` of RunPod's OpenAPI v2, `PodCreateInput` and `PodUpdateInput` of
//! v1. An attribute that is in neither update schema forces replacement.

use crate::kind::attribute::{
    AccountObject, Attribute, BOTH, Compare, Names, SharedMap, Support, attribute, in_place, replace, restart,
};
use crate::model::{Dialect, Effect, Value};

pub(super) const ATTRIBUTES: &[Attribute] = &[
    attribute("name", Compare::Exact, in_place, "a pod is renamed in place", BOTH),
    from_template(attribute("image", Compare::Exact, restart, "a new image recreates the container", BOTH)),
    attribute("cloud", Compare::Exact, replace, "RunPod cannot move a pod to another cloud", BOTH),
    candidates("gpu_types", "RunPod cannot change the GPU type of a pod"),
    attribute("gpu_count", Compare::Exact, replace, "RunPod cannot change the number of GPUs of a pod", BOTH),
    candidates("cpu_flavors", "RunPod cannot change the CPU flavor of a pod"),
    attribute("vcpu_count", Compare::Exact, replace, "RunPod cannot change the vCPUs of a pod", BOTH),
    attribute("regions", Compare::OneOf, replace, "RunPod cannot move a pod to another data center", BOTH),
    attribute(
        "min_ram_gb_per_gpu",
        Compare::AtLeast,
        replace,
        "memory is chosen with the machine, when the pod is created",
        BOTH,
    ),
    attribute(
        "min_vcpu_per_gpu",
        Compare::AtLeast,
        replace,
        "vCPUs are chosen with the machine, when the pod is created",
        BOTH,
    ),
    attribute(
        "cuda_versions",
        Compare::OneOf,
        replace,
        "the CUDA version is chosen with the machine, when the pod is created",
        BOTH,
    ),
    from_template(attribute(
        "container_disk_gb",
        Compare::Exact,
        restart,
        "a new disk size recreates the container",
        BOTH,
    )),
    from_template(attribute(
        "volume_gb",
        Compare::Exact,
        pod_volume,
        "a pod volume can be enlarged, but neither shrunk, added nor removed",
        BOTH,
    )),
    from_template(attribute(
        "volume_mount_path",
        Compare::WhenSet,
        restart,
        "a new mount path recreates the container",
        BOTH,
    )),
    naming(
        MOUNTED,
        attribute(
            "network_volume",
            Compare::Exact,
            replace,
            "a network volume is attached when the pod is created, and cannot be changed later",
            BOTH,
        ),
    ),
    from_template(attribute("ports", Compare::Set, restart, "a change of ports recreates the container", BOTH)),
    Attribute {
        shared: Some(&ENVIRONMENT),
        ..attribute("env", Compare::ManagedKeys, restart, "a change of the environment recreates the container", BOTH)
    },
    from_template(attribute("entrypoint", Compare::Exact, restart, "a new entrypoint recreates the container", BOTH)),
    from_template(attribute("command", Compare::Exact, restart, "a new command recreates the container", BOTH)),
    from_template(naming(
        Names::Outside(AccountObject::Registry),
        Attribute {
            // A running container has its image already.
            keeps_previous: true,
            ..attribute(
                "registry_auth",
                Compare::Exact,
                restart,
                "a new registry credential recreates the container",
                BOTH,
            )
        },
    )),
    Attribute {
        // Source: OpenAPI v2 has `locked` in `UpdatePodRequest` but not in `CreatePodRequest`.
        late: Some(Dialect::V2),
        ..attribute("locked", Compare::WhenSet, in_place, "a pod is locked and unlocked in place", BOTH)
    },
    attribute(
        "global_networking",
        Compare::Exact,
        replace,
        "global networking takes effect only when a pod starts",
        BOTH,
    ),
    naming(
        Names::Outside(AccountObject::Template),
        attribute("template", Compare::Recorded, replace, "a template is read once, when the pod is created", BOTH),
    ),
    attribute(
        "start_ssh",
        Compare::Recorded,
        replace,
        "`startSsh` is read once, when the pod is created",
        (
            Support::No {
                reason: "REST v1 has no `startSsh`",
                help: "put your public key into `env.PUBLIC_KEY`; RunPod's images start sshd with it",
            },
            Support::Yes,
        ),
    ),
    attribute(
        "spot",
        Compare::Exact,
        replace,
        "RunPod cannot turn a spot pod into an on-demand pod",
        (Support::Yes, V1_ONLY_SPOT),
    ),
    attribute(
        "public_ip",
        Compare::Recorded,
        replace,
        "a public address is requested when the pod is created",
        // On v2, `true` has no effect: SECURE hosts always have a public address, and COMMUNITY hosts cannot be asked
        // for one. `config` warns about it.
        BOTH,
    ),
];

const V1_ONLY_SPOT: Support = Support::No {
    reason: "REST v2 cannot create spot pods; its create request has no such member, and RunPod withdrew spot pods \
             in May 2026",
    help: "remove `spot` and `spotBid` (COMMUNITY is the cheaper cloud), or keep this file for `--api v1` on a private gateway",
};

/// Source: `NetworkMount.volumeId` of OpenAPI v2: an existing volume in the same data center as the pod.
const MOUNTED: Names = Names::Listed { kind: "network_volume", place: Some(("region", "regions")) };

/// Source: with `startSsh`, `CreatePodRequest` (OpenAPI v2) adds the account's keys as `PUBLIC_KEY` unless the request
/// sets it. Names with the prefix `RUNPOD_` are reserved for RunPod.
static ENVIRONMENT: SharedMap = SharedMap {
    title: "environment",
    injected: |inputs, key| {
        let starts_ssh = inputs.get("start_ssh") == Some(&Value::Bool(true));
        (key == "PUBLIC_KEY" && starts_ssh) || key.starts_with("RUNPOD_")
    },
};

/// An attribute that a template supplies if the file does not set it. Source: `templateId` of `CreatePodRequest`,
/// OpenAPI v2: the template is resolved into these settings, and explicit members of the body override it.
const fn from_template(attribute: Attribute) -> Attribute {
    Attribute { supplied_by: Some("template"), ..attribute }
}

/// An attribute whose text names an object by id.
const fn naming(names: Names, attribute: Attribute) -> Attribute {
    Attribute { names: Some(names), ..attribute }
}

/// An attribute whose items are alternatives. A create on REST v1 takes the whole list, on v2 one of them. Source:
/// `PodCreateInput` of OpenAPI v1, `CreatePodRequest` of v2.
const fn candidates(name: &'static str, rule: &'static str) -> Attribute {
    Attribute {
        candidates: true,
        one_per_request: &[Dialect::V2],
        ..attribute(name, Compare::OneOf, replace, rule, BOTH)
    }
}

/// A pod volume can grow with a PATCH and a restart. Shrinking, adding or removing one needs another pod.
fn pod_volume(before: &Value, after: &Value) -> Result<Effect, &'static str> {
    Ok(match (before.as_int().unwrap_or(0), after.as_int().unwrap_or(0)) {
        (before, after) if before > 0 && after > before => Effect::Restart,
        _ => Effect::Replace,
    })
}
