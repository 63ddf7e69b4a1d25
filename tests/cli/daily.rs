//! Daily commands need only the state. An error in the configuration must not prevent ending objects that are billed.

use std::fs;

use serde_json::json;

use crate::support::{Emulator, Project, Said, side_by_side};

const CONFIG: &str = r#"version: "3.0"
name: demo
deployment: { image: "example/image:${TAG:-1}" }
secrets: [ { name: HF_TOKEN, source: env } ]
providers:
  runpod:
    gpuType: NVIDIA RTX A4000
    volumeSizeGb: 0
"#;

/// Ways to break [`CONFIG`]: the text to replace, and the replacement.
const SPOILED: [(&str, &str); 9] = [
    ("${TAG:-1}", "${TAG}"),
    ("volumeSizeGb: 0", "volumeSizeGb: [no, number]"),
    ("NVIDIA RTX A4000", "NVIDIA RTX 9999 Ti Super"),
    ("gpuType: NVIDIA", "gpuType: \"NVIDIA"),
    ("{ name: HF_TOKEN, source: env }", "{ name: HF_TOKEN, source: file, path: missing.txt, required: true }"),
    ("{ name: HF_TOKEN, source: env }", "{ name: HF_TOKEN, source: env, required: true }"),
    ("{ name: HF_TOKEN, source: env }", "{ name: HF_TOKEN, source: vault }"),
    ("name: demo", "name: \"demo-${STAGE}\""),
    ("version: \"3.0\"\n", "version: \"3.0\"\n  - neither list nor mapping\n"),
];

const READING: [&str; 10] = [
    "status",
    "output",
    "output pod.demo.id",
    "connect --print",
    "drift",
    "refresh",
    "state list",
    "state verify",
    "unlock",
    "plan --destroy",
];

/// An applied pod, ready for `connect`.
fn applied(config: &str) -> (Emulator, Project) {
    let (emulator, project) = (Emulator::start(), Project::new(config));
    project.run(&emulator, "apply --auto-approve").exits(0);
    (emulator, project)
}

fn each_works(emulator: &Emulator, project: &Project, what: &str) {
    for command in READING.iter().chain(&["stop", "start", "plan --destroy --refresh=false"]) {
        let said = project.run(emulator, command);
        assert_eq!(said.code, Some(0), "{what}: {command}: {said:?}");
        let is_told = said.stderr.lines().filter(|line| line.contains("using only the state")).count();
        assert!(is_told <= 1 && !said.stderr.contains("sindri::config"), "{what}: {command}: {}", said.stderr);
    }
}

#[test]
fn errors_in_the_file_stop_no_command_that_needs_only_the_state() {
    side_by_side(SPOILED, |(good, bad)| {
        let (emulator, project) = applied(CONFIG);
        project.edit(good, bad);
        each_works(&emulator, &project, bad);
        assert_ne!(project.run(&emulator, "validate").code, Some(0), "{bad}");
        assert_ne!(project.run(&emulator, "apply --auto-approve").code, Some(0), "{bad}");
    });
    let (emulator, project) = applied(CONFIG);
    project.edit("${TAG:-1}", "${TAG}");
    let said = project.run(&emulator, "status").exits(0);
    let lines: Vec<&str> = said.stderr.lines().collect();
    assert!(matches!(lines[..], [line] if line.starts_with("Warning: `sindri.yaml` has ")), "{lines:?}");
    assert_eq!(project.run(&emulator, "status --json").exits(0).stderr, "");
    // It still asks first, and then destroys.
    project.run(&emulator, "destroy").exits(3).warns("no_terminal");
    project.run(&emulator, "plan --destroy --out end.json").exits(0);
    project.run(&emulator, "apply end.json").exits(0);
    assert_eq!(emulator.pods(), [json!(null); 0]);
}

