//! Final summaries of commands that change something: billed objects come first, and nothing is reported twice.

use serde_json::json;

use crate::cli::interrupt::{alive, recorded, spawn};
use crate::support::{BARE, Emulator, PAIR, Project, Said, fault, fleet, signal, until};

const APPLY: &str = "apply --auto-approve";

/// An emulator whose pods take hours to start.
fn slow_boots() -> Emulator {
    let emulator = Emulator::start();
    assert_eq!(emulator.ask("POST", "/_emu/clock", Some(json!({ "scale": 0.01 }))).0, 200);
    emulator
}

fn outcomes(project: &Project) -> usize {
    let journal = std::fs::read_to_string(project.path("state/default.journal")).unwrap_or_default();
    journal.lines().filter(|line| line.contains("outcome")).count()
}

#[test]
fn after_an_interrupt_starting_pods_are_listed_as_billed() {
    let (emulator, project) = (slow_boots(), Project::new(&fleet(3)));
    let child = spawn(&project, &emulator, APPLY);
    until("three pods", || outcomes(&project) == 3);
    signal(&child, "INT");
    let said = Said::from(child.wait_with_output().unwrap()).exits(130);
    assert!(said.stdout.contains("Apply interrupted: 3 not finished in"), "{}", said.stdout);
    assert!(said.stdout.contains("Exists now: 3, at about $"), "{}", said.stdout);
    for id in alive(&emulator) {
        assert!(said.stdout.contains(&id), "{id}:\n{}", said.stdout);
    }
    assert_eq!(said.stdout.matches("created, not ready yet").count(), 3, "{}", said.stdout);
    let all = format!("{}{}", said.stdout, said.stderr).to_lowercase();
    assert!(!all.contains("not started"), "they exist and bill:\n{}{}", said.stdout, said.stderr);
    assert_eq!(recorded(&project), alive(&emulator));
    said.tells("Run `sindri apply` again to do the rest.");
}

#[test]
fn a_second_interrupt_still_lists_existing_objects_and_requests_in_flight() {
    let (emulator, project) = (slow_boots(), Project::new(&fleet(3)));
    let slow = json!({ "latency": { "seconds": 600, "side": "afterEffect" } });
    emulator.faults(json!([fault(json!({ "operation": "createPod", "pod": "bare-worker-2" }), slow)]));
    let child = spawn(&project, &emulator, APPLY);
    until("two answers", || outcomes(&project) == 2 && emulator.writes().len() == 3);
    signal(&child, "INT");
    std::thread::sleep(std::time::Duration::from_millis(500));
    signal(&child, "TERM");
    let said =
        Said::from(child.wait_with_output().unwrap()).exits(130).warns("The journal holds the requests in flight");
    assert!(said.stdout.contains("Exists now: 2, at about $"), "{}", said.stdout);
    let ids = recorded_in_journal(&project);
    assert!(ids.iter().all(|id| said.stdout.contains(id.as_str())), "{ids:?}\n{}", said.stdout);
    said.tells("1 to create: pod.worker[2] (sent, no response received)");
}

fn recorded_in_journal(project: &Project) -> Vec<String> {
    let journal = project.read("state/default.journal");
    let ids = journal.split("\"id\":\"").skip(1).filter_map(|rest| rest.split('"').next());
    ids.filter(|id| !id.is_empty() && !id.contains(':')).map(str::to_owned).collect()
}

#[test]
fn an_interrupted_destroy_lists_billed_objects_and_suggests_destroy() {
    let (emulator, project) = (Emulator::start(), Project::new(&fleet(4)));
    project.run(&emulator, APPLY).exits(0);
    project.forget_when_it_created();
    let latency = json!({ "latency": { "seconds": 2, "side": "afterEffect" } });
    emulator.faults(json!([fault(json!({ "operation": "deletePod" }), latency)]));
    let before = emulator.writes().len();
    let child = spawn(&project, &emulator, "destroy --auto-approve --parallelism 1");
    until("a delete", || emulator.writes().len() > before);
    signal(&child, "INT");
    let said = Said::from(child.wait_with_output().unwrap()).exits(130);
    assert!(said.stdout.contains("Destroy interrupted: "), "{}", said.stdout);
    let (exists, rest) = said.stdout.split_once("Exists now: ").expect("what exists");
    assert!(!exists.contains("Not "), "it comes first: {}", said.stdout);
    for id in alive(&emulator) {
        assert!(rest.contains(&id), "{id}:\n{}", said.stdout);
    }
    said.tells("Run the same `sindri destroy` again to do the rest.");
}

