//! The requests about endpoints, and what sindri reads from the answers. Numbers of traps are those of the design.

use serde_json::{Value as Json, json};
use sindri::kind::ENDPOINT;
use sindri::model::{Attributes, Dialect, Object, Rollout, Value, WorkerCounts};
use sindri::runpod::Api;

use super::desired::{file, inputs, queue};
use crate::support::script::{Script, attributes, client, env, json as answer, marker};

async fn create(inputs: &Attributes) -> Json {
    let script = Script::new([answer(201, &json!({ "id": "ep1" }))]);
    client(&script, Dialect::V2).create(&ENDPOINT, inputs, Some(&marker())).await.unwrap();
    assert_eq!(script.asked(), ["POST /v2/serverless"]);
    script.body(0)
}

async fn read(body: &Json) -> Object {
    let script = Script::new([answer(200, body)]);
    client(&script, Dialect::V2).read(&ENDPOINT, "ep1").await.unwrap().unwrap()
}

async fn update(current: &Json, changes: &[(&str, Value)]) -> Json {
    let script = Script::new([answer(200, current), answer(200, current)]);
    let client = client(&script, Dialect::V2);
    let object = client.read(&ENDPOINT, "ep1").await.unwrap().unwrap();
    client.update(&ENDPOINT, &object, &attributes(changes)).await.unwrap();
    assert_eq!(script.asked()[1], "PATCH /v2/serverless/ep1");
    script.body(1)
}

/// An answer with everything.
fn shown() -> Json {
    json!({
        "id": "ep1", "name": "demo-sd", "type": "QUEUE", "image": "a/b:1", "args": "", "disk": 20, "ports": [],
        "env": { "A": "b", "SINDRI_RESOURCE": marker().to_string(), "OTHER": "x" },
        "registry": null,
        "requestUrls": {
            "run": "https://api.runpod.ai/v2/ep1/run", "runSync": "https://api.runpod.ai/v2/ep1/runsync",
            "status": "https://api.runpod.ai/v2/ep1/status/{job_id}", "health": "https://api.runpod.ai/v2/ep1/health",
        },
        "gpu": {
            "pools": ["ADA_24", "ADA_48_PRO"], "excludedTypes": ["NVIDIA L40"], "count": 1,
            "allowedCudaVersions": [], "minCudaVersion": "12.4",
        },
        "workers": { "min": 0, "max": 5, "idleTimeout": 10 },
        "scaling": { "type": "QUEUE_DELAY", "queueDelay": 0.7 },
        "dataCenterIds": [], "networkVolumes": ["vol1"], "timeout": 300_000, "flashboot": "OFF",
        "createdAt": "2026-11-20T10:00:00Z",
    })
}

#[tokio::test]
async fn a_create_sends_timeout_flashboot_and_all_limits() {
    // Traps 1 and 11.
    let body = create(&inputs(&queue("workers: { max: 5 }"))).await;
    assert_eq!((&body["timeout"], &body["flashboot"]), (&json!(300_000), &json!("OFF")));
    assert_eq!(body["workers"], json!({ "min": 0, "max": 5, "idleTimeout": 10 }));
    assert_eq!(body["scaling"], json!({ "type": "QUEUE_DELAY", "queueDelay": 4 }));
    assert_eq!(body["gpu"], json!({ "pools": ["ADA_24"], "count": 1 }));
    assert_eq!(body["env"], json!({ "SINDRI_RESOURCE": marker().to_string() }), "trap 15");
    let body = create(&inputs(&queue("scaling: { queueDelay: 0.5 }"))).await;
    assert_eq!(body["scaling"], json!({ "type": "QUEUE_DELAY", "queueDelay": 0.5 }));
}

#[tokio::test]
async fn a_queue_that_scales_on_requests_has_no_idle_timeout() {
    // Trap 2: in no request, and missing from answers.
    let wanted = inputs(&queue("scaling: { requestCount: 8 }"));
    let body = create(&wanted).await;
    assert_eq!(body["workers"], json!({ "min": 0, "max": 3 }));
    assert_eq!(body["scaling"], json!({ "type": "REQUEST_COUNT", "requestCount": 8 }));
    let mut answer = shown();
    answer["workers"] = json!({ "min": 0, "max": 3 });
    answer["scaling"] = json!({ "type": "REQUEST_COUNT", "requestCount": 8 });
    let seen = read(&answer).await.attributes;
    assert_eq!((seen.get("idle_timeout_seconds"), seen.get("queue_delay_ms")), (None, Some(&Value::Null)));
    assert_eq!(seen.get("request_count"), Some(&Value::Int(8)));
}

