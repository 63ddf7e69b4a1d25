//! `/v2/serverless`: endpoints with their workers, releases, builds and logs.

use serde_json::{Value, json};
use sindri::emulator::{EndpointEvent, Settings, Tweaks};

use crate::judge::{Judge, id, in_both_fidelities, judge_with, v2, with};

fn queue() -> Value {
    json!({
        "name": "sd", "type": "QUEUE", "image": "i:1", "scaling": { "type": "QUEUE_DELAY", "queueDelay": 4 },
        "gpu": { "pools": ["ADA_24"] },
    })
}

fn balancer() -> Value {
    let scaling = json!({ "type": "REQUEST_COUNT", "requestCount": 4 });
    with(queue(), json!({ "name": "lb", "type": "LOAD_BALANCER", "scaling": scaling }))
}

fn cpu() -> Value {
    let choices = json!([{ "id": "cpu5c", "vcpuCount": 4 }, { "id": "cpu5g", "vcpuCount": 8 }]);
    let mut body = with(queue(), json!({ "name": "cpu", "cpu": choices }));
    body.as_object_mut().expect("an object").remove("gpu");
    body
}

fn create(judge: &mut Judge, body: Value) -> Value {
    judge.send(v2("createEndpoint").body(body), 201)
}

#[test]
fn endpoints_match_the_document() {
    in_both_fidelities(|judge| {
        judge.send(v2("listEndpoints"), 200);
        let made = create(judge, queue());
        assert!(made["requestUrls"]["runSync"].is_string() && made["gpu"]["excludedTypes"] == json!([]));
        assert_eq!(made["workers"], json!({ "min": 0, "max": 3, "idleTimeout": 10 }));
        assert_eq!((&made["flashboot"], &made["disk"]), (&json!("OFF"), &json!(20)));
        let lb = create(judge, balancer());
        assert_eq!(lb["requestUrls"]["base"], format!("https://{}.api.runpod.ai", id(&lb)));
        let on_cpu = create(judge, cpu());
        assert_eq!((on_cpu.get("gpu"), &on_cpu["cpu"][1]["memory"]), (None, &json!(32)));

        assert_eq!(judge.send(v2("getEndpoint").id(id(&made)), 200), made);
        assert_eq!(judge.names("listEndpoints", "endpoints", Tweaks::default()), ["cpu", "lb", "sd"]);
        let page = judge.send(v2("listEndpoints").query("limit", 2), 200);
        let cursor = page["pagination"]["nextCursor"].as_str().expect("a third endpoint").to_owned();
        let rest = judge.send(v2("listEndpoints").query("limit", 2).query("cursor", &cursor), 200);
        assert_eq!((&rest["endpoints"][0], &rest["pagination"]["hasNextPage"]), (&made, &json!(false)));
        judge.send(v2("listEndpoints").query("cursor", &cursor), 422);
        judge.send(v2("listEndpoints").query("limit", 1001), 422);

        judge.send(v2("deleteEndpoint").id(id(&made)), 204);
        for operation in ["getEndpoint", "deleteEndpoint", "listEndpointWorkers", "listEndpointReleases"] {
            judge.send(v2(operation).id(id(&made)), 404);
        }
        judge.send(v2("updateEndpoint").id(id(&made)).body(json!({ "name": "x" })), 404);
    });
}

