//! Every answer of the emulator matches the vendor's OpenAPI documents.
//!
//! The documents are not in the repository. `SINDRI_CONTRACT_DIR` names their folder; the default is
//! `../shared/runpod`. Without them the tests are skipped with a message.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sindri::emulator::{ApiVersion, Call, CallReply, CapacityRule, Fidelity, Settings, Tweaks, World};

struct Documents {
    v1: Value,
    v2: Value,
    /// v2 as published in August 2026.
    v2_2026_08: Value,
}

fn documents() -> Option<Documents> {
    let folder = std::env::var_os("SINDRI_CONTRACT_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/runpod"), PathBuf::from);
    let read = |name: &str| -> Option<Value> {
        let text = std::fs::read_to_string(folder.join(name)).ok()?;
        Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}")))
    };
    let documents = read("openapi-v1.json").zip(read("openapi-v2-2026-10.json")).zip(read("openapi-v2.json"));
    if documents.is_none() {
        println!("skipped: no OpenAPI documents in {}", folder.display());
    }
    documents.map(|((v1, v2), v2_2026_08)| Documents { v1, v2, v2_2026_08 })
}

/// Validates every answer.
struct Bench {
    world: World,
    now: Timestamp,
    documents: Documents,
    validators: BTreeMap<(ApiVersion, String), jsonschema::Validator>,
    checked: usize,
}

impl Bench {
    fn new(fidelity: Fidelity) -> Option<Self> {
        let now = "2026-01-01T00:00:00Z".parse().expect("a valid time");
        let settings = Settings { fidelity, ..Settings::default() };
        let world = World::new(settings, now);
        Some(Self { world, now, documents: documents()?, validators: BTreeMap::new(), checked: 0 })
    }

    fn pass(&mut self, millis: i64) {
        self.now = self.now.checked_add(SignedDuration::from_millis(millis)).expect("within time");
    }

    /// Sends a call and checks the status and the body of the answer.
    fn send(&mut self, call: Call, status: u16, schema: Option<&str>) -> Value {
        let what = format!("{:?} {} {:?}", call.dialect, call.operation, call.id);
        let dialect = call.dialect;
        let CallReply { status: actual, content_type, body, .. } = self.world.answer(&call, self.now);
        let value: Value = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).expect("JSON") };
        assert_eq!(actual, status, "{what}: {value}");
        let schema = match (dialect, schema) {
            (ApiVersion::V2, None) if status >= 400 => {
                assert_eq!(content_type, "application/problem+json", "{what}");
                Some("ErrorResponse")
            }
            (_, schema) => schema,
        };
        if let Some(schema) = schema {
            self.validate(dialect, schema, &value, &what);
        }
        value
    }

    fn validate(&mut self, dialect: ApiVersion, schema: &str, value: &Value, what: &str) {
        let documents = &self.documents;
        let validator = self.validators.entry((dialect, schema.to_owned())).or_insert_with(|| {
            let document = if dialect == ApiVersion::V1 { &documents.v1 } else { &documents.v2 };
            let root = json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "$ref": format!("#/components/schemas/{schema}"),
                "components": document["components"],
            });
            let root = if dialect == ApiVersion::V1 { in_json_schema(root) } else { root };
            jsonschema::options().should_validate_formats(true).build(&root).expect("a valid schema")
        });
        let errors: Vec<String> =
            validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path)).collect();
        assert!(errors.is_empty(), "{what} against {schema}: {errors:#?}\n{value:#}");
        self.checked += 1;
    }
}

