//! A record contains only what was applied or observed, and records never contradict each other.

use serde_json::{Value, json};

use crate::support::{Emulator, PAIR, Project};

const APPLY: &str = "apply --auto-approve";

const TAKEN: &str = r#"version: "3.0"
name: taken
deployment: { provider: runpod, image: example/image:1 }
providers:
  runpod:
    networkVolumes:
      data: { sizeGb: 200, region: US-CA-2 }
    pods:
      a:
        gpuType: NVIDIA RTX A4000
        volumeSizeGb: 0
        env: { MODE: fast, LEVEL: debug, NEW: "1" }
"#;

fn made(emulator: &Emulator, path: &str, body: Value) -> String {
    let (status, made) = emulator.ask("POST", path, Some(body));
    assert_eq!(status, 201, "{made}");
    made["id"].as_str().expect("an id").to_owned()
}

/// A volume and a pod that differ from the declared ones in every attribute.
fn by_hand(emulator: &Emulator) -> (String, String) {
    let volume = made(emulator, "/v2/network-volumes", json!({ "name": "hand", "size": 100, "dataCenter": "US-CA-2" }));
    let body = json!({
        "name": "hand", "image": "example/other:9", "cloud": "SECURE", "disk": 20, "ports": ["22/tcp", "9000/http"],
        "gpu": { "id": "NVIDIA RTX A4000", "count": 1 }, "mounts": { "network": [{ "volumeId": volume, "path": "/data" }] },
        "env": { "MODE": "fast", "LEVEL": "CANARY-LEVEL", "TOKEN": "CANARY-TOKEN" },
    });
    let pod = made(emulator, "/v2/pods", body);
    (volume, pod)
}

#[test]
fn an_import_records_the_object_and_not_the_declaration() {
    let (emulator, project) = (Emulator::start(), Project::new(TAKEN));
    let (volume, pod) = by_hand(&emulator);
    project.run(&emulator, &format!("import pod.a {pod}")).exits(0);
    project.run(&emulator, &format!("import network_volume.data {volume}")).exits(0);
    let records = project.state()["resources"].clone();
    assert_eq!(records["network_volume.data"]["inputs"]["size_gb"], 100);
    let inputs = &records["pod.a"]["inputs"];
    assert_eq!((&inputs["image"], &inputs["network_volume"]), (&json!("example/other:9"), &json!(volume)));
    // The record has the value and the name that the file shows, and nothing that the file does not contain.
    assert_eq!(inputs["env"], json!({ "MODE": "fast", "LEVEL": { "$sensitive": true } }));
    assert!(!project.read("state/default.json").contains("CANARY"));
    let ports = ["port.a:22/tcp", "port.a:9000/http", "port.a:8888/http"].map(|port| records.get(port).is_some());
    assert_eq!(ports, [true, true, false], "the ports that are there");

    project.run(&emulator, "state verify").exits(0);
    project.run(&emulator, "drift").exits(0).tells("No drift");
    for plan in ["plan --detailed-exitcode", "plan --refresh=false --detailed-exitcode"] {
        let said = project.run(&emulator, plan).exits(2).tells("size_gb").tells("image").tells("env.LEVEL");
        assert!(!said.stdout.contains("Outside changes"), "{}", said.stdout);
        assert!(!said.stdout.contains("CANARY"), "{}", said.stdout);
    }
    // The record has only the id, and the volume still outlives the pod.
    project.run(&emulator, "destroy --auto-approve --include-volumes --allow-data-loss").exits(0);
    assert_eq!((emulator.pods().len(), emulator.volumes().len()), (0, 0));
}

