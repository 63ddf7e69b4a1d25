//! The client's requests, checked against RunPod's OpenAPI documents.
//!
//! The documents are RunPod's and not in this repository. `SINDRI_CONTRACT_DIR` is the folder that contains them
//! (`openapi-v1.json`, `openapi-v2-2026-10.json`). Without them these tests say so and check nothing.

mod support;

use std::path::PathBuf;

use serde_json::{Value as Json, json};
use sindri::kind::limits::{LimitRule, LimitSource};
use sindri::kind::{
    self, AccountObject, ECR_DELEGATION, ENDPOINT, KINDS, Kind, NETWORK_VOLUME, POD, REGISTRY, SECRET, TEMPLATE,
};
use sindri::model::{Attributes, Dialect, Power, Secret, Value};
use sindri::runpod::Api;

use support::script::{Script, attributes, client, env, json as answer, marker, pod, pod_with};

fn document(name: &str) -> Option<Json> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/runpod");
    let path = std::env::var_os("SINDRI_CONTRACT_DIR").map_or_else(beside, PathBuf::from).join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).expect("an OpenAPI document is JSON")),
        Err(error) => {
            eprintln!("skipped: {}: {error}", path.display());
            None
        }
    }
}

/// The violations of the named schema by `body`.
fn violations(document: &Json, schema: &str, body: &Json) -> Vec<String> {
    let schema = json!({ "$ref": format!("#/components/schemas/{schema}"), "components": document["components"] });
    let validator = jsonschema::draft202012::new(&schema).expect("the document's schemas are valid");
    validator.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path)).collect()
}

/// Members that v1's schema does not have. v1 refuses them, although its document does not say so.
fn unknown_members(document: &Json, schema: &str, body: &Json) -> Vec<String> {
    let known = document["components"]["schemas"][schema]["properties"].as_object().expect("an object's schema");
    body.as_object().unwrap().keys().filter(|member| !known.contains_key(*member)).cloned().collect()
}

async fn create_body(dialect: Dialect, kind: &'static Kind, inputs: &Attributes) -> Json {
    let script = Script::new([answer(201, &json!({ "id": "p1" }))]);
    client(&script, dialect).create(kind, inputs, Some(&marker())).await.unwrap();
    script.body(0)
}

async fn update_body(dialect: Dialect, kind: &'static Kind, changes: &Attributes) -> Json {
    let current = json!({
        "id": "p1", "mounts": { "persistent": { "size": 20, "path": "/workspace" } }, "env": { "PUBLIC_KEY": "x" },
    });
    let script = Script::new([answer(200, &current), answer(200, &current)]);
    let client = client(&script, dialect);
    let current = client.read(kind, "p1").await.unwrap().unwrap();
    client.update(kind, &current, changes).await.unwrap();
    script.body(1)
}

/// Every attribute that the dialect can express, in all combinations that affect the shape of the body.
fn pods(dialect: Dialect) -> Vec<Attributes> {
    let everything = [
        ("env", env(&[("A", "b")])),
        ("cuda_versions", Value::texts(["12.8"])),
        ("command", Value::texts(["python", "train.py"])),
        ("entrypoint", Value::texts(["bash", "-c"])),
        ("registry_auth", "cred1".into()),
        ("global_networking", true.into()),
        ("locked", true.into()),
        ("public_ip", true.into()),
        ("template", "tpl1".into()),
        ("spot", (dialect == Dialect::V1).into()),
        ("start_ssh", (dialect == Dialect::V2).into()),
    ];
    let cpu = [
        ("gpu_types", Value::List(vec![].into())),
        ("gpu_count", Value::Null),
        ("cpu_flavors", Value::texts(["cpu3c"])),
        ("vcpu_count", Value::Int(4)),
        ("volume_gb", Value::Int(0)),
        ("regions", Value::List(vec![].into())),
    ];
    let mounted = [("network_volume", Value::text("vol1")), ("volume_gb", Value::Int(0))];
    vec![pod(), pod_with(&everything), pod_with(&cpu), pod_with(&mounted)]
}

fn pod_changes() -> Attributes {
    attributes(&[
        ("name", "new".into()),
        ("image", "img:2".into()),
        ("container_disk_gb", Value::Int(60)),
        ("volume_gb", Value::Int(30)),
        ("volume_mount_path", "/data".into()),
        ("ports", Value::texts(["22/tcp"])),
        ("env", env(&[("A", "b")])),
        ("entrypoint", Value::texts(["bash"])),
        ("command", Value::texts(["x"])),
        ("registry_auth", Value::Null),
        ("locked", true.into()),
        ("global_networking", true.into()),
    ])
}

