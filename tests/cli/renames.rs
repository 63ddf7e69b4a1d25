//! Changed keys of blocks: a pod is not destroyed for its new name unless the user says so.

use serde_json::json;

use crate::support::{BARE, Emulator, Project};

fn project(key: &str) -> String {
    format!("{BARE}    pods: {{ {key}: {{ replicas: 2 }} }}\n")
}

/// The lines of a plan from `moved:` on, ready to be pasted.
fn entries(plan: &str) -> String {
    let lines = plan.lines().skip_while(|line| line.trim() != "moved:");
    let kept = lines.take_while(|line| line.trim() == "moved:" || line.trim().starts_with("- {"));
    kept.map(|line| format!("{}\n", &line[4..])).collect()
}

#[test]
fn a_probable_rename_is_not_destroyed_without_a_decision() {
    let (emulator, fleet) = (Emulator::start(), Project::new(&project("train")));
    fleet.run(&emulator, "apply --auto-approve").exits(0);
    let (ids, writes) = ([fleet.id("pod.train[0]"), fleet.id("pod.train[1]")], emulator.writes());
    fleet.write("sindri.yaml", &project("trainer"));
    let said = fleet.run(&emulator, "apply --auto-approve --allow-data-loss").exits(3);
    said.warns("rename_needs_decision").warns("`pod.train[0]` to `pod.trainer[0]`").warns("nothing was changed");
    assert_eq!(emulator.writes(), writes);

    let plan =
        fleet.run(&emulator, "plan").exits(0).tells("appears to be renamed to pod.trainer[1]").tells("`--no-renames`");
    let json = fleet.run(&emulator, "plan --json").exits(0).json();
    let first = json!({ "from": "pod.train[0]", "to": "pod.trainer[0]", "id": ids[0], "differing": [], "keeps": true });
    assert_eq!(json["sindri"]["renames"][0], first);

    fleet.write("sindri.yaml", &format!("{}{}", project("trainer"), entries(&plan.stdout)));
    fleet.run(&emulator, "apply --auto-approve").exits(0).tells("2 updated");
    assert_eq!([fleet.id("pod.trainer[0]"), fleet.id("pod.trainer[1]")], ids);
    assert_eq!(emulator.pod_names(), ["bare-trainer-0", "bare-trainer-1"]);
    fleet.run(&emulator, "plan --detailed-exitcode").exits(0);
}

#[test]
fn a_flag_declares_that_it_is_not_a_rename() {
    let (emulator, fleet) = (Emulator::start(), Project::new(&project("train")));
    fleet.run(&emulator, "apply --auto-approve").exits(0);
    let old = fleet.id("pod.train[0]");
    fleet.write("sindri.yaml", &project("trainer"));
    fleet.run(&emulator, "apply --auto-approve --no-renames").exits(0).tells("2 created").tells("2 destroyed");
    assert_ne!(fleet.id("pod.trainer[0]"), old);
}

#[test]
fn a_rename_that_needs_a_replacement_anyway_is_reported_without_blocking() {
    let (emulator, fleet) = (Emulator::start(), Project::new(&project("train")));
    fleet.run(&emulator, "apply --auto-approve").exits(0);
    fleet.write("sindri.yaml", &project("trainer").replace("    volumeSizeGb", "    args: sleep 1\n    volumeSizeGb"));
    let renames = |words: &str| fleet.run(&emulator, words).exits(0).json()["sindri"]["renames"].clone();
    let found = renames("plan --json");
    assert_eq!((&found[0]["differing"], &found[0]["keeps"]), (&json!(["command"]), &json!(false)), "{found}");
    assert_eq!(renames("plan --json --updates in-place")[0]["keeps"], true);
    fleet.run(&emulator, "apply --auto-approve --updates in-place").exits(3).warns("rename_needs_decision");
    fleet.run(&emulator, "plan").exits(0).tells("the same except for command");
    fleet.run(&emulator, "apply --auto-approve").exits(0).tells("2 destroyed");
    // A pod with another GPU and another image is not a rename.
    let other = project("eval").replace("A4000", "A5000").replace("image:1", "image:2");
    fleet.write("sindri.yaml", &other);
    assert_eq!(renames("plan --json"), json!([]));
}
