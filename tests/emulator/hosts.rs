//! Faults of whole hosts, and the parameters of every fault, from a file and by control call.

use jiff::SignedDuration;
use serde_json::{Value, json};
use sindri::emulator::{DeliveryResult, Emulator, faults};
use sindri::transport::{Method, Reply, Request};

use crate::support::*;

fn later(emulator: &Emulator, seconds: i64, request: &Request) -> Value {
    match emulator.handle(request, START + SignedDuration::from_secs(seconds)).outcome {
        DeliveryResult::Reply(reply) => json_of(&reply),
        other => panic!("no reply: {other:?}"),
    }
}

fn create(center: &str) -> Request {
    let body = json!({
        "name": "trainer",
        "image": "runpod/pytorch:latest",
        "gpu": { "id": "NVIDIA GeForce RTX 4090", "count": 1 },
        "disk": 20,
        "dataCenterIds": [center],
    });
    request(Method::Post, "/v2/pods", Some(body))
}

fn create_at(emulator: &Emulator, seconds: i64, center: &str) -> String {
    later(emulator, seconds, &create(center))["id"].as_str().expect("an id").to_owned()
}

/// The host of a pod, once the pod is placed.
fn host_of(emulator: &Emulator, seconds: i64, id: &str) -> String {
    let pod = later(emulator, seconds, &get(&format!("/v1/pods/{id}")));
    pod["machineId"].as_str().filter(|id| !id.is_empty()).unwrap_or_else(|| panic!("no host in {pod}")).to_owned()
}

fn control(emulator: &Emulator, method: Method, path: &str, body: Value) -> Reply {
    emulator.control(&request(method, path, Some(body)))
}

/// Two running pods on one host and one on another. Also returns the first host.
fn three_pods() -> (Emulator, [String; 3], String) {
    let emulator = emulator();
    let ids = ["US-CA-2", "US-CA-2", "US-KS-2"].map(|center| create_at(&emulator, 0, center));
    let hosts = ids.each_ref().map(|id| host_of(&emulator, 10, id));
    assert!(hosts[0] == hosts[1] && hosts[1] != hosts[2], "{hosts:?}");
    let [host, ..] = hosts;
    (emulator, ids, host)
}

/// Causes an event of a host in every possible way, ten seconds after the start.
fn each_way(effect: &str, parameters: Value, check: impl Fn(&Emulator, &[String; 3])) {
    for way in ["own", "id", "file", "route"] {
        let (emulator, ids, host) = three_pods();
        let mut parameters = parameters.clone();
        if way == "route" {
            parameters["event"] = json!(effect);
            let reply = control(&emulator, Method::Post, &format!("/_emu/hosts/{host}/event"), parameters);
            assert_eq!(reply.status, 200, "{:?}", reply.body);
        } else {
            parameters["host"] = json!(if way == "own" { "own" } else { &host });
            let rule = json!({ "match": { "operation": "getPod", "times": 1 }, "effect": { effect: parameters } });
            match way {
                "id" => emulator.set_faults(faults::from_values(vec![rule], "test").expect("valid rules")),
                "file" => emulator.set_faults(faults::parse(&json!([rule]).to_string(), "test").expect("valid rules")),
                _ => assert_eq!(control(&emulator, Method::Put, "/_emu/faults", json!([rule])).status, 200),
            }
            later(&emulator, 10, &get(&format!("/v2/pods/{}", ids[0])));
        }
        check(&emulator, &ids);
    }
}

#[test]
fn a_host_that_is_down_affects_all_its_pods_and_gets_no_new_ones() {
    each_way("hostDown", json!({ "seconds": 60 }), |emulator, ids| {
        let reachable = |seconds| {
            ids.each_ref().map(|id| {
                let pod = later(emulator, seconds, &get(&format!("/v2/pods/{id}")));
                assert_eq!(pod["status"], "RUNNING");
                !pod["runtime"].is_null()
            })
        };
        assert_eq!(reachable(20), [false, false, true]);
        let next = create_at(emulator, 30, "US-CA-2");
        assert_ne!(host_of(emulator, 32, &next), host_of(emulator, 32, &ids[0]));
        assert_eq!(reachable(90), [true, true, true]);
        let next = create_at(emulator, 90, "US-CA-2");
        assert_eq!(host_of(emulator, 92, &next), host_of(emulator, 92, &ids[0]));
    });
}

