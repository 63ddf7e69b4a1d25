//! Which requests are accepted, and the errors for the others.

use serde_json::json;

use super::*;

const CAPACITY: &str =
    "There are no longer any instances available with the requested specifications. Please refresh and try again.";

#[test]
fn a_create_that_breaks_a_rule_gets_the_error_text_of_the_service() {
    let network = json!({ "network": [{ "volumeId": "v", "path": "/d" }] });
    let both = json!({ "network": [{ "volumeId": "v", "path": "/d" }], "persistent": { "size": 10, "path": "/w" } });
    let cpu = json!({ "id": "cpu3c", "vcpuCount": 4 });
    let on_cpu = || with(without(without(pod("a"), "gpu"), "mounts"), "cpu", cpu.clone());
    let many: serde_json::Map<String, Value> = (0..51).map(|n| (format!("K{n}"), json!("v"))).collect();
    let cases = [
        (with(pod("a"), "cpu", cpu.clone()), 400, "exactly one of gpu or cpu must be set"),
        (without(pod("a"), "gpu"), 400, "exactly one of gpu or cpu must be set"),
        (without(pod("a"), "image"), 400, "image is required unless templateId is set"),
        (with(pod("a"), "mounts", both), 400, "mounts.persistent and mounts.network are mutually exclusive"),
        (with(pod("a"), "mounts", network.clone()), 404, "resource not found"),
        (
            with(with(pod("a"), "mounts", network), "cloud", json!("COMMUNITY")),
            400,
            "network volumes require SECURE cloud",
        ),
        (
            with(on_cpu(), "mounts", json!({ "persistent": { "size": 10, "path": "/w" } })),
            400,
            "mounts.persistent is not supported on CPU pods",
        ),
        (
            with(on_cpu(), "cpu", json!({ "id": "cpu3c", "vcpuCount": 6 })),
            400,
            "vcpuCount is not valid for the selected CPU flavor",
        ),
        (with(on_cpu(), "cloud", json!("COMMUNITY")), 400, CAPACITY),
        (with(on_cpu(), "disk", json!(41)), 400, CAPACITY),
        (with(pod("a"), "registry", json!("r1")), 400, "container registry auth r1 not found"),
        (with(pod("a"), "templateId", json!("t")), 404, "resource not found"),
        (with(pod("a"), "ports", json!(["70000/tcp"])), 400, "invalid ports"),
        (with(pod("a"), "env", Value::Object(many)), 400, "too many environment variables"),
        (with(with(pod("a"), "args", json!("a")), "cmd", json!(["b"])), 400, "args conflicts with entrypoint/cmd"),
        (with(pod("a"), "dataCenterIds", json!(["NO-WHERE-1"])), 400, CAPACITY),
        (with(pod("a"), "gpu", json!({ "id": GPU, "count": 1, "allowedCudaVersions": ["9.9"] })), 400, CAPACITY),
        (with(pod("a"), "gpu", json!({ "id": GPU, "count": 1, "minRamPerGpu": 9999 })), 400, CAPACITY),
        (with(pod("a"), "image", json!("a:does-not-exist")), 422, "Request validation failed."),
        // Recorded behavior that differs from the document.
        (without(pod("a"), "disk"), 400, "You must either provide a template id or pod configuration parameters"),
        (with(pod("a"), "gpu", json!({ "id": GPU })), 400, CAPACITY),
    ];
    for (body, status, detail) in cases {
        let (actual, problem) = Bench::observed().send(v2("createPod").body(body.clone()));
        assert_eq!((actual, problem["detail"].as_str()), (status, Some(detail)), "{body}");
    }
}

