//! REST v1, `https://rest.runpod.io/v1`, retired on 2026-11-15: flat bodies, many defaults. Kept for the emulator and
//! private gateways. Sources: sections 3, 4, 9 and 11 of the API contract, and RunPod's OpenAPI document.

use serde_json::{Value as Json, json};

use super::argv::words;
use super::wire::{
    Codec, ReadAttributes, RequestBody, Wire, all_mapped, changed_environment, cost, endpoints, environment, flag, id,
    id_or_null, is_public, is_set, number, ports, read_environment, status, text, texts, time, to_json, whole, word,
};
use crate::kind::{AccountObject, NETWORK_VOLUME, POD};
use crate::model::credential::command_line;
use crate::model::{Attributes, Computed, Marker, Object, Power, SshTarget, Status, Value};

/// A pod shows its GPU type and data center only with these (Q8).
const INCLUDE: &str = "includeMachine=true&includeNetworkVolume=true";

/// The dialect.
pub(super) static V1: Codec = Codec {
    wires: &[
        Wire {
            kind: &NETWORK_VOLUME,
            collection: "/v1/networkvolumes",
            list_query: "",
            read_query: "",
            rows: None,
            create: create_volume,
            update: update_volume,
            in_update: &["name", "size_gb"],
            replaced_whole: &[],
            decode: decode_volume,
            stock: None,
        },
        Wire {
            kind: &POD,
            collection: "/v1/pods",
            list_query: INCLUDE,
            read_query: INCLUDE,
            rows: None,
            create: create_pod,
            update: update_pod,
            in_update: &[
                "name",
                "image",
                "container_disk_gb",
                "volume_gb",
                "volume_mount_path",
                "ports",
                "env",
                "entrypoint",
                "command",
                "registry_auth",
                "locked",
                "global_networking",
            ],
            replaced_whole: &["env"],
            decode: decode_pod,
            stock: None,
        },
    ],
    body_limit: None,
    outside,
    serverless: "isServerless",
    power,
};

/// Source: `GetContainerRegistryAuth` and `GetTemplate` of OpenAPI v1. Public templates are shown only on request.
fn outside(outside: AccountObject) -> (&'static str, &'static str) {
    match outside {
        AccountObject::Registry => ("/v1/containerregistryauth", ""),
        AccountObject::Template => ("/v1/templates", "includePublicTemplates=true&includeRunpodTemplates=true"),
    }
}

fn power(power: Power) -> (&'static str, Option<Json>) {
    match power {
        Power::Running => ("/start", None),
        Power::Stopped => ("/stop", None),
    }
}

fn create_volume(inputs: &Attributes, _: Option<&Marker>) -> Json {
    let mut body = RequestBody::default();
    for (attribute, member) in [("name", "name"), ("size_gb", "size"), ("region", "dataCenterId")] {
        body.given(member, inputs.get(attribute));
    }
    body.into_json()
}

fn update_volume(_: &Object, changes: &Attributes) -> Json {
    let mut body = RequestBody::default();
    for (attribute, member) in [("name", "name"), ("size_gb", "size")] {
        body.given(member, changes.get(attribute));
    }
    body.into_json()
}

fn decode_volume(json: &Json) -> Option<Object> {
    let id = id(json)?;
    let mut found = ReadAttributes::default();
    found.put("name", text(json, "name"));
    found.put("size_gb", whole(json, "size"));
    found.put("region", text(json, "dataCenterId"));
    Some(Object {
        kind: NETWORK_VOLUME.name,
        id: id.to_owned(),
        name: text(json, "name").unwrap_or_default().to_owned(),
        attributes: found.attributes,
        marker: None,
        status: None,
        ready: true,
        computed: Computed::default(),
    })
}