#[tokio::test]
async fn cpu_workers_are_sent_as_flavors_and_read_with_their_memory() {
    let body = create(&inputs(&file("type: queue\nimage: a/b:1\ncpuInstanceId: [cpu3c-2-4, cpu5c-4-8]"))).await;
    assert_eq!(body["cpu"], json!([{ "id": "cpu3c", "vcpuCount": 2 }, { "id": "cpu5c", "vcpuCount": 4 }]));
    assert_eq!(body.get("gpu"), None);
    let mut answer = shown();
    answer["gpu"] = Json::Null;
    answer["cpu"] = json!([{ "id": "cpu3c", "vcpuCount": 2, "memory": 4 }]);
    let seen = read(&answer).await.attributes;
    assert_eq!(seen.get("cpu_instances"), Some(&Value::texts(["cpu3c-2-4"])));
    assert_eq!(seen.get("gpu_pools"), Some(&Value::texts::<&str>([])));
}

#[tokio::test]
async fn pools_and_exclusions_are_always_sent_together() {
    // Trap 4.
    let body = update(&shown(), &[("gpu_pools", Value::texts(["ADA_48_PRO"]))]).await;
    assert_eq!(body["gpu"], json!({ "pools": ["ADA_48_PRO"], "excludedTypes": ["NVIDIA L40"] }));
    let body = update(&shown(), &[("excluded_gpu_types", Value::texts(["NVIDIA L40S"]))]).await;
    assert_eq!(body["gpu"], json!({ "pools": ["ADA_24", "ADA_48_PRO"], "excludedTypes": ["NVIDIA L40S"] }));
    let body = update(&shown(), &[("gpu_count", Value::Int(2))]).await;
    assert_eq!(body["gpu"], json!({ "count": 2 }), "leaves the selection as it is");
}

#[tokio::test]
async fn switching_between_the_cuda_fields_clears_the_other() {
    // Trap 5.
    let exact = [("cuda_versions", Value::texts(["12.8"])), ("min_cuda_version", Value::Null)];
    let body = update(&shown(), &exact).await;
    assert_eq!(body["gpu"], json!({ "allowedCudaVersions": ["12.8"], "minCudaVersion": "" }));
    let body = update(&shown(), &[("min_cuda_version", "12.8".into())]).await;
    assert_eq!(body["gpu"], json!({ "allowedCudaVersions": [], "minCudaVersion": "12.8" }));
}

#[tokio::test]
async fn an_update_repeats_what_runpod_would_forget() {
    let body = update(&shown(), &[("workers_max", Value::Int(8))]).await;
    assert_eq!(body["workers"], json!({ "min": 0, "max": 8, "idleTimeout": 10 }));
    assert_eq!((&body["timeout"], &body["flashboot"]), (&json!(300_000), &json!("OFF")));
    let body = update(
        &shown(),
        &[("queue_delay_ms", Value::Null), ("request_count", Value::Int(2)), ("idle_timeout_seconds", Value::Null)],
    )
    .await;
    assert_eq!(body["scaling"], json!({ "type": "REQUEST_COUNT", "requestCount": 2 }));
    assert_eq!(body["workers"], json!({ "min": 0, "max": 5 }), "an idle timeout would be refused");
}

#[tokio::test]
async fn a_rollout_keeps_the_marker_and_foreign_variables() {
    // Trap 15.
    let body = update(&shown(), &[("image", "a/b:2".into()), ("env", env(&[("A", "c")]))]).await;
    assert_eq!(body["image"], "a/b:2");
    assert_eq!(body["env"], json!({ "A": "c", "OTHER": "x", "SINDRI_RESOURCE": marker().to_string() }));
    // A template's environment would replace the one with the marker.
    let body = update(&shown(), &[("template", "tpl2".into())]).await;
    assert_eq!(body["env"]["SINDRI_RESOURCE"], json!(marker().to_string()));
    let body = update(&shown(), &[("registry_auth", Value::Null), ("ports", Value::Null)]).await;
    assert_eq!((&body["registry"], &body["ports"]), (&Json::Null, &json!([])));
    assert_eq!(body.get("env"), None);
}