#[test]
fn schema_errors_have_the_wording_of_the_service() {
    let cases = [
        (with(pod("a"), "x", json!(1)), "$: additional properties 'x' not allowed"),
        (with(pod("a"), "cloud", json!("MINE")), "$.cloud: value must be one of 'SECURE', 'COMMUNITY'"),
        (with(pod("a"), "disk", json!("50")), "$.disk: got string, want integer"),
        (with(pod("a"), "disk", json!(0)), "$.disk: minimum: got 0, want 1"),
        (with(pod("a"), "disk", json!(-3)), "$.disk: minimum: got -3, want 1"),
        (with(pod("a"), "name", json!("")), "$.name: minLength: got 0, want 1"),
        (with(pod("a"), "gpu", json!({ "id": GPU, "n": 1 })), "$.gpu: additional properties 'n' not allowed"),
        (
            with(pod("a"), "gpu", json!({ "id": GPU, "minCudaVersion": "12" })),
            r"$.gpu.minCudaVersion: '12' does not match pattern '^\d+\.\d+$'",
        ),
        (
            with(
                pod("a"),
                "mounts",
                json!({ "network": [
                { "volumeId": "a", "path": "/a" }, { "volumeId": "b", "path": "/b" },
            ] }),
            ),
            "$.mounts.network: maxItems: got 2, want 1",
        ),
        (with(pod("a"), "env", json!({ "A": 1 })), "$.env.A: got number, want string"),
    ];
    for (body, expected) in cases {
        let (status, problem) = Bench::observed().send(v2("createPod").body(body));
        assert_eq!((status, &problem["errors"]), (422, &json!([expected])));
    }
    let nameless = json!({ "image": "i", "gpu": { "id": GPU } });
    let (_, noisy) = Bench::observed().send(v2("createPod").body(nameless.clone()));
    let expected = json!(["$: missing property 'name'", "$: additional properties 'gpu', 'image' not allowed"]);
    assert_eq!(noisy["errors"], expected, "legal members are listed too (Q22)");
    let (_, quiet) = Bench::documented().send(v2("createPod").body(nameless));
    assert_eq!(quiet["errors"], json!(["$: missing property 'name'"]));
}

#[test]
fn documented_fidelity_has_none_of_the_recorded_quirks() {
    let mut bench = Bench::documented();
    let plain = without(with(pod("a"), "gpu", json!({ "id": GPU })), "disk");
    let id = bench.create(plain);
    assert_eq!(bench.get(&id).1["status"], "PROVISIONING");
    bench.pass(5000);
    let (_, body) = bench.get(&id);
    assert_eq!(body["gpu"]["count"], 1);
    let kinds: Vec<&Value> =
        body["runtime"]["ports"].as_array().into_iter().flatten().map(|row| &row["type"]).collect();
    assert_eq!(kinds, ["tcp"], "no row of the host");
    bench.act(&id, "stop");
    assert_eq!(bench.get(&id).1["cost"], 0.0);
    let (_, catalog) = bench.send(v2("listGpuTypes"));
    let known = catalog["gpus"].as_array().into_iter().flatten().all(|gpu| gpu["id"] != "unknown");
    assert!(known, "no sentinel row");
    let misspelt = with(pod("b"), "dataCenterIds", json!(["us-ca-2"]));
    assert_eq!(bench.send(v2("createPod").body(misspelt.clone())).0, 400);

    let mut observed = Bench::observed();
    let id = observed.create(misspelt);
    observed.pass(9_000_000);
    let (_, body) = observed.get(&id);
    assert_eq!((&body["dataCenterId"], &body["runtime"]), (&json!(null), &json!(null)), "never placed (Q27)");
}

#[test]
fn a_patch_restarts_only_for_settings_of_the_container() {
    for (body, restarts) in [
        (json!({ "name": "b" }), false),
        (json!({ "locked": true }), false),
        (json!({ "globalNetworking": true }), false),
        (json!({ "env": { "LEVEL": "info" } }), false),
        (json!({ "env": { "LEVEL": "debug" } }), true),
        (json!({ "image": "other:1" }), true),
        (json!({ "args": "x" }), true),
        (json!({ "disk": 60 }), true),
        (json!({ "ports": [] }), true),
        (json!({ "mounts": { "persistent": { "size": 30, "path": "/workspace" } } }), true),
        (json!({ "mounts": {} }), false),
    ] {
        let mut bench = Bench::observed();
        let id = bench.create(pod("a"));
        bench.pass(5000);
        assert_eq!(bench.patch(&id, body.clone()).0, 200);
        assert_eq!(bench.get(&id).1["runtime"].is_null(), restarts, "{body}");
        bench.pass(5000);
        assert!(!bench.get(&id).1["runtime"].is_null(), "up again after {body}");
    }
}

#[test]
fn a_patch_of_a_stopped_pod_is_stored_and_does_not_start_it() {
    let mut bench = Bench::observed();
    let id = bench.create(pod("a"));
    bench.act(&id, "stop");
    let (status, body) = bench.patch(&id, json!({ "image": "other:1" }));
    assert_eq!((status, &body["status"], &body["image"]), (200, &json!("EXITED"), &json!("other:1")));
}

