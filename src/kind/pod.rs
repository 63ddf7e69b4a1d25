//! Pods: one container on a rented machine.

use std::collections::BTreeMap;

use super::{
    Attribute, Compare, Description, Kind, Names, Outside, Readiness, SharedMap, Support, alternatives, in_place,
    replace, restart,
};
use crate::model::{Attributes, Dialect, Effect, Loss, Risk, Value};

const BOTH: (Support, Support) = (Support::Yes, Support::Yes);

const V1_ONLY_SPOT: Support = Support::No {
    reason: "REST v2 cannot rent spot pods: its create request has no such member, and RunPod withdrew spot pods in May 2026",
    help: "remove `spot` and `spotBid` (COMMUNITY is the cheaper cloud), or keep this file for `--api v1` on a private gateway",
};

/// Source: `NetworkMount.volumeId` of OpenAPI v2: an existing volume in the same data center as the pod.
const MOUNTED: Names = Names::Listed { kind: "network_volume", place: Some(("region", "regions")) };

/// One container on a rented machine, with its disk, its pod volume and at most one network volume.
///
/// Sources: `CreatePodRequest` and `UpdatePodRequest` of RunPod's OpenAPI v2, `PodCreateInput` and `PodUpdateInput` of v1.
/// What neither update schema can carry forces replacement.
pub static POD: Kind = Kind {
    name: "pod",
    title: "pod",
    attributes: &[
        attribute("name", Compare::Exact, in_place, "a pod is renamed in place", BOTH),
        from_template(attribute("image", Compare::Exact, restart, "a new image makes the container anew", BOTH)),
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
            "a new disk size makes the container anew",
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
            "a new mount path makes the container anew",
            BOTH,
        )),
        naming(
            MOUNTED,
            attribute(
                "network_volume",
                Compare::Exact,
                replace,
                "a network volume is attached when the pod is created, and never changed after",
                BOTH,
            ),
        ),
        from_template(attribute("ports", Compare::Set, restart, "a change of ports makes the container anew", BOTH)),
        Attribute {
            shared: Some(&ENVIRONMENT),
            ..attribute(
                "env",
                Compare::ManagedKeys,
                restart,
                "a change of the environment makes the container anew",
                BOTH,
            )
        },
        from_template(attribute(
            "entrypoint",
            Compare::Exact,
            restart,
            "a new entrypoint makes the container anew",
            BOTH,
        )),
        from_template(attribute("command", Compare::Exact, restart, "a new command makes the container anew", BOTH)),
        from_template(naming(
            Names::Outside(Outside::Registry),
            attribute(
                "registry_auth",
                Compare::Exact,
                restart,
                "a new registry credential makes the container anew",
                BOTH,
            ),
        )),
        Attribute {
            // Source: `CreatePodRequest` of OpenAPI v2 has no `locked`; `UpdatePodRequest` has.
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
            Names::Outside(Outside::Template),
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
                    help: "put your public key into `env.PUBLIC_KEY`: RunPod's images start sshd with it",
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
            "a public address is asked for when the pod is created",
            // On v2 a `true` is only a wish: SECURE hosts always have one, COMMUNITY cannot be asked. `config` warns.
            BOTH,
        ),
    ],
    member_of: None,
    has_power: true,
    readiness: Readiness::ComesUp,
    has_capacity: true,
    // Source: `GpuType` of the vendor's OpenAPI v2 has neither memory nor vCPUs of the machine.
    not_in_catalog: &["min_ram_gb_per_gpu", "min_vcpu_per_gpu"],
    marked: true,
    protected: false,
    creates_first: false,
    identity: &[],
    losses,
    precious_risk: Risk::DiskLoss,
    stop_risk: Risk::EphemeralLoss,
    describe,
};

/// Source: `startSsh` of `CreatePodRequest` (OpenAPI v2) adds the account's keys as `PUBLIC_KEY` unless the request sets it;
/// names that begin with `RUNPOD_` are RunPod's own.
static ENVIRONMENT: SharedMap = SharedMap {
    title: "environment",
    injected: |inputs, key| {
        let starts_ssh = inputs.get("start_ssh") == Some(&Value::Bool(true));
        (key == "PUBLIC_KEY" && starts_ssh) || key.starts_with("RUNPOD_")
    },
};

const fn attribute(
    name: &'static str,
    compare: Compare,
    effect: fn(&Value, &Value) -> Result<Effect, &'static str>,
    rule: &'static str,
    (v1, v2): (Support, Support),
) -> Attribute {
    Attribute {
        name,
        compare,
        effect,
        rule,
        v1,
        v2,
        late: None,
        candidates: false,
        shared: None,
        supplied_by: None,
        names: None,
    }
}

