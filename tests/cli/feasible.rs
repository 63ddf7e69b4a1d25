//! Creates that are known to fail are refused before anything is destroyed for them.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::support::{BARE, Emulator, Project};

/// Creates an object through the emulator's REST v2, as the console would; returns its id.
fn post(emulator: &Emulator, collection: &str, body: &Value) -> String {
    let host = emulator.url.strip_prefix("http://").expect("plain HTTP");
    let body = body.to_string();
    let mut stream = TcpStream::connect(host).expect("the emulator listens");
    let length = body.len();
    write!(
        stream,
        "POST /v2/{collection} HTTP/1.1\r\nhost: {host}\r\nuser-agent: curl/8\r\nauthorization: Bearer x\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let json = answer.find('{').and_then(|start| serde_json::from_str::<Value>(answer[start..].trim()).ok());
    json.and_then(|json| Some(json["id"].as_str()?.to_owned())).unwrap_or_else(|| panic!("{answer}"))
}

#[test]
fn no_pod_is_destroyed_for_a_successor_that_cannot_exist() {
    let emulator = Emulator::start();
    let there = post(&emulator, "network-volumes", &json!({ "name": "two", "size": 100, "dataCenter": "EU-RO-1" }));
    let project = Project::new(BARE);
    project.run(&emulator, "apply --auto-approve").exits(0);
    let ids = || emulator.pods().iter().map(|pod| pod["id"].clone()).collect::<Vec<_>>();
    let (pods, writes) = (ids(), emulator.writes());
    let large = format!("    env: {{ A: \"{}\" }}\n", "y".repeat(103_000));
    let web = BARE.replace("example/image:1", "https://hub.docker.com/r/example/image:1");
    let elsewhere = format!("{BARE}    region: US-CA-2\n    networkVolumeId: {there}\n");
    for (config, exit, says) in [
        (format!("{BARE}    networkVolumeId: nope\n"), 3, "no network volume `nope` in this account"),
        (elsewhere, 3, "is in EU-RO-1"),
        (format!("{BARE}{large}"), 3, "RunPod accepts 102400"),
        (format!("{BARE}    registryAuth: nope\n"), 3, "no registry credential `nope` in this account"),
        (format!("{BARE}    templateId: nope\n"), 3, "no template `nope` in this account"),
        (web, 1, "it is a web address"),
    ] {
        project.write("sindri.yaml", &config.replace("volumeSizeGb: 0\n    networkVolumeId", "networkVolumeId"));
        for command in ["plan", "apply --auto-approve --allow-data-loss"] {
            project.run(&emulator, command).exits(exit).warns(says);
        }
        assert_eq!((ids(), emulator.writes()), (pods.clone(), writes.clone()), "{says}");
    }
}

#[test]
fn a_plan_mentions_a_pods_template_and_keeps_its_settings() {
    let emulator = Emulator::start();
    let body = json!({
        "name": "comfy", "image": "example/comfy:1", "disk": 70, "ports": ["8188/http"],
        "mounts": { "persistent": { "size": 40, "path": "/workspace" } },
    });
    let id = post(&emulator, "templates", &body);
    let project = Project::new(&format!(
        "version: \"3.0\"\nname: comfy\nproviders:\n  runpod:\n    gpuType: NVIDIA RTX A4000\n    templateId: {id}\n"
    ));
    let from = format!("from template {id}");
    project.run(&emulator, "plan").exits(0).tells(&from).tells("their cost is unknown");
    let plan = project.run(&emulator, "plan --json").exits(0).json();
    let change = &plan["resource_changes"][0]["change"];
    assert_eq!((&change["after_unknown"]["image"], &change["after"]["image"]), (&json!(true), &Value::Null));
    project.run(&emulator, "apply --auto-approve").exits(0);
    let pod = &emulator.pods()[0];
    assert_eq!(
        (&pod["disk"], &pod["ports"], &pod["image"]),
        (&70.into(), &json!(["8188/http"]), &"example/comfy:1".into())
    );
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
    project.run(&emulator, "drift").exits(0);
    project.run(&emulator, "apply --auto-approve").exits(0).tells("No changes");
}