fn volume(tier: Value) -> Attributes {
    attributes(&[("name", "data".into()), ("size_gb", Value::Int(50)), ("region", "US-CA-2".into()), ("tier", tier)])
}

/// Templates with every attribute, and with none that is optional.
fn templates() -> [Attributes; 2] {
    let everything = attributes(&[
        ("name", "base".into()),
        ("image", "img:1".into()),
        ("container_disk_gb", Value::Int(40)),
        ("volume_gb", Value::Int(20)),
        ("volume_mount_path", "/data".into()),
        ("ports", Value::texts(["80/http"])),
        ("env", env(&[("A", "b")])),
        ("entrypoint", Value::texts(["bash"])),
        ("command", Value::texts(["-c", "x"])),
        ("registry_auth", "cred1".into()),
        ("cuda_versions", Value::texts(["12.8"])),
        ("start_ssh", false.into()),
        ("start_jupyter", false.into()),
        ("serverless", true.into()),
        ("public", true.into()),
        ("category", "CPU".into()),
    ]);
    let missing = TEMPLATE.attributes.iter().find(|attribute| !everything.contains_key(attribute.name));
    assert!(missing.is_none(), "{missing:?}");
    [everything, attributes(&[("name", "base".into()), ("image", "img:1".into())])]
}

#[tokio::test]
async fn bodies_of_templates_fit_the_document_and_carry_every_attribute() {
    let Some(document) = document("openapi-v2-2026-10.json") else { return };
    let none: [String; 0] = [];
    let [everything, least] = templates();
    for inputs in [&everything, &least] {
        let body = create_body(Dialect::V2, &TEMPLATE, inputs).await;
        assert_eq!(violations(&document, "CreateTemplateRequest", &body), none, "{body}");
    }
    let create = create_body(Dialect::V2, &TEMPLATE, &everything).await;
    let update = update_body(Dialect::V2, &TEMPLATE, &everything).await;
    assert_eq!(violations(&document, "UpdateTemplateRequest", &update), none, "{update}");
    for schema in ["CreateTemplateRequest", "UpdateTemplateRequest"] {
        let mut known = Vec::new();
        members(&document, &document["components"]["schemas"][schema], &mut known);
        // Entrypoint and command travel in `args`.
        for member in known.iter().filter(|member| !["cmd", "entrypoint"].contains(&member.as_str())) {
            let body = if schema.starts_with("Create") { &create } else { &update };
            assert!(body.get(member).is_some(), "{schema} {member} in {body}");
        }
    }
    // Everything that can be cleared is.
    let cleared = attributes(&[
        ("registry_auth", Value::Null),
        ("ports", Value::List(vec![].into())),
        ("cuda_versions", Value::Null),
        ("command", Value::Null),
        ("entrypoint", Value::Null),
        ("start_ssh", false.into()),
    ]);
    let body = update_body(Dialect::V2, &TEMPLATE, &cleared).await;
    assert_eq!(violations(&document, "UpdateTemplateRequest", &body), none, "{body}");
    let expected = json!({ "registry": null, "ports": [], "allowedCudaVersions": [], "args": "", "startSsh": false });
    assert_eq!(body, expected);
}

/// The names of the members of a schema.
fn members(document: &Json, schema: &Json, found: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#')).expect("a reference leads somewhere");
        return members(document, target, found);
    }
    schema["allOf"].as_array().into_iter().flatten().for_each(|part| members(document, part, found));
    found.extend(schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()));
}

#[tokio::test]
async fn the_documents_example_of_a_template_is_read_completely() {
    let Some(document) = document("openapi-v2-2026-10.json") else { return };
    let example = "/paths/~1v2~1templates/get/responses/200/content/application~1json/examples/templates/value";
    let example = document.pointer(example).expect("an example").clone();
    let script = Script::new([answer(200, &example)]);
    let listed = client(&script, Dialect::V2).list(&TEMPLATE).await.unwrap();
    let [template] = &listed[..] else { panic!("{listed:?}") };
    let unread = TEMPLATE.attributes.iter().find(|attribute| !template.attributes.contains_key(attribute.name));
    assert!(unread.is_none(), "{unread:?}");
    assert_eq!((template.name.as_str(), &template.attributes["volume_gb"]), ("PyTorch GPU Template", &Value::Int(20)));
    assert_eq!(template.attributes["start_jupyter"], false.into());
}