/// Converts a schema of v1, which is OpenAPI 3.0: `nullable` becomes a second type. The format of `publicIp` is
/// dropped, because the live service returns an empty string while a pod starts.
fn in_json_schema(value: Value) -> Value {
    match value {
        Value::Object(mut members) => {
            members.remove("format");
            if members.remove("nullable") == Some(json!(true))
                && let Some(kind) = members.get("type").cloned()
            {
                members.insert("type".to_owned(), json!([kind, "null"]));
            }
            Value::Object(members.into_iter().map(|(name, member)| (name, in_json_schema(member))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(in_json_schema).collect()),
        other => other,
    }
}

fn v2(operation: &'static str) -> Call {
    Call::new(ApiVersion::V2, operation)
}

fn v1(operation: &'static str) -> Call {
    Call::new(ApiVersion::V1, operation)
}

fn id(value: &Value) -> String {
    value["id"].as_str().expect("an id").to_owned()
}

const GPU: &str = "NVIDIA GeForce RTX 4090";

fn gpu_pod(name: &str) -> Value {
    json!({
        "name": name, "image": "runpod/pytorch:1", "disk": 50, "gpu": { "id": GPU, "count": 2 },
        "ports": ["8888/http", "22/tcp", "70001/tcp"], "env": { "A": "b" },
        "mounts": { "persistent": { "size": 20, "path": "/workspace" } },
    })
}

fn every_v2_answer_matches(fidelity: Fidelity) {
    let Some(mut bench) = Bench::new(fidelity) else { return };
    let keys = json!({ "keys": ["ssh-ed25519 AAAA me"] });
    bench.send(v2("updateSshKeys").body(keys), 200, Some("SshKeys"));
    bench.send(v2("getSshKeys"), 200, Some("SshKeys"));
    bench.send(v2("updateSshKeys").body(json!({ "keys": ["no"] })), 422, None);

    let volume = json!({ "name": "data", "size": 100, "dataCenter": "US-CA-2" });
    let volume = id(&bench.send(v2("createNetworkVolume").body(volume), 201, Some("NetworkVolume")));
    bench.send(v2("getNetworkVolume").id(&volume), 200, Some("NetworkVolume"));
    bench.send(v2("listNetworkVolumes"), 200, Some("ListNetworkVolumesResponse"));
    bench.send(v2("updateNetworkVolume").id(&volume).body(json!({ "size": 200 })), 200, Some("NetworkVolume"));
    bench.send(v2("updateNetworkVolume").id(&volume).body(json!({ "size": 100 })), 400, None);
    bench.send(v2("updateNetworkVolume").id(&volume).body(json!({})), 422, None);

    let mut wanted = gpu_pod("a");
    wanted["startSsh"] = json!(true);
    wanted["startJupyter"] = json!(true);
    wanted["globalNetworking"] = json!(true);
    let pod = id(&bench.send(v2("createPod").body(wanted), 201, Some("Pod")));
    let cpu = json!({ "name": "c", "image": "i", "disk": 20, "cpu": { "id": "cpu3c", "vcpuCount": 4 } });
    bench.send(v2("createPod").body(cpu), 201, Some("Pod"));
    let mut on_volume = gpu_pod("n");
    on_volume["mounts"] = json!({ "network": [{ "volumeId": volume, "path": "/data" }] });
    let on_volume = id(&bench.send(v2("createPod").body(on_volume), 201, Some("Pod")));
    bench.send(v2("deleteNetworkVolume").id(&volume), 400, None);

    // All stages of a pod.
    for _ in 0..20 {
        bench.send(v2("getPod").id(&pod), 200, Some("Pod"));
        bench.pass(100);
    }
    bench.send(v2("listPods"), 200, Some("ListPodsResponse"));
    let page = bench.send(v2("listPods").query("limit", 2), 200, Some("ListPodsResponse"));
    let cursor = page["pagination"]["nextCursor"].as_str().expect("a third pod").to_owned();
    let rest = v2("listPods").query("limit", 2).query("cursor", &cursor);
    bench.send(rest, 200, Some("ListPodsResponse"));
    bench.send(v2("listPods").query("cursor", &cursor), 422, None);
    bench.send(v2("listPods").query("limit", 1001), 422, None);
    bench.send(v2("listPods").query("limit", 0), 422, None);

    let patch = json!({ "image": "other:2", "cmd": ["a"], "entrypoint": ["b"], "registry": null });
    bench.send(v2("updatePod").id(&pod).body(patch), 200, Some("Pod"));
    bench.pass(2000);
    for (action, status) in [("restart", 200), ("stop", 200), ("stop", 409), ("start", 200)] {
        let schema = (status == 200).then_some("Pod");
        bench.send(v2("podAction").id(&pod).body(json!({ "action": action })), status, schema);
        bench.pass(2000);
    }
    bench.send(v2("podAction").id(&pod).body(json!({ "action": "reset" })), 422, None);
    let zero = Tweaks { zero_gpu: true, ..Tweaks::default() };
    bench.send(v2("podAction").id(&pod).body(json!({ "action": "stop" })), 200, Some("Pod"));
    let start = v2("podAction").id(&pod).body(json!({ "action": "start" })).tweaks(zero);
    assert_eq!(bench.send(start, 200, Some("Pod")).get("gpu"), None, "a zero-GPU pod has no `gpu`");

    let slow = Tweaks { delete_slow_seconds: Some(5), ..Tweaks::default() };
    bench.send(v2("deletePod").id(&on_volume).tweaks(slow), 204, None);
    let last = bench.send(v2("getPod").id(&on_volume), 200, Some("Pod"));
    assert_eq!(last["status"], "TERMINATED");
    bench.send(v2("deletePod").id(&on_volume), 404, None);
    bench.send(v2("deleteNetworkVolume").id(&volume), 204, None);
    bench.send(v2("podAction").id(&pod).body(json!({ "action": "terminate" })), 204, None);
    bench.send(v2("getPod").id(&pod), 404, None);

    bench.world.set_capacity(vec![CapacityRule { gpu: "*".into(), data_center: "*".into(), free: 0 }]);
    bench.send(v2("createPod").body(gpu_pod("late")), 400, None);
    bench.world.set_account(Some(0.0), None, bench.now);
    bench.send(v2("createPod").body(gpu_pod("late")), 402, None);
    bench.send(v2("createPod").body(json!({ "nam": 1 })), 422, None);

    catalog_and_secrets_match(&mut bench);
    presets_match(&mut bench);
    assert!(bench.checked > 60, "{} answers were checked", bench.checked);
}

/// The names of all members of a schema, including those of the schemas that it combines.
fn members(document: &Value, schema: &Value) -> Vec<String> {
    let own = schema["properties"].as_object().into_iter().flat_map(|members| members.keys().cloned());
    let target = schema["$ref"].as_str().and_then(|path| document.pointer(path.trim_start_matches('#')));
    let parts = schema["allOf"].as_array().into_iter().flatten().chain(target);
    own.chain(parts.flat_map(|part| members(document, part))).collect()
}

#[test]
fn v2_of_august_2026_matches_its_document() {
    let Some(mut bench) = Bench::new(Fidelity::Observed) else { return };
    bench.documents.v2 = bench.documents.v2_2026_08.clone();
    let known = members(&bench.documents.v2_2026_08, &json!({ "$ref": "#/components/schemas/Pod" }));
    let gpu = members(&bench.documents.v2_2026_08, &json!({ "$ref": "#/components/schemas/GpuConfig" }));
    assert!(!known.contains(&"cmd".to_owned()) && known.contains(&"args".to_owned()), "{known:?}");
    let v2 = |operation| v2(operation).tweaks(Tweaks { v2_2026_08: true, ..Tweaks::default() });

    let volume = json!({ "name": "data", "size": 100, "dataCenter": "US-CA-2" });
    bench.send(v2("createNetworkVolume").body(volume), 201, Some("NetworkVolume"));
    bench.send(v2("listNetworkVolumes"), 200, Some("ListNetworkVolumesResponse"));
    let mut wanted = gpu_pod("a");
    wanted["args"] = json!("python 'a b.py'");
    let pod = id(&bench.send(v2("createPod").body(wanted), 201, Some("Pod")));
    bench.send(v2("createPod").body(gpu_pod("b")), 201, Some("Pod"));
    bench.pass(5000);
    let mut shown = vec![bench.send(v2("getPod").id(&pod), 200, Some("Pod"))];
    let listed = bench.send(v2("listPods").query("limit", 1), 200, Some("ListPodsResponse"));
    assert_eq!(listed.as_object().map(|list| list.keys().collect::<Vec<_>>()), Some(vec![&"pods".to_owned()]));
    shown.extend(listed["pods"].as_array().expect("pods").clone());
    shown.push(bench.send(v2("updatePod").id(&pod).body(json!({ "image": "b:2" })), 200, Some("Pod")));
    shown.push(bench.send(v2("podAction").id(&pod).body(json!({ "action": "stop" })), 200, Some("Pod")));
    assert_eq!(shown.len(), 5, "no pages");
    for pod in &shown {
        let later = |object: &Value, known: &[String]| {
            let names = object.as_object().expect("an object").keys();
            names.filter(|name| !known.contains(name)).cloned().collect::<Vec<_>>()
        };
        assert_eq!((later(pod, &known), later(&pod["gpu"], &gpu)), (vec![], vec![]), "came later");
    }
    for floor in ["minRamPerGpu", "minVcpuCountPerGpu"] {
        let mut refused = gpu_pod("c");
        refused["gpu"][floor] = json!(8);
        bench.send(v2("createPod").body(refused), 422, None);
    }
    for member in ["cmd", "entrypoint"] {
        bench.send(v2("updatePod").id(&pod).body(json!({ member: ["a"] })), 422, None);
    }
    bench.send(v2("listSecrets"), 404, None);

    let endpoint = json!({
        "name": "e", "type": "LOAD_BALANCER", "image": "i:1", "gpu": { "pools": ["ADA_24"] },
        "scaling": { "type": "REQUEST_COUNT", "requestCount": 4 },
    });
    let made = bench.send(v2("createEndpoint").body(endpoint), 201, Some("Endpoint"));
    assert_eq!((made.get("cmd"), made.get("entrypoint")), (None, None), "came later");
    let listed = bench.send(v2("listEndpoints").query("limit", 1), 200, Some("ListEndpointsResponse"));
    assert_eq!(listed.as_object().map(|list| list.keys().collect::<Vec<_>>()), Some(vec![&"endpoints".to_owned()]));
    bench.send(v2("listEndpointWorkers").id(id(&made)), 200, Some("ListEndpointWorkersResponse"));
    bench.send(v2("listEndpointReleases").id(id(&made)), 200, Some("ListEndpointReleasesResponse"));
    bench.send(v2("listEndpointBuilds").id(id(&made)), 404, None);
    bench.send(v2("createTemplate").body(json!({ "name": "t", "image": "i:1" })), 201, Some("Template"));
}

fn presets_match(bench: &mut Bench) {
    let key = json!({ "name": "k", "username": "u", "password": "p" });
    let key = id(&bench.send(v2("createRegistry").body(key), 201, Some("Registry")));
    bench.send(v2("createRegistry").body(json!({ "name": "k" })), 422, None);
    bench.send(v2("listRegistries"), 200, Some("ListRegistriesResponse"));
    bench.send(v2("getRegistry").id(&key), 200, Some("Registry"));
    let template = json!({
        "name": "t", "image": "i:1", "disk": 30, "ports": ["22/tcp"], "registry": key, "category": "NVIDIA",
        "mounts": { "persistent": { "size": 20, "path": "/w" } }, "cmd": ["a"], "allowedCudaVersions": ["12.8"],
    });
    let template = id(&bench.send(v2("createTemplate").body(template), 201, Some("Template")));
    let bare = json!({ "name": "bare", "image": "i:1" });
    bench.send(v2("createTemplate").body(bare.clone()), 201, Some("Template"));
    bench.send(v2("createTemplate").body(bare), 400, None);
    let network = json!({ "name": "n", "image": "i", "mounts": { "network": [] } });
    bench.send(v2("createTemplate").body(network), 422, None);
    bench.send(v2("listTemplates"), 200, Some("ListTemplatesResponse"));
    bench.send(v2("getTemplate").id(&template), 200, Some("Template"));
    bench.send(v2("deleteRegistry").id(&key), 204, None);
    let orphaned = bench.send(v2("getTemplate").id(&template), 200, Some("Template"));
    assert_eq!(orphaned["registry"], Value::Null);
    bench.send(v2("getRegistry").id(&key), 404, None);
    bench.send(v2("deleteTemplate").id(&template), 204, None);
    bench.send(v2("getTemplate").id(&template), 404, None);
}

fn catalog_and_secrets_match(bench: &mut Bench) {
    let with = |operation| v2(operation).query("include", "AVAILABILITY").query("product", "POD");
    bench.send(v2("listGpuTypes"), 200, Some("ListGpuTypesResponse"));
    bench.send(with("listGpuTypes").query("count", 8).query("cloud", "SECURE"), 200, Some("ListGpuTypesResponse"));
    bench.send(with("getGpuType").id(GPU), 200, Some("GpuType"));
    bench.send(v2("getGpuType").id("no such"), 404, None);
    bench.send(v2("listGpuTypes").query("include", "AVAILABILITY"), 400, None);
    bench.send(v2("listGpuTypes").query("product", "POD"), 400, None);
    bench.send(v2("listGpuTypes").query("cloud", "MY"), 422, None);
    bench.send(with("listCpuTypes"), 200, Some("ListCpuTypesResponse"));
    bench.send(with("getCpuType").id("cpu3c"), 200, Some("CpuType"));
    let include = "GPU_AVAILABILITY,CPU_AVAILABILITY";
    bench.send(v2("listDataCenters").query("include", include), 200, Some("ListDataCentersResponse"));
    bench.send(v2("getDataCenter").id("US-CA-2").query("include", include), 200, Some("DataCenter"));

    let secret = json!({ "name": "HF_TOKEN", "value": "v", "description": "d" });
    let secret_id = id(&bench.send(v2("createSecret").body(secret.clone()), 201, Some("Secret")));
    bench.send(v2("createSecret").body(secret), 409, None);
    bench.send(v2("createSecret").body(json!({ "name": "runpod_x", "value": "v" })), 400, None);
    bench.send(v2("listSecrets").query("name", "hf_token"), 200, Some("ListSecretsResponse"));
    bench.send(v2("getSecret").id(&secret_id), 200, Some("Secret"));
    bench.send(v2("updateSecret").id(&secret_id).body(json!({ "value": "w" })), 200, Some("Secret"));
    bench.send(v2("deleteSecret").id(&secret_id), 204, None);
    bench.send(v2("getSecret").id(&secret_id), 404, None);
}

#[test]
fn every_v2_answer_matches_the_document_as_observed() {
    every_v2_answer_matches(Fidelity::Observed);
}

#[test]
fn every_v2_answer_matches_the_document_as_documented() {
    every_v2_answer_matches(Fidelity::Documented);
}

fn every_v1_answer_matches(fidelity: Fidelity) {
    let Some(mut bench) = Bench::new(fidelity) else { return };
    let volume = json!({ "name": "data", "size": 100, "dataCenterId": "US-CA-2" });
    let volume = id(&bench.send(v1("createNetworkVolume").body(volume), 200, Some("NetworkVolume")));
    bench.send(v1("getNetworkVolume").id(&volume), 200, Some("NetworkVolume"));
    bench.send(v1("listNetworkVolumes"), 200, Some("NetworkVolumes"));
    let wanted = json!({ "imageName": "i", "gpuTypeIds": [GPU], "networkVolumeId": volume });
    let pod = id(&bench.send(v1("createPod").body(wanted), 201, Some("Pod")));
    let cpu = json!({ "imageName": "i", "computeType": "CPU", "containerDiskInGb": 20, "volumeInGb": 0 });
    bench.send(v1("createPod").body(cpu), 201, Some("Pod"));
    let include = |call: Call| call.query("includeMachine", true).query("includeNetworkVolume", true);
    for _ in 0..20 {
        bench.send(include(v1("getPod").id(&pod)), 200, Some("Pod"));
        bench.pass(100);
    }
    bench.send(include(v1("listPods")), 200, Some("Pods"));
    bench.send(v1("updatePod").id(&pod).body(json!({ "env": { "A": "b" } })), 200, Some("Pod"));
    bench.pass(2000);
    for operation in ["restartPod", "resetPod", "stopPod", "startPod"] {
        bench.send(v1(operation).id(&pod), 200, Some("Pod"));
        bench.pass(2000);
    }
    bench.send(v1("deletePod").id(&pod), 204, None);
    bench.send(v1("getPod").id(&pod), 404, None);
    bench.send(v1("deleteNetworkVolume").id(&volume), 204, None);
    let key = json!({ "name": "k", "username": "u", "password": "p" });
    let key = id(&bench.send(v1("createRegistry").body(key), 200, Some("ContainerRegistryAuth")));
    bench.send(v1("listRegistries"), 200, Some("ContainerRegistryAuths"));
    bench.send(v1("getRegistry").id(&key), 200, Some("ContainerRegistryAuth"));
    let template = json!({ "name": "t", "imageName": "i:1", "volumeInGb": 0, "containerRegistryAuthId": key });
    let template = id(&bench.send(v1("createTemplate").body(template), 200, Some("Template")));
    bench.send(v1("listTemplates"), 200, Some("Templates"));
    bench.send(v1("getTemplate").id(&template), 200, Some("Template"));
    bench.send(v1("deleteTemplate").id(&template), 204, None);
    bench.send(v1("deleteRegistry").id(&key), 204, None);
    bench.send(v1("getRegistry").id(&key), 404, None);
    let mistake = if fidelity == Fidelity::Observed { 500 } else { 400 };
    bench.send(v1("deleteNetworkVolume").id(&volume), mistake, None);
    assert!(bench.checked > 30, "{} answers were checked", bench.checked);
}

#[test]
fn every_v1_answer_matches_the_document_as_observed() {
    every_v1_answer_matches(Fidelity::Observed);
}

#[test]
fn every_v1_answer_matches_the_document_as_documented() {
    every_v1_answer_matches(Fidelity::Documented);
}

/// The paths of all members in a schema, such as `machine.gpuType.id`.
fn paths(document: &Value, schema: &Value, above: &str) -> Vec<String> {
    let schema =
        schema["$ref"].as_str().and_then(|path| document.pointer(path.trim_start_matches('#'))).unwrap_or(schema);
    let members = schema["properties"].as_object().into_iter().flatten();
    members
        .flat_map(|(name, member)| {
            let path = format!("{above}{name}");
            let below = paths(document, member, &format!("{path}."));
            std::iter::once(path).chain(below)
        })
        .collect()
}

/// Generated clients rely on these members: the crate runpod-sdk cannot read a pod whose `gpu` has no price.
#[test]
fn a_v1_pod_has_every_documented_member() {
    let Some(mut bench) = Bench::new(Fidelity::Documented) else { return };
    let documented = paths(&bench.documents.v1, &json!({ "$ref": "#/components/schemas/Pod" }), "");
    assert!(documented.contains(&"machine.gpuType.secureSpotPrice".to_owned()), "{documented:?}");
    let volume = json!({ "name": "data", "size": 100, "dataCenterId": "US-CA-2" });
    let volume = id(&bench.send(v1("createNetworkVolume").body(volume), 200, Some("NetworkVolume")));
    let gpu = json!({ "imageName": "i", "gpuTypeIds": [GPU], "networkVolumeId": volume });
    let cpu = json!({ "imageName": "i", "computeType": "CPU", "containerDiskInGb": 20, "networkVolumeId": volume });
    let spot = json!({ "imageName": "i", "gpuTypeIds": [GPU], "networkVolumeId": volume, "interruptible": true });
    for wanted in [gpu, cpu, spot] {
        bench.send(v1("createPod").body(wanted), 201, Some("Pod"));
    }
    let list = || v1("listPods").query("includeMachine", true).query("includeNetworkVolume", true);
    for millis in [0, 500, 60_000] {
        bench.pass(millis);
        let pods = bench.send(list(), 200, Some("Pods"));
        for pod in pods.as_array().expect("pods") {
            // A pod has no machine until it is placed.
            let placed = pod["machine"] != json!({});
            let shown = |path: &&String| placed || !path.starts_with("machine.");
            let missing: Vec<&String> = documented
                .iter()
                .filter(shown)
                .filter(|path| pod.pointer(&format!("/{}", path.replace('.', "/"))).is_none())
                .collect();
            assert!(missing.is_empty(), "after {millis} ms: {missing:?} of {pod:#}");
            assert!(placed || millis < 60_000, "{pod:#}");
        }
        let gpus = pods.as_array().expect("pods").iter().filter(|pod| pod["gpu"]["count"] == 1);
        for pod in gpus {
            assert!(pod["gpu"]["securePrice"].as_f64() > Some(0.0) && pod["gpu"]["id"] == GPU, "{pod:#}");
        }
    }
}