#[test]
fn without_a_configuration_the_state_is_enough() {
    let (emulator, project) = applied(CONFIG);
    fs::remove_file(project.path("sindri.yaml")).expect("it was there");
    each_works(&emulator, &project, "no file");
    project.run(&emulator, "status").exits(0).warns("there is no `sindri.yaml`; using only the state");
    // Also from a subfolder, and with the name of the state.
    fs::create_dir_all(project.path("below/it")).expect("a folder");
    project.run(&emulator, "-C below/it status").exits(0).tells("pod.demo");
    project.run(&emulator, "--state state/default.json status").exits(0).tells("pod.demo");
    project.run(&emulator, "-f elsewhere.yaml status").exits(0).tells("pod.demo");
    // Commands that create objects need the file, and so does an environment without a state.
    project.run(&emulator, "plan").exits(1).warns("no_configuration");
    project.run(&emulator, "apply --auto-approve").exits(1).warns("no_configuration");
    project.run(&emulator, "-e prod status").exits(1).warns("unknown_environment");
    project.run(&emulator, "destroy --auto-approve").exits(0);
    project.run(&emulator, "status").exits(1).warns("no_configuration");
}

#[test]
fn an_overlay_that_cannot_be_read_stops_nothing() {
    let (emulator, project) = (Emulator::start(), Project::new(CONFIG));
    project.write("sindri.prod.yaml", "providers: { runpod: { containerDiskGb: 30 } }\n");
    project.run(&emulator, "-e prod apply --auto-approve").exits(0);
    project.write("sindri.prod.yaml", "providers: { runpod: { containerDiskGb: 30 }\n");
    project.run(&emulator, "-e prod status").exits(0).tells("pod.demo").warns("using only the state");
    fs::remove_file(project.path("sindri.prod.yaml")).expect("it was there");
    fs::create_dir(project.path("sindri.prod.yaml")).expect("a folder in its place");
    project.run(&emulator, "-e prod stop").exits(0);
    // No environment is selected implicitly.
    project.run(&emulator, "destroy --auto-approve").exits(1).warns("environment_required").warns("`prod`");
    project.run(&emulator, "-e prod destroy --auto-approve").exits(0);
    assert_eq!(emulator.pods(), [json!(null); 0]);
}

#[test]
fn prevent_destroy_comes_from_the_file_if_readable_and_otherwise_from_the_state() {
    let protected = format!("{CONFIG}    lifecycle: {{ preventDestroy: true }}\n");
    let (emulator, project) = applied(CONFIG);
    let destroy = "destroy --auto-approve --include-volumes";
    let is_refused = |said: Said| said.exits(3).warns("sindri::cli::prevent_destroy");
    // Written but not applied yet, beside an error.
    project.write("sindri.yaml", &protected.replace("${TAG:-1}", "${TAG}"));
    is_refused(project.run(&emulator, destroy));
    // Above an error that ends parsing.
    project.write("sindri.yaml", &format!("{protected}    image: \"open\n"));
    is_refused(project.run(&emulator, destroy));
    // Recorded, and no longer readable at all.
    project.write("sindri.yaml", &protected);
    project.run(&emulator, "apply --auto-approve").exits(0);
    project.write("sindri.yaml", "\"open\n");
    is_refused(project.run(&emulator, destroy));
    fs::remove_file(project.path("sindri.yaml")).expect("it was there");
    is_refused(project.run(&emulator, destroy));
    assert_eq!(emulator.pods().len(), 1);
}

#[test]
fn a_state_of_another_api_is_refused_even_if_it_can_be_read() {
    let (emulator, project) = applied(CONFIG);
    let other = Emulator::start();
    for config in [CONFIG, "\"open\n"] {
        project.write("sindri.yaml", config);
        for command in ["status", "stop", "destroy --auto-approve"] {
            project.run(&other, command).exits(3).warns("sindri::state::wrong_world");
        }
    }
    assert_eq!((emulator.pods().len(), other.writes()), (1, Vec::<String>::new()));
}