#[test]
fn a_host_in_maintenance_stops_all_its_pods_and_starts_them_again() {
    each_way("maintenance", json!({ "startsIn": 60, "seconds": 600 }), |emulator, ids| {
        let running = |seconds| {
            ids.each_ref().map(|id| later(emulator, seconds, &get(&format!("/v2/pods/{id}")))["status"] == "RUNNING")
        };
        let announced = later(emulator, 20, &get(&format!("/v1/pods/{}?includeMachine=true", ids[1])));
        assert_eq!(announced["machine"]["maintenanceStart"], "2026-01-01T00:01:10Z");
        assert_eq!((running(60), running(80)), ([true; 3], [false, false, true]));
        let next = create_at(emulator, 90, "US-CA-2");
        assert_ne!(host_of(emulator, 92, &next), host_of(emulator, 92, &ids[0]));
        assert_eq!(running(700), [true; 3]);
    });
}

#[test]
fn all_hosts_can_be_down_and_an_unknown_host_is_an_error() {
    let (emulator, ids, _) = three_pods();
    let down = json!({ "event": "hostDown", "seconds": 60 });
    assert_eq!(control(&emulator, Method::Post, "/_emu/hosts/*/event", down.clone()).status, 200);
    for id in &ids {
        assert!(later(&emulator, 20, &get(&format!("/v2/pods/{id}")))["runtime"].is_null());
    }
    for (host, event, reason) in [
        ("nowhere", down, "no host `nowhere`"),
        ("*", json!({ "event": "delete" }), "only `hostDown` and `maintenance` happen to a host"),
    ] {
        let reply = control(&emulator, Method::Post, &format!("/_emu/hosts/{host}/event"), event);
        assert_eq!((reply.status, &json_of(&reply)["error"]), (400, &json!(reason)));
    }
}

#[test]
fn missing_stock_can_depend_on_the_number_of_gpus() {
    let emulator =
        emulator_with_faults("[{ match: { operation: createPod, gpuCount: 2 }, effect: { noCapacity: true } }]");
    let asking = |path: &str, gpus: Value| {
        let mut body = json!({ "name": "a", "image": "a:1" });
        if path.contains("v1") {
            body["imageName"] = body["image"].take()
        }
        let body = body.as_object_mut().expect("an object");
        body.retain(|_, value| !value.is_null());
        body.extend(gpus.as_object().expect("an object").clone());
        reply(&emulator, &request(Method::Post, path, Some(json!(body)))).status
    };
    let v2 = |count: u32| json!({ "disk": 20, "gpu": { "id": "NVIDIA GeForce RTX 4090", "count": count } });
    let v1 = |count: u32| json!({ "gpuTypeIds": ["NVIDIA GeForce RTX 4090"], "gpuCount": count });
    assert_eq!([1, 2, 4].map(|count| asking("/v2/pods", v2(count))), [201, 400, 400]);
    assert_eq!([1, 2].map(|count| asking("/v1/pods", v1(count))), [201, 500]);
}

#[test]
fn answers_can_have_additional_members_with_any_name() {
    let emulator = emulator();
    reply(&emulator, &create_pod());
    emulator.set_faults(faults::parse("[{ effect: { extraMembers: [region, image, tags] } }]", "test").expect("rules"));
    let listed = json_of(&reply(&emulator, &get("/v2/pods")));
    let pod = &listed["pods"][0];
    assert_eq!((&pod["region"], &pod["tags"]), (&json!(7), &json!(7)));
    assert_eq!(pod["image"], "runpod/pytorch:latest", "existing members stay");
}

#[test]
fn august_2026_had_no_limit_on_bodies() {
    let emulator = emulator();
    let mut create = create_pod();
    create.body = Some(format!("{{\"name\":\"{}\"}}", "x".repeat(103_000)).into());
    assert_eq!(reply(&emulator, &create).status, 413);
    emulator.set_faults(faults::scenario("august-spec").expect("a scenario"));
    assert_eq!(reply(&emulator, &create).status, 400, "neither GPU nor CPU");
    let body = json!({ "name": "x", "image": "x:1", "gpu": { "id": "NVIDIA L4", "minVcpuCountPerGpu": 8 } });
    let refused = json_of(&reply(&emulator, &request(Method::Post, "/v2/pods", Some(body))));
    assert_eq!(refused["errors"], json!(["$.gpu: additional properties 'minVcpuCountPerGpu' not allowed"]));
}

