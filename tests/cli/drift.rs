//! `sindri drift` as a process: its requests, its exit codes, and everything that it must not change.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Emulator, PAIR, Project, Said, fault, sindri, until};

const APPLY: &str = "apply --auto-approve";

/// Every file below the project, with its bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
            found.insert(format!("{}/", path.display()), Vec::new());
        } else {
            found.insert(path.display().to_string(), fs::read(&path).expect("readable"));
        }
    }
    found
}

/// Runs it in every format, and checks that the results agree and that nothing changed anywhere.
#[track_caller]
fn drift(emulator: &Emulator, project: &Project, flags: &str, code: i32) -> (Value, String) {
    let (before, writes) = (files(&project.path("")), emulator.writes());
    let asked = emulator.requests().len();
    let text = project.run(emulator, &format!("drift {flags}")).exits(code);
    assert_eq!(emulator.requests().len(), asked + 2, "one list per kind");
    let markdown = project.run(emulator, &format!("drift --markdown {flags}")).exits(code);
    let json = project.run(emulator, &format!("drift --json {flags}")).exits(code).json();
    assert_eq!((files(&project.path("")), emulator.writes()), (before, writes));
    assert_eq!(json["drifted"], json!(code == 2));
    assert!(markdown.stdout.starts_with("<!-- sindri drift: story/default -->\n"), "{}", markdown.stdout);
    // Reports say only that the configuration could not be read.
    let warned = |said: &str| said.is_empty() || said.contains("; using only the state");
    assert!(warned(&text.stderr) && text.stderr == markdown.stderr, "{}{}", text.stderr, markdown.stderr);
    for finding in json["findings"].as_array().expect("findings") {
        let id = finding["id"].as_str().expect("an id");
        assert!(text.stdout.contains(id) || finding["class"] == "unmanaged", "{id} in {}", text.stdout);
        assert!(markdown.stdout.contains(id), "{id} in {}", markdown.stdout);
    }
    (json, text.stdout)
}

fn classes(json: &Value) -> Vec<(&str, &str)> {
    let findings = json["findings"].as_array().expect("findings").iter();
    findings
        .map(|finding| (finding["class"].as_str().unwrap(), finding["address"].as_str().unwrap_or_default()))
        .collect()
}

#[test]
fn drift_exits_with_two_until_it_is_settled_and_writes_nothing() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    let (json, text) = drift(&emulator, &project, "", 0);
    assert_eq!(
        (text.as_str(), &json["checked"]),
        ("No drift: nothing is recorded in environment default.\n", &json!(0))
    );
    assert!(!project.path("state").exists(), "not even a folder");
    project.run(&emulator, APPLY).exits(0);
    project.forget_when_it_created();
    let (_, text) = drift(&emulator, &project, "", 0);
    assert_eq!(text, "No drift: 3 resources are as they were last applied.\n");

    let (gone, edited) = (project.id("pod.notebook"), project.id("pod.trainer"));
    assert_eq!(emulator.ask("DELETE", &format!("/v2/pods/{gone}"), None).0, 204);
    let edit = json!({ "event": "edit", "changes": { "image": "example/image:2" } });
    assert_eq!(emulator.ask("POST", &format!("/_emu/pods/{edited}/event"), Some(edit)).0, 200);
    // Its container is recreated. Until it runs again its port has no address, which is reported and passes.
    until("the container", || !emulator.get(&format!("/v2/pods/{edited}"))["runtime"].is_null());
    let (json, text) = drift(&emulator, &project, "", 2);
    assert_eq!(classes(&json), [("gone", "pod.notebook"), ("changed", "pod.trainer")]);
    assert!(
        text.contains("lost: pod volume 20 GB") && text.contains("\"example/image:1\" -> \"example/image:2\""),
        "{text}"
    );
    assert_eq!(drift(&emulator, &project, "", 2).0, json, "the same every night");

    // A plan reports the same drift under the same names.
    let plan = project.run(&emulator, "plan --json").exits(0).json();
    let named =
        |json: &Value| json["findings"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect::<Vec<_>>();
    let mut planned: Vec<Value> =
        plan["resource_drift"].as_array().unwrap().iter().map(|one| one["sindri"]["finding"].clone()).collect();
    planned.sort_by_key(|id| named(&json).iter().position(|known| known == id));
    assert_eq!(planned, named(&json));

    project.run(&emulator, &format!("{APPLY} --allow-data-loss")).exits(0);
    let (json, _) = drift(&emulator, &project, "", 0);
    assert_eq!(classes(&json), []);
}