fn create_pod(inputs: &Attributes, marker: Option<&Marker>) -> Json {
    let input = |attribute: &str| inputs.get(attribute);
    let mut body = RequestBody::default();
    for (attribute, member) in [
        ("name", "name"),
        ("cloud", "cloudType"),
        ("image", "imageName"),
        ("container_disk_gb", "containerDiskInGb"),
        ("volume_mount_path", "volumeMountPath"),
        ("network_volume", "networkVolumeId"),
        ("registry_auth", "containerRegistryAuthId"),
        ("template", "templateId"),
        ("entrypoint", "dockerEntrypoint"),
        ("command", "dockerStartCmd"),
    ] {
        body.given(member, input(attribute));
    }
    for (attribute, member) in [("spot", "interruptible"), ("locked", "locked")] {
        body.set(member, is_set(input(attribute)));
    }
    for (attribute, member) in [("global_networking", "globalNetworking"), ("public_ip", "supportPublicIp")] {
        if is_set(input(attribute)) {
            body.set(member, true);
        }
    }
    if is_set(input("gpu_types")) {
        body.set("computeType", "GPU");
        in_order(&mut body, "gpuTypeIds", "gpuTypePriority", input("gpu_types"));
        body.set("gpuCount", input("gpu_count").and_then(Value::as_int).unwrap_or(1));
        for (attribute, member) in [
            ("min_ram_gb_per_gpu", "minRAMPerGPU"),
            ("min_vcpu_per_gpu", "minVCPUPerGPU"),
            ("cuda_versions", "allowedCudaVersions"),
        ] {
            if is_set(input(attribute)) {
                body.given(member, input(attribute));
            }
        }
    } else if is_set(input("cpu_flavors")) {
        body.set("computeType", "CPU");
        in_order(&mut body, "cpuFlavorIds", "cpuFlavorPriority", input("cpu_flavors"));
        body.given("vcpuCount", input("vcpu_count"));
    }
    in_order(&mut body, "dataCenterIds", "dataCenterPriority", input("regions"));
    // RunPod's defaults for omitted members are 20 GB, which are billed, and two open ports, unless a template supplies
    // them.
    let left_out =
        |attribute: &str| POD.attribute(attribute).is_some_and(|attribute| attribute.supplier(inputs).is_some());
    if !left_out("volume_gb") {
        body.set("volumeInGb", input("volume_gb").and_then(Value::as_int).unwrap_or(0));
    }
    if !left_out("ports") {
        body.set("ports", texts(input("ports")));
    }
    body.set("env", environment(inputs, marker));
    body.into_json()
}

/// Sends candidates with the instruction to try them in this order rather than by stock.
fn in_order(body: &mut RequestBody, member: &str, priority: &str, candidates: Option<&Value>) {
    if is_set(candidates) {
        body.set(member, texts(candidates));
        body.set(priority, "custom");
    }
}

fn update_pod(current: &Object, changes: &Attributes) -> Json {
    let mut body = RequestBody::default();
    for (attribute, member) in [
        ("name", "name"),
        ("image", "imageName"),
        ("container_disk_gb", "containerDiskInGb"),
        ("volume_gb", "volumeInGb"),
        ("volume_mount_path", "volumeMountPath"),
    ] {
        body.given(member, changes.get(attribute));
    }
    if let Some(registry) = changes.get("registry_auth") {
        body.set("containerRegistryAuthId", if is_set(Some(registry)) { to_json(registry) } else { json!("") });
    }
    for (attribute, member) in [("locked", "locked"), ("global_networking", "globalNetworking")] {
        if let Some(value) = changes.get(attribute) {
            body.set(member, is_set(Some(value)));
        }
    }
    for (attribute, member) in [("ports", "ports"), ("entrypoint", "dockerEntrypoint"), ("command", "dockerStartCmd")] {
        if let Some(list) = changes.get(attribute) {
            body.set(member, texts(Some(list)));
        }
    }
    if let Some(env) = changes.get("env") {
        body.set("env", changed_environment(current, env));
    }
    body.into_json()
}

