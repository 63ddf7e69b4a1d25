//! Bodies, paths and headers sent by the client. Sources: sections 3.2 to 3.6, 3.9, 4 and 9 of the API contract.

use serde_json::{Value as Json, json};
use sindri::kind::{NETWORK_VOLUME, POD};
use sindri::model::{Attributes, Dialect, Object, Power, Secret, Value};
use sindri::runpod::{Api, ErrorClass};

use crate::support::script::{SECRET, Script, attributes, client, env, json as answer, marker, pod, pod_with, text};

async fn create(dialect: Dialect, inputs: &Attributes) -> Json {
    let script = Script::new([answer(201, &json!({ "id": "p1" }))]);
    client(&script, dialect).create(&POD, inputs, Some(&marker())).await.unwrap();
    script.body(0)
}

async fn observed(dialect: Dialect, pod: Json) -> Object {
    let script = Script::new([answer(200, &pod)]);
    client(&script, dialect).read(&POD, "p1").await.unwrap().unwrap()
}

async fn update(dialect: Dialect, current: Json, changes: &[(&str, Value)]) -> Json {
    let current = observed(dialect, current).await;
    let script = Script::new([answer(200, &json!({ "id": "p1" }))]);
    client(&script, dialect).update(&POD, &current, &attributes(changes)).await.unwrap();
    assert_eq!(script.asked(), [format!("PATCH /{dialect}/pods/p1")]);
    script.body(0)
}

#[tokio::test]
async fn a_v2_create_is_the_body_of_the_contract() {
    assert_eq!(
        create(Dialect::V2, &pod()).await,
        json!({
            "name": "my-sindri-gpu", "cloud": "SECURE", "image": "runpod/pytorch:1.0.2-cu1281-torch280-ubuntu2404",
            "gpu": { "id": "NVIDIA GeForce RTX 4090", "count": 1, "minRamPerGpu": 16, "minVcpuCountPerGpu": 4 },
            "disk": 50, "mounts": { "persistent": { "size": 20, "path": "/workspace" } },
            "ports": ["8888/http", "22/tcp"], "dataCenterIds": ["US-CA-2"],
            "env": { "SINDRI_RESOURCE": "4f1c:my-sindri-gpu/default:pod.main:7" },
        })
    );
}

#[tokio::test]
async fn a_v1_create_is_the_body_of_the_contract() {
    assert_eq!(
        create(Dialect::V1, &pod()).await,
        json!({
            "name": "my-sindri-gpu", "computeType": "GPU", "cloudType": "SECURE",
            "imageName": "runpod/pytorch:1.0.2-cu1281-torch280-ubuntu2404",
            "gpuTypeIds": ["NVIDIA GeForce RTX 4090"], "gpuTypePriority": "custom", "gpuCount": 1,
            "minRAMPerGPU": 16, "minVCPUPerGPU": 4, "containerDiskInGb": 50, "volumeInGb": 20,
            "volumeMountPath": "/workspace", "ports": ["8888/http", "22/tcp"],
            "dataCenterIds": ["US-CA-2"], "dataCenterPriority": "custom",
            "env": { "SINDRI_RESOURCE": "4f1c:my-sindri-gpu/default:pod.main:7" },
            "interruptible": false, "locked": false,
        })
    );
}

