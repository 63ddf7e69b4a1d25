//! Actions that are refused until the user confirms them.

use std::fs;

use serde_json::json;

use crate::support::{BARE, Emulator, PAIR, Project};

#[test]
fn without_a_terminal_nothing_is_asked_requested_or_written() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    for command in ["apply", "deploy", "destroy", "apply --json"] {
        let said = project.run(&emulator, command).exits(3);
        said.warns("no_terminal").warns("`--auto-approve`").warns("nothing was requested");
    }
    assert_eq!(emulator.requests(), Vec::<String>::new());
    assert!(!project.path("state").exists());
}

#[test]
fn losing_data_needs_a_separate_flag() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    project.run(&emulator, "apply --auto-approve").exits(0);
    let (writes, stored) = (emulator.writes(), project.stored());
    project.edit("image:1", "image:2");
    let said = project.run(&emulator, "apply --auto-approve").exits(3).warns("data_loss_needs_consent");
    said.warns("pod volume (20 GB at /workspace) of `pod.notebook`")
        .warns("`--allow-data-loss`")
        .warns("`--updates in-place` to keep the data of `pod.notebook`");
    project.run(&emulator, "destroy --auto-approve").exits(3).warns("data_loss_needs_consent");
    project.run(&emulator, "destroy --auto-approve --include-volumes").exits(3).warns("`network_volume.data`");
    assert_eq!((emulator.writes(), project.stored()), (writes, stored));
    // A pod whose only data is on a network volume loses none.
    project.run(&emulator, "destroy pod.trainer --auto-approve").exits(0);
    assert_eq!(emulator.pod_names(), ["story-notebook"]);
}

#[test]
fn protected_resources_are_not_destroyed() {
    let emulator = Emulator::start();
    let project = Project::new(&format!("{BARE}    lifecycle: {{ preventDestroy: true }}\n"));
    project.run(&emulator, "apply --auto-approve").exits(0);
    let writes = emulator.writes();
    project.edit("image:1", "image:2");
    project.run(&emulator, "apply --auto-approve --allow-data-loss").exits(3).warns("preventDestroy");
    assert_eq!(emulator.writes(), writes);
}

#[test]
fn matching_unmanaged_objects_are_adopted_only_on_request() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.run(&emulator, "apply --auto-approve").exits(0);
    let (id, writes) = (project.id("pod.bare"), emulator.writes());
    // The state and its lineage are lost.
    std::fs::remove_dir_all(project.path("state")).unwrap();
    let said = project.run(&emulator, "apply --auto-approve").exits(3);
    said.warns("adoption_needs_consent").warns("`--adopt`").warns("`--ignore-existing`");
    assert_eq!(emulator.writes(), writes);
    project.run(&emulator, "apply --auto-approve --adopt").exits(0);
    assert_eq!((project.id("pod.bare"), emulator.pods().len()), (id, 1));
    assert_eq!(emulator.writes().iter().filter(|write| write.starts_with("POST")).count(), 1, "{writes:?}");
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
}

#[test]
fn a_pod_that_is_locked_at_runpod_is_not_stopped_or_destroyed() {
    let (emulator, project) = (Emulator::start(), Project::new(&format!("{BARE}    locked: true\n")));
    project.run(&emulator, "apply --auto-approve").exits(0);
    assert_eq!(emulator.pods()[0]["locked"], json!(true));
    project.run(&emulator, "stop").exits(3).warns("pod_locked");
    project.run(&emulator, "destroy --auto-approve --allow-data-loss").exits(3).warns("pod_locked");
    assert_eq!(emulator.pod_names(), ["bare"]);
}

#[test]
fn if_several_volumes_match_only_the_mounted_one_is_adopted() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    project.run(&emulator, "apply -y").exits(0);
    let (volume, trainer) = (project.id("network_volume.data"), project.id("pod.trainer"));
    let original = emulator.volumes()[0].clone();
    let copy = json!({ "name": original["name"], "size": original["size"], "dataCenter": original["dataCenter"] });
    for _ in 0..3 {
        assert!(emulator.ask("POST", "/v2/network-volumes", Some(copy.clone())).0 < 300);
    }
    fs::remove_dir_all(project.path("state")).expect("a state");
    let writes = emulator.writes();
    project.run(&emulator, "apply -y --adopt").exits(0);
    assert_eq!(emulator.writes(), writes, "nothing has to change");
    assert_eq!((project.id("network_volume.data"), project.id("pod.trainer")), (volume.clone(), trainer));

    // No pod mounts either of them, so a person has to choose.
    fs::remove_dir_all(project.path("state")).expect("a state");
    let volumes = PAIR.split("    pods:").next().expect("a half");
    project.write("sindri.yaml", &format!("{volumes}    pods: {{}}\n"));
    let said = project.run(&emulator, "apply -y --adopt").exits(3);
    said.warns("4 unmanaged network volumes match `network_volume.data`")
        .warns(&volume)
        .warns("sindri import network_volume.data ID");
    assert_eq!(emulator.writes(), writes);
    project.run(&emulator, &format!("import network_volume.data {volume}")).exits(0);
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
}