/// A queue with every attribute, one that scales on requests, a load balancer, and one with CPUs.
fn endpoints() -> Vec<Attributes> {
    let common = [
        ("name", "sd".into()),
        ("routing", "QUEUE".into()),
        ("image", "a/b:1".into()),
        ("gpu_pools", Value::texts(["ADA_24", "ADA_48_PRO"])),
        ("gpu_count", Value::Int(1)),
        ("workers_min", Value::Int(0)),
        ("workers_max", Value::Int(5)),
        ("idle_timeout_seconds", Value::Int(10)),
        ("queue_delay_ms", Value::Int(500)),
        ("timeout_ms", Value::Int(300_000)),
        ("flashboot", "OFF".into()),
    ];
    let with = |others: &[(&str, Value)]| {
        let mut endpoint = attributes(&common);
        endpoint.extend(attributes(others));
        endpoint
    };
    let everything = [
        ("excluded_gpu_types", Value::texts(["NVIDIA L40"])),
        ("cuda_versions", Value::texts(["12.8"])),
        ("regions", Value::texts(["US-CA-2"])),
        ("network_volumes", Value::texts(["vol1"])),
        ("container_disk_gb", Value::Int(20)),
        ("ports", Value::texts(["8000/http"])),
        ("env", env(&[("A", "b")])),
        ("command", Value::texts(["serve"])),
        ("entrypoint", Value::texts(["bash"])),
        ("registry_auth", "cred1".into()),
        ("template", "tpl1".into()),
    ];
    let by_count = [
        ("queue_delay_ms", Value::Null),
        ("idle_timeout_seconds", Value::Null),
        ("request_count", Value::Int(8)),
        ("min_cuda_version", "12.4".into()),
    ];
    let balanced =
        [("routing", "LOAD_BALANCER".into()), ("queue_delay_ms", Value::Null), ("request_count", Value::Int(1))];
    let cpu = [("gpu_pools", Value::List(vec![].into())), ("cpu_instances", Value::texts(["cpu3c-2-4"]))];
    vec![with(&everything), with(&by_count), with(&balanced), with(&cpu)]
}

#[tokio::test]
async fn bodies_of_endpoints_fit_the_document() {
    let Some(document) = document("openapi-v2-2026-10.json") else { return };
    let none: [String; 0] = [];
    for inputs in endpoints() {
        let body = create_body(Dialect::V2, &ENDPOINT, &inputs).await;
        assert_eq!(violations(&document, "CreateEndpointRequest", &body), none, "{body}");
        let mut changes = inputs;
        changes.remove("routing");
        if changes.contains_key("cpu_instances") {
            changes.retain(|name, _| !name.starts_with("gpu_"));
        }
        let body = update_body(Dialect::V2, &ENDPOINT, &changes).await;
        assert_eq!(violations(&document, "UpdateEndpointRequest", &body), none, "{body}");
    }
    let switched = [("cuda_versions", Value::List(vec![].into())), ("min_cuda_version", "12.8".into())];
    let body = update_body(Dialect::V2, &ENDPOINT, &attributes(&switched)).await;
    assert_eq!(violations(&document, "UpdateEndpointRequest", &body), none, "{body}");
}

#[tokio::test]
async fn bodies_of_v2_fit_its_document() {
    let Some(document) = document("openapi-v2-2026-10.json") else { return };
    assert!(!violations(&document, "CreatePodRequest", &json!({ "name": "x", "image": "y", "extra": 1 })).is_empty());
    let none: [String; 0] = [];
    for inputs in pods(Dialect::V2) {
        let body = create_body(Dialect::V2, &POD, &inputs).await;
        assert_eq!(violations(&document, "CreatePodRequest", &body), none, "{body}");
    }
    let body = update_body(Dialect::V2, &POD, &pod_changes()).await;
    assert_eq!(violations(&document, "UpdatePodRequest", &body), none, "{body}");
    let body = create_body(Dialect::V2, &NETWORK_VOLUME, &volume("HIGH_PERFORMANCE".into())).await;
    assert_eq!(violations(&document, "CreateNetworkVolumeRequest", &body), none, "{body}");
    let changes = attributes(&[("name", "new".into()), ("size_gb", Value::Int(80))]);
    let body = update_body(Dialect::V2, &NETWORK_VOLUME, &changes).await;
    assert_eq!(violations(&document, "UpdateNetworkVolumeRequest", &body), none, "{body}");
}

