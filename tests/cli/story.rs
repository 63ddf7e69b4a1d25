//! The walkthrough of the README, over HTTP and in both dialects.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::support::{BARE, Emulator, KEY, PAIR, Project, Said, golden, sindri};

const APPLY: &str = "apply --auto-approve";

#[test]
fn applied_resources_exist_and_the_second_run_prints_one_line() {
    for dialect in ["v1", "v2"] {
        let (emulator, project) = (Emulator::start(), Project::new(PAIR));
        let said = project.run(&emulator, &format!("{APPLY} --api {dialect}")).exits(0);
        let said = said.tells("Plan: 3 create").tells("Apply complete: 3 created").tells(".proxy.runpod.net");
        said.tells("web terminal").warns("pod.trainer: creating");
        assert_eq!(emulator.pod_names(), ["story-notebook", "story-trainer"], "{dialect}");
        assert_eq!(emulator.volumes().len(), 1);

        let before = (emulator.writes(), project.stored());
        let again = project.run(&emulator, &format!("{APPLY} --api {dialect}")).exits(0);
        assert_eq!(again.stdout, "No changes. 3 resources match sindri.yaml.\n", "{dialect}");
        assert_eq!(again.stderr, "");
        project.run(&emulator, &format!("plan --detailed-exitcode --api {dialect}")).exits(0);
        assert_eq!((emulator.writes(), project.stored()), before, "nothing is sent or written a second time");
    }
}

#[test]
fn a_pod_created_in_one_dialect_is_visible_in_the_other() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.run(&emulator, "apply --auto-approve --api v1").exits(0);
    assert_eq!(emulator.writes(), ["POST /v1/pods"]);
    let id = project.id("pod.bare");
    assert_eq!(emulator.get(&format!("/v2/pods/{id}"))["image"], "example/image:1");
    assert_eq!(emulator.get(&format!("/v1/pods/{id}"))["imageName"], "example/image:1");
    project.run(&emulator, "plan --detailed-exitcode --api v2").exits(0).tells("No changes");
    project.run(&emulator, "status --api v2").exits(0).tells(&id).tells("Running");
}

#[test]
fn the_url_of_the_environment_works_like_the_flag() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    let mut command = sindri(&project.path(""));
    command.args(["apply", "--auto-approve"]).env("RUNPOD_API_KEY", KEY).env("RUNPOD_API_BASE_URL", &emulator.url);
    Said::of(&mut command).exits(0);
    assert_eq!(emulator.pod_names(), ["bare"]);
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
}

#[test]
fn a_plan_without_changes_sends_one_list_of_volumes_and_one_of_pods() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    project.run(&emulator, APPLY).exits(0);
    let before = emulator.requests().len();
    project.run(&emulator, "plan").exits(0);
    let mut sent = emulator.requests().split_off(before);
    sent.sort();
    assert_eq!(sent, ["GET /v2/network-volumes", "GET /v2/pods"]);
}

#[test]
fn changing_the_image_is_a_replacement_with_its_reason_and_losses() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    project.run(&emulator, APPLY).exits(0);
    let (old, volume) = (project.id("pod.notebook"), project.id("network_volume.data"));
    project.edit("image:1", "image:2");

    let plan = project.run(&emulator, "plan --detailed-exitcode").exits(2);
    let plan = plan.tells("-/+ pod.notebook").tells("\"example/image:1\" -> \"example/image:2\"");
    plan.tells("sindri.yaml:5").tells("destroys: pod volume 20 GB at /workspace").tells("data at risk: 20 GB");

    project.run(&emulator, "apply --auto-approve --allow-data-loss").exits(0).tells("2 replaced");
    assert_ne!(project.id("pod.notebook"), old);
    assert_eq!(project.id("network_volume.data"), volume);
    let images: Vec<_> = emulator.pods().iter().map(|pod| pod["image"].clone()).collect();
    assert_eq!(images, [json!("example/image:2"), json!("example/image:2")]);
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
}

#[test]
fn stop_shows_remaining_costs_and_start_restarts_the_same_pod() {
    for dialect in ["v1", "v2"] {
        let (emulator, project) = (Emulator::start(), Project::new(PAIR));
        let run = |words: &str| project.run(&emulator, &format!("{words} --api {dialect}"));
        run(APPLY).exits(0);
        let id = project.id("pod.notebook");
        // 20 GB at $0.20 a month.
        let said =
            run("stop notebook").exits(0).tells("Stopped 1 pod").tells("$4.00/mo").tells("50 GB of container disk");
        assert!(!said.stderr.contains("$0.25"), "no longer the price of running: {}", said.stderr);
        assert_eq!(state_of(&run("status").exits(0), "pod.notebook"), "Stopped", "{dialect}");
        assert_eq!(state_of(&run("status").exits(0), "pod.trainer"), "Running", "{dialect}");
        // A deliberate stop is no difference, and a later apply does not undo it.
        run("plan --detailed-exitcode").exits(0);
        run("stop notebook").exits(0).tells("Nothing to do: `pod.notebook` is already stopped.");
        run("start notebook").exits(0).tells("Started 1 pod");
        assert_eq!(state_of(&run("status").exits(0), "pod.notebook"), "Running", "{dialect}");
        assert_eq!(project.id("pod.notebook"), id, "{dialect}");
        assert_eq!(emulator.pods().len(), 2);
    }
}

/// The content of the column STATE.
fn state_of(status: &Said, address: &str) -> String {
    let row = status.stdout.lines().find(|line| line.starts_with(&format!("{address} ")));
    let row = row.unwrap_or_else(|| panic!("no {address} in:\n{}", status.stdout));
    row.split_whitespace().nth(1).expect("a second column").to_owned()
}