#[test]
fn the_document_and_the_emulator_refuse_the_same_creates() {
    let gpu = |members: Value| with(queue(), json!({ "gpu": with(json!({ "pools": ["AMPERE_48"] }), members) }));
    in_both_fidelities(|judge| {
        let mut nameless = queue();
        nameless.as_object_mut().expect("an object").remove("name");
        let mut imageless = queue();
        imageless.as_object_mut().expect("an object").remove("image");
        for body in [
            nameless,
            imageless,
            with(queue(), json!({ "name": "" })),
            with(queue(), json!({ "type": "BATCH" })),
            with(queue(), json!({ "gpu": {} })),
            with(queue(), json!({ "gpu": { "pools": [] } })),
            gpu(json!({ "count": 0 })),
            gpu(json!({ "excludedTypes": ["-NVIDIA A40"] })),
            gpu(json!({ "excludedTypes": ["NVIDIA A40", "NVIDIA A40"] })),
            gpu(json!({ "minCudaVersion": "" })),
            gpu(json!({ "minCudaVersion": "12" })),
            gpu(json!({ "allowedCudaVersions": ["12"] })),
            gpu(json!({ "id": "NVIDIA A40" })),
            with(queue(), json!({ "workers": { "idleTimeout": 0 } })),
            with(queue(), json!({ "workers": { "idleTimeout": 3601 } })),
            with(queue(), json!({ "workers": { "max": -1 } })),
            with(queue(), json!({ "workers": { "standby": 1 } })),
            with(queue(), json!({ "scaling": { "type": "QUEUE_DELAY", "queueDelay": 0.4 } })),
            with(queue(), json!({ "scaling": { "type": "REQUEST_COUNT", "requestCount": 0 } })),
            with(queue(), json!({ "scaling": { "type": "REQUEST_COUNT", "queueDelay": 4 } })),
            with(queue(), json!({ "scaling": { "type": "CPU_LOAD" } })),
            with(queue(), json!({ "flashboot": true })),
            with(queue(), json!({ "timeout": 1.5 })),
            with(queue(), json!({ "templateId": "" })),
            with(queue(), json!({ "networkVolumeId": "v" })),
            with(balancer(), json!({ "scaling": { "type": "QUEUE_DELAY", "queueDelay": 4 } })),
            with(cpu(), json!({ "cpu": [] })),
            with(cpu(), json!({ "cpu": [{ "id": "cpu5c", "vcpuCount": 4 }, { "id": "cpu5c", "vcpuCount": 4 }] })),
            with(cpu(), json!({ "cpu": [{ "id": "cpu5c", "vcpuCount": 1 }] })),
            with(cpu(), json!({ "cpu": [{ "id": "cpu5c", "vcpuCount": 4, "minCudaVersion": "12.1" }] })),
            json!([]),
        ] {
            judge.send(v2("createEndpoint").body(body), 422);
        }
        for body in [
            with(cpu(), json!({ "gpu": { "pools": ["ADA_24"] } })),
            json!({ "name": "n", "type": "QUEUE", "image": "i:1", "scaling": queue()["scaling"] }),
            gpu(json!({ "allowedCudaVersions": ["12.8"], "minCudaVersion": "12.4" })),
            gpu(json!({ "excludedTypes": ["NVIDIA L40"] })),
            gpu(json!({ "excludedTypes": ["NVIDIA A40", "NVIDIA RTX A6000"] })),
            with(queue(), json!({ "gpu": { "pools": ["ADA_25"] } })),
            with(cpu(), json!({ "cpu": [{ "id": "cpu5c", "vcpuCount": 6 }] })),
            with(cpu(), json!({ "cpu": [{ "id": "cpu9", "vcpuCount": 4 }] })),
            with(queue(), json!({ "workers": { "min": 4, "max": 3 } })),
            with(queue(), json!({ "registry": "none" })),
        ] {
            judge.send(v2("createEndpoint").body(body), 400);
        }
        judge.send(v2("createEndpoint").body(with(queue(), json!({ "templateId": "none" }))), 404);
        judge.send(v2("createEndpoint").body(with(queue(), json!({ "networkVolumes": ["none"] }))), 404);
        for body in [
            gpu(json!({ "allowedCudaVersions": [], "minCudaVersion": "12.4", "excludedTypes": [" NVIDIA A40"] })),
            with(queue(), json!({ "timeout": 0, "flashboot": "PRIORITY_FLASHBOOT", "workers": {} })),
            with(cpu(), json!({ "cpu": [{ "id": "cpu5c", "vcpuCount": 4 }, { "id": "cpu5c", "vcpuCount": 8 }] })),
        ] {
            create(judge, body);
        }
        assert_eq!(judge.names("listEndpoints", "endpoints", Tweaks::default()).len(), 3);
    });
}

