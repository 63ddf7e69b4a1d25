//! Commands that change only the state, and states that are kept separate.

use serde_json::json;

use crate::support::{BARE, Emulator, PAIR, Project, fleet};

const APPLY: &str = "apply --auto-approve";

#[test]
fn init_writes_a_working_configuration_and_overwrites_nothing() {
    let project = Project::new("");
    std::fs::remove_file(project.path("sindri.yaml")).unwrap();
    project.offline("init").exits(0);
    let written = project.read("sindri.yaml");
    project.offline("validate").exits(0).tells("1 pod");
    project.offline("apply --sandbox --auto-approve").exits(0).tells("1 created");
    project.offline("init").exits(3).warns("sindri.yaml");
    assert_eq!(project.read("sindri.yaml"), written);
}

#[test]
fn after_importing_an_unmanaged_object_the_plan_is_empty() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    let body = json!({
        "name": "bare", "image": "example/image:1", "cloud": "SECURE", "disk": 50, "ports": ["8888/http", "22/tcp"],
        "gpu": { "id": "NVIDIA RTX A4000", "count": 1 },
    });
    let (status, pod) = emulator.ask("POST", "/v2/pods", Some(body));
    assert_eq!(status, 201, "{pod}");
    let id = pod["id"].as_str().unwrap();
    project.run(&emulator, "import pod.bare nothing-like-it").exits(1).warns("nothing-like-it");
    project.run(&emulator, &format!("import pod.other {id}")).exits(1).warns("pod.other");
    project.run(&emulator, &format!("import pod.bare {id}")).exits(0).tells(id);
    assert_eq!(project.id("pod.bare"), id);
    project.run(&emulator, "wait").exits(0);
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
    assert_eq!(emulator.writes(), ["POST /v2/pods"]);
    project.run(&emulator, "destroy --auto-approve").exits(0);
    assert_eq!(emulator.pod_names(), Vec::<String>::new());
}

#[test]
fn records_are_listed_shown_renamed_and_removed_without_a_request() {
    let (emulator, project) = (Emulator::start(), Project::new(&fleet(2)));
    project.run(&emulator, APPLY).exits(0);
    let id = project.id("pod.worker[1]");
    let requests = emulator.requests();
    project.run(&emulator, "state verify").exits(0);
    project.run(&emulator, "state list").exits(0).tells("pod.worker[0]").tells(&id).tells("port.worker[1]:22/tcp");
    project.run(&emulator, "state show pod.worker[1]").exits(0).tells("example/image:1");
    project.run(&emulator, "state show pod.nobody").exits(1).warns("pod.nobody");
    project.run(&emulator, "state mv pod.worker[1] pod.worker[0]").exits(3).warns("pod.worker[0]");
    project.run(&emulator, "state mv pod.worker[1] pod.solo").exits(0);
    assert_eq!(project.id("pod.solo"), id);
    project.run(&emulator, "state list").exits(0).tells("port.solo:22/tcp");
    // A part's address would separate the pod from its ports.
    let said = project.run(&emulator, "state mv pod.solo pod.worker[1]:deposed-x").exits(3);
    said.warns("not_movable").warns("nothing was changed");
    assert_eq!(project.id("pod.solo"), id);
    project.run(&emulator, "state mv pod.solo pod.worker[1]").exits(0);
    assert_eq!(emulator.requests(), requests);
    project.run(&emulator, "plan --detailed-exitcode").exits(0);

    let said = project.run(&emulator, "state rm pod.worker[1]").exits(0);
    said.tells("`pod.worker[1]` is still declared in `sindri.yaml`").tells("adopts it again");
    assert_eq!(emulator.pods().len(), 2, "forgotten, not destroyed");
    // Its marker still identifies it, so it is adopted again and not recreated.
    project.run(&emulator, APPLY).exits(0);
    assert_eq!((project.id("pod.worker[1]"), emulator.pods().len()), (id, 2));
}

#[test]
fn a_deposed_object_can_be_restored() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.run(&emulator, APPLY).exits(0);
    let (mut state, id) = (project.state(), project.id("pod.bare"));
    let resources = state["resources"].as_object_mut().unwrap();
    let mut old = resources["pod.bare"].clone();
    old["id"] = json!("0ldp0d");
    resources.insert("pod.bare:deposed-0ldp0d".into(), old);
    project.write("state/default.json", &state.to_string());
    project.run(&emulator, "state mv pod.bare:deposed-0ldp0d pod.bare").exits(3).warns("is already in the state");
    project.run(&emulator, "state rm pod.bare").exits(0);
    project.run(&emulator, "state mv pod.bare:deposed-0ldp0d pod.bare").exits(0);
    assert_eq!((project.id("pod.bare"), id != "0ldp0d"), ("0ldp0d".to_owned(), true));
}

#[test]
fn removing_an_undeclared_record_needs_no_note_about_the_configuration() {
    let (emulator, project) = (Emulator::start(), Project::new(&fleet(2)));
    project.run(&emulator, APPLY).exits(0);
    project.write("sindri.yaml", &fleet(1));
    let said = project.run(&emulator, "state rm pod.worker[1]").exits(0).tells("still exists at RunPod");
    assert!(!said.stdout.contains("declared"), "{}", said.stdout);
}

