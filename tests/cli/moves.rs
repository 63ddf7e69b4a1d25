//! A `moved` entry that cannot be followed: nothing is destroyed, and what the refusal says works.

use crate::support::{BARE, Emulator, Project};

fn project(pods: &str) -> String {
    format!("{BARE}    pods: {{ {pods} }}\n")
}

#[test]
fn an_entry_onto_a_taken_address_destroys_nothing_and_says_what_to_do() {
    let (emulator, fleet) = (Emulator::start(), Project::new(&project("w: { replicas: 2 }")));
    fleet.run(&emulator, "apply --auto-approve").exits(0);
    let ([first, second], writes) = ([fleet.id("pod.w[0]"), fleet.id("pod.w[1]")], emulator.writes());
    fleet.write(
        "sindri.yaml",
        &format!("{}moved: [ {{ from: \"pod.w[1]\", to: \"pod.w[0]\" }} ]\n", project("w: { replicas: 1 }")),
    );
    let said = fleet.run(&emulator, "plan").exits(3);
    said.tells("moved `pod.w[1]` -> `pod.w[0]` was not followed").tells(&format!("`pod.w[0]` is {first} already"));
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