/// One that a template supplies where the file does not name it. Source: `templateId` of `CreatePodRequest`, OpenAPI v2: the
/// template is resolved into these settings, and explicit members of the body override it.
const fn from_template(attribute: Attribute) -> Attribute {
    Attribute { supplied_by: Some("template"), ..attribute }
}

/// One whose text names something by id.
const fn naming(names: Names, attribute: Attribute) -> Attribute {
    Attribute { names: Some(names), ..attribute }
}

/// One whose items are alternatives.
const fn candidates(name: &'static str, rule: &'static str) -> Attribute {
    Attribute { candidates: true, ..attribute(name, Compare::OneOf, replace, rule, BOTH) }
}

/// Growing a pod volume is a PATCH with a restart; a smaller one, a first one or none needs another pod.
fn pod_volume(before: &Value, after: &Value) -> Result<Effect, &'static str> {
    Ok(match (before.as_int().unwrap_or(0), after.as_int().unwrap_or(0)) {
        (before, after) if before > 0 && after > before => Effect::Restart,
        _ => Effect::Replace,
    })
}

fn losses(attributes: &Attributes) -> Vec<Loss> {
    let size = |name: &str| attributes.get(name).and_then(Value::as_int).filter(|size| *size > 0);
    let mut losses = Vec::new();
    if let Some(size_gb) = size("volume_gb") {
        let mount_path = attributes.get("volume_mount_path").and_then(Value::as_text).map(str::to_owned);
        losses.push(Loss {
            what: "pod volume".into(),
            names: Vec::new(),
            size_gb: Some(size_gb),
            mount_path,
            precious: true,
        });
    }
    if let Some(size_gb) = size("container_disk_gb") {
        losses.push(Loss {
            what: "container disk".into(),
            names: Vec::new(),
            size_gb: Some(size_gb),
            mount_path: None,
            precious: false,
        });
    }
    losses
}

fn describe(attributes: &Attributes, chosen: &BTreeMap<String, String>) -> Description {
    let number = |name: &str| attributes.get(name).and_then(Value::as_int).filter(|number| *number > 0);
    let candidates = |member: &str, list: &str| {
        let listed = || alternatives(&attributes.get(list).map(Value::text_items).unwrap_or_default());
        Some(chosen.get(member).cloned().unwrap_or_else(listed)).filter(|words| !words.is_empty())
    };
    let what = match candidates("gpu_type", "gpu_types") {
        Some(gpu) => format!("{} x {gpu}", number("gpu_count").unwrap_or(1)),
        None => {
            let vcpus = number("vcpu_count").map(|count| format!("{count} vCPU"));
            vcpus.into_iter().chain(candidates("cpu_flavor", "cpu_flavors")).collect::<Vec<_>>().join(" ")
        }
    };
    let mut details = Vec::new();
    details.extend(attributes.get("cloud").and_then(Value::as_text).map(str::to_owned));
    if !matches!(attributes.get("spot"), None | Some(Value::Null | Value::Bool(false))) {
        details.push("spot".to_owned());
    }
    details.extend(attributes.get("image").and_then(Value::as_text).map(|image| format!("image {image}")));
    if let Some((_, supplier, id)) = POD.supplied(attributes).next() {
        details.push(format!("from {supplier} {id}"));
    }
    if let Some(size) = number("volume_gb") {
        let path = attributes.get("volume_mount_path").and_then(Value::as_text);
        details.push(format!("pod volume {size} GB{}", path.map(|path| format!(" at {path}")).unwrap_or_default()));
    }
    match attributes.get("network_volume") {
        Some(Value::Reference(address)) => details.push(format!("on {address}")),
        Some(Value::Text(id)) if !id.is_empty() => details.push(format!("on network volume {id}")),
        _ => {}
    }
    Description { what, place: candidates("region", "regions"), details }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(pairs: &[(&str, Value)], chosen: &[(&str, &str)]) -> String {
        let attributes = pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let chosen = chosen.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        describe(&attributes, &chosen).to_string()
    }

    #[test]
    fn a_pod_is_named_by_its_hardware_place_and_image() {
        let cpu =
            [("cpu_flavors", Value::texts(["cpu3c", "cpu5c"])), ("vcpu_count", 8.into()), ("image", "a:1".into())];
        assert_eq!(words(&cpu, &[]), "8 vCPU cpu3c or cpu5c, image a:1");
        let gpus = Value::texts(["A", "B", "C", "D", "E"]);
        let mut gpu = vec![("gpu_types", gpus), ("gpu_count", 2.into()), ("regions", Value::texts(["X", "Y"]))];
        gpu.extend([("spot", true.into()), ("network_volume", "vol-1".into()), ("volume_gb", 0.into())]);
        assert_eq!(words(&gpu, &[]), "2 x A, B or 3 others, X or Y, spot, on network volume vol-1");
        assert_eq!(words(&gpu, &[("gpu_type", "B"), ("region", "Y")]), "2 x B, Y, spot, on network volume vol-1");
    }
}