#[test]
fn a_mount_keeps_its_kind_and_volume_and_can_only_grow() {
    let mut bench = Bench::observed();
    let volume = bench.create_volume("US-CA-2");
    let network = |id: &str, path: &str| json!({ "mounts": { "network": [{ "volumeId": id, "path": path }] } });
    let attached = bench.create(with(pod("a"), "mounts", network(&volume, "/data")["mounts"].clone()));
    let own = bench.create(pod("b"));
    let none = bench.create(without(pod("c"), "mounts"));
    let persistent = |size: u64| json!({ "mounts": { "persistent": { "size": size, "path": "/workspace" } } });
    let half = json!({ "mounts": { "persistent": { "size": 30 } } });
    for (id, body, status) in [
        (&attached, json!({ "mounts": { "network": [] } }), 400),
        (&attached, network("other", "/data"), 400),
        (&attached, network(&volume, "/new"), 200),
        (&attached, persistent(20), 400),
        (&own, network(&volume, "/data"), 400),
        (&own, persistent(19), 400),
        (&own, persistent(21), 200),
        (&own, half, 422),
        (&none, persistent(20), 400),
    ] {
        assert_eq!(bench.patch(id, body.clone()).0, status, "{body}");
    }
    assert_eq!(bench.get(&attached).1["mounts"]["network"][0]["path"], "/new");
    assert_eq!(bench.get(&own).1["mounts"]["persistent"]["size"], 21);
    bench.pass(3000);
    assert_eq!(bench.get(&attached).1["dataCenterId"], "US-CA-2", "a pod runs in the data center of its volume");
}

#[test]
fn start_ssh_injects_the_account_keys_unless_env_has_one() {
    let mut bench = Bench::observed();
    bench.send(v2("updateSshKeys").body(json!({ "keys": ["ssh-rsa AAAA", "ssh-rsa BBBB"] })));
    let id = bench.create(with(pod("a"), "startSsh", json!(true)));
    assert_eq!(bench.get(&id).1["env"]["PUBLIC_KEY"], "ssh-rsa AAAA\nssh-rsa BBBB");
    let own = with(with(pod("b"), "startSsh", json!(true)), "env", json!({ "PUBLIC_KEY": "mine" }));
    let id = bench.create(own);
    assert_eq!(bench.get(&id).1["env"]["PUBLIC_KEY"], "mine");
}