#[test]
fn references_to_an_address_follow_when_it_changes() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    project.run(&emulator, APPLY).exits(0);
    let requests = emulator.requests();
    project.run(&emulator, "state mv network_volume.data network_volume.store").exits(0);
    let trainer = &project.state()["resources"]["pod.trainer"];
    assert_eq!(trainer["inputs"]["network_volume"], json!({ "$ref": "network_volume.store" }));
    assert_eq!(trainer["depends_on"], json!(["network_volume.store"]));
    project.run(&emulator, "state verify").exits(0);
    assert_eq!(emulator.requests(), requests);
    project.edit("      data: {", "      store: { name: story-data,");
    project.edit("networkVolume: data", "networkVolume: store");
    project.run(&emulator, "drift").exits(0);
    for plan in ["plan --detailed-exitcode", "plan --refresh=false --detailed-exitcode"] {
        project.run(&emulator, plan).exits(0).tells("No changes");
    }
}

/// A line of the output, and the damage to the records that it reports.
type Damage = (&'static str, fn(&mut Value));

#[test]
fn verify_finds_contradicting_records_and_refresh_repairs_them() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    project.run(&emulator, APPLY).exits(0);
    let sound = project.read("state/default.json");
    let damage: [Damage; 4] = [
        ("refers to `network_volume.gone`", |records| {
            records["pod.trainer"]["inputs"]["network_volume"] = json!({ "$ref": "network_volume.gone" });
        }),
        ("is part of `pod.gone`", |records| {
            let mut port = records["port.trainer:22/tcp"].clone();
            port.as_object_mut().expect("a record").remove("depends_on");
            port["id"] = json!("x:22/tcp");
            records["port.gone:22/tcp"] = port;
        }),
        ("does not match its parent's", |records| records["port.trainer:22/tcp"]["id"] = json!("other:22/tcp")),
        ("waits for `pod.gone`", |records| {
            let mut pod = records["pod.notebook"].clone();
            pod["id"] = json!("abcdefghijklmn");
            records["pod.gone:deposed-abcdefghijklmn"] = pod;
        }),
    ];
    for (message, damage) in damage {
        let mut state: Value = serde_json::from_str(&sound).expect("a state");
        damage(&mut state["resources"]);
        project.write("state/default.json", &serde_json::to_string_pretty(&state).expect("JSON"));
        project.run(&emulator, "state verify").exits(1).warns(message).warns("sindri refresh");
        for command in ["refresh", "state verify", "drift", "plan --detailed-exitcode"] {
            project.run_without_lag(&emulator, command).exits(0);
        }
    }
    // No plan can be made from these.
    for (message, from, to) in [
        ("are both", project.id("pod.trainer"), project.id("pod.notebook")),
        ("depends on `network_volume.gone`", "\"network_volume.data\"\n".into(), "\"network_volume.gone\"\n".into()),
    ] {
        project.write("state/default.json", &sound.replacen(&from, &to, 1));
        project.run(&emulator, "state verify").exits(1).warns(message);
    }
}

#[test]
fn a_record_with_dependents_is_not_removed() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    project.run(&emulator, APPLY).exits(0);
    let said = project.run(&emulator, "state rm network_volume.data").exits(3);
    said.warns("`pod.trainer` depend").warns("nothing was changed");
    project.run(&emulator, "state rm pod.trainer").exits(0);
    project.run(&emulator, "state rm network_volume.data").exits(0);
    project.run(&emulator, "state verify").exits(0).tells("valid");
}

#[test]
fn one_refresh_or_partial_apply_leaves_a_consistent_state_after_an_object_disappeared() {
    for command in ["refresh", "apply --auto-approve --target network_volume.data"] {
        let (emulator, project) = (Emulator::start(), Project::new(PAIR));
        project.run(&emulator, APPLY).exits(0);
        let old = project.id("network_volume.data");
        let event = format!("/_emu/volumes/{old}/event");
        let (status, said) = emulator.ask("POST", &event, Some(json!({ "event": "delete" })));
        assert_eq!(status, 200, "{said}");
        let code = project.run_without_lag(&emulator, command).code;
        assert!(matches!(code, Some(0 | 2)), "{code:?}");
        project.run(&emulator, "state verify").exits(0);
        let records = &project.state()["resources"];
        assert_eq!(records["pod.trainer"]["inputs"]["network_volume"], json!(old), "it mounts what it mounted");
    }
}