fn hidden(text: &str) -> Value {
    Value::Secret(Secret::new(text))
}

fn secret() -> Attributes {
    attributes(&[
        ("name", "HF_TOKEN".into()),
        ("value", hidden("x")),
        ("version", Value::Int(1)),
        ("description", "for downloads".into()),
    ])
}

fn registry() -> Attributes {
    attributes(&[
        ("name", "ghcr".into()),
        ("username", hidden("bot")),
        ("password", hidden("x")),
        ("version", Value::Int(2)),
    ])
}

fn delegation() -> Attributes {
    attributes(&[("name", "aws".into()), ("ecr", "arn:aws:ecr:us-east-2:418399314813:repository/a/b".into())])
}

#[tokio::test]
async fn bodies_of_what_runpod_keeps_fit_its_document() {
    let Some(document) = document("openapi-v2-2026-10.json") else { return };
    let none: [String; 0] = [];
    for (kind, inputs, schema) in [
        (&SECRET, secret(), "CreateSecretRequest"),
        (&REGISTRY, registry(), "CreateRegistryRequest"),
        (&ECR_DELEGATION, delegation(), "CreateDelegationRequest"),
    ] {
        let body = create_body(Dialect::V2, kind, &inputs).await;
        assert_eq!(violations(&document, schema, &body), none, "{body}");
    }
    for changes in
        [attributes(&[("value", hidden("y")), ("version", Value::Int(2))]), attributes(&[("description", Value::Null)])]
    {
        let body = update_body(Dialect::V2, &SECRET, &changes).await;
        assert_eq!(violations(&document, "UpdateSecretRequest", &body), none, "{body}");
    }
}

#[tokio::test]
async fn bodies_of_v1_fit_its_document() {
    let Some(document) = document("openapi-v1.json") else { return };
    let check = |schema: &str, body: &Json| {
        let none: [String; 0] = [];
        assert_eq!(violations(&document, schema, body), none, "{body}");
        assert_eq!(unknown_members(&document, schema, body), none, "{body}");
    };
    for inputs in pods(Dialect::V1) {
        check("PodCreateInput", &create_body(Dialect::V1, &POD, &inputs).await);
    }
    check("PodUpdateInput", &update_body(Dialect::V1, &POD, &pod_changes()).await);
    check("NetworkVolumeCreateInput", &create_body(Dialect::V1, &NETWORK_VOLUME, &volume(Value::Null)).await);
    let changes = attributes(&[("name", "new".into()), ("size_gb", Value::Int(80))]);
    check("NetworkVolumeUpdateInput", &update_body(Dialect::V1, &NETWORK_VOLUME, &changes).await);
}

/// Whether the document has the operation and every parameter of its query.
fn knows(document: &Json, prefix: &str, asked: &str) -> bool {
    let (method, target) = asked.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path: Vec<&str> = path.strip_prefix(prefix).unwrap().split('/').collect();
    let fits = |template: &str| {
        let template: Vec<&str> = template.split('/').collect();
        template.len() == path.len()
            && template.iter().zip(&path).all(|(a, b)| a == b || (a.starts_with('{') && !b.is_empty()))
    };
    let operations = document["paths"].as_object().unwrap().iter().filter(|(template, _)| fits(template));
    operations.filter_map(|(_, item)| item.get(method.to_lowercase())).any(|operation| {
        let parameters = operation["parameters"].as_array();
        query.split('&').filter(|pair| !pair.is_empty()).all(|pair| {
            let name = pair.split('=').next().unwrap();
            let resolved = |parameter: &Json| match parameter["$ref"].as_str() {
                Some(reference) => document.pointer(reference.trim_start_matches('#')).map(|it| it["name"].clone()),
                None => Some(parameter["name"].clone()),
            };
            parameters.is_some_and(|all| all.iter().any(|parameter| resolved(parameter) == Some(name.into())))
        })
    })
}