#[test]
fn the_document_and_the_emulator_refuse_the_same_updates() {
    in_both_fidelities(|judge| {
        let (gpu, cpu) = (create(judge, queue()), create(judge, cpu()));
        let patch = |endpoint: &Value, body: Value| v2("updateEndpoint").id(id(endpoint)).body(body);
        for body in [
            json!({ "type": "LOAD_BALANCER" }),
            json!({ "gpu": { "excludedTypes": ["NVIDIA A40"] } }),
            json!({ "gpu": { "pools": [] } }),
            json!({ "gpu": { "minCudaVersion": "12" } }),
            json!({ "name": "" }),
            json!({ "scaling": { "type": "QUEUE_DELAY" } }),
            json!({ "workers": { "idleTimeout": 0 } }),
            json!({ "cpu": [] }),
        ] {
            judge.send(patch(&gpu, body), 422);
        }
        let choices = json!([{ "id": "cpu5c", "vcpuCount": 4 }]);
        for (endpoint, body) in [
            (&gpu, json!({ "cpu": choices })),
            (&cpu, json!({ "gpu": { "count": 2 } })),
            (&gpu, json!({ "cpu": choices, "gpu": { "count": 2 } })),
            (&gpu, json!({ "gpu": { "pools": ["ADA_24"], "excludedTypes": ["NVIDIA A40"] } })),
            (&gpu, json!({ "workers": { "max": 3, "min": 4 } })),
            (&gpu, json!({ "args": "x", "cmd": ["y"] })),
        ] {
            judge.send(patch(endpoint, body), 400);
        }
        judge.send(patch(&gpu, json!({ "templateId": "none" })), 404);
        assert_eq!(judge.send(patch(&gpu, json!({})), 200), gpu);
        assert_eq!(judge.send(patch(&cpu, json!({ "cpu": choices })), 200)["cpu"][0]["memory"], 8);
        let everything = json!({
            "name": "new", "gpu": { "count": 2, "minCudaVersion": "12.4" }, "workers": { "min": 1, "max": 10 },
            "scaling": { "type": "QUEUE_DELAY", "queueDelay": 0.5 }, "dataCenterIds": ["US-CA-2"], "timeout": 60000,
            "flashboot": "FLASHBOOT", "image": "i:2", "env": { "A": "b" }, "ports": ["80/http"], "disk": 30,
            "cmd": ["x"], "registry": null, "networkVolumes": [],
        });
        let changed = judge.send(patch(&gpu, everything.clone()), 200);
        for name in ["name", "scaling", "dataCenterIds", "timeout", "flashboot", "image", "env", "ports", "disk", "cmd"]
        {
            assert_eq!(changed[name], everything[name], "{name}");
        }
        assert_eq!((&changed["gpu"]["pools"], &changed["gpu"]["count"]), (&json!(["ADA_24"]), &json!(2)));
        assert_eq!(changed["workers"], json!({ "min": 1, "max": 10, "idleTimeout": 10 }));
    });
}

/// The document rejects both with 422, although its schemas allow them.
#[test]
fn idle_timeout_and_queue_delay_are_refused_where_they_do_not_apply() {
    in_both_fidelities(|judge| {
        let by_count = with(queue(), json!({ "scaling": { "type": "REQUEST_COUNT", "requestCount": 2 } }));
        let timed = with(by_count.clone(), json!({ "workers": { "idleTimeout": 5 } }));
        judge.send_unprocessable(v2("createEndpoint").body(timed));
        let made = create(judge, by_count);
        assert_eq!(made["workers"], json!({ "min": 0, "max": 3 }), "no idleTimeout in answers");
        let patch = |body: Value| v2("updateEndpoint").id(id(&made)).body(body);
        judge.send_unprocessable(patch(json!({ "workers": { "idleTimeout": 5 } })));
        let back = json!({ "scaling": { "type": "QUEUE_DELAY", "queueDelay": 4 }, "workers": { "idleTimeout": 5 } });
        assert_eq!(judge.send(patch(back), 200)["workers"]["idleTimeout"], 5);

        let lb = create(judge, balancer());
        let delay = json!({ "scaling": { "type": "QUEUE_DELAY", "queueDelay": 4 } });
        judge.send_unprocessable(v2("updateEndpoint").id(id(&lb)).body(delay));
    });
}

