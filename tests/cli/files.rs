//! State files that cannot be used, and locks that are held.

use std::process::Stdio;

use serde_json::json;

use crate::support::{BARE, Emulator, Project, fault, fleet, until};

const APPLY: &str = "apply --auto-approve";
const STATE: &str = "state/default.json";

#[test]
fn a_journal_of_a_newer_version_is_refused_with_advice_and_not_changed() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.run(&emulator, APPLY).exits(0);
    let requests = emulator.requests();
    let journal = "state/default.journal";
    let newer = project.read(journal).replace("\"format_version\":2", "\"format_version\":9,\"hue\":\"red\"");
    project.write(journal, &format!("{newer}{{\"entry\":\"promise\",\"of\":\"pod.bare\"}}\n"));
    let stored = project.stored();
    for command in ["plan", APPLY, "destroy --auto-approve", "status", "stop --all", "state list"] {
        let said = project.run(&emulator, command).exits(1).warns("sindri::state::newer");
        said.warns("default.journal").warns("format version 9").warns("Update sindri");
    }
    assert_eq!(project.stored(), stored);
    assert_eq!(emulator.requests(), requests, "what cannot be settled is not added to");
}

#[test]
fn an_unusable_state_is_refused_and_not_changed() {
    let (emulator, project) = (Emulator::start(), Project::new(&fleet(2)));
    project.run(&emulator, APPLY).exits(0);
    let good = project.read(STATE);
    let requests = emulator.requests();
    let (first, second) = (project.id("pod.worker[0]"), project.id("pod.worker[1]"));
    for (bad, exit, says) in [
        (good[..good.len() / 2].to_owned(), 1, "sindri::state::damaged"),
        (String::new(), 1, "sindri::state::damaged"),
        (format!("<<<<<<< HEAD\n{good}"), 1, "finish git's merge"),
        (good.replace("\"format_version\": 3", "\"format_version\": 99"), 1, "sindri::state::newer"),
        (good.replace(&first, &second), 1, "are both"),
        (good.replace("pod.worker[1]", "pod.worker[0]"), 1, "is a duplicate key"),
        (good.replace("\"environment\": \"default\"", "\"environment\": \"prod\""), 3, "sindri::state::wrong_world"),
        (good.replace(&emulator.url, "runpod"), 3, "sindri::state::wrong_world"),
    ] {
        assert_ne!(bad, good, "{says}");
        project.write(STATE, &bad);
        let stored = project.stored();
        for command in ["plan", APPLY, "destroy --auto-approve", "status", "stop --all"] {
            project.run(&emulator, command).exits(exit).warns(says);
        }
        assert_eq!(project.stored(), stored, "{says}");
    }
    assert_eq!(emulator.requests(), requests, "what cannot be recorded is not begun");
    project.write(STATE, &good);
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
}

#[test]
fn an_unwritable_folder_stops_an_apply_before_any_request() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.write("state", "a file where the folder should be");
    project.run(&emulator, APPLY).exits(1).warns("sindri::state::io").warns("state");
    assert_eq!(emulator.requests(), Vec::<String>::new());
    assert_eq!(project.read("state"), "a file where the folder should be");
    project.run(&emulator, "apply --auto-approve --state elsewhere/mine.json").exits(0);
    assert!(project.read("elsewhere/mine.json").contains("pod.bare"));
}

#[test]
fn a_second_apply_is_refused_and_names_the_holder_until_its_process_ends() {
    let slow =
        fault(json!({ "operation": "createPod" }), json!({ "latency": { "seconds": 600, "side": "afterEffect" } }));
    let (emulator, project) = (Emulator::with_faults(json!([slow])), Project::new(BARE));
    let mut first = project.command(&emulator, APPLY);
    let mut first = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("the first apply's request", || !emulator.writes().is_empty());

    for command in [APPLY, "destroy --auto-approve", "stop --all", "refresh"] {
        let said = project.run(&emulator, command).exits(4).warns("sindri::state::locked");
        said.warns("`apply`").warns(&first.id().to_string()).warns("--lock-timeout");
    }
    project.run(&emulator, "apply --auto-approve --lock-timeout 1s").exits(4);
    // Readers need no lock; they warn that the state may be changing.
    project.run(&emulator, "plan").exits(0).warns("changing this environment right now");
    assert_eq!(emulator.writes(), ["POST /v2/pods"]);

    first.kill().unwrap();
    first.wait().unwrap();
    emulator.faults(json!([]));
    project.run(&emulator, APPLY).exits(0);
    assert_eq!(emulator.pod_names(), ["bare"], "the pod of the killed apply was found, not made again");
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
}