#[test]
fn corrections_report_their_changes_to_tools() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.run(&emulator, APPLY).exits(0);
    let id = project.id("pod.bare");
    let run = |words: &str| {
        let json = project.run(&emulator, &format!("{words} --json")).exits(0).json();
        assert_eq!(json["format_version"], "1.0", "{words}");
        json
    };
    let json = run("start bare");
    assert_eq!(json, json!({ "format_version": "1.0", "changed": false, "power": "running", "pods": ["pod.bare"] }));
    let json = run("state mv pod.bare pod.other --lock-timeout 1s");
    assert_eq!((&json["from"], &json["to"]), (&json!("pod.bare"), &json!("pod.other")));
    let json = run("state rm pod.other --lock-timeout 1s");
    assert_eq!(
        (&json["forgotten"], &json["id"], &json["still_declared"]),
        (&json!("pod.other"), &json!(id), &json!(false))
    );
    let json = run(&format!("import pod.bare {id}"));
    assert_eq!((&json["address"], &json["id"], &json["name"]), (&json!("pod.bare"), &json!(id), &json!("bare")));
}

#[test]
fn refresh_records_observed_values_and_changes_nothing_at_runpod() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    project.run(&emulator, APPLY).exits(0);
    let (gone, kept) = (project.id("pod.notebook"), project.id("pod.trainer"));
    assert_eq!(emulator.ask("DELETE", &format!("/v2/pods/{gone}"), None).0, 204);
    project.forget_when_it_created();
    let writes = emulator.writes();
    project.run(&emulator, "refresh").exits(0).tells("`pod.notebook`");
    let state = project.read("state/default.json");
    assert!(!state.contains(&gone) && state.contains(&kept), "{state}");
    assert_eq!(emulator.writes(), writes);
    project.run(&emulator, "refresh").exits(0);
    assert_eq!(project.read("state/default.json"), state);
}

#[test]
fn a_rehearsal_in_the_sandbox_never_touches_the_committed_state() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.run(&emulator, APPLY).exits(0);
    let stored = project.stored();
    project.offline("apply --sandbox --auto-approve").exits(0).tells("1 created");
    project.offline("plan --sandbox --detailed-exitcode").exits(0);
    project.offline("destroy --sandbox --auto-approve").exits(0).tells("Destroyed 1 pod");
    project.offline("plan --sandbox --detailed-exitcode").exits(2);
    assert_eq!(project.stored(), stored);
    project.offline("apply --sandbox --state state/default.json --auto-approve").exits(3).warns("wrong_world");
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
}

#[test]
fn environments_have_separate_states_and_none_is_chosen_implicitly() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.write("sindri.prod.yaml", "name: bare-prod\n");
    project.run(&emulator, "plan").exits(1).warns("-e").warns("prod");
    project.run(&emulator, "apply -e prod --auto-approve").exits(0);
    project.run(&emulator, "apply -e test --auto-approve").exits(1).warns("test");
    assert!(project.read("state/prod.json").contains("\"environment\": \"prod\""));
    assert!(!project.path("state/default.json").exists());
    let mut command = project.command(&emulator, "plan --detailed-exitcode");
    crate::support::Said::of(command.env("SINDRI_ENV", "prod")).exits(0);
}

#[test]
fn declared_power_takes_precedence_over_the_last_power_command() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.run(&emulator, APPLY).exits(0);
    project.edit("    volumeSizeGb: 0\n", "    volumeSizeGb: 0\n    power: stopped\n");
    project.run(&emulator, APPLY).exits(0).tells("1 stopped");
    project.edit("power: stopped", "power: running");
    project.run(&emulator, APPLY).exits(0).tells("1 started");
    project.run(&emulator, "stop").exits(0);
    project.run(&emulator, "plan --detailed-exitcode").exits(2);
    project.edit("    power: running\n", "");
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
}

#[test]
fn a_state_can_be_checked_and_corrected_without_a_key() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.run(&emulator, APPLY).exits(0);
    let state = project.read("state/default.json").replace(&emulator.url, "runpod");
    std::fs::remove_dir_all(project.path("state")).unwrap();
    project.write("state/default.json", &state);
    project.offline("state verify").exits(0).tells("3 records");
    project.offline("state list").exits(0).tells("pod.bare");
    project.offline("state mv pod.bare pod.other").exits(0);
    project.offline("state rm pod.other").exits(0);
    project.offline("unlock").exits(0).tells("free");
    project.offline("status").exits(1).warns("no_credentials");
}

#[test]
fn an_error_in_the_configuration_does_not_prevent_reading_the_state() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.run(&emulator, APPLY).exits(0);
    project.edit("NVIDIA RTX A4000", "NVIDIA RTX A4OOO");
    project.run(&emulator, "plan").exits(1).warns("A4OOO");
    for words in ["state list", "state show pod.bare", "state verify", "state mv pod.bare pod.other", "unlock"] {
        project.run(&emulator, words).exits(0);
    }
    project.edit("name: bare\n", "");
    project.run(&emulator, "state list").exits(0).tells("pod.other").warns("using only the state");
    project.run(&emulator, "state rm pod.other").exits(0);
}

#[test]
fn a_port_is_not_removed_without_its_pod() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.run(&emulator, APPLY).exits(0);
    let stored = project.stored();
    let said = project.run(&emulator, "state rm port.bare:22/tcp").exits(3).warns("part_of_resource");
    said.warns("is part of `pod.bare`").warns("sindri state rm pod.bare").warns("nothing was changed");
    assert_eq!(project.stored(), stored);
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
    project.run(&emulator, "state rm pod.bare").exits(0);
    let said = project.run(&emulator, "state list").exits(0);
    assert!(!said.stdout.contains("port.bare"), "{}", said.stdout);
}
