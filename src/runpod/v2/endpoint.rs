//! Serverless endpoints in v2. Source: `CreateEndpointRequest`, `UpdateEndpointRequest` and `Endpoint` of OpenAPI v2.

use std::collections::BTreeMap;

use serde_json::{Value as Body, json};

use super::container::{clear_registry, create_command, read_command, update_command};
use crate::kind::ENDPOINT;
use crate::model::{Attributes, Computed, Marker, Object, Rollout, Value, WorkerCounts};
use crate::runpod::decode::{ReadAttributes, flag, id_or_null, number, part, text, time, whole, words};
use crate::runpod::encode::{RequestBody, is_set, to_json, to_list};
use crate::runpod::error::{ErrorClass, Purpose, names_all};
use crate::runpod::json::Json;
use crate::runpod::pods::{changed_environment, environment, ports, read_environment};
use crate::runpod::wire::{MemberNames, Update, Wire, WorkerQueries};

pub(super) static WIRE: Wire = Wire {
    kind: &ENDPOINT,
    collection: "/v2/serverless",
    list_query: "limit=1000",
    read_query: "",
    has_read: true,
    rows: Some("endpoints"),
    create: encode_create,
    update: Some(Update {
        encode: encode_update,
        attributes: &[
            "name",
            "image",
            "gpu_pools",
            "excluded_gpu_types",
            "gpu_count",
            "cpu_instances",
            "cuda_versions",
            "min_cuda_version",
            "workers_min",
            "workers_max",
            "idle_timeout_seconds",
            "queue_delay_ms",
            "request_count",
            "timeout_ms",
            "flashboot",
            "regions",
            "network_volumes",
            "container_disk_gb",
            "ports",
            "env",
            "entrypoint",
            "command",
            "registry_auth",
            "template",
        ],
        replaced_whole: &["env"],
    }),
    decode,
    power: None,
    stock: None,
    workers: Some(WorkerQueries {
        list: "/workers",
        read_list: read_workers,
        at_rest: |attributes| {
            let least = attributes.get("workers_min").and_then(Value::as_int).unwrap_or(0);
            least.try_into().unwrap_or(0)
        },
        releases: "/releases?limit=1",
        read_rollout,
    }),
    advice,
};

/// Without these members RunPod uses other values than its document says: no timeout (reads 0), and FlashBoot off where
/// the console has it on.
const ALWAYS_SENT: &MemberNames = &[("timeout_ms", "timeout"), ("flashboot", "flashboot")];

fn encode_create(inputs: &Attributes, marker: Option<&Marker>) -> Body {
    let input = |attribute: &str| inputs.get(attribute);
    let mut body = RequestBody::default();
    body.given(
        &[
            ("name", "name"),
            ("routing", "type"),
            ("image", "image"),
            ("container_disk_gb", "disk"),
            ("regions", "dataCenterIds"),
            ("network_volumes", "networkVolumes"),
            ("registry_auth", "registry"),
            ("template", "templateId"),
        ],
        inputs,
    );
    body.given(ALWAYS_SENT, inputs);
    if is_set(input("cpu_instances")) {
        body.set("cpu", cpu(input("cpu_instances")));
    } else {
        let mut gpu = RequestBody::default();
        gpu.given(
            &[
                ("gpu_pools", "pools"),
                ("excluded_gpu_types", "excludedTypes"),
                ("gpu_count", "count"),
                ("cuda_versions", "allowedCudaVersions"),
                ("min_cuda_version", "minCudaVersion"),
            ],
            inputs,
        );
        body.set("gpu", gpu.into_json());
    }
    body.set("scaling", scaling(&input));
    body.set("workers", workers(&input));
    // An empty list overrides the ports of a template.
    if let Some(ports) = input("ports").filter(|ports| !ports.is_null()) {
        body.set("ports", to_json(ports));
    }
    body.set("env", environment(inputs, marker));
    create_command(&mut body, inputs);
    body.into_json()
}

