//! Pods in v2. Sources: sections 3, 9 and 11 of the API contract.

use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value as Body, json};

use super::container::{clear_registry, create_command, read_command, update_command};
use crate::kind::POD;
use crate::model::{Attributes, Computed, Marker, Object, Power, SshTarget, Status, Value};
use crate::runpod::decode::{ReadAttributes, id_or_null, number, part, text, time, whole, word};
use crate::runpod::encode::{RequestBody, first, to_flag, to_json, to_list};
use crate::runpod::json::Json;
use crate::runpod::pods::{
    advice, all_mapped, changed_environment, cost, endpoints, environment, is_public, ports, read_environment,
    read_gpus, status, update,
};
use crate::runpod::wire::{PowerRequest, StockQuery, Wire};

pub(super) static WIRE: Wire = Wire {
    kind: &POD,
    collection: "/v2/pods",
    list_query: "limit=1000",
    read_query: "",
    has_read: true,
    rows: Some("pods"),
    create: encode_create,
    update: Some(update(encode_update)),
    decode,
    power: Some(power),
    stock: Some(StockQuery { path: stock_path, key: stock_key, any: any_stock }),
    workers: None,
    advice,
};

fn power(power: Power) -> PowerRequest {
    let action = match power {
        Power::Running => "start",
        Power::Stopped => "stop",
    };
    PowerRequest { below: "/action", body: Some(json!({ "action": action })) }
}

fn encode_create(inputs: &Attributes, marker: Option<&Marker>) -> Body {
    let input = |attribute: &str| inputs.get(attribute);
    let mut body = RequestBody::default();
    body.given(
        &[
            ("name", "name"),
            ("cloud", "cloud"),
            ("image", "image"),
            ("container_disk_gb", "disk"),
            ("regions", "dataCenterIds"),
            ("registry_auth", "registry"),
            ("template", "templateId"),
        ],
        inputs,
    );
    body.if_set(&[("global_networking", "globalNetworking"), ("start_ssh", "startSsh")], inputs);
    if let Some(gpu) = first(input("gpu_types")) {
        body.set("gpu", gpu_request(gpu, inputs));
    } else if let Some(cpu) = first(input("cpu_flavors")) {
        let mut request = RequestBody::default();
        request.set("id", cpu);
        request.given(&[("vcpu_count", "vcpuCount")], inputs);
        body.set("cpu", request.into_json());
    }
    if let Some(mounts) = mounts(input("network_volume"), input("volume_gb"), input("volume_mount_path")) {
        body.set("mounts", mounts);
    }
    // v2 opens no ports by default, and an empty list means the same.
    if let Some(ports) = input("ports").filter(|ports| !ports.is_null()) {
        body.set("ports", to_json(ports));
    }
    body.set("env", environment(inputs, marker));
    create_command(&mut body, inputs);
    body.into_json()
}

fn gpu_request(id: &str, inputs: &Attributes) -> Body {
    let mut request = RequestBody::default();
    request.set("id", id);
    // Without a count no machine matches, despite the default in the document (Q3).
    request.set("count", inputs.get("gpu_count").and_then(Value::as_int).unwrap_or(1));
    request.if_set(
        &[
            ("min_ram_gb_per_gpu", "minRamPerGpu"),
            ("min_vcpu_per_gpu", "minVcpuCountPerGpu"),
            ("cuda_versions", "allowedCudaVersions"),
        ],
        inputs,
    );
    request.into_json()
}

/// The single mount of a pod. v2 refuses an entry with missing members, and has no default path.
fn mounts(network_volume: Option<&Value>, volume_gb: Option<&Value>, path: Option<&Value>) -> Option<Body> {
    let path = path.and_then(Value::as_text).unwrap_or("/workspace");
    if let Some(volume) = network_volume.and_then(Value::as_text).filter(|id| !id.is_empty()) {
        return Some(json!({ "network": [{ "volumeId": volume, "path": path }] }));
    }
    let size = volume_gb.and_then(Value::as_int).filter(|size| *size > 0)?;
    Some(json!({ "persistent": { "size": size, "path": path } }))
}