/// Every row of the table of faults, with every parameter in it.
#[test]
fn every_fault_is_accepted_from_a_file_and_by_control_call() {
    let rows = json!([
        { "effect": { "latency": { "seconds": 2.0, "side": "beforeEffect" } } },
        { "effect": { "latency": { "seconds": 1.0, "upTo": 4.0, "side": "afterEffect" } } },
        { "effect": { "status": { "code": 503, "body": { "error": "oops" } } } },
        { "effect": { "statusAfterEffect": { "code": 500, "body": { "error": "oops" } } } },
        { "effect": { "resetBeforeEffect": true } },
        { "effect": { "resetAfterEffect": true } },
        { "effect": { "truncate": { "bytes": 9, "hangUp": true } } },
        { "effect": { "garbage": { "code": 524, "contentType": "text/html", "text": "<html>" } } },
        { "effect": { "rateLimited": { "retryAfter": 90 } } },
        { "effect": { "rateLimited": {} } },
        { "effect": { "cloudflare1010": true } },
        { "effect": { "notFoundAfterCreate": { "seconds": 8 } } },
        { "effect": { "listLag": { "appear": 20, "disappear": 30 } } },
        { "match": { "times": 2 }, "effect": { "deleteIgnored": true } },
        { "effect": { "deleteSlow": { "seconds": 30 } } },
        { "effect": { "staleRead": { "seconds": 30 } } },
        { "match": { "gpu": "*4090", "gpuCount": 2, "dataCenter": "US-*", "times": 3 }, "effect": { "noCapacity": true } },
        { "effect": { "ghost": true } },
        { "match": { "pod": "trainer" }, "effect": { "zeroGpu": true } },
        { "match": { "pod": "trainer", "times": 1 }, "effect": { "resumeRefused": true } },
        { "match": { "pod": "trainer" }, "effect": { "preempt": { "seconds": 60 } } },
        { "effect": { "preempt": { "seconds": 60, "allSpot": true } } },
        { "match": { "pod": "trainer" }, "effect": { "crashLoop": true } },
        { "effect": { "hostDown": { "seconds": 60, "host": "abc*" } } },
        { "effect": { "maintenance": { "startsIn": 60, "seconds": 600, "host": "abc*" } } },
        { "match": { "pod": "trainer" }, "effect": { "migrate": { "seconds": 60 } } },
        { "effect": { "balance": 0.5 } },
        { "effect": { "patchDropsField": "image" } },
        { "effect": { "echoArgs": "verbatim" } },
        { "effect": { "echoArgs": "reserialized" } },
        { "effect": { "echoArgs": "split" } },
        { "effect": { "missingMembers": ["cost"] } },
        { "effect": { "extraMembers": ["region"] } },
        { "effect": { "newStatus": "PAUSED" } },
        { "match": { "times": 5 }, "effect": { "objectMountsBug": true } },
        { "effect": { "duplicateName": true } },
        { "match": { "dialect": "v2" }, "effect": { "augustSpec": true } },
    ]);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("faults.json");
    std::fs::write(&file, rows.to_string()).expect("a writable folder");
    let loaded = faults::load(file.to_str().expect("UTF-8")).expect("valid rules");

    let emulator = emulator();
    assert_eq!(control(&emulator, Method::Put, "/_emu/faults", rows.clone()).status, 200);
    let shown = json_of(&control(&emulator, Method::Get, "/_emu/faults", json!({})));
    for (index, row) in rows.as_array().expect("rows").iter().enumerate() {
        let mut shown = shown[index].clone();
        if shown["match"] == json!({}) {
            shown.as_object_mut().expect("a rule").remove("match");
        }
        assert_eq!(&shown, row, "no parameter was dropped");
        assert_eq!(serde_json::to_value(&loaded[index]).expect("JSON")["effect"], row["effect"]);
    }
}
