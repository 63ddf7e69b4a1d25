//! How the client reads answers. Sources: sections 3.5, 3.9, 4 and 11 of the API contract.

use serde_json::{Value as Json, json};
use sindri::kind::{NETWORK_VOLUME, POD};
use sindri::model::{Dialect, Endpoint, Money, Object, SshTarget, Status, Value};
use sindri::runpod::{Api, ErrorClass};

use crate::support::script::{SECRET, Script, client, env, json as answer, marker};

async fn read(dialect: Dialect, json: &Json) -> Object {
    let script = Script::new([answer(200, json)]);
    let id = json["id"].as_str().expect("an id");
    client(&script, dialect).read(&POD, id).await.unwrap().unwrap()
}

/// The answers of the contract's section 3.9, with the machine that v1 shows when asked to.
fn up(dialect: Dialect) -> Json {
    match dialect {
        Dialect::V1 => json!({
            "id": "5xpma5eg46tqjq", "name": "my-sindri-gpu", "desiredStatus": "RUNNING",
            "imageName": "runpod/pytorch:1.0.2-cu1281-torch280-ubuntu2404", "containerDiskInGb": 50, "volumeInGb": 20,
            "volumeMountPath": "/workspace", "networkVolumeId": "", "ports": ["8888/http", "22/tcp"],
            "env": { "SINDRI_RESOURCE": "4f1c:my-sindri-gpu/default:pod.main:7", "HF_TOKEN": SECRET },
            "gpuCount": 1, "vcpuCount": 16, "memoryInGb": 64, "costPerHr": 0.74, "machineId": "ohkxhsnz9mko",
            "machine": { "gpuTypeId": "NVIDIA GeForce RTX 4090", "dataCenterId": "US-CA-2", "secureCloud": true },
            "publicIp": "203.0.113.7", "portMappings": { "22": 35558 }, "templateId": "", "consumerUserId": "user_x",
            "createdAt": "2026-08-20 06:16:19.436 +0000 UTC", "lastStartedAt": "2026-08-20 06:16:19.42 +0000 UTC",
        }),
        Dialect::V2 => json!({
            "id": "5xpma5eg46tqjq", "name": "my-sindri-gpu", "status": "RUNNING",
            "actions": ["stop", "restart", "terminate"], "image": "runpod/pytorch:1.0.2-cu1281-torch280-ubuntu2404",
            "args": "", "disk": 50, "mounts": { "persistent": { "size": 20, "path": "/workspace" } },
            "ports": ["8888/http", "22/TCP"],
            "env": { "SINDRI_RESOURCE": "4f1c:my-sindri-gpu/default:pod.main:7", "HF_TOKEN": SECRET },
            "registry": null, "gpu": { "id": "NVIDIA GeForce RTX 4090", "count": 1, "vcpuCount": 16.0, "memory": 64.5 },
            "cloud": "SECURE", "dataCenterId": "US-CA-2", "cudaVersion": "12.8",
            "ssh": {
                "proxy": { "host": "ssh.runpod.io", "port": 22, "username": "5xpma5eg46tqjq-6441103b", "command": "" },
                "direct": { "host": "203.0.113.7", "port": 35558, "username": "root", "command": "" },
            },
            "template": null, "cost": 0.74, "locked": false, "globalNetworking": { "enabled": false },
            "runtime": { "uptime": 120, "ports": [
                { "private": 22, "public": 60820, "type": "tcp", "ip": "100.65.12.3" },
                { "private": 22, "public": 35558, "type": "tcp", "ip": "203.0.113.7" },
                { "private": 19123, "public": 60821, "type": "http", "ip": "100.65.12.3" },
            ] },
            "createdAt": "2026-08-20T06:16:19.436Z", "startedAt": "2026-08-20T06:16:19.42Z", "new": { "member": 1 },
        }),
    }
}

/// `up` with members replaced, or removed by a `null` at `-name`.
async fn changed(dialect: Dialect, changes: Json) -> Object {
    let mut json = up(dialect);
    for (member, value) in changes.as_object().unwrap() {
        match member.strip_prefix('-') {
            Some(gone) => json.as_object_mut().unwrap().remove(gone),
            None => json.as_object_mut().unwrap().insert(member.clone(), value.clone()),
        };
    }
    read(dialect, &json).await
}