#[test]
fn workers_releases_builds_and_logs_match_the_document() {
    in_both_fidelities(|judge| {
        let made = create(judge, with(queue(), json!({ "workers": { "min": 2, "max": 3 } })));
        for _ in 0..10 {
            let shown = judge.send(v2("listEndpointWorkers").id(id(&made)), 200);
            assert_eq!(shown["summary"]["total"], 2);
            judge.pass(1);
        }
        let shown = judge.send(v2("listEndpointWorkers").id(id(&made)), 200);
        assert_eq!((&shown["summary"]["idle"], &shown["endpointVersion"]), (&json!(2), &json!(1)));
        assert_eq!(shown["workers"][0]["gpuTypeId"], "NVIDIA GeForce RTX 4090");
        let worker = id(&shown["workers"][0]);
        let logs = judge.send(v2("getWorkerLogs").id(id(&made)).part(&worker), 200);
        assert!(logs.as_str().is_some_and(|text| text.contains("create container i:1")), "{logs}");
        judge.send(v2("getWorkerLogs").id(id(&made)).part("none"), 404);
        judge.send(v2("getWorkerLogs").id(id(&made)).part(&worker).query("tail", 5001), 422);

        let jobs = EndpointEvent::Jobs { count: 1, seconds: 60 };
        let now = "2026-01-01T00:00:10Z".parse().expect("a time");
        judge.world.endpoint_event(&id(&made), &jobs, now).expect("an endpoint");
        let patch = v2("updateEndpoint").id(id(&made)).body(json!({ "image": "i:2" }));
        judge.send(patch, 200);
        let releases = judge.send(v2("listEndpointReleases").id(id(&made)), 200);
        assert_eq!(releases["rollout"]["inProgress"], true);
        let diff = json!([{ "field": "template.imageName", "old": "i:1", "new": "i:2" }]);
        assert_eq!((&releases["releases"][0]["diff"], &releases["releases"][1]["version"]), (&diff, &json!(1)));
        let first = judge.send(v2("listEndpointReleases").id(id(&made)).query("limit", 1), 200);
        let cursor = first["pagination"]["nextCursor"].as_str().expect("a second page").to_owned();
        let next = v2("listEndpointReleases").id(id(&made)).query("limit", 1).query("cursor", cursor);
        assert_eq!(judge.send(next, 200)["releases"], json!([releases["releases"][1]]));
        judge.send(v2("listEndpointWorkers").id(id(&made)), 200);

        judge.send(v2("listEndpointBuilds").id(id(&made)), 200);
        judge.send(v2("listEndpointBuilds").id("none"), 404);
        judge.send(v2("getEndpointBuild").id(id(&made)).part("none"), 404);
        judge.send(v2("deleteEndpoint").id(id(&made)), 204);
    });
}

