//! REST v2, `https://api.runpod.io/v2`: nested bodies, almost no defaults. Sources: sections 3, 4, 9 and 11 of the API
//! contract, and RunPod's OpenAPI document.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value as Json, json};

use super::argv::{Argv, words};
use super::wire::{
    Codec, ReadAttributes, RequestBody, StockQuery, Wire, all_mapped, changed_environment, cost, endpoints,
    environment, first, flag, id, id_or_null, is_public, is_set, number, ports, read_environment, status, text, texts,
    time, to_json, whole, word,
};
use crate::kind::limits::V2_BODY_LIMIT;
use crate::kind::{AccountObject, NETWORK_VOLUME, POD};
use crate::model::credential::command_line;
use crate::model::{Attributes, Computed, Marker, Object, Power, SshTarget, Status, Value};

/// The dialect.
pub(super) static V2: Codec = Codec {
    wires: &[
        Wire {
            kind: &NETWORK_VOLUME,
            collection: "/v2/network-volumes",
            list_query: "",
            read_query: "",
            rows: Some("networkVolumes"),
            create: create_volume,
            update: update_volume,
            in_update: &["name", "size_gb"],
            replaced_whole: &[],
            decode: decode_volume,
            stock: None,
        },
        Wire {
            kind: &POD,
            collection: "/v2/pods",
            list_query: "limit=1000",
            read_query: "",
            rows: Some("pods"),
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
            stock: Some(StockQuery { path: stock_path, any: any_stock }),
        },
    ],
    body_limit: Some(V2_BODY_LIMIT),
    outside,
    serverless: "serverless",
    power,
};

/// Source: `getRegistry` and `getTemplate` of OpenAPI v2. `getTemplate` returns own and public templates.
fn outside(outside: AccountObject) -> (&'static str, &'static str) {
    match outside {
        AccountObject::Registry => ("/v2/registries", ""),
        AccountObject::Template => ("/v2/templates", ""),
    }
}

fn power(power: Power) -> (&'static str, Option<Json>) {
    let action = match power {
        Power::Running => "start",
        Power::Stopped => "stop",
    };
    ("/action", Some(json!({ "action": action })))
}

/// Path of the catalog row of the GPU type or CPU flavor, with its availability. Source: `GET /v2/catalog/gpus/{id}`,
/// `GET /v2/catalog/cpus/{id}`. `include` and `product` must be sent together.
fn stock_path(inputs: &Attributes) -> Option<String> {
    let first = |name: &str| inputs.get(name)?.text_items().first().map(|item| (*item).to_owned());
    let row = |list: &str, id: &str| {
        format!("/v2/catalog/{list}/{}?include=AVAILABILITY&product=POD", utf8_percent_encode(id, NON_ALPHANUMERIC))
    };
    if let Some(id) = first("gpu_types") {
        let count = inputs.get("gpu_count").and_then(Value::as_int).unwrap_or(1);
        let cloud = first("cloud").map(|cloud| format!("&cloud={cloud}")).unwrap_or_default();
        let cuda = inputs.get("cuda_versions").map(Value::text_items).unwrap_or_default().join(",");
        let cuda = if cuda.is_empty() { cuda } else { format!("&cudaVersions={cuda}") };
        return Some(format!("{}&count={count}{cloud}{cuda}", row("gpus", &id)));
    }
    let id = first("cpu_flavors")?;
    let vcpu = inputs.get("vcpu_count").and_then(Value::as_int).map(|vcpu| format!("&vcpuCount={vcpu}"));
    Some(row("cpus", &id) + &vcpu.unwrap_or_default())
}

/// There is no stock if every requested center reports `NONE`. The answer is unknown for a center that the row omits.
fn any_stock(row: &Json, inputs: &Attributes) -> Option<bool> {
    let some = |row: &Json| row.get("availability")?.as_str().map(|word| word != "NONE");
    let regions = inputs.get("regions").map(Value::text_items).unwrap_or_default();
    if regions.is_empty() {
        return some(row);
    }
    let centers = row.get("dataCenters").and_then(Json::as_array)?;
    let asked =
        centers.iter().filter(|center| center.get("id").and_then(Json::as_str).is_some_and(|id| regions.contains(&id)));
    let stated: Vec<bool> = asked.filter_map(some).collect();
    if stated.is_empty() { some(row).filter(|some| !some) } else { Some(stated.contains(&true)) }
}