#[test]
fn outputs_and_connections_are_those_of_the_pod() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    project.run(&emulator, APPLY).exits(0);
    let id = project.id("pod.trainer");
    let pod = emulator.get(&format!("/v2/pods/{id}"));
    let host = pod["ssh"]["direct"]["host"].as_str().map(str::to_owned);

    let outputs = project.run(&emulator, "output --json").exits(0).json();
    let one = project.run(&emulator, "output pod.trainer.id").exits(0);
    assert_eq!(one.stdout, format!("{id}\n"));
    assert!(outputs.to_string().contains(&format!("https://{id}-8888.proxy.runpod.net")), "{outputs:#}");
    project.run(&emulator, "output pod.trainer.idd").exits(1).warns("pod.trainer.id");

    let printed = project.run(&emulator, "connect trainer --print").exits(0);
    assert!(printed.stdout.starts_with("ssh root@") && printed.stdout.contains(" -p "), "{}", printed.stdout);
    if let Some(host) = host {
        assert!(printed.stdout.contains(&host), "{} is not at {host}", printed.stdout);
    }
    project.run(&emulator, "connect --print").exits(64).warns("there are 2 pods");
    project.run(&emulator, "connect nobody --print").exits(1).warns("`nobody` is not recorded");

    project.run(&emulator, "stop trainer").exits(0);
    project.run(&emulator, "connect trainer --print").exits(1).warns("is stopped").warns("sindri start pod.trainer");
}

#[test]
fn a_pod_without_a_public_port_is_reached_through_the_proxy_with_its_own_user() {
    let emulator = Emulator::start();
    let project = Project::new(&format!("{BARE}    ports: [\"8888/http\"]\n"));
    project.run(&emulator, APPLY).exits(0);
    let id = project.id("pod.bare");
    let printed = project.run(&emulator, "connect --print").exits(0).stdout;
    assert!(printed.starts_with(&format!("ssh {id}-")) && printed.ends_with("@ssh.runpod.io\n"), "{printed}");
    let printed = project.run(&emulator, "connect --print --json").exits(0).json();
    assert_eq!((&printed["method"], &printed["id"]), (&json!("proxy"), &json!(id)));
    project.run(&emulator, "connect -- nvidia-smi").exits(1).warns("runs no commands").warns("22/tcp");
}

#[test]
fn destroy_removes_pods_and_keeps_volumes_with_their_monthly_cost() {
    for dialect in ["v1", "v2"] {
        let (emulator, project) = (Emulator::start(), Project::new(PAIR));
        project.run(&emulator, &format!("{APPLY} --api {dialect}")).exits(0);
        let volume = project.id("network_volume.data");
        let said =
            project.run(&emulator, &format!("destroy --auto-approve --allow-data-loss --api {dialect}")).exits(0);
        // 100 GB at $0.07 a month.
        said.tells("Destroyed 2 pods").tells(&volume).tells("$7.00/mo").tells("--include-volumes");
        assert_eq!(emulator.pod_names(), Vec::<String>::new());
        assert_eq!(emulator.volumes().len(), 1);
        project.run(&emulator, "plan --detailed-exitcode").exits(2).tells("2 create");
        project.run(&emulator, "destroy --auto-approve --allow-data-loss --include-volumes").exits(0);
        assert_eq!(emulator.volumes().len(), 0);
    }
}

#[test]
fn status_uses_the_words_of_the_users_document_in_both_dialects() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.run(&emulator, APPLY).exits(0);
    let id = project.id("pod.bare");
    let states =
        || ["v1", "v2"].map(|d| state_of(&project.run(&emulator, &format!("status --api {d}")).exits(0), "pod.bare"));
    assert_eq!(states(), ["Running", "Running"]);
    project.run(&emulator, "stop").exits(0);
    assert_eq!(states(), ["Stopped", "Stopped"]);
    assert_eq!(emulator.ask("DELETE", &format!("/v2/pods/{id}"), None).0, 204);
    assert_eq!(states(), ["NotDeployed", "NotDeployed"]);
}

#[test]
fn drift_is_distinguished_from_pending_changes() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    project.run(&emulator, APPLY).exits(0);
    let id = project.id("pod.trainer");
    assert_eq!(emulator.ask("DELETE", &format!("/v2/pods/{id}"), None).0, 204);
    project.forget_when_it_created();
    let plan = project.run(&emulator, "plan --detailed-exitcode").exits(2);
    assert!(plan.stdout.to_lowercase().contains("drift") || plan.stdout.contains("gone"), "{}", plan.stdout);
    project.run(&emulator, APPLY).exits(0).tells("1 created");
    assert_eq!(emulator.pod_names(), ["story-notebook", "story-trainer"]);
}

/// `SINDRI_BLESS=1` rewrites the output shown in the README.
#[test]
fn the_readme_shows_the_output_of_its_first_command() {
    const START: &str = "<!-- capture: plan -->\n```text\n";
    const END: &str = "```\n<!-- /capture -->\n";
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let example = fs::read_to_string(root.join("examples/training-cluster/sindri.yaml")).expect("the example");
    let said = Project::new(&example).offline("apply --sandbox --auto-approve").exits(0);

    let readme = fs::read_to_string(root.join("README.md")).expect("the README");
    let (before, rest) = readme.split_once(START).expect("a capture");
    let (shown, after) = rest.split_once(END).expect("the end of the capture");
    if golden::rewrites() {
        fs::write(root.join("README.md"), format!("{before}{START}{}{END}{after}", said.stdout)).expect("written");
        return;
    }
    assert_eq!(shown, said.stdout, "SINDRI_BLESS=1 rewrites the README");
}