#[test]
fn an_endpoint_takes_the_settings_of_a_serverless_template() {
    in_both_fidelities(|judge| {
        let template = json!({ "name": "t", "image": "t:1", "disk": 30, "env": { "A": "t", "B": "t" }, "cmd": ["x"],
                               "serverless": true, "allowedCudaVersions": ["12.8"], "ports": ["80/http"] });
        let serverless = id(&judge.send(v2("createTemplate").body(template.clone()), 201));
        let pods = with(template, json!({ "name": "p", "serverless": false }));
        let pods = id(&judge.send(v2("createTemplate").body(pods), 201));
        let base = json!({ "name": "n", "type": "QUEUE", "scaling": queue()["scaling"], "templateId": serverless });
        let made = create(judge, with(base.clone(), json!({ "gpu": { "pools": ["ADA_24"] }, "env": { "A": "own" } })));
        assert_eq!((&made["image"], &made["disk"], &made["cmd"]), (&json!("t:1"), &json!(30), &json!(["x"])));
        assert_eq!(
            (&made["env"], &made["gpu"]["allowedCudaVersions"]),
            (&json!({ "A": "own", "B": "t" }), &json!(["12.8"]))
        );
        let floor = json!({ "gpu": { "pools": ["ADA_24"], "minCudaVersion": "12.4" }, "image": "own:1" });
        let made = create(judge, with(base.clone(), floor));
        assert_eq!((&made["image"], &made["gpu"]["allowedCudaVersions"]), (&json!("own:1"), &json!([])));
        let on_cpu = json!({ "cpu": [{ "id": "cpu5c", "vcpuCount": 4 }] });
        create(judge, with(base.clone(), on_cpu));
        let wrong = with(base, json!({ "templateId": pods, "gpu": { "pools": ["ADA_24"] } }));
        judge.send_unprocessable(v2("createEndpoint").body(wrong));
        judge.send_unprocessable(v2("updateEndpoint").id(id(&made)).body(json!({ "templateId": pods })));
        let applied =
            v2("updateEndpoint").id(id(&made)).body(json!({ "templateId": serverless, "env": { "C": "own" } }));
        let applied = judge.send(applied, 200);
        assert_eq!((&applied["image"], &applied["gpu"]), (&json!("t:1"), &made["gpu"]));
        assert_eq!(applied["env"], json!({ "A": "t", "B": "t", "C": "own" }));
        let pod = json!({ "name": "p", "templateId": serverless, "gpu": { "id": "NVIDIA L40", "count": 1 } });
        judge.send_unprocessable(v2("createPod").body(pod));
        judge.send(v2("deleteTemplate").id(serverless), 204);
    });
}

#[test]
fn the_template_of_an_endpoint_is_listed_and_protected_only_if_the_settings_say_so() {
    for lists in [false, true] {
        let settings = Settings { lists_bound_templates: lists, ..Settings::default() };
        let Some(mut judge) = judge_with(settings) else { return };
        let made = create(&mut judge, queue());
        let listed = judge.send(v2("listTemplates"), 200);
        if !lists {
            assert_eq!(listed["templates"], json!([]));
            continue;
        }
        let template = &listed["templates"][0];
        assert_eq!((&template["serverless"], &template["image"]), (&json!(true), &made["image"]));
        assert_eq!(judge.send(v2("getTemplate").id(id(template)), 200), *template);
        judge.send(v2("deleteTemplate").id(id(template)), 400);
        judge.send(v2("deleteEndpoint").id(id(&made)), 204);
        judge.send(v2("getTemplate").id(id(template)), 404);
    }
}

#[test]
fn a_name_is_refused_twice_only_if_the_settings_say_so() {
    for unique in [false, true] {
        let settings = Settings { unique_endpoint_names: unique, ..Settings::default() };
        let Some(mut judge) = judge_with(settings) else { return };
        create(&mut judge, queue());
        judge.send(v2("createEndpoint").body(queue()), if unique { 409 } else { 201 });
    }
}

#[test]
fn an_endpoint_holds_its_network_volumes_and_loses_a_deleted_registry() {
    in_both_fidelities(|judge| {
        let volume = json!({ "name": "data", "size": 10, "dataCenter": "US-CA-2" });
        let volume = id(&judge.send(v2("createNetworkVolume").body(volume), 201));
        let key = json!({ "name": "k", "username": "u", "password": "p" });
        let key = id(&judge.send(v2("createRegistry").body(key), 201));
        let workers = json!({ "min": 1 });
        let body = with(queue(), json!({ "networkVolumes": [volume], "registry": key, "workers": workers }));
        let made = create(judge, body);
        judge.pass(5);
        let shown = judge.send(v2("listEndpointWorkers").id(id(&made)), 200);
        assert_eq!(shown["workers"][0]["dataCenterId"], "US-CA-2");
        judge.send(v2("deleteNetworkVolume").id(&volume), 400);
        judge.send(v2("deleteRegistry").id(&key), 204);
        assert_eq!(judge.send(v2("getEndpoint").id(id(&made)), 200)["registry"], Value::Null);
        judge.send(v2("deleteEndpoint").id(id(&made)), 204);
        judge.send(v2("deleteNetworkVolume").id(&volume), 204);
    });
}
