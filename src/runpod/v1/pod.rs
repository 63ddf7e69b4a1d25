//! Pods in v1. Sources: sections 3, 9 and 11 of the API contract.

use std::collections::BTreeMap;

use serde_json::{Value as Body, json};

use crate::kind::POD;
use crate::model::credential::command_line;
use crate::model::{Attributes, Computed, Marker, Object, Power, SshTarget, Status, Value};
use crate::runpod::decode::{ReadAttributes, flag, id_or_null, number, part, text, time, whole, word, words};
use crate::runpod::encode::{RequestBody, is_set, texts, to_flag, to_json, to_list};
use crate::runpod::json::Json;
use crate::runpod::pods::{
    advice, all_mapped, changed_environment, cost, endpoints, environment, is_public, ports, read_environment,
    read_gpus, status, update,
};
use crate::runpod::wire::{PowerRequest, Wire};

/// A pod shows its GPU type and data center only with these (Q8).
const INCLUDE: &str = "includeMachine=true&includeNetworkVolume=true";

pub(super) static WIRE: Wire = Wire {
    kind: &POD,
    collection: "/v1/pods",
    list_query: INCLUDE,
    read_query: INCLUDE,
    has_read: true,
    rows: None,
    create: encode_create,
    update: Some(update(encode_update)),
    decode,
    power: Some(power),
    stock: None,
    workers: None,
    advice,
};

fn power(power: Power) -> PowerRequest {
    let below = match power {
        Power::Running => "/start",
        Power::Stopped => "/stop",
    };
    PowerRequest { below, body: None }
}

fn encode_create(inputs: &Attributes, marker: Option<&Marker>) -> Body {
    let mut body = RequestBody::default();
    body.given(
        &[
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
        ],
        inputs,
    );
    for (attribute, member) in [("spot", "interruptible"), ("locked", "locked")] {
        body.set(member, is_set(inputs.get(attribute)));
    }
    body.if_set(&[("global_networking", "globalNetworking"), ("public_ip", "supportPublicIp")], inputs);
    encode_hardware(&mut body, inputs);
    in_order(&mut body, "dataCenterIds", "dataCenterPriority", inputs.get("regions"));
    // RunPod's defaults for omitted members are 20 GB, which are billed, and two open ports, unless a template supplies
    // them.
    let left_out =
        |attribute: &str| POD.attribute(attribute).is_some_and(|attribute| attribute.supplier(inputs).is_some());
    if !left_out("volume_gb") {
        body.set("volumeInGb", inputs.get("volume_gb").and_then(Value::as_int).unwrap_or(0));
    }
    if !left_out("ports") {
        body.set("ports", texts(inputs.get("ports")));
    }
    body.set("env", environment(inputs, marker));
    body.into_json()
}

fn encode_hardware(body: &mut RequestBody, inputs: &Attributes) {
    if is_set(inputs.get("gpu_types")) {
        body.set("computeType", "GPU");
        in_order(body, "gpuTypeIds", "gpuTypePriority", inputs.get("gpu_types"));
        body.set("gpuCount", inputs.get("gpu_count").and_then(Value::as_int).unwrap_or(1));
        body.if_set(
            &[
                ("min_ram_gb_per_gpu", "minRAMPerGPU"),
                ("min_vcpu_per_gpu", "minVCPUPerGPU"),
                ("cuda_versions", "allowedCudaVersions"),
            ],
            inputs,
        );
    } else if is_set(inputs.get("cpu_flavors")) {
        body.set("computeType", "CPU");
        in_order(body, "cpuFlavorIds", "cpuFlavorPriority", inputs.get("cpu_flavors"));
        body.given(&[("vcpu_count", "vcpuCount")], inputs);
    }
}

/// Sends candidates with the instruction to try them in this order rather than by stock.
fn in_order(body: &mut RequestBody, member: &str, priority: &str, candidates: Option<&Value>) {
    if is_set(candidates) {
        body.set(member, texts(candidates));
        body.set(priority, "custom");
    }
}

fn encode_update(current: &Object, changes: &Attributes) -> Body {
    let mut body = RequestBody::default();
    body.given(
        &[
            ("name", "name"),
            ("image", "imageName"),
            ("container_disk_gb", "containerDiskInGb"),
            ("volume_gb", "volumeInGb"),
            ("volume_mount_path", "volumeMountPath"),
        ],
        changes,
    );
    body.changed(&[("registry_auth", "containerRegistryAuthId")], changes, |registry| {
        if is_set(Some(registry)) { to_json(registry) } else { json!("") }
    });
    body.changed(&[("locked", "locked"), ("global_networking", "globalNetworking")], changes, to_flag);
    let lists = [("ports", "ports"), ("entrypoint", "dockerEntrypoint"), ("command", "dockerStartCmd")];
    body.changed(&lists, changes, to_list);
    body.changed(&[("env", "env")], changes, |env| changed_environment(current, env));
    body.into_json()
}