#[tokio::test]
async fn a_cpu_pod_on_a_network_volume_is_expressed_in_both_dialects() {
    let inputs = pod_with(&[
        ("gpu_types", Value::List(vec![].into())),
        ("gpu_count", Value::Null),
        ("min_ram_gb_per_gpu", Value::Null),
        ("cpu_flavors", Value::texts(["cpu3c"])),
        ("vcpu_count", Value::Int(2)),
        ("volume_gb", Value::Int(0)),
        ("network_volume", "vol1".into()),
        ("volume_mount_path", "/data".into()),
        ("regions", Value::List(vec![].into())),
        ("ports", Value::List(vec![].into())),
        ("env", env(&[("HF_TOKEN", SECRET)])),
    ]);
    let v2 = create(Dialect::V2, &inputs).await;
    assert_eq!(v2["cpu"], json!({ "id": "cpu3c", "vcpuCount": 2 }));
    assert_eq!(v2["mounts"], json!({ "network": [{ "volumeId": "vol1", "path": "/data" }] }));
    assert_eq!((&v2["ports"], &v2["env"]["HF_TOKEN"]), (&json!([]), &json!(SECRET)));
    assert_eq!((v2.get("gpu"), v2.get("dataCenterIds")), (None, None));
    let v1 = create(Dialect::V1, &inputs).await;
    assert_eq!(
        (&v1["computeType"], &v1["cpuFlavorIds"], &v1["vcpuCount"]),
        (&json!("CPU"), &json!(["cpu3c"]), &json!(2))
    );
    assert_eq!((&v1["volumeInGb"], &v1["networkVolumeId"], &v1["ports"]), (&json!(0), &json!("vol1"), &json!([])));
    assert_eq!((v1.get("gpuTypeIds"), v1.get("gpuCount"), v1.get("dataCenterIds")), (None, None, None));
}

#[tokio::test]
async fn optional_members_are_sent_only_when_set() {
    let inputs = pod_with(&[
        ("cuda_versions", Value::texts(["12.8"])),
        ("registry_auth", "cred1".into()),
        ("global_networking", true.into()),
        ("start_ssh", true.into()),
        ("template", "tpl1".into()),
        ("image", Value::Null),
        ("volume_gb", Value::Int(0)),
        ("command", Value::texts(["python", "train.py", "a b"])),
    ]);
    let body = create(Dialect::V2, &inputs).await;
    assert_eq!(body["gpu"]["allowedCudaVersions"], json!(["12.8"]));
    assert_eq!(body["args"], "python train.py 'a b'");
    for (member, value) in [("registry", json!("cred1")), ("templateId", json!("tpl1"))] {
        assert_eq!(body[member], value);
    }
    assert_eq!((&body["globalNetworking"], &body["startSsh"]), (&json!(true), &json!(true)));
    assert_eq!((body.get("image"), body.get("mounts")), (None, None));
}

#[tokio::test]
async fn an_entrypoint_is_lists_on_v1_and_an_object_in_args_on_v2() {
    let inputs = pod_with(&[("entrypoint", Value::texts(["bash", "-c"])), ("command", Value::texts(["x && y"]))]);
    let v2 = create(Dialect::V2, &inputs).await;
    let args: Json = serde_json::from_str(v2["args"].as_str().unwrap()).unwrap();
    assert_eq!(args, json!({ "entrypoint": ["bash", "-c"], "cmd": ["x && y"] }));
    let v1 = create(Dialect::V1, &inputs).await;
    assert_eq!((&v1["dockerEntrypoint"], &v1["dockerStartCmd"]), (&json!(["bash", "-c"]), &json!(["x && y"])));
}

#[tokio::test]
async fn a_lock_is_part_of_a_create_on_v1_and_follows_it_on_v2() {
    let locked = pod_with(&[("locked", true.into())]);
    assert_eq!(create(Dialect::V2, &locked).await.get("locked"), None);
    assert_eq!(create(Dialect::V1, &locked).await["locked"], true);
    // The planner sends attributes after the create if no create can carry them.
    assert_eq!(POD.attribute("locked").unwrap().late, Some(Dialect::V2));
}