#[tokio::test]
async fn every_request_is_an_operation_of_the_document() {
    for (dialect, name, prefix) in
        [(Dialect::V1, "openapi-v1.json", "/v1"), (Dialect::V2, "openapi-v2-2026-10.json", "")]
    {
        let Some(document) = document(name) else { return };
        let [template, _] = templates();
        for (kind, inputs) in [(&POD, pod()), (&NETWORK_VOLUME, volume(Value::Null)), (&TEMPLATE, template)] {
            if !kind.dialects.contains(&dialect) {
                continue;
            }
            let one = json!({ "id": "p1" });
            let list = if dialect == Dialect::V1 {
                json!([])
            } else {
                json!({ "pods": [], "networkVolumes": [], "templates": [] })
            };
            let mut answers = vec![answer(200, &list)];
            answers.resize(11, answer(200, &one));
            let script = Script::new(answers);
            let client = client(&script, dialect);
            client.list(kind).await.unwrap();
            let object = client.read(kind, "p1").await.unwrap().unwrap();
            client.create(kind, &inputs, None).await.unwrap();
            client.update(kind, &object, &attributes(&[("name", "new".into())])).await.unwrap();
            client.delete(kind, "p1").await.unwrap();
            if kind.has_container {
                client.power(kind, "p1", Power::Running).await.unwrap();
                client.power(kind, "p1", Power::Stopped).await.unwrap();
                client.in_stock(kind, &inputs).await.unwrap();
            }
            for outside in [AccountObject::Registry, AccountObject::Template, AccountObject::ServerlessTemplate] {
                client.presence(outside, "p1").await.unwrap();
            }
            for asked in script.asked() {
                assert!(knows(&document, prefix, &asked), "{asked}");
            }
        }
    }
}

#[tokio::test]
async fn every_request_about_endpoints_is_an_operation_of_the_document() {
    let Some(document) = document("openapi-v2-2026-10.json") else { return };
    let one = answer(200, &json!({ "id": "p1", "env": {} }));
    let summary = json!({ "running": 0, "idle": 0, "initializing": 0, "throttled": 0, "unhealthy": 0, "total": 0 });
    let rollout = json!({ "inProgress": false, "workersOnLatest": 0, "workersTotal": 0, "percentOnLatest": 0 });
    let script = Script::new([
        answer(200, &json!({ "endpoints": [] })),
        one.clone(),
        one.clone(),
        one.clone(),
        one,
        answer(200, &json!({ "workers": [], "summary": summary })),
        answer(200, &json!({ "releases": [], "rollout": rollout })),
    ]);
    let client = client(&script, Dialect::V2);
    client.list(&ENDPOINT).await.unwrap();
    let object = client.read(&ENDPOINT, "p1").await.unwrap().unwrap();
    client.create(&ENDPOINT, &endpoints()[0], None).await.unwrap();
    client.update(&ENDPOINT, &object, &attributes(&[("name", "new".into())])).await.unwrap();
    client.delete(&ENDPOINT, "p1").await.unwrap();
    client.workers(&ENDPOINT, "p1").await.unwrap();
    client.rollout(&ENDPOINT, "p1").await.unwrap();
    for asked in script.asked() {
        assert!(knows(&document, "", &asked), "{asked}");
    }
}

#[tokio::test]
async fn every_request_for_what_runpod_keeps_is_an_operation_of_the_document() {
    let Some(document) = document("openapi-v2-2026-10.json") else { return };
    for (kind, inputs) in [(&SECRET, secret()), (&REGISTRY, registry()), (&ECR_DELEGATION, delegation())] {
        let one = json!({ "id": "p1" });
        let list = json!({ "secrets": [one], "registries": [one], "delegations": [one] });
        // A delegation is read as a list.
        let read = if kind.name == ECR_DELEGATION.name { &list } else { &one };
        let script = Script::new([answer(200, &list), answer(200, read), answer(201, &one), answer(204, &Json::Null)]);
        let client = client(&script, Dialect::V2);
        client.list(kind).await.unwrap();
        assert!(client.read(kind, "p1").await.unwrap().is_some());
        client.create(kind, &inputs, Some(&marker())).await.unwrap();
        client.delete(kind, "p1").await.unwrap();
        for asked in script.asked() {
            assert!(knows(&document, "", &asked), "{asked}");
        }
    }
}

/// Schema keywords that set limits.
const KEYWORDS: [&str; 9] =
    ["minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern", "minProperties", "enum"];