#[tokio::test]
async fn the_same_pod_reads_the_same_in_both_dialects() {
    for dialect in [Dialect::V1, Dialect::V2] {
        let pod = read(dialect, &up(dialect)).await;
        assert_eq!((pod.id.as_str(), pod.name.as_str()), ("5xpma5eg46tqjq", "my-sindri-gpu"));
        assert_eq!(pod.marker, Some(marker()));
        assert_eq!((pod.status.as_ref(), pod.ready), (Some(&Status::Running), true), "{dialect}");
        let list = |items: &[&str]| Value::texts(items.iter().copied());
        for (name, value) in [
            ("name", "my-sindri-gpu".into()),
            ("image", "runpod/pytorch:1.0.2-cu1281-torch280-ubuntu2404".into()),
            ("cloud", "SECURE".into()),
            ("gpu_types", list(&["NVIDIA GeForce RTX 4090"])),
            ("gpu_count", Value::Int(1)),
            ("min_ram_gb_per_gpu", Value::Int(64)),
            ("min_vcpu_per_gpu", Value::Int(16)),
            ("regions", list(&["US-CA-2"])),
            ("container_disk_gb", Value::Int(50)),
            ("volume_gb", Value::Int(20)),
            ("volume_mount_path", "/workspace".into()),
            ("network_volume", Value::Null),
            ("ports", list(&["8888/http", "22/tcp"])),
            ("env", env(&[("HF_TOKEN", SECRET)])),
        ] {
            assert_eq!(pod.attributes.get(name), Some(&value), "{dialect} {name}");
        }
        assert_eq!(pod.attributes.get("cpu_flavors"), None);
        assert_eq!(pod.attributes.get("start_ssh"), None);
        let computed = &pod.computed;
        assert_eq!(computed.cost_per_hour, Some(Money(740_000)));
        assert_eq!(computed.created_at.as_deref(), Some("2026-08-20T06:16:19.436Z"));
        assert_eq!(computed.started_at.as_deref(), Some("2026-08-20T06:16:19.42Z"));
        assert_eq!(computed.chosen["gpu_type"], "NVIDIA GeForce RTX 4090");
        assert_eq!(computed.chosen["region"], "US-CA-2");
        let direct = SshTarget { host: "203.0.113.7".into(), port: 35558, username: "root".into() };
        assert_eq!(computed.ssh_direct, Some(direct));
        let address = |port: &str, address: &str| Endpoint { port: port.into(), address: Some(address.into()) };
        assert_eq!(
            computed.endpoints,
            [
                address("8888/http", "https://5xpma5eg46tqjq-8888.proxy.runpod.net"),
                address("22/tcp", "203.0.113.7:35558")
            ]
        );
        assert!(!format!("{pod:?}").contains("canary"), "secrets show");
    }
}

#[tokio::test]
async fn v2_shows_more_than_v1() {
    let pod = read(Dialect::V2, &up(Dialect::V2)).await;
    for (name, value) in [
        ("cuda_versions", Value::texts(["12.8"])),
        ("registry_auth", Value::Null),
        ("locked", Value::Bool(false)),
        ("global_networking", Value::Bool(false)),
        ("command", Value::List(vec![].into())),
        ("entrypoint", Value::List(vec![].into())),
    ] {
        assert_eq!(pod.attributes.get(name), Some(&value), "{name}");
    }
    assert_eq!(pod.computed.uptime_seconds, Some(120));
    assert_eq!(pod.computed.chosen["cuda_version"], "12.8");
    assert_eq!(pod.computed.ssh_proxy.unwrap().username, "5xpma5eg46tqjq-6441103b");
}

#[tokio::test]
async fn every_status_of_v2_has_its_meaning() {
    for (changes, status, ready) in [
        (json!({ "status": "PROVISIONING", "runtime": null }), Status::Creating, false),
        (json!({ "status": "STARTING", "runtime": null }), Status::Creating, false),
        (json!({ "status": "CREATED" }), Status::Creating, false),
        (json!({ "runtime": null }), Status::Creating, false),
        (json!({}), Status::Running, true),
        (json!({ "-gpu": null }), Status::ZeroGpu, false),
        (json!({ "gpu": { "id": "NVIDIA GeForce RTX 4090", "count": 0 } }), Status::ZeroGpu, false),
        (json!({ "-gpu": null, "cpu": { "id": "cpu3c", "vcpuCount": 2 } }), Status::Running, true),
        (json!({ "status": "EXITED", "runtime": null }), Status::Stopped, false),
        (json!({ "status": "STOPPED" }), Status::Stopped, false),
        (json!({ "status": "ERROR", "runtime": null }), Status::Error, false),
        (json!({ "status": "TERMINATED" }), Status::Terminated, false),
        (json!({ "status": "HIBERNATING" }), Status::Unknown("HIBERNATING".into()), false),
        (json!({ "-status": null }), Status::Unknown("no status".into()), false),
    ] {
        let pod = changed(Dialect::V2, changes.clone()).await;
        assert_eq!((pod.status, pod.ready), (Some(status), ready), "{changes}");
    }
}