#[test]
fn a_command_given_as_arrays_is_stored_as_one_string_and_shown_as_both() {
    let mut bench = Bench::observed();
    let id = bench.create(with(pod("a"), "cmd", json!(["python", "a b.py"])));
    let (_, body) = bench.get(&id);
    assert_eq!((&body["cmd"], &body["entrypoint"]), (&json!(["python", "a b.py"]), &json!([])));
    assert_eq!(body["args"], r#"{"cmd":["python","a b.py"]}"#);
    let (_, body) = bench.patch(&id, json!({ "cmd": [] }));
    assert_eq!((&body["cmd"], &body["args"]), (&json!([]), &json!("")));
}

#[test]
fn a_new_container_gets_new_public_ports_and_a_restart_keeps_them() {
    let mut bench = Bench::observed();
    let id = bench.create(pod("a"));
    bench.pass(5000);
    let port = |bench: &mut Bench| bench.get(&id).1["ssh"]["direct"]["port"].clone();
    let first = port(&mut bench);
    assert!(first.is_u64());
    bench.act(&id, "restart");
    bench.pass(5000);
    assert_eq!(port(&mut bench), first);
    bench.act(&id, "stop");
    assert_eq!(port(&mut bench), json!(null));
    bench.act(&id, "start");
    bench.pass(5000);
    assert_ne!(port(&mut bench), first);
}

#[test]
fn v1_fills_in_defaults_and_answers_500_to_client_errors() {
    let mut bench = Bench::observed();
    let (status, body) = bench.send(v1("createPod").body(json!({ "imageName": "i", "gpuTypeIds": [GPU] })));
    assert_eq!(status, 201);
    let expected = [
        ("name", json!("my pod")),
        ("containerDiskInGb", json!(50)),
        ("volumeInGb", json!(20)),
        ("volumeMountPath", json!("/workspace")),
        ("ports", json!(["8888/http", "22/tcp"])),
        ("machine", json!({})),
    ];
    for (member, value) in expected {
        assert_eq!(body[member], value, "{member}");
    }
    let wanted = |member: &str, value: Value| with(json!({ "imageName": "i", "gpuTypeIds": [GPU] }), member, value);
    let cases = [
        (wanted("scaling", json!(1)), 400, "Extra input keys provided in request body"),
        (wanted("cloudType", json!("X")), 400, "Invalid input"),
        (wanted("gpuTypeIds", json!(["no such"])), 400, "Invalid input"),
        (wanted("gpuCount", json!(99)), 500, "create pod: There are no instances currently available"),
        (
            wanted("imageName", json!("x:does-not-exist")),
            500,
            "Something went wrong. Please try again later or contact support.",
        ),
    ];
    for (body, status, error) in cases {
        let (actual, answer) = bench.send(v1("createPod").body(body));
        assert_eq!((actual, answer["error"].as_str()), (status, Some(error)), "{answer}");
    }
    let missing = bench.send(v1("deleteNetworkVolume").id("none"));
    assert_eq!(missing.0, 500);
    assert_eq!(missing.1["error"], "delete network volume: Tried to delete nonexistent network volume");
    assert_eq!(bench.send(v1("getNetworkVolume").id("none")).0, 404);
}

#[test]
fn v1_takes_the_first_candidate_with_stock_and_filters_lists() {
    let mut bench = Bench::observed();
    let soldout = crate::emulator::state::stock::CapacityRule { gpu: GPU.into(), data_center: "*".into(), free: 0 };
    bench.world.set_capacity(vec![soldout]);
    let body =
        json!({ "imageName": "i", "name": "second", "gpuTypeIds": [GPU, "NVIDIA L4"], "gpuTypePriority": "custom" });
    let (status, _) = bench.send(v1("createPod").body(body));
    assert_eq!(status, 201);
    let count = |bench: &mut Bench, name: &str, value: &str| {
        bench.send(v1("listPods").query(name, value)).1.as_array().map(Vec::len)
    };
    assert_eq!(count(&mut bench, "gpuTypeId", "NVIDIA L4"), Some(1));
    assert_eq!(count(&mut bench, "gpuTypeId", GPU), Some(0));
    assert_eq!(count(&mut bench, "name", "second"), Some(1));
    assert_eq!(count(&mut bench, "desiredStatus", "EXITED"), Some(0));
}

#[test]
fn v1_resets_for_any_value_but_name_and_lock_and_shrinks_only_in_observed_fidelity() {
    let mut bench = Bench::observed();
    let id = bench.create(pod("a"));
    bench.pass(5000);
    bench.send(v1("updatePod").id(&id).body(json!({ "name": "b", "locked": false })));
    assert!(!bench.get(&id).1["runtime"].is_null());
    bench.send(v1("updatePod").id(&id).body(json!({ "env": { "LEVEL": "info" } })));
    assert!(bench.get(&id).1["runtime"].is_null());
    for (mut bench, status) in [(Bench::observed(), 200), (Bench::documented(), 400)] {
        let volume = bench.create_volume("US-CA-2");
        assert_eq!(bench.send(v1("updateNetworkVolume").id(&volume).body(json!({ "size": 5 }))).0, status);
    }
}

#[test]
fn a_retired_v1_always_answers_410() {
    let mut bench = Bench::new(Settings { v1_retired: true, ..Settings::default() });
    for operation in operations() {
        assert_eq!(bench.send(v1(operation)).0, 410);
    }
}

#[test]
fn a_volume_needs_a_data_center_with_volumes_and_is_deleted_only_when_unused() {
    let mut bench = Bench::observed();
    let (status, problem) =
        bench.send(v2("createNetworkVolume").body(json!({ "name": "n", "size": 10, "dataCenter": "CA-MTL-1" })));
    let text = problem["detail"].as_str().unwrap_or_default();
    assert_eq!(status, 400);
    assert!(text.starts_with("Data center \"CA-MTL-1\" not found or does not support network volumes. Available"));
    assert!(text.contains("US-CA-2"));
    let fast = json!({ "name": "n", "size": 10, "dataCenter": "US-CA-2", "type": "HIGH_PERFORMANCE" });
    assert_eq!(bench.send(v2("createNetworkVolume").body(fast)).0, 400, "the tier is not offered there");
    let volume = bench.create_volume("US-CA-2");
    let mount = json!({ "network": [{ "volumeId": volume, "path": "/data" }] });
    let id = bench.create(with(pod("a"), "mounts", mount));
    assert_eq!(bench.send(v2("deleteNetworkVolume").id(&volume)).0, 400);
    bench.act(&id, "terminate");
    assert_eq!(bench.send(v2("deleteNetworkVolume").id(&volume)).0, 204);
}

#[test]
fn logs_are_an_event_stream_and_show_a_crash_loop() {
    let mut bench = Bench::observed();
    let id = bench.create(with(pod("a"), "image", json!("emulator/crash")));
    bench.pass(1400 + 33_000);
    let answer = bench.world.answer(&v2("getPodLogs").id(&id).query("source", "system"), bench.now);
    assert_eq!((answer.status, answer.content_type), (200, "text/event-stream"));
    let text = String::from_utf8(answer.body).expect("text");
    assert_eq!(text.matches("start container").count(), 3, "{text}");
    let last = bench.world.answer(&v2("getPodLogs").id(&id).query("tail", 1), bench.now);
    assert_eq!(String::from_utf8_lossy(&last.body).matches("\ndata: ").count(), 1);
    assert_eq!(bench.send(v2("getPodLogs").id(&id).query("tail", 5001)).0, 422);
}
