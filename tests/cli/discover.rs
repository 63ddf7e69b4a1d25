//! A lost state, rebuilt from the markers of pods.

use serde_json::{Value, json};

use crate::support::{BARE, Emulator, PAIR, Project, side_by_side};

const FLEET: &str = include_str!("../../examples/fleet/sindri.yaml");

/// Every record in the state file.
fn records(project: &Project) -> Value {
    project.state()["resources"].clone()
}

fn lose_the_state(project: &Project) {
    std::fs::remove_dir_all(project.path("state")).unwrap();
}

#[test]
fn a_lost_state_is_rebuilt_unchanged_in_both_dialects() {
    let all = [(FLEET, "v2"), (FLEET, "v1"), (PAIR, "v2"), (PAIR, "v1"), (BARE, "v1")];
    side_by_side(all, |(config, dialect)| {
        let (emulator, project) = (Emulator::start(), Project::new(config));
        let run = |words: &str| project.run(&emulator, &format!("{words} --api {dialect}"));
        run("apply --auto-approve").exits(0);
        let (state, writes) = (project.state(), emulator.writes());
        lose_the_state(&project);
        let said = run("import --discover").exits(0).tells("by its marker");
        assert_eq!(said.stdout.contains("by the pod that uses it"), config != BARE, "{}", said.stdout);
        assert_eq!(project.state(), state, "lineage, ids and records are those that were lost");
        run("plan --detailed-exitcode").exits(0);
        assert_eq!(emulator.writes(), writes, "nothing was changed at RunPod");
        // The second time there is nothing to find, and nothing is written.
        let stored = project.stored();
        run("import --discover").exits(0).tells("Found no objects of");
        assert_eq!(project.stored(), stored);
    });
}

#[test]
fn an_unmounted_volume_is_found_by_its_attributes_and_an_ambiguous_one_is_skipped() {
    let alone = PAIR.replace("        networkVolume: data\n", "");
    let (emulator, project) = (Emulator::start(), Project::new(&alone));
    project.run(&emulator, "apply --auto-approve").exits(0);
    let (id, lost) = (project.id("network_volume.data"), records(&project));
    lose_the_state(&project);
    project.run(&emulator, "import --discover").exits(0).tells("by its name, size and location");
    assert_eq!((project.id("network_volume.data"), records(&project)), (id.clone(), lost));

    lose_the_state(&project);
    let volume = json!({ "name": "story-data", "size": 100, "dataCenter": "US-CA-2" });
    let (status, other) = emulator.ask("POST", "/v2/network-volumes", Some(volume));
    assert_eq!(status, 201, "{other}");
    let said = project.run(&emulator, "import --discover --json").exits(0).json();
    let skipped: Vec<&Value> = said["left"].as_array().unwrap().iter().map(|skipped| &skipped["reason"]).collect();
    assert_eq!(skipped, ["ambiguous", "ambiguous"], "{said}");
    assert_eq!(said["taken"].as_array().unwrap().len(), 2, "{said}");
    project.run(&emulator, &format!("import network_volume.data {id}")).exits(0);
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
}

#[test]
fn duplicates_and_undeclared_objects_are_not_imported() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    project.run(&emulator, "apply --auto-approve").exits(0);
    let duplicate = emulator.create_twin("story-trainer");
    let (trainer, notebook) = (project.id("pod.trainer"), project.id("pod.notebook"));
    lose_the_state(&project);
    project.edit("notebook:", "lab:");
    let said = project.run(&emulator, "import --discover").exits(0);
    let said = said.tells(duplicate["id"].as_str().unwrap()).tells("a duplicate: pod.trainer is").tells("/h");
    said.tells(&format!("sindri import pod.notebook {notebook}")).tells("not declared");
    assert_eq!(project.id("pod.trainer"), trainer);
    assert!(records(&project)["pod.notebook"].is_null());
    assert_eq!(emulator.pods().len(), 3);
}

#[test]
fn one_of_several_lineages_must_be_chosen_explicitly() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.run(&emulator, "apply --auto-approve").exits(0);
    let (first, id) = (project.state()["lineage"].clone(), project.id("pod.bare"));
    lose_the_state(&project);
    project.run(&emulator, "apply --auto-approve --ignore-existing").exits(0);
    let second = project.state()["lineage"].clone();
    // A state with records keeps its lineage.
    let lineage = first.as_str().unwrap();
    project.run(&emulator, &format!("import --discover --lineage {lineage}")).exits(3).warns("other_lineage");
    project.run(&emulator, "import --discover").exits(0).tells(&format!("other lineages are not imported: {lineage}"));
    lose_the_state(&project);
    let said = project.run(&emulator, "import --discover").exits(3).warns("several_lineages").warns(lineage);
    said.warns(second.as_str().unwrap()).warns("`--lineage ID`");
    project.run(&emulator, "import --discover --lineage nobodys").exits(3).warns("no_such_lineage");
    assert!(!project.path("state/default.json").exists());
    project.run(&emulator, &format!("import --discover --lineage {lineage}")).exits(0);
    assert_eq!((project.id("pod.bare"), &project.state()["lineage"]), (id, &first));
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
}

#[test]
fn an_object_whose_address_changed_is_found_under_the_new_one() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    project.run(&emulator, "apply --auto-approve").exits(0);
    let id = project.id("pod.notebook");
    lose_the_state(&project);
    project.edit("notebook:", "lab:");
    let config = project.read("sindri.yaml");
    project.write("sindri.yaml", &format!("{config}moved: [{{ from: pod.notebook, to: pod.lab }}]\n"));
    project.run(&emulator, "import --discover").exits(0);
    assert_eq!(project.id("pod.lab"), id);
    project.run(&emulator, "apply --auto-approve").exits(0).tells("1 updated");
    assert_eq!(emulator.pod_names(), ["story-lab", "story-trainer"]);
}