#[tokio::test]
async fn everything_shown_is_read() {
    let object = read(&shown()).await;
    assert_eq!(object.marker, Some(marker()));
    for (name, value) in [
        ("routing", Value::from("QUEUE")),
        ("gpu_pools", Value::texts(["ADA_24", "ADA_48_PRO"])),
        ("excluded_gpu_types", Value::texts(["NVIDIA L40"])),
        ("min_cuda_version", "12.4".into()),
        ("queue_delay_ms", Value::Int(700)),
        ("timeout_ms", Value::Int(300_000)),
        ("network_volumes", Value::texts(["vol1"])),
        ("registry_auth", Value::Null),
    ] {
        assert_eq!(object.attributes.get(name), Some(&value), "{name}");
    }
    let urls: Vec<&str> = object.computed.urls.keys().map(String::as_str).collect();
    assert_eq!(urls, ["health", "run", "runSync"], "no address with a placeholder");
    // An address that could do harm in a terminal or a shell is not shown.
    let mut hostile = shown();
    hostile["requestUrls"]["run"] = json!("https://x/$(reboot)");
    assert!(!read(&hostile).await.computed.urls.contains_key("run"));
    // Hardware that is not shown is not reported as gone.
    let mut bare = shown();
    bare["gpu"] = Json::Null;
    let seen = read(&bare).await.attributes;
    assert!(!seen.contains_key("gpu_pools") && !seen.contains_key("cpu_instances"));
}

#[tokio::test]
async fn the_list_is_read_page_by_page() {
    let page = |id: &str, next: Option<&str>| {
        let mut endpoint = shown();
        endpoint["id"] = json!(id);
        answer(
            200,
            &json!({ "endpoints": [endpoint], "pagination": { "nextCursor": next, "hasNextPage": next.is_some() } }),
        )
    };
    let script = Script::new([page("ep1", Some("c2")), page("ep2", None)]);
    let objects = client(&script, Dialect::V2).list(&ENDPOINT).await.unwrap();
    assert_eq!(objects.iter().map(|object| object.id.as_str()).collect::<Vec<_>>(), ["ep1", "ep2"]);
    assert_eq!(script.asked(), ["GET /v2/serverless?limit=1000", "GET /v2/serverless?limit=1000&cursor=c2"]);
}

#[tokio::test]
async fn workers_and_releases_are_below_the_endpoint() {
    let summary = json!({ "running": 1, "idle": 1, "initializing": 0, "throttled": 0, "unhealthy": 0, "total": 2 });
    let rollout = json!({ "inProgress": true, "workersOnLatest": 1, "workersTotal": 2, "percentOnLatest": 50 });
    let script = Script::new([
        answer(200, &json!({ "workers": [], "summary": summary })),
        answer(200, &json!({ "releases": [], "rollout": rollout })),
        answer(200, &json!({ "releases": [] })),
    ]);
    let client = client(&script, Dialect::V2);
    let workers = client.workers(&ENDPOINT, "ep1").await.unwrap();
    assert_eq!(workers, Some(WorkerCounts { running: 1, idle: 1, total: 2, ..WorkerCounts::default() }));
    let rollout = client.rollout(&ENDPOINT, "ep1").await.unwrap();
    assert_eq!(rollout, Some(Rollout { in_progress: true, on_latest: 1, total: 2 }));
    assert!(client.rollout(&ENDPOINT, "ep1").await.is_err(), "no rollout is not a finished one");
    assert_eq!(script.asked()[..2], ["GET /v2/serverless/ep1/workers", "GET /v2/serverless/ep1/releases?limit=1"]);
}

#[tokio::test]
async fn refusals_get_advice() {
    for (status, detail, phrase) in [
        (400, "gpu.pools: unknown pool X", "sindri catalog gpus"),
        (400, "excludedTypes: not in one of the pools", "ADA_24"),
        (422, "template tpl1 is not a serverless template", "template for pods"),
        (409, "an endpoint with this name exists", "another endpoint has this name"),
    ] {
        let script = Script::new([answer(status, &json!({ "title": "x", "status": status, "detail": detail }))]);
        let refused =
            client(&script, Dialect::V2).create(&ENDPOINT, &inputs(&queue("")), Some(&marker())).await.unwrap_err();
        let help = miette::Diagnostic::help(&refused).map(|help| help.to_string()).unwrap_or_default();
        assert!(help.contains(phrase), "{detail}: {help}");
    }
}