fn encode_update(current: &Object, changes: &Attributes) -> Body {
    let wanted = |attribute: &str| changes.get(attribute).or_else(|| current.attributes.get(attribute));
    let changed = |attributes: [&str; 2]| attributes.iter().any(|attribute| changes.contains_key(attribute));
    let mut body = RequestBody::default();
    body.given(&[("name", "name"), ("image", "image"), ("container_disk_gb", "disk")], changes);
    // Attributes that can be cleared have a value that does so.
    body.changed(&[("registry_auth", "registry")], changes, clear_registry);
    body.changed(&[("locked", "locked"), ("global_networking", "globalNetworking")], changes, to_flag);
    body.changed(&[("ports", "ports")], changes, to_list);
    body.changed(&[("env", "env")], changes, |env| changed_environment(current, env));
    update_command(&mut body, current, changes);
    if changed(["volume_gb", "volume_mount_path"])
        && let Some(mounts) = mounts(wanted("network_volume"), wanted("volume_gb"), wanted("volume_mount_path"))
    {
        body.set("mounts", mounts);
    }
    body.into_json()
}

fn decode(json: &Json<'_>) -> Option<Object> {
    let (env, marker) = read_environment(json);
    let ports = ports(json);
    let mut found = ReadAttributes::default();
    found.texts(&[("name", "name"), ("image", "image"), ("cloud", "cloud")], json);
    found.numbers(&[("container_disk_gb", "disk")], json);
    found.flags(&[("locked", "locked")], json);
    found.flags(&[("global_networking", "enabled")], part(json, "globalNetworking"));
    found.put_chosen("regions", "region", text(json, "dataCenterId"));
    found.put_chosen("cuda_versions", "cuda_version", text(json, "cudaVersion"));
    read_hardware(&mut found, json);
    read_mounts(&mut found, json);
    read_command(&mut found, json);
    found.put("registry_auth", id_or_null(json, "registry"));
    // Only pods that the console made from a template keep its id.
    found.put("template", text(json, "template"));
    found.put("ports", ports.clone().map(Value::texts));
    found.put("env", env);

    let object = found.into_object(&POD, json)?;
    let (runtime, ssh) = (part(json, "runtime"), part(json, "ssh"));
    let status = read_status(json);
    let ssh_direct = ssh_target(ssh, "direct").filter(|target| is_public(&target.host));
    let endpoints = endpoints(&object.id, &ports.unwrap_or_default(), |port| {
        public_address(runtime, port).or_else(|| {
            let ssh = ssh_direct.as_ref().filter(|_| port == 22)?;
            Some((ssh.host.clone(), ssh.port))
        })
    });
    // Community hosts may have no public address at all, so do not wait for one.
    let mapped = all_mapped(&endpoints) || text(json, "cloud") == Some("COMMUNITY");
    Some(Object {
        marker,
        ready: status == Status::Running && mapped,
        computed: Computed {
            cost_per_hour: cost(number(json, "cost"), &status),
            created_at: time(json, "createdAt"),
            started_at: time(json, "startedAt"),
            last_change: None, // v2 does not report events
            can_start: json.get("actions").map(may_start),
            ssh_direct,
            ssh_proxy: ssh_target(ssh, "proxy"),
            endpoints,
            urls: BTreeMap::new(),
            workers: None,
            uptime_seconds: whole(runtime, "uptime").and_then(|uptime| uptime.try_into().ok()),
            chosen: object.computed.chosen,
        },
        status: Some(status),
        ..object
    })
}

fn read_hardware(found: &mut ReadAttributes, json: &Json<'_>) {
    let (gpu, cpu) = (part(json, "gpu"), part(json, "cpu"));
    found.put_chosen("gpu_types", "gpu_type", text(gpu, "id"));
    let totals = [("min_ram_gb_per_gpu", "memory"), ("min_vcpu_per_gpu", "vcpuCount")];
    read_gpus(found, whole(gpu, "count"), gpu, &totals);
    found.put_chosen("cpu_flavors", "cpu_flavor", text(cpu, "id"));
    found.numbers(&[("vcpu_count", "vcpuCount")], cpu);
}

/// The document requires `mounts`, but responses sometimes lack it (Q23). Do not report volumes then. Reading this as
/// "no volume" would replace the pod and lose its volume.
fn read_mounts(found: &mut ReadAttributes, json: &Json<'_>) {
    let Some(mounts) = json.get("mounts") else { return };
    let persistent = part(mounts, "persistent");
    let network = mounts.get("network").and_then(Json::as_list).and_then(<[_]>::first).unwrap_or(&Json::Null);
    found.put("volume_gb", Some(whole(persistent, "size").unwrap_or(0)));
    found.put("volume_mount_path", text(persistent, "path").or_else(|| text(network, "path")));
    found.put("network_volume", Some(text(network, "volumeId").map_or(Value::Null, Value::from)));
}