fn decode(json: &Json<'_>) -> Option<Object> {
    let (env, marker) = read_environment(json);
    let ports = ports(json);
    let mut found = ReadAttributes::default();
    found.texts(&[("name", "name"), ("volume_mount_path", "volumeMountPath")], json);
    found.put("image", text(json, "imageName").or_else(|| text(json, "image"))); // documented as `image` (Q8)
    found.numbers(&[("container_disk_gb", "containerDiskInGb"), ("volume_gb", "volumeInGb")], json);
    found.flags(&[("locked", "locked"), ("spot", "interruptible")], json);
    read_hardware(&mut found, json);
    read_place(&mut found, json);
    for (attribute, member) in [("entrypoint", "dockerEntrypoint"), ("command", "dockerStartCmd")] {
        found.put(attribute, json.get(member).map(|list| command_line(words(Some(list)))));
    }
    found.put("registry_auth", id_or_null(json, "containerRegistryAuthId"));
    found.put("ports", ports.clone().map(Value::texts));
    found.put("env", env);

    let object = found.into_object(&POD, json)?;
    let network = Network::of(json);
    let status = read_status(json, &network);
    let endpoints = endpoints(&object.id, &ports.unwrap_or_default(), |port| network.public(port));
    let reachable = network.address.is_some() && all_mapped(&endpoints) || network.addressless;
    let price = number(json, "adjustedCostPerHr").or_else(|| number(json, "costPerHr"));
    Some(Object {
        marker,
        ready: status == Status::Running && reachable,
        computed: Computed {
            cost_per_hour: cost(price, &status),
            created_at: time(json, "createdAt"),
            started_at: time(json, "lastStartedAt"),
            can_start: None, // v1 does not list actions
            last_change: text(json, "lastStatusChange").map(str::to_owned),
            ssh_direct: network.public(22).map(|(host, port)| SshTarget { host, port, username: "root".to_owned() }),
            ssh_proxy: None, // its user name has a part that v1 does not show
            endpoints,
            urls: BTreeMap::new(),
            workers: None,
            uptime_seconds: None,
            chosen: object.computed.chosen,
        },
        status: Some(status),
        ..object
    })
}

fn gpu_type<'a>(json: &'a Json<'_>) -> Option<&'a str> {
    text(part(json, "machine"), "gpuTypeId").or_else(|| text(part(json, "gpu"), "id"))
}

fn gpu_count(json: &Json<'_>) -> Option<i64> {
    whole(json, "gpuCount").or_else(|| whole(part(json, "gpu"), "count"))
}

fn is_cpu(json: &Json<'_>) -> bool {
    text(json, "cpuFlavorId").is_some()
}

fn read_hardware(found: &mut ReadAttributes, json: &Json<'_>) {
    if is_cpu(json) {
        found.put_chosen("cpu_flavors", "cpu_flavor", text(json, "cpuFlavorId"));
        found.numbers(&[("vcpu_count", "vcpuCount")], json);
    } else {
        found.put_chosen("gpu_types", "gpu_type", gpu_type(json));
        let totals = [("min_ram_gb_per_gpu", "memoryInGb"), ("min_vcpu_per_gpu", "vcpuCount")];
        read_gpus(found, gpu_count(json), json, &totals);
    }
}

fn read_place(found: &mut ReadAttributes, json: &Json<'_>) {
    let (machine, volume) = (part(json, "machine"), part(json, "networkVolume"));
    found.put("cloud", flag(machine, "secureCloud").map(|secure| if secure { "SECURE" } else { "COMMUNITY" }));
    found.put_chosen("regions", "region", text(machine, "dataCenterId").or_else(|| text(volume, "dataCenterId")));
    let volume = text(json, "networkVolumeId").or_else(|| text(volume, "id"));
    found.put("network_volume", Some(volume.map_or(Value::Null, Value::from)));
}

/// The public address of a pod, and the ports mapped there.
struct Network<'a> {
    address: Option<&'a str>,
    mappings: Option<&'a Json<'a>>,
    /// A pod on a community host without public addresses shows nothing beyond its machine.
    addressless: bool,
}

impl<'a> Network<'a> {
    fn of(json: &'a Json<'a>) -> Self {
        let machine = part(json, "machine");
        Self {
            address: word(json, "publicIp").filter(|address| is_public(address)),
            mappings: json.get("portMappings").filter(|mappings| mappings.is_object()),
            addressless: ["secureCloud", "supportPublicIp"].iter().all(|member| flag(machine, member) == Some(false)),
        }
    }

    fn public(&self, port: u16) -> Option<(String, u16)> {
        let mapped = whole(self.mappings?, &port.to_string())?.try_into().ok()?;
        Some((self.address?.to_owned(), mapped))
    }

    fn is_absent(&self) -> bool {
        self.address.is_none() && self.mappings.is_none()
    }
}

fn read_status(json: &Json<'_>, network: &Network<'_>) -> Status {
    status(text(json, "desiredStatus"), || {
        if network.is_absent() && json.get("machine").is_none() {
            // Only the machine distinguishes the two cases, and this response does not show it (Q23).
            Status::Unknown("RUNNING, machine not shown".to_owned())
        } else if network.is_absent() && !network.addressless {
            Status::Creating
        } else if !is_cpu(json) && gpu_count(json) == Some(0) && gpu_type(json).is_some() {
            // A machine with GPUs, but none for this pod: it was started on a full host (Q18).
            Status::ZeroGpu
        } else {
            Status::Running
        }
    })
}