fn decode_pod(json: &Json) -> Option<Object> {
    let id = id(json)?;
    let null = Json::Null;
    let part = |member: &str| json.get(member).filter(|part| part.is_object()).unwrap_or(&null);
    let (machine, gpu) = (part("machine"), part("gpu"));
    let gpu_type = text(machine, "gpuTypeId").or_else(|| text(gpu, "id"));
    let gpu_count = whole(json, "gpuCount").or_else(|| whole(gpu, "count"));
    let (env, marker) = read_environment(json);
    let is_cpu = text(json, "cpuFlavorId").is_some();

    let mut found = ReadAttributes::default();
    found.put("name", text(json, "name"));
    found.put("image", text(json, "imageName").or_else(|| text(json, "image"))); // documented as `image` (Q8)
    found.put("cloud", flag(machine, "secureCloud").map(|secure| if secure { "SECURE" } else { "COMMUNITY" }));
    if is_cpu {
        found.put_chosen("cpu_flavors", "cpu_flavor", text(json, "cpuFlavorId"));
        found.put("vcpu_count", whole(json, "vcpuCount"));
    } else {
        found.put_chosen("gpu_types", "gpu_type", gpu_type);
        // Zero means that the pod lost its GPU. It is not a setting to compare, and the status reports it.
        if let Some(count) = gpu_count.filter(|count| *count > 0) {
            found.put("gpu_count", Some(count));
            found.put("min_ram_gb_per_gpu", whole(json, "memoryInGb").map(|total| total / count));
            found.put("min_vcpu_per_gpu", whole(json, "vcpuCount").map(|total| total / count));
        }
    }
    let region = text(machine, "dataCenterId").or_else(|| text(part("networkVolume"), "dataCenterId"));
    found.put_chosen("regions", "region", region);
    found.put("container_disk_gb", whole(json, "containerDiskInGb"));
    found.put("volume_gb", whole(json, "volumeInGb"));
    found.put("volume_mount_path", text(json, "volumeMountPath"));
    let volume = text(json, "networkVolumeId").or_else(|| text(part("networkVolume"), "id"));
    found.put("network_volume", Some(volume.map_or(Value::Null, Value::text)));
    let ports = ports(json);
    found.put("ports", ports.clone().map(Value::texts));
    found.put("env", env);
    for (attribute, member) in [("entrypoint", "dockerEntrypoint"), ("command", "dockerStartCmd")] {
        found.put(attribute, json.get(member).map(|list| command_line(words(Some(list)))));
    }
    found.put("registry_auth", id_or_null(json, "containerRegistryAuthId"));
    found.put("locked", flag(json, "locked"));
    found.put("spot", flag(json, "interruptible"));

    let address = word(json, "publicIp").filter(|address| is_public(address));
    let mappings = json.get("portMappings").filter(|mappings| mappings.is_object());
    let public = |port: u16| {
        let mapped = whole(mappings?, &port.to_string())?.try_into().ok()?;
        Some((address?.to_owned(), mapped))
    };
    // A pod on a community host without public addresses shows nothing beyond its machine.
    let addressless = ["secureCloud", "supportPublicIp"].iter().all(|member| flag(machine, member) == Some(false));
    // A machine with GPUs, but none for this pod: it was started on a full host (Q18).
    let lost_gpu = !is_cpu && gpu_count == Some(0) && gpu_type.is_some();
    let status = status(text(json, "desiredStatus"), || {
        if address.is_none() && mappings.is_none() && json.get("machine").is_none() {
            // Only the machine distinguishes the two cases, and this answer does not show it (Q23).
            Status::Unknown("RUNNING, machine not shown".to_owned())
        } else if address.is_none() && mappings.is_none() && !addressless {
            Status::Creating
        } else if lost_gpu {
            Status::ZeroGpu
        } else {
            Status::Running
        }
    });
    let endpoints = endpoints(id, &ports.unwrap_or_default(), public);
    let reachable = address.is_some() && all_mapped(&endpoints) || addressless;
    let price = number(json, "adjustedCostPerHr").or_else(|| number(json, "costPerHr"));
    Some(Object {
        kind: POD.name,
        id: id.to_owned(),
        name: text(json, "name").unwrap_or_default().to_owned(),
        attributes: found.attributes,
        marker,
        ready: status == Status::Running && reachable,
        computed: Computed {
            cost_per_hour: cost(price, &status),
            created_at: time(json, "createdAt"),
            started_at: time(json, "lastStartedAt"),
            can_start: None, // v1 does not list actions
            last_change: text(json, "lastStatusChange").map(str::to_owned),
            chosen: found.chosen,
            ssh_direct: public(22).map(|(host, port)| SshTarget { host, port, username: "root".to_owned() }),
            ssh_proxy: None, // its user name has a part that v1 does not show
            endpoints,
            uptime_seconds: None,
        },
        status: Some(status),
    })
}