#[tokio::test]
async fn every_status_of_v1_has_its_meaning() {
    let waiting = json!({ "publicIp": "", "portMappings": null });
    let no_address = json!({ "publicIp": "", "portMappings": null, "machine":
        { "gpuTypeId": "NVIDIA GeForce RTX 4090", "secureCloud": false, "supportPublicIp": false } });
    for (changes, status, ready) in [
        (json!({}), Status::Running, true),
        (waiting, Status::Creating, false),
        (no_address, Status::Running, true),
        (json!({ "portMappings": {} }), Status::Running, false),
        (json!({ "gpuCount": 0 }), Status::ZeroGpu, false),
        (json!({ "gpuCount": 0, "cpuFlavorId": "cpu3c", "machine": {} }), Status::Running, true),
        (json!({ "gpuCount": 0, "machine": {} }), Status::Running, true),
        (json!({ "desiredStatus": "EXITED", "portMappings": null }), Status::Stopped, false),
        (json!({ "desiredStatus": "TERMINATED" }), Status::Terminated, false),
        (json!({ "desiredStatus": "PAUSED" }), Status::Unknown("PAUSED".into()), false),
    ] {
        let pod = changed(Dialect::V1, changes.clone()).await;
        assert_eq!((pod.status, pod.ready), (Some(status), ready), "{changes}");
    }
}

#[tokio::test]
async fn a_tcp_port_is_ready_only_with_a_public_address() {
    let inside = json!({ "ports": [{ "private": 22, "public": 60820, "type": "tcp", "ip": "100.65.12.3" }] });
    let no_ssh = json!({ "proxy": null, "direct": null });
    let pod = changed(Dialect::V2, json!({ "runtime": inside.clone(), "ssh": no_ssh.clone() })).await;
    assert!(!pod.ready);
    assert_eq!((pod.computed.endpoints[1].address.as_ref(), pod.computed.ssh_direct.as_ref()), (None, None));
    // Nothing to wait for, because no public address is promised.
    let community = json!({ "runtime": inside, "ssh": no_ssh, "cloud": "COMMUNITY" });
    assert!(changed(Dialect::V2, community).await.ready);
    let hidden = json!({ "proxy": null, "direct": { "host": "100.65.12.3", "port": 22, "username": "root" } });
    assert_eq!(changed(Dialect::V2, json!({ "ssh": hidden })).await.computed.ssh_direct, None);
}

#[tokio::test]
async fn a_stopped_pod_has_no_price_even_if_the_api_shows_one() {
    let pod = changed(Dialect::V2, json!({ "status": "EXITED", "runtime": null, "cost": 0.72 })).await;
    assert_eq!(pod.computed.cost_per_hour, None);
}

#[tokio::test]
async fn missing_members_are_absent_and_not_wrong() {
    for dialect in [Dialect::V1, Dialect::V2] {
        let pod = read(dialect, &json!({ "id": "p1" })).await;
        for name in ["name", "image", "gpu_types", "regions", "env", "ports", "command", "locked", "container_disk_gb"]
        {
            assert_eq!(pod.attributes.get(name), None, "{dialect} {name}");
        }
        assert_eq!((pod.marker, pod.ready), (None, false));
    }
    let pod = changed(Dialect::V2, json!({ "-mounts": null, "dataCenterId": null, "cudaVersion": null })).await;
    // A missing member must not be read as empty. Otherwise a pod would be replaced because its volume seems to be
    // lost.
    assert_eq!((pod.attributes.get("volume_gb"), pod.attributes.get("network_volume")), (None, None));
    assert_eq!((pod.attributes.get("regions"), pod.attributes.get("cuda_versions")), (None, None));
    let pod = changed(Dialect::V2, json!({ "mounts": {} })).await;
    assert_eq!((&pod.attributes["volume_gb"], &pod.attributes["network_volume"]), (&Value::Int(0), &Value::Null));
}

#[tokio::test]
async fn mounts_and_cpu_read_back() {
    let changes = json!({
        "mounts": { "network": [{ "volumeId": "vol1", "path": "/data" }] }, "-gpu": null,
        "cpu": { "id": "cpu5c", "vcpuCount": 4, "memory": 8 }, "registry": "cred1",
    });
    let pod = changed(Dialect::V2, changes).await;
    assert_eq!(pod.attributes["network_volume"], "vol1".into());
    assert_eq!((&pod.attributes["volume_gb"], &pod.attributes["volume_mount_path"]), (&Value::Int(0), &"/data".into()));
    assert_eq!(
        (&pod.attributes["cpu_flavors"], &pod.attributes["vcpu_count"]),
        (&Value::texts(["cpu5c"]), &Value::Int(4))
    );
    assert_eq!((pod.attributes.get("gpu_count"), &pod.attributes["registry_auth"]), (None, &"cred1".into()));
}