fn encode_update(current: &Object, changes: &Attributes) -> Body {
    let wanted = |attribute: &str| changes.get(attribute).or_else(|| current.attributes.get(attribute));
    let changed = |attributes: &[&str]| attributes.iter().any(|attribute| changes.contains_key(attribute));
    let mut body = RequestBody::default();
    let once = [("name", "name"), ("image", "image"), ("container_disk_gb", "disk"), ("template", "templateId")];
    body.given(&once, changes);
    for (attribute, member) in ALWAYS_SENT {
        if let Some(value) = wanted(attribute).filter(|value| !value.is_null()) {
            body.set(member, to_json(value));
        }
    }
    let mut gpu = RequestBody::default();
    // Pools without exclusions clear the exclusions.
    if changed(&["gpu_pools", "excluded_gpu_types"]) {
        gpu.set("pools", to_list(wanted("gpu_pools").unwrap_or(&Value::Null)));
        gpu.set("excludedTypes", to_list(wanted("excluded_gpu_types").unwrap_or(&Value::Null)));
    }
    gpu.given(&[("gpu_count", "count")], changes);
    // The two exclude each other, and neither clears the other.
    if changed(&["cuda_versions", "min_cuda_version"]) {
        gpu.set("allowedCudaVersions", to_list(wanted("cuda_versions").unwrap_or(&Value::Null)));
        gpu.set("minCudaVersion", wanted("min_cuda_version").and_then(Value::as_text).unwrap_or_default());
    }
    let gpu = gpu.into_json();
    if gpu.as_object().is_some_and(|members| !members.is_empty()) {
        body.set("gpu", gpu);
    }
    if changed(&["cpu_instances"]) {
        body.set("cpu", cpu(wanted("cpu_instances")));
    }
    if changed(&["queue_delay_ms", "request_count"]) {
        body.set("scaling", scaling(&wanted));
    }
    if changed(&["workers_min", "workers_max", "idle_timeout_seconds"]) {
        body.set("workers", workers(&wanted));
    }
    let lists = [("regions", "dataCenterIds"), ("network_volumes", "networkVolumes"), ("ports", "ports")];
    body.changed(&lists, changes, to_list);
    body.changed(&[("registry_auth", "registry")], changes, clear_registry);
    // A template's environment is merged into the one in the body, which would otherwise lack the marker.
    if is_set(changes.get("template")) || changed(&["env"]) {
        let changes = changes.get("env").unwrap_or(&Value::Null);
        body.set("env", changed_environment(current, changes));
    }
    update_command(&mut body, current, changes);
    body.into_json()
}

/// `cpu3c-2-4` is a flavor, its vCPUs and its memory, which RunPod derives from them.
fn cpu(instances: Option<&Value>) -> Body {
    let instance = |text: &str| {
        let mut parts = text.split('-');
        let (id, vcpus) = (parts.next().unwrap_or_default(), parts.next().and_then(|count| count.parse::<i64>().ok()));
        json!({ "id": id, "vcpuCount": vcpus })
    };
    instances.map(Value::text_items).unwrap_or_default().into_iter().map(instance).collect()
}

fn scaling<'v>(wanted: &impl Fn(&str) -> Option<&'v Value>) -> Body {
    let number = |attribute: &str| wanted(attribute).and_then(Value::as_int);
    match (number("request_count"), number("queue_delay_ms")) {
        (Some(count), _) => json!({ "type": "REQUEST_COUNT", "requestCount": count }),
        (None, delay_ms) => {
            let delay_ms = delay_ms.unwrap_or_default();
            // Whole seconds are sent as such.
            let delay = if delay_ms % 1000 == 0 { json!(delay_ms / 1000) } else { json!(delay_ms as f64 / 1000.0) };
            json!({ "type": "QUEUE_DELAY", "queueDelay": delay })
        }
    }
}

/// All limits together, because they are one member of the body.
fn workers<'v>(wanted: &impl Fn(&str) -> Option<&'v Value>) -> Body {
    let mut workers = RequestBody::default();
    let members = [("workers_min", "min"), ("workers_max", "max"), ("idle_timeout_seconds", "idleTimeout")];
    for (attribute, member) in members {
        if let Some(value) = wanted(attribute).and_then(Value::as_int) {
            workers.set(member, value);
        }
    }
    workers.into_json()
}

fn decode(json: &Json<'_>) -> Option<Object> {
    let (env, marker) = read_environment(json);
    let mut found = ReadAttributes::default();
    found.texts(&[("name", "name"), ("routing", "type"), ("image", "image"), ("flashboot", "flashboot")], json);
    found.numbers(&[("container_disk_gb", "disk"), ("timeout_ms", "timeout")], json);
    for (attribute, member) in [("regions", "dataCenterIds"), ("network_volumes", "networkVolumes")] {
        found.put(attribute, list(json, member));
    }
    read_hardware(&mut found, json);
    read_scaling(&mut found, json);
    read_command(&mut found, json);
    found.put("registry_auth", id_or_null(json, "registry"));
    found.put("ports", ports(json).map(Value::texts));
    found.put("env", env);
    let object = found.into_object(&ENDPOINT, json)?;
    let computed = Computed { created_at: time(json, "createdAt"), urls: urls(json), ..object.computed };
    Some(Object { marker, computed, ..object })
}

/// A list member; `None` if it is not a list.
fn list(json: &Json<'_>, member: &str) -> Option<Value> {
    json.get(member)?.as_list()?;
    Some(Value::texts(words(json.get(member))))
}

