//! A `moved` entry that cannot be followed: nothing is destroyed, and the advice in the refusal works.

use crate::support::{BARE, Emulator, Project, side_by_side};

fn project(pods: &str) -> String {
    format!("{BARE}    pods: {{ {pods} }}\n")
}

#[test]
fn an_entry_to_a_taken_address_destroys_nothing_and_gives_advice() {
    let (emulator, fleet) = (Emulator::start(), Project::new(&project("w: { replicas: 2 }")));
    fleet.run(&emulator, "apply --auto-approve").exits(0);
    let ([first, second], writes) = ([fleet.id("pod.w[0]"), fleet.id("pod.w[1]")], emulator.writes());
    fleet.write(
        "sindri.yaml",
        &format!("{}moved: [ {{ from: \"pod.w[1]\", to: \"pod.w[0]\" }} ]\n", project("w: { replicas: 1 }")),
    );
    let said = fleet.run(&emulator, "plan").exits(3);
    said.tells("moved `pod.w[1]` -> `pod.w[0]` was not applied").tells(&format!("`pod.w[0]` is already {first}"));
    let said = fleet.run(&emulator, "apply --auto-approve --allow-data-loss").exits(3);
    said.warns("move_blocked").warns("sindri destroy 'pod.w[0]'").warns("nothing was changed");
    assert_eq!(emulator.writes(), writes);

    fleet.run(&emulator, "destroy pod.w[0] --auto-approve").exits(0);
    fleet.run(&emulator, "apply --auto-approve").exits(0);
    assert_eq!((fleet.id("pod.w[0]"), emulator.pods().len()), (second, 1));
    fleet.run(&emulator, "plan --detailed-exitcode").exits(0);
}

#[test]
fn an_entry_between_two_recorded_keys_is_refused_until_it_is_removed() {
    let (emulator, fleet) = (Emulator::start(), Project::new(&project("a: {}, b: {}")));
    fleet.run(&emulator, "apply --auto-approve").exits(0);
    fleet.write("sindri.yaml", &format!("{}moved: [ {{ from: pod.a, to: pod.b }} ]\n", project("b: {}")));
    fleet.run(&emulator, "apply --auto-approve").exits(3).warns("move_blocked");
    assert_eq!(emulator.pods().len(), 2);
    fleet.write("sindri.yaml", &project("b: {}"));
    fleet.run(&emulator, "apply --auto-approve").exits(0).tells("1 destroyed");
}

/// An entry with a misspelt target.
const MISSPELT: &str = "moved: [ { from: pod.a, to: pod.bb } ]";

#[test]
fn an_entry_to_an_undeclared_address_is_always_refused() {
    side_by_side(["apply --target pod.other -y", "apply saved.json", "destroy pod.other -y"], |elsewhere| {
        let (emulator, fleet) = (Emulator::start(), Project::new(&project("a: {}, other: {}")));
        fleet.run(&emulator, "apply -y").exits(0);
        let kept = fleet.id("pod.a");
        fleet.write("sindri.yaml", &format!("{}{MISSPELT}\n", project("b: {}, other: { name: renamed }")));
        let refused = "moved `pod.a` -> `pod.bb` was not applied: `pod.bb` is not declared";
        fleet.run(&emulator, "apply -y").exits(3).warns("move_blocked").warns(refused);
        let planned = fleet.run(&emulator, "plan --target pod.other --out saved.json").exits(2);
        assert!(planned.tells(refused).stdout.contains("~   pod.other"));

        let said = fleet.run(&emulator, elsewhere);
        assert!(matches!(said.code, Some(0 | 2)), "{elsewhere}: {said:?}");
        assert_eq!(fleet.id("pod.a"), kept, "{elsewhere}: the record keeps its address");
        fleet.run(&emulator, "apply -y --allow-data-loss").exits(3).warns("move_blocked").warns(refused);
        assert!(emulator.pods().iter().any(|pod| pod["id"] == kept.as_str()), "{elsewhere}");
        // With the entry corrected, the pod's address changes.
        fleet.edit("pod.bb", "pod.b");
        fleet.run(&emulator, "apply -y").exits(0);
        assert_eq!(fleet.id("pod.b"), kept, "{elsewhere}");
    });
}

#[test]
fn a_volume_is_not_moved_to_an_undeclared_address_either() {
    let volumes = |key: &str| format!("{BARE}    networkVolumes: {{ {key}: {{ sizeGb: 10, region: US-CA-2 }} }}\n");
    let (emulator, fleet) = (Emulator::start(), Project::new(&volumes("data")));
    fleet.run(&emulator, "apply -y").exits(0);
    let entry = "moved: [ { from: network_volume.data, to: network_volume.modles } ]";
    fleet.write("sindri.yaml", &format!("{BARE}{entry}\n"));
    for command in ["apply -y", "apply -y --include-volumes --allow-data-loss"] {
        fleet.run(&emulator, command).exits(3).warns("`network_volume.modles` is not declared");
    }
    fleet.run(&emulator, "apply -y --target pod.bare --include-volumes --allow-data-loss");
    assert_eq!((fleet.id("network_volume.data").is_empty(), emulator.volumes().len()), (false, 1));
}

#[test]
fn a_pod_with_a_moved_entry_is_selected_by_its_old_or_new_address() {
    let destroys = ["destroy NAME -y", "plan --destroy --target NAME"];
    let all = ["pod.a", "pod.b"].into_iter().flat_map(|name| destroys.map(|destroy| (name, destroy)));
    side_by_side(all, |(name, destroy)| {
        let (emulator, fleet) = (Emulator::start(), Project::new(&project("a: {}, other: {}")));
        fleet.run(&emulator, "apply -y").exits(0);
        let moved = "moved: [ { from: pod.a, to: pod.b } ]";
        fleet.write("sindri.yaml", &format!("{}{moved}\n", project("b: {}, other: {}")));
        let said = fleet.run(&emulator, &format!("plan --target {name}"));
        assert!(said.stdout.contains("pod.b"), "{name}: {said:?}");
        let said = fleet.run(&emulator, &destroy.replace("NAME", name)).exits(0).tells("pod.b");
        let destroyed = destroy.starts_with("destroy");
        let phrase = if destroyed { "Destroyed 1 pod" } else { "Plan: 1 destroy," };
        assert!(said.stdout.contains(phrase), "{name}: {}", said.stdout);
        assert_eq!(emulator.pods().len(), if destroyed { 1 } else { 2 }, "{name}");
    });
}