#[tokio::test]
async fn a_command_has_the_same_meaning_in_every_form() {
    let command = Value::texts(["python", "train.py"]);
    for stored in [
        json!({ "args": "python train.py" }),
        json!({ "args": "python  'train.py'" }),
        json!({ "args": "{\"cmd\": [\"python\", \"train.py\"]}" }),
        json!({ "args": "ignored when the arrays are there", "cmd": ["python", "train.py"], "entrypoint": [] }),
        json!({ "args": "python train.py", "cmd": [], "entrypoint": [] }),
    ] {
        let pod = changed(Dialect::V2, stored.clone()).await;
        assert_eq!(pod.attributes["command"], command, "{stored}");
        assert_eq!(pod.attributes["entrypoint"], Value::List(vec![].into()), "{stored}");
    }
    let pod =
        changed(Dialect::V1, json!({ "dockerStartCmd": ["python", "train.py"], "dockerEntrypoint": ["x"] })).await;
    assert_eq!((&pod.attributes["command"], &pod.attributes["entrypoint"]), (&command, &Value::texts(["x"])));
}

#[tokio::test]
async fn volumes_read_in_both_dialects() {
    let v2 = json!({ "id": "grvtso8ftn", "name": "data", "size": 50, "dataCenter": "US-CA-2", "type": "STANDARD" });
    let v1 = json!({ "id": "grvtso8ftn", "name": "data", "size": 50, "dataCenterId": "US-CA-2" });
    for (dialect, list, tier) in [
        (Dialect::V2, json!({ "networkVolumes": [v2] }), Some(&Value::text("STANDARD"))),
        (Dialect::V1, json!([v1]), None),
    ] {
        let script = Script::new([answer(200, &list)]);
        let volumes = client(&script, dialect).list(&NETWORK_VOLUME).await.unwrap();
        let attributes = &volumes[0].attributes;
        assert_eq!((&attributes["size_gb"], &attributes["region"]), (&Value::Int(50), &"US-CA-2".into()));
        assert_eq!((attributes.get("tier"), volumes[0].ready, volumes[0].status.as_ref()), (tier, true, None));
    }
}

#[tokio::test]
async fn lists_follow_cursors_over_short_pages_and_name_each_pod_once() {
    let page = |ids: &[&str], next: Option<&str>| {
        let pods: Vec<Json> = ids.iter().map(|id| json!({ "id": id })).collect();
        answer(200, &json!({ "pods": pods, "pagination": { "nextCursor": next, "hasNextPage": next.is_some() } }))
    };
    let script = Script::new([page(&["a"], Some("c/1=")), page(&[], Some("c2")), page(&["a", "b"], None)]);
    let pods = client(&script, Dialect::V2).list(&POD).await.unwrap();
    assert_eq!(pods.iter().map(|pod| pod.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(
        script.asked(),
        ["GET /v2/pods?limit=1000", "GET /v2/pods?limit=1000&cursor=c%2F1%3D", "GET /v2/pods?limit=1000&cursor=c2"]
    );
    let script = Script::new([answer(200, &json!({ "pods": [{ "id": "a" }] }))]);
    assert_eq!(client(&script, Dialect::V2).list(&POD).await.unwrap().len(), 1, "no `pagination`: the last page");
}

#[tokio::test]
async fn a_truncated_list_never_passes_as_complete() {
    let next = |cursor: Json| json!({ "pods": [], "pagination": { "nextCursor": cursor, "hasNextPage": true } });
    for answers in [
        vec![answer(200, &next(json!("c1"))), answer(200, &next(json!("c1")))],
        vec![answer(200, &next(Json::Null))],
        vec![answer(200, &json!({ "items": [] }))],
        vec![answer(200, &json!({ "pods": [{ "name": "no id" }] }))],
    ] {
        let script = Script::new(answers);
        let error = client(&script, Dialect::V2).list(&POD).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Malformed, "{error}");
    }
}

#[tokio::test]
async fn v1_asks_for_the_machine() {
    let script = Script::new([answer(200, &json!([])), answer(404, &json!({ "message": "Pod not found" }))]);
    let client = client(&script, Dialect::V1);
    assert_eq!(client.list(&POD).await.unwrap(), []);
    assert_eq!(client.read(&POD, "p1").await.unwrap(), None);
    let include = "includeMachine=true&includeNetworkVolume=true";
    assert_eq!(script.asked(), [format!("GET /v1/pods?{include}"), format!("GET /v1/pods/p1?{include}")]);
}