/// An endpoint has GPUs or CPUs. Neither is reported as absent, because that would replace the endpoint.
fn read_hardware(found: &mut ReadAttributes, json: &Json<'_>) {
    let gpu = part(json, "gpu");
    if gpu.is_object() {
        found.put("gpu_pools", list(gpu, "pools"));
        found.put("excluded_gpu_types", Some(list(gpu, "excludedTypes").unwrap_or_else(empty)));
        found.numbers(&[("gpu_count", "count")], gpu);
        found.put("cuda_versions", Some(list(gpu, "allowedCudaVersions").unwrap_or_else(empty)));
        found.put("min_cuda_version", Some(text(gpu, "minCudaVersion").map_or(Value::Null, Value::from)));
        found.put("cpu_instances", Some(empty()));
    } else if let Some(instances) = json.get("cpu").and_then(Json::as_list) {
        let instance = |cpu: &Json<'_>| {
            let memory = whole(cpu, "memory").map(|memory| format!("-{memory}")).unwrap_or_default();
            Some(format!("{}-{}{memory}", text(cpu, "id")?, whole(cpu, "vcpuCount")?))
        };
        found.put("cpu_instances", Some(Value::texts(instances.iter().filter_map(instance))));
        found.put("gpu_pools", Some(empty()));
    }
}

fn empty() -> Value {
    Value::texts::<String>([])
}

/// RunPod omits the idle timeout of endpoints with a queue that scale on the number of requests.
fn read_scaling(found: &mut ReadAttributes, json: &Json<'_>) {
    let workers = part(json, "workers");
    found.numbers(&[("workers_min", "min"), ("workers_max", "max"), ("idle_timeout_seconds", "idleTimeout")], workers);
    let scaling = part(json, "scaling");
    let delay_ms = number(scaling, "queueDelay").map(|seconds| Value::Int((seconds * 1000.0).round() as i64));
    let count = whole(scaling, "requestCount").map(Value::Int);
    if delay_ms.is_some() || count.is_some() {
        found.put("queue_delay_ms", Some(delay_ms.unwrap_or_default()));
        found.put("request_count", Some(count.unwrap_or_default()));
    }
}

/// The addresses that clients call.
fn urls(json: &Json<'_>) -> BTreeMap<String, String> {
    let urls = part(json, "requestUrls");
    let is_safe = |url: &&str| {
        url.starts_with("https://") && url.chars().all(|c| c.is_ascii_alphanumeric() || "-._~:/?=&%".contains(c))
    };
    let url = |name: &str| Some((name.to_owned(), text(urls, name).filter(is_safe)?.to_owned()));
    ["run", "runSync", "base", "health"].into_iter().filter_map(url).collect()
}

fn read_workers(json: &Json<'_>) -> Option<WorkerCounts> {
    let summary = json.get("summary")?;
    let count = |member: &str| whole(summary, member).and_then(|count| u64::try_from(count).ok());
    Some(WorkerCounts {
        running: count("running")?,
        idle: count("idle")?,
        initializing: count("initializing")?,
        throttled: count("throttled")?,
        unhealthy: count("unhealthy")?,
        total: count("total")?,
    })
}

fn read_rollout(json: &Json<'_>) -> Option<Rollout> {
    let rollout = json.get("rollout")?;
    let count = |member: &str| whole(rollout, member).and_then(|count| u64::try_from(count).ok());
    Some(Rollout {
        in_progress: flag(rollout, "inProgress")?,
        on_latest: count("workersOnLatest")?,
        total: count("workersTotal")?,
    })
}

/// Advice about a refused request.
fn advice(purpose: Purpose, class: ErrorClass, message: &str) -> Option<&'static str> {
    match (class, purpose) {
        (ErrorClass::Invalid, Purpose::Create | Purpose::Update) => {
            CAUSES.iter().find(|(words, _)| names_all(message, words)).map(|(_, advice)| *advice)
        }
        (ErrorClass::Conflict, Purpose::Create) => {
            Some("another endpoint has this name; set `name` in the block, or import the other one")
        }
        _ => None,
    }
}

/// Causes that RunPod's text names when it refuses an endpoint, with the advice for each.
const CAUSES: [(&[&str], &str); 5] = [
    (
        &["exclu"],
        "sindri computes the excluded types of `gpuType` from its catalog, which may be older than RunPod's; name a \
         whole pool in `gpuType`, such as `ADA_24`",
    ),
    (
        &["pool"],
        "sindri computes the pools of `gpuType` from its catalog, which may be older than RunPod's; compare `sindri \
         catalog gpus` with the console",
    ),
    (&["template", "serverless"], "`templateId` refers to a template for pods; choose one for serverless workers"),
    (&["cuda"], "set `minCuda` or `allowedCuda`, not both"),
    (&["worker"], "RunPod limits the workers of an account; lower `workers.max`, or raise the limit in the console"),
];