#[test]
fn an_apply_reports_the_same_counts_as_its_plan() {
    // In v2 a lock is an update after the create, so there are more requests than changes.
    let (emulator, project) = (Emulator::start(), Project::new(&format!("{}    locked: true\n", fleet(2))));
    let said = project.run(&emulator, APPLY).exits(0).tells("Plan: 2 create").tells("Apply complete: 2 created in ");
    assert_eq!(emulator.writes().len(), 4, "{}", said.stdout);
}

#[test]
fn many_failures_with_the_same_reason_are_one_line() {
    let (emulator, project) = (Emulator::start(), Project::new(&fleet(30)));
    let refused = json!({ "status": { "code": 422 } });
    emulator.faults(json!([fault(json!({ "operation": "createPod" }), refused)]));
    let said = project.run(&emulator, APPLY).exits(1);
    let said = said.tells("  30 could not be created: pod.worker[0..29]  [");
    let after = said.stdout.split_once("Apply failed: 30 failed").expect("a verdict").1;
    assert!(after.lines().count() <= 10, "{after}");
    assert!(said.stderr.lines().filter(|line| line.contains("could not create")).count() <= 5, "{}", said.stderr);
    // Tools get the full list.
    let said = project.run(&emulator, &format!("{APPLY} --json")).exits(1);
    let summary: serde_json::Value = serde_json::from_str(said.stdout.lines().last().unwrap()).unwrap();
    assert_eq!((&summary["counts"]["failed"], summary["failed"].as_array().map(Vec::len)), (&json!(30), Some(30)));
}

#[test]
fn a_refused_delete_of_something_in_use_is_sent_once() {
    for dialect in ["v1", "v2"] {
        let (emulator, project) = (Emulator::start(), Project::new(PAIR));
        project.run(&emulator, APPLY).exits(0);
        let volume = project.id("network_volume.data");
        let pod = json!({
            "name": "by hand", "image": "example/image:2", "cloud": "SECURE", "disk": 30, "ports": [],
            "gpu": { "id": "NVIDIA A100-SXM4-80GB", "count": 1 },
            "mounts": { "network": [{ "volumeId": volume, "path": "/data" }] },
        });
        assert_eq!(emulator.ask("POST", "/v2/pods", Some(pod)).0, 201);
        let words = "destroy --auto-approve --allow-data-loss --include-volumes --api";
        let said = project.run(&emulator, &format!("{words} {dialect}")).exits(8);
        let said = said.tells("network volume is in use").tells("it is used by ").tells("Destroy incomplete: ");
        let of_volume = |request: &String| request.starts_with("DELETE") && request.contains("volumes/");
        let sent = emulator.writes().into_iter().filter(of_volume).count();
        assert_eq!(sent, 1, "{dialect}: {:?}", emulator.writes());
        assert!(
            said.stdout.contains("to delete it: `sindri destroy network_volume.data --include-volumes`"),
            "{}",
            said.stdout
        );
    }
}

#[test]
fn a_failed_start_names_start_as_the_command_to_run_again() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.run(&emulator, APPLY).exits(0);
    project.run(&emulator, "stop").exits(0).tells("Stopped 1 pod in ");
    emulator.faults(json!([fault(json!({}), json!({ "resumeRefused": true }))]));
    let said = project.run(&emulator, "start").exits(7);
    said.tells("Start failed: 1 failed").tells("Run the same `sindri start` again when the cause is resolved.");
}
