//! `sindri status`: its arguments, and repeated output.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::support::{BARE, Emulator, PAIR, Project, Said, signal};

const APPLY: &str = "apply --auto-approve";

#[test]
fn addresses_select_what_is_shown_and_an_unknown_one_is_an_error() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    project.run(&emulator, APPLY).exits(0);
    let said = project.run(&emulator, "status trainer network_volume.data").exits(0).tells("2 resources: ");
    assert!(said.stdout.contains("pod.trainer") && !said.stdout.contains("pod.notebook"), "{}", said.stdout);
    let json = project.run(&emulator, "status pod.notebook --json").exits(0).json();
    assert_eq!(json["resources"].as_array().map(Vec::len), Some(1));
    assert_eq!(json["orphans"], Value::Array(Vec::new()), "what is not shown is no orphan");
    project.run(&emulator, "status trainor").exits(1).warns("`trainor` is not recorded").warns("`sindri state list`");
    let short = project.run(&emulator, "status --short").exits(0).stdout;
    for (address, id) in ["network_volume.data", "pod.notebook", "pod.trainer"].map(|it| (it, project.id(it))) {
        assert_eq!(short.lines().filter(|line| line.starts_with(address) && line.contains(&id)).count(), 1, "{short}");
    }
    for line in project.run(&emulator, "status").exits(0).stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn a_watch_repeats_until_interrupted() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.run(&emulator, APPLY).exits(0);
    for (words, sandbox) in [("status --watch --interval 1s", false), ("status --watch --interval 1s", true)] {
        let mut command = project.command(&emulator, words);
        if sandbox {
            Said::of(project.command(&emulator, APPLY).env("SINDRI_SANDBOX", "1").env_remove("RUNPOD_API_KEY"))
                .exits(0);
            command.env("SINDRI_SANDBOX", "1");
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut totals = 0;
        while totals < 2 {
            let line = lines.next().expect("another block").expect("text");
            assert!(!line.contains('\u{1b}'), "only terminals are redrawn: {line:?}");
            totals += usize::from(line.starts_with("1 resource: 1 Running"));
        }
        signal(&child, "INT");
        assert_eq!(child.wait().expect("an end").code(), Some(130));
    }
    project.run(&emulator, "status --interval 3s").exits(64);
    project.run(&emulator, "status --watch --interval 0s").exits(64);
}

#[test]
fn a_watch_ends_silently_when_its_reader_exits() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.run(&emulator, APPLY).exits(0);
    let mut command = project.command(&emulator, "status --watch --interval 1s --json");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    let mut first = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut first).expect("a line");
    let status: Value = serde_json::from_str(&first).expect("one object on one line");
    assert_eq!(status["resources"][0]["address"], "pod.bare");
    let said = Said::from(child.wait_with_output().expect("an end")).exits(0);
    assert_eq!(said.stderr, "");
}

#[test]
fn names_are_in_natural_order() {
    let (emulator, project) =
        (Emulator::start(), Project::new(&format!("{BARE}    pods: {{ a10: {{}}, a2: {{}}, a1: {{}} }}\n")));
    project.run(&emulator, APPLY).exits(0);
    for words in [
        "plan --destroy",
        "plan --full",
        "status",
        "status --short",
        "state list",
        "output",
        "graph",
        "graph --format mermaid",
    ] {
        let shown = project.run(&emulator, words).stdout;
        let place = |name: &str| shown.find(name).unwrap_or_else(|| panic!("no {name} in `{words}`:\n{shown}"));
        assert!(place("a1") < place("a2") && place("a2") < place("a10"), "`{words}`:\n{shown}");
    }
}

#[test]
fn each_command_ends_with_its_own_verb() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    project.run(&emulator, APPLY).exits(0).tells("Apply complete: 3 created in ");
    project.run(&emulator, "stop notebook").exits(0).tells("Stopped 1 pod in ");
    project.run(&emulator, "start notebook").exits(0).tells("Started 1 pod in ");
    let words = "destroy --auto-approve --allow-data-loss --include-volumes";
    project.run(&emulator, words).exits(0).tells("Destroyed 2 pods and 1 network volume in ");
}