#[tokio::test]
async fn values_that_a_dialect_cannot_express_are_refused_and_never_dropped() {
    let script = Script::new([]);
    for (dialect, name, value, words) in [
        (Dialect::V2, "spot", Value::Bool(true), "spot"),
        (Dialect::V1, "start_ssh", Value::Bool(true), "startSsh"),
        (Dialect::V2, "network_volume", Value::reference("network_volume.data".parse().unwrap()), "not known"),
        (Dialect::V2, "env", Value::Map([("A", Value::Secret(Secret::unknown()))].into()), "not known"),
    ] {
        let inputs = pod_with(&[(name, value)]);
        let error = client(&script, dialect).create(&POD, &inputs, None).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Invalid);
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn volumes_have_different_bodies_in_each_dialect() {
    let inputs = |tier: Value| {
        attributes(&[
            ("name", "data".into()),
            ("size_gb", Value::Int(50)),
            ("region", "US-CA-2".into()),
            ("tier", tier),
        ])
    };
    let script = Script::new([answer(201, &json!({ "id": "v1" })), answer(200, &json!({ "id": "v1" }))]);
    let v2 = client(&script, Dialect::V2);
    let volume = v2.create(&NETWORK_VOLUME, &inputs("STANDARD".into()), None).await.unwrap();
    v2.update(&NETWORK_VOLUME, &volume, &attributes(&[("size_gb", Value::Int(80))])).await.unwrap();
    assert_eq!(script.asked(), ["POST /v2/network-volumes", "PATCH /v2/network-volumes/v1"]);
    assert_eq!(script.body(0), json!({ "name": "data", "size": 50, "dataCenter": "US-CA-2", "type": "STANDARD" }));
    assert_eq!(script.body(1), json!({ "size": 80 }));

    let script = Script::new([answer(200, &json!({ "id": "v1" }))]);
    client(&script, Dialect::V1).create(&NETWORK_VOLUME, &inputs(Value::Null), None).await.unwrap();
    assert_eq!(script.asked(), ["POST /v1/networkvolumes"]);
    assert_eq!(script.body(0), json!({ "name": "data", "size": 50, "dataCenterId": "US-CA-2" }));
}

fn current() -> Json {
    json!({
        "id": "p1", "args": "python old.py", "mounts": { "persistent": { "size": 20, "path": "/workspace" } },
        "env": {
            "KEEP": "1", "DROP": "2", "CHANGE": "3", "PUBLIC_KEY": "ssh-ed25519 x",
            "SINDRI_RESOURCE": "4f1c:my-sindri-gpu/default:pod.main:7",
        },
    })
}

#[tokio::test]
async fn a_changed_environment_keeps_other_variables_and_the_marker() {
    let changes = [("env", Value::Map([("DROP", Value::Null), ("CHANGE", "4".into())].into()))];
    let whole = json!({ "env": {
        "KEEP": "1", "CHANGE": "4", "PUBLIC_KEY": "ssh-ed25519 x",
        "SINDRI_RESOURCE": "4f1c:my-sindri-gpu/default:pod.main:7",
    } });
    assert_eq!(update(Dialect::V2, current(), &changes).await, whole);
    assert_eq!(update(Dialect::V1, current(), &changes).await, whole);
}

#[tokio::test]
async fn an_environment_that_was_not_shown_is_not_replaced() {
    let script = Script::new([]);
    let current = observed(Dialect::V2, json!({ "id": "p1" })).await;
    let changes = attributes(&[("env", env(&[("A", "b")]))]);
    let error = client(&script, Dialect::V2).update(&POD, &current, &changes).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Malformed);
}

#[tokio::test]
async fn a_mount_is_sent_whole_whenever_a_part_of_it_changes() {
    assert_eq!(
        update(Dialect::V2, current(), &[("volume_gb", Value::Int(30))]).await,
        json!({ "mounts": { "persistent": { "size": 30, "path": "/workspace" } } })
    );
    let mounted = json!({ "id": "p1", "mounts": { "network": [{ "volumeId": "vol1", "path": "/workspace" }] } });
    assert_eq!(
        update(Dialect::V2, mounted, &[("volume_mount_path", "/data".into())]).await,
        json!({ "mounts": { "network": [{ "volumeId": "vol1", "path": "/data" }] } })
    );
    assert_eq!(update(Dialect::V1, current(), &[("volume_gb", Value::Int(30))]).await, json!({ "volumeInGb": 30 }));
}