fn create_volume(inputs: &Attributes, _: Option<&Marker>) -> Json {
    let mut body = RequestBody::default();
    for (attribute, member) in [("name", "name"), ("size_gb", "size"), ("region", "dataCenter"), ("tier", "type")] {
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
    found.put("region", text(json, "dataCenter"));
    found.put("tier", text(json, "type"));
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
        ("cloud", "cloud"),
        ("image", "image"),
        ("container_disk_gb", "disk"),
        ("regions", "dataCenterIds"),
        ("registry_auth", "registry"),
        ("template", "templateId"),
    ] {
        body.given(member, input(attribute));
    }
    for (attribute, member) in [("global_networking", "globalNetworking"), ("start_ssh", "startSsh")] {
        if is_set(input(attribute)) {
            body.set(member, true);
        }
    }
    if let Some(gpu) = first(input("gpu_types")) {
        body.set("gpu", gpu_request(gpu, inputs));
    } else if let Some(cpu) = first(input("cpu_flavors")) {
        let mut request = RequestBody::default();
        request.set("id", cpu);
        request.given("vcpuCount", input("vcpu_count"));
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
    let argv = Argv { entrypoint: texts(input("entrypoint")), command: texts(input("command")) };
    if !argv.is_empty() {
        body.set("args", argv.to_args());
    }
    body.into_json()
}

fn gpu_request(id: &str, inputs: &Attributes) -> Json {
    let mut request = RequestBody::default();
    request.set("id", id);
    // Without a count no machine matches, despite the default in the document (Q3).
    request.set("count", inputs.get("gpu_count").and_then(Value::as_int).unwrap_or(1));
    for (attribute, member) in [
        ("min_ram_gb_per_gpu", "minRamPerGpu"),
        ("min_vcpu_per_gpu", "minVcpuCountPerGpu"),
        ("cuda_versions", "allowedCudaVersions"),
    ] {
        if is_set(inputs.get(attribute)) {
            request.given(member, inputs.get(attribute));
        }
    }
    request.into_json()
}

/// The single mount of a pod. v2 refuses an entry with missing members, and has no default path.
fn mounts(network_volume: Option<&Value>, volume_gb: Option<&Value>, path: Option<&Value>) -> Option<Json> {
    let path = path.and_then(Value::as_text).unwrap_or("/workspace");
    if let Some(volume) = network_volume.and_then(Value::as_text).filter(|id| !id.is_empty()) {
        return Some(json!({ "network": [{ "volumeId": volume, "path": path }] }));
    }
    let size = volume_gb.and_then(Value::as_int).filter(|size| *size > 0)?;
    Some(json!({ "persistent": { "size": size, "path": path } }))
}

fn update_pod(current: &Object, changes: &Attributes) -> Json {
    let mut body = RequestBody::default();
    let wanted = |attribute: &str| changes.get(attribute).or_else(|| current.attributes.get(attribute));
    let changed = |attributes: [&str; 2]| attributes.iter().any(|attribute| changes.contains_key(*attribute));
    for (attribute, member) in [("name", "name"), ("image", "image"), ("container_disk_gb", "disk")] {
        body.given(member, changes.get(attribute));
    }
    // Attributes that can be cleared have a value that does so.
    if let Some(registry) = changes.get("registry_auth") {
        body.set("registry", if is_set(Some(registry)) { to_json(registry) } else { Json::Null });
    }
    for (attribute, member) in [("locked", "locked"), ("global_networking", "globalNetworking")] {
        if let Some(value) = changes.get(attribute) {
            body.set(member, is_set(Some(value)));
        }
    }
    if let Some(ports) = changes.get("ports") {
        body.set("ports", texts(Some(ports)));
    }
    if let Some(env) = changes.get("env") {
        body.set("env", changed_environment(current, env));
    }
    if changed(["entrypoint", "command"]) {
        let argv = Argv { entrypoint: texts(wanted("entrypoint")), command: texts(wanted("command")) };
        body.set("args", argv.to_args());
    }
    if changed(["volume_gb", "volume_mount_path"])
        && let Some(mounts) = mounts(wanted("network_volume"), wanted("volume_gb"), wanted("volume_mount_path"))
    {
        body.set("mounts", mounts);
    }
    body.into_json()
}

fn decode_pod(json: &Json) -> Option<Object> {
    let id = id(json)?;
    let null = Json::Null;
    let part = |member: &str| json.get(member).filter(|part| part.is_object()).unwrap_or(&null);
    let (gpu, cpu, runtime, ssh) = (part("gpu"), part("cpu"), part("runtime"), part("ssh"));
    let persistent = part("mounts").get("persistent").unwrap_or(&null);
    let network = part("mounts").get("network").and_then(|mounts| mounts.get(0)).unwrap_or(&null);
    // Zero means that the pod lost its GPU. It is not a setting to compare, and the status reports it.
    let gpu_count = whole(gpu, "count").filter(|count| *count > 0);
    let (env, marker) = read_environment(json);

    let mut found = ReadAttributes::default();
    for (attribute, member) in [("name", "name"), ("image", "image"), ("cloud", "cloud")] {
        found.put(attribute, text(json, member));
    }
    found.put_chosen("gpu_types", "gpu_type", text(gpu, "id"));
    found.put("gpu_count", gpu_count);
    if let Some(count) = gpu_count {
        found.put("min_ram_gb_per_gpu", whole(gpu, "memory").map(|total| total / count));
        found.put("min_vcpu_per_gpu", whole(gpu, "vcpuCount").map(|total| total / count));
    }
    found.put_chosen("cpu_flavors", "cpu_flavor", text(cpu, "id"));
    found.put("vcpu_count", whole(cpu, "vcpuCount"));
    found.put_chosen("regions", "region", text(json, "dataCenterId"));
    found.put_chosen("cuda_versions", "cuda_version", text(json, "cudaVersion"));
    found.put("container_disk_gb", whole(json, "disk"));
    // The document requires `mounts`, but answers sometimes lack it (Q23). Do not report volumes then. Reading this as
    // "no volume" would replace the pod and lose its volume.
    if json.get("mounts").is_some() {
        found.put("volume_gb", Some(whole(persistent, "size").unwrap_or(0)));
        found.put("volume_mount_path", text(persistent, "path").or_else(|| text(network, "path")));
        found.put("network_volume", Some(text(network, "volumeId").map_or(Value::Null, Value::text)));
    }
    let ports = ports(json);
    found.put("ports", ports.clone().map(Value::texts));
    found.put("env", env);
    let argv = read_argv(json);
    found.put("entrypoint", argv.as_ref().map(|argv| command_line(argv.entrypoint.clone())));
    found.put("command", argv.map(|argv| command_line(argv.command)));
    found.put("registry_auth", id_or_null(json, "registry"));
    found.put("locked", flag(json, "locked"));
    found.put("global_networking", flag(part("globalNetworking"), "enabled"));

    let status = status(text(json, "status"), || {
        if !runtime.is_object() {
            Status::Creating // seen right after a create (Q11)
        } else if !cpu.is_object() && gpu_count.is_none() {
            Status::ZeroGpu
        } else {
            Status::Running
        }
    });
    let ssh_direct = ssh_target(ssh, "direct").filter(|target| is_public(&target.host));
    let endpoints = endpoints(id, &ports.unwrap_or_default(), |port| {
        public_address(runtime, port).or_else(|| {
            let ssh = ssh_direct.as_ref().filter(|_| port == 22)?;
            Some((ssh.host.clone(), ssh.port))
        })
    });
    // Community hosts may have no public address at all, so do not wait for one.
    let mapped = all_mapped(&endpoints) || text(json, "cloud") == Some("COMMUNITY");
    Some(Object {
        kind: POD.name,
        id: id.to_owned(),
        name: text(json, "name").unwrap_or_default().to_owned(),
        attributes: found.attributes,
        marker,
        ready: status == Status::Running && mapped,
        computed: Computed {
            cost_per_hour: cost(number(json, "cost"), &status),
            created_at: time(json, "createdAt"),
            started_at: time(json, "startedAt"),
            last_change: None, // v2 does not report events
            can_start: json.get("actions").map(|actions| words(Some(actions)).iter().any(|action| action == "start")),
            chosen: found.chosen,
            ssh_direct,
            ssh_proxy: ssh_target(ssh, "proxy"),
            endpoints,
            uptime_seconds: whole(runtime, "uptime").and_then(|uptime| uptime.try_into().ok()),
        },
        status: Some(status),
    })
}

/// Entrypoint and command: from the two arrays of newer servers, otherwise from `args`.
fn read_argv(json: &Json) -> Option<Argv> {
    let lists = Argv { entrypoint: words(json.get("entrypoint")), command: words(json.get("cmd")) };
    if !lists.is_empty() {
        return Some(lists);
    }
    json.get("args").map(|args| Argv::parse(args.as_str().unwrap_or_default()))
}

fn ssh_target(ssh: &Json, member: &str) -> Option<SshTarget> {
    let target = ssh.get(member)?;
    Some(SshTarget {
        host: word(target, "host")?.to_owned(),
        port: whole(target, "port")?.try_into().ok()?,
        username: word(target, "username")?.to_owned(),
    })
}

/// The public address of a container's TCP port. Only `tcp` rows with an address outside 100.64.0.0/10 count (Q13).
fn public_address(runtime: &Json, port: u16) -> Option<(String, u16)> {
    let rows = runtime.get("ports")?.as_array()?;
    rows.iter().find_map(|row| {
        let address = word(row, "ip").filter(|address| is_public(address))?;
        let matches = text(row, "type") == Some("tcp") && whole(row, "private") == Some(port.into());
        matches.then_some((address.to_owned(), whole(row, "public")?.try_into().ok()?))
    })
}