fn may_start(actions: &Json<'_>) -> bool {
    actions.as_list().into_iter().flatten().any(|action| action.as_str() == Some("start"))
}

fn read_status(json: &Json<'_>) -> Status {
    status(text(json, "status"), || {
        if !part(json, "runtime").is_object() {
            Status::Creating // seen right after a create (Q11)
        } else if !part(json, "cpu").is_object() && whole(part(json, "gpu"), "count").is_none_or(|count| count <= 0) {
            Status::ZeroGpu
        } else {
            Status::Running
        }
    })
}

fn ssh_target(ssh: &Json<'_>, member: &str) -> Option<SshTarget> {
    let target = ssh.get(member)?;
    Some(SshTarget {
        host: word(target, "host")?.to_owned(),
        port: whole(target, "port")?.try_into().ok()?,
        username: word(target, "username")?.to_owned(),
    })
}

/// The public address of a container's TCP port. Only `tcp` rows with an address outside 100.64.0.0/10 count (Q13).
fn public_address(runtime: &Json<'_>, port: u16) -> Option<(String, u16)> {
    let rows = runtime.get("ports")?.as_list()?;
    rows.iter().find_map(|row| {
        let address = word(row, "ip").filter(|address| is_public(address))?;
        let matches = text(row, "type") == Some("tcp") && whole(row, "private") == Some(port.into());
        matches.then_some((address.to_owned(), whole(row, "public")?.try_into().ok()?))
    })
}

/// Path of the catalog row of the GPU type or CPU flavor, with its availability. Source: `GET /v2/catalog/gpus/{id}`,
/// `GET /v2/catalog/cpus/{id}`. `include` and `product` must be sent together.
fn stock_path(inputs: &Attributes) -> Option<String> {
    let row = |list: &str, id: &str| {
        format!("/v2/catalog/{list}/{}?include=AVAILABILITY&product=POD", utf8_percent_encode(id, NON_ALPHANUMERIC))
    };
    if let Some(id) = first(inputs.get("gpu_types")) {
        let count = inputs.get("gpu_count").and_then(Value::as_int).unwrap_or(1);
        let cloud = first(inputs.get("cloud")).map(|cloud| format!("&cloud={cloud}")).unwrap_or_default();
        let cuda = inputs.get("cuda_versions").map(Value::text_items).unwrap_or_default().join(",");
        let cuda = if cuda.is_empty() { cuda } else { format!("&cudaVersions={cuda}") };
        return Some(format!("{}&count={count}{cloud}{cuda}", row("gpus", id)));
    }
    let id = first(inputs.get("cpu_flavors"))?;
    let vcpu = inputs.get("vcpu_count").and_then(Value::as_int).map(|vcpu| format!("&vcpuCount={vcpu}"));
    Some(row("cpus", id) + &vcpu.unwrap_or_default())
}

/// The query does not limit the row to regions, but [`any_stock`] looks only at those.
fn stock_key(inputs: &Attributes) -> Option<String> {
    Some(format!("{} {}", stock_path(inputs)?, stock_regions(inputs).join(",")))
}

fn stock_regions(inputs: &Attributes) -> Vec<&str> {
    inputs.get("regions").map(Value::text_items).unwrap_or_default()
}

/// There is no stock if every requested center reports `NONE`. Stock is unknown for a center that the row omits.
fn any_stock(row: &Json<'_>, inputs: &Attributes) -> Option<bool> {
    let some = |row: &Json| row.get("availability")?.as_str().map(|word| word != "NONE");
    let regions = stock_regions(inputs);
    if regions.is_empty() {
        return some(row);
    }
    let centers = row.get("dataCenters").and_then(Json::as_list)?;
    let asked =
        centers.iter().filter(|center| center.get("id").and_then(Json::as_str).is_some_and(|id| regions.contains(&id)));
    let reported: Vec<bool> = asked.filter_map(some).collect();
    if reported.is_empty() { some(row).filter(|some| !some) } else { Some(reported.contains(&true)) }
}