#[test]
fn drift_uses_the_state_and_only_the_name_from_the_configuration() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    project.run(&emulator, APPLY).exits(0);
    for config in [
        // Edited, and not applied.
        PAIR.replace("example/image:1", "example/image:2").replace("notebook", "laptop"),
        // Half written, with a variable that is not set here, and a secret that this machine does not have.
        PAIR.replace("gpuType: NVIDIA RTX A4000", "gpuTyp: ${NOBODY_SET_THIS}"),
        format!("{PAIR}secrets:\n  - {{ name: TOKEN, required: true }}\n"),
        "name: story\n".to_owned(),
    ] {
        project.write("sindri.yaml", &config);
        let (json, _) = drift(&emulator, &project, "", 0);
        assert_eq!(json["checked"], 3, "{config}");
    }
    for config in ["name: story\nproviders: { runpod: { apiVersion: v3 } }\n", "name: ["] {
        project.write("sindri.yaml", config);
        project.run(&emulator, "drift").exits(0).warns("using only the state");
    }
}

#[test]
fn unmanaged_objects_are_listed_on_request_and_are_not_drift() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    project.run(&emulator, APPLY).exits(0);
    let gpu = json!({ "id": "NVIDIA RTX A4000", "count": 1 });
    let pod = |name: &str, env: Value| {
        let body = json!({ "name": name, "image": "i:1", "cloud": "SECURE", "disk": 10, "env": env, "gpu": gpu });
        emulator.ask("POST", "/v2/pods", Some(body)).1["id"].as_str().expect("an id").to_owned()
    };
    let (stranger, other) =
        (pod("by hand", json!({})), pod("theirs", json!({ "SINDRI_RESOURCE": "99:vision/dev:pod.x:1" })));
    assert_eq!(classes(&drift(&emulator, &project, "", 0).0), []);
    let (json, text) = drift(&emulator, &project, "--unmanaged", 0);
    assert_eq!(json["summary"], json!({ "unmanaged": 2 }));
    assert!(json["unmanaged_hourly"].as_f64().is_some_and(|hourly| hourly > 0.3), "{json}");
    assert!(text.contains(&stranger) && text.contains(&other) && text.contains("`vision/dev`"), "{text}");

    // A pod of this project that is in none of its states.
    let lineage = project.state()["lineage"].as_str().expect("a lineage").to_owned();
    let lost = pod("lost", json!({ "SINDRI_RESOURCE": format!("{lineage}:story/default:pod.lost:1") }));
    let (json, text) = drift(&emulator, &project, "", 2);
    assert_eq!(classes(&json), [("orphan", "pod.lost")]);
    assert!(text.contains(&format!("sindri import pod.lost {lost}")), "{text}");
}

#[test]
fn a_running_apply_is_mentioned_and_does_not_block_drift() {
    let slow = fault(json!({ "operation": "createPod" }), json!({ "latency": { "seconds": 60 } }));
    let (emulator, project) = (Emulator::with_faults(json!([slow])), Project::new(PAIR));
    let mut first = project.command(&emulator, APPLY);
    let mut first = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs");
    until("a create", || emulator.writes().iter().any(|request| request == "POST /v2/network-volumes"));
    until("its record", || project.stored().iter().any(|(_, bytes)| !bytes.is_empty()));
    let said = project.run(&emulator, "drift --unmanaged").warns("is changing this environment right now");
    assert_eq!(said.code, Some(0), "{}", said.stdout);
    first.kill().expect("it runs");
    first.wait().expect("it ends");
}

#[test]
fn errors_are_distinguished_from_drift_and_from_no_drift() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    project.run(&emulator, APPLY).exits(0);
    emulator.faults(json!([fault(json!({}), json!({ "status": { "code": 401 } }))]));
    let said = project.run(&emulator, "drift --json").exits(1);
    let error: Value = serde_json::from_str(&said.stderr).expect("one object");
    assert_eq!((said.stdout.as_str(), &error["exit_code"]), ("", &json!(1)));
    project.run(&emulator, "drift --markdown --json").exits(64);
    // Without a key it can report nothing.
    Said::of(sindri(&project.path("")).arg("drift")).exits(1).warns("no_credentials");
}

#[test]
fn drift_works_in_a_sandbox() {
    let project = Project::new(PAIR);
    project.offline("apply --sandbox --auto-approve").exits(0);
    project.offline("drift --sandbox").exits(0).tells("No drift: 3 resources");
}