/// Every limit of a schema, as (member path, keyword, value).
fn limits(document: &Json, schema: &Json, path: &str, found: &mut Vec<(String, &'static str, Json)>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#')).expect("a reference leads somewhere");
        return limits(document, target, path, found);
    }
    for keyword in KEYWORDS {
        if let Some(value) = schema.get(keyword) {
            found.push((path.to_owned(), keyword, value.clone()));
        }
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        limits(document, part, path, found);
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let below = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
        limits(document, member, &below, found);
    }
    if schema["items"].is_object() {
        limits(document, &schema["items"], &format!("{path}[]"), found);
    }
}

/// Limits that no file can violate, because sindri builds the value or the catalog contains every accepted word.
fn is_built_in(member: &str, keyword: &str) -> bool {
    keyword == "enum"
        || matches!(
            (member, keyword),
            ("mounts/network", "maxItems")
                | ("", "minProperties")
                | ("cpu/id", "minLength")
                | ("gpu/pools" | "cpu", "minItems")
                | ("gpu/excludedTypes[]" | "gpu/minCudaVersion", "pattern")
                | ("cpu[]/id", "minLength")
                | ("cpu[]/vcpuCount", "minimum")
                // `storeName` has a check of its own, and a value is read from at most 128 KiB and not empty.
                | ("name", "pattern")
                | ("value", "minLength" | "maxLength")
        )
}

/// Whether the rule accepts only values that the keyword allows.
fn is_kept(rule: LimitRule, keyword: &str, value: &Json) -> bool {
    let number = value.as_i64();
    match (rule, keyword) {
        (LimitRule::Whole { min, .. } | LimitRule::WholeOrNone { min }, "minimum") => {
            number.is_some_and(|least| min >= least)
        }
        (LimitRule::Whole { max, .. }, "maximum") => number.is_some_and(|most| max <= most),
        (LimitRule::Length { min, .. }, "minLength") => number.is_some_and(|least| min as i64 >= least),
        (LimitRule::Length { max, .. }, "maxLength") => number.is_some_and(|most| max as i64 <= most),
        (LimitRule::Versions, "pattern") => value == r"^\d+\.\d+$",
        _ => false,
    }
}

#[test]
fn every_limit_of_the_documents_is_in_the_table_and_vice_versa() {
    let creates = [
        ("pod", "CreatePodRequest"),
        ("network_volume", "CreateNetworkVolumeRequest"),
        ("secret", "CreateSecretRequest"),
        ("registry", "CreateRegistryRequest"),
        ("template", "CreateTemplateRequest"),
        ("endpoint", "CreateEndpointRequest"),
    ];
    let updates = [
        ("pod", "UpdatePodRequest"),
        ("network_volume", "UpdateNetworkVolumeRequest"),
        ("secret", "UpdateSecretRequest"),
        ("template", "UpdateTemplateRequest"),
        ("endpoint", "UpdateEndpointRequest"),
    ];
    let v1 = [
        ("pod", "PodCreateInput"),
        ("pod", "PodUpdateInput"),
        ("network_volume", "NetworkVolumeCreateInput"),
        ("network_volume", "NetworkVolumeUpdateInput"),
    ];
    for (dialect, name, schemas) in [
        (Dialect::V2, "openapi-v2-2026-10.json", [&creates[..], &updates[..]].concat()),
        (Dialect::V1, "openapi-v1.json", v1.to_vec()),
    ] {
        let Some(document) = document(name) else { return };
        for (kind, schema) in schemas {
            let mut documented = Vec::new();
            limits(&document, &document["components"]["schemas"][schema], "", &mut documented);
            assert!(!documented.is_empty(), "{schema}");
            for (member, keyword, value) in documented {
                let row = kind::find(kind)
                    .expect("a kind")
                    .limits_on(dialect)
                    .find(|limit| matches!(limit.source, LimitSource::Schema(_, known) if known == member));
                let kept = row.is_some_and(|limit| is_kept(limit.rule, keyword, &value));
                assert!(kept || is_built_in(&member, keyword), "{schema} {member}: {keyword} {value} against {row:?}");
            }
        }
        for limit in KINDS.iter().flat_map(|kind| kind.limits_on(dialect)) {
            let LimitSource::Schema(schema, member) = limit.source else { continue };
            let mut documented = Vec::new();
            limits(&document, &document["components"]["schemas"][schema], "", &mut documented);
            assert!(documented.iter().any(|(known, ..)| known == member), "{schema} has no limit of `{member}`");
        }
    }
}