#[tokio::test]
async fn an_update_contains_only_changes_and_clears_explicitly() {
    let changes = [
        ("name", Value::text("new")),
        ("image", Value::text("img:2")),
        ("container_disk_gb", Value::Int(60)),
        ("ports", Value::List(vec![].into())),
        ("registry_auth", Value::Null),
        ("locked", Value::Bool(true)),
        ("command", Value::Null),
    ];
    assert_eq!(
        update(Dialect::V2, current(), &changes).await,
        json!({ "name": "new", "image": "img:2", "disk": 60, "ports": [], "registry": null, "locked": true, "args": "" })
    );
    assert_eq!(
        update(Dialect::V1, current(), &changes).await,
        json!({
            "name": "new", "imageName": "img:2", "containerDiskInGb": 60, "ports": [], "containerRegistryAuthId": "",
            "locked": true, "dockerStartCmd": [],
        })
    );
}

#[tokio::test]
async fn changes_that_no_update_can_carry_are_refused() {
    let script = Script::new([]);
    let current = observed(Dialect::V2, current()).await;
    let changes = attributes(&[("gpu_count", Value::Int(2))]);
    let error = client(&script, Dialect::V2).update(&POD, &current, &changes).await.unwrap_err();
    assert!(error.to_string().contains("`gpu_count`"), "{error}");
}

#[tokio::test]
async fn a_body_beyond_the_limit_of_v2_is_not_sent() {
    let script = Script::new([answer(201, &json!({ "id": "p1" }))]);
    let large = pod_with(&[("env", Value::Map([("A", Value::text("x".repeat(102_400)))].into()))]);
    let error = client(&script, Dialect::V2).create(&POD, &large, None).await.unwrap_err();
    assert_eq!((error.class, script.asked().len()), (ErrorClass::TooLarge, 0));
    client(&script, Dialect::V1).create(&POD, &large, None).await.unwrap();
}

#[tokio::test]
async fn power_is_an_action_on_v2_and_a_path_on_v1() {
    let script = Script::new([answer(200, &json!({})), text(200, ""), answer(200, &json!({})), text(200, "")]);
    for dialect in [Dialect::V2, Dialect::V1] {
        client(&script, dialect).power(&POD, "p1", Power::Stopped).await.unwrap();
        client(&script, dialect).power(&POD, "p1", Power::Running).await.unwrap();
    }
    assert_eq!(
        script.asked(),
        ["POST /v2/pods/p1/action", "POST /v2/pods/p1/action", "POST /v1/pods/p1/stop", "POST /v1/pods/p1/start"]
    );
    assert_eq!((script.body(0), script.body(1)), (json!({ "action": "stop" }), json!({ "action": "start" })));
    assert_eq!(script.body(2), Json::Null);
}

#[tokio::test]
async fn an_id_cannot_change_the_path() {
    let script = Script::new([]);
    for id in ["", "..", "p1/../p2", "p1?x", "p 1"] {
        assert_eq!(client(&script, Dialect::V2).delete(&POD, id).await.unwrap_err().class, ErrorClass::Invalid, "{id}");
    }
}

#[tokio::test]
async fn every_request_names_itself_and_carries_the_key_in_one_header() {
    let script = Script::new([answer(201, &json!({ "id": "p1" }))]);
    client(&script, Dialect::V2).create(&POD, &pod(), None).await.unwrap();
    let header = |name| script.header(0, name).unwrap();
    assert_eq!(header("authorization"), "Bearer rpa_canary_key");
    assert_eq!(header("user-agent"), format!("sindri/{}", env!("CARGO_PKG_VERSION")));
    assert_eq!((header("accept"), header("content-type")), ("application/json".into(), "application/json".into()));
}
