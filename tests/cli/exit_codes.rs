//! Every exit code, with the object that `--json` prints for failures.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{BARE, Emulator, PAIR, Project, Said, fault, signal, until};

/// The world for a command.
struct Scene {
    config: String,
    /// Whether the configuration was applied before `then` changed it.
    applied: bool,
    then: (&'static str, &'static str),
    faults: Value,
}

/// The expected result of a command.
struct Case {
    scene: Scene,
    command: &'static str,
    exit: i32,
    /// `code` of the object on stderr; `None` if the exit code is no failure.
    code: Option<&'static str>,
    /// The resource that the failure is about.
    address: Option<&'static str>,
    says: &'static str,
}

fn scene(config: impl Into<String>) -> Scene {
    Scene { config: config.into(), applied: false, then: ("", ""), faults: json!([]) }
}

fn applied(config: &str, from: &'static str, to: &'static str) -> Scene {
    Scene { applied: true, then: (from, to), ..scene(config) }
}

fn failing(config: impl Into<String>, matching: Value, effect: Value) -> Scene {
    Scene { faults: json!([fault(matching, effect)]), ..scene(config) }
}

fn cases() -> Vec<Case> {
    let success = |scene, command, exit| Case { scene, command, exit, code: None, address: None, says: "" };
    let case = |scene, command, exit, code, says| Case { scene, command, exit, code: Some(code), address: None, says };
    let of = |address, case| Case { address: Some(address), ..case };
    let (a4000, a5000) = ("NVIDIA RTX A4000", "NVIDIA RTX A5000");
    let refused = json!({ "status": { "code": 400, "body": { "error": "no such image" } } });
    let unauthorized = json!({ "status": { "code": 401 } });
    let budget = format!("{BARE}budget: {{ maxHourly: 0.01 }}\n");
    let smaller = applied(PAIR, "sizeGb: 100", "sizeGb: 50");
    vec![
        success(applied(BARE, "", ""), "plan --detailed-exitcode", 0),
        success(applied(BARE, "", ""), "drift", 0),
        success(scene(BARE), "plan --detailed-exitcode", 2),
        case(
            scene(BARE.replace("A4000", "A400O")),
            "validate",
            1,
            "sindri::config",
            "the configuration has one problem",
        ),
        case(failing(BARE, json!({}), unauthorized), "plan", 1, "sindri::runpod::unauthorized", "401"),
        of("network_volume.data", case(smaller, "plan", 1, "sindri::cli::impossible_change", "never shrink")),
        of("pod.nobody", case(scene(BARE), "plan --target pod.nobody", 1, "sindri::cli::not_found", "pod.nobody")),
        of(
            "pod.bare",
            case(
                failing(BARE, json!({ "operation": "createPod" }), refused.clone()),
                "apply -y",
                1,
                "sindri::cli::apply_failed",
                "1 failed",
            ),
        ),
        case(scene(BARE), "apply", 3, "sindri::cli::no_terminal", "asks before"),
        of(
            "pod.notebook",
            case(applied(PAIR, a4000, a5000), "apply -y", 3, "sindri::cli::data_loss_needs_consent", "20 GB"),
        ),
        case(scene(BARE), "apply --expect 0123456789abcdef", 5, "sindri::cli::unexpected_plan", "0123456789abcdef"),
        case(scene(budget), "apply -y", 6, "sindri::cli::budget_exceeded", "$0.01/h"),
        of(
            "pod.bare",
            case(
                failing(BARE, json!({ "operation": "createPod" }), json!({ "noCapacity": true })),
                "apply -y",
                7,
                "sindri::cli::no_capacity",
                "1 failed",
            ),
        ),
        of(
            "pod.notebook",
            case(
                failing(PAIR, json!({ "pod": "*notebook" }), refused),
                "apply -y",
                8,
                "sindri::cli::partly_applied",
                "2 created, 1 failed",
            ),
        ),
        of(
            "pod.bare",
            case(
                scene(format!("{}    networkVolumeId: nope\n", BARE.replace("    volumeSizeGb: 0\n", ""))),
                "apply -y",
                3,
                "sindri::cli::impossible_create",
                "no network volume `nope`",
            ),
        ),
        case(scene(BARE), "aply", 64, "sindri::cli::usage", "aply"),
    ]
}

/// The one object on stderr.
#[track_caller]
fn object(said: &Said) -> Value {
    let objects: Vec<&str> = said.stderr.lines().filter(|line| line.starts_with('{')).collect();
    assert_eq!(objects.len(), 1, "one object on stderr:\n{}", said.stderr);
    serde_json::from_str(objects[0]).expect("JSON")
}

/// Members of every failure; other tests validate the whole object against the schema.
#[track_caller]
fn is_failure(said: &Said, exit: i32, code: &str) -> Value {
    let error = object(said);
    assert_eq!((&error["code"], &error["exit_code"]), (&json!(code), &json!(exit)), "{error:#}");
    let helps = error["help"].is_string() || error["related"].as_array().is_some_and(|related| !related.is_empty());
    assert!(helps, "it says how to go on: {error:#}");
    error
}

#[test]
fn every_exit_code_is_as_documented_and_every_failure_is_one_object() {
    for Case { scene, command, exit, code, address, says } in cases() {
        let (emulator, project) = (Emulator::start(), Project::new(&scene.config));
        if scene.applied {
            project.run(&emulator, "apply -y").exits(0);
            project.edit(scene.then.0, scene.then.1);
        }
        emulator.faults(scene.faults);
        let said = project.run(&emulator, &format!("{command} --json")).exits(exit);
        let Some(code) = code else {
            assert!(!said.stderr.contains("\"code\""), "`{command}` is no failure: {}", said.stderr);
            continue;
        };
        let error = is_failure(&said, exit, code);
        assert!(error["message"].as_str().is_some_and(|message| message.contains(says)), "`{says}` in {error:#}");
        assert_eq!(error["address"], json!(address), "`{command}`: {error:#}");
        let id = address.filter(|_| scene.applied).map(|address| project.id(address));
        assert_eq!(error["id"], json!(id), "`{command}`: {error:#}");
        // The same exit code without `--json`. A partly applied plan has less left to do.
        if exit != 8 {
            project.run(&emulator, command).exits(exit);
        }
    }
}

#[test]
fn a_locked_environment_and_an_interrupted_apply_are_objects_too() {
    let slow =
        fault(json!({ "operation": "createPod" }), json!({ "latency": { "seconds": 4, "side": "afterEffect" } }));
    let (emulator, project) = (Emulator::with_faults(json!([slow])), Project::new(BARE));
    let mut first = project.command(&emulator, "apply -y --json");
    let first = first.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    until("the first apply's request", || !emulator.writes().is_empty());
    let second = project.run(&emulator, "apply -y --json").exits(4);
    is_failure(&second, 4, "sindri::state::locked");
    signal(&first, "INT");
    let first = Said::from(first.wait_with_output().expect("it ends")).exits(130);
    is_failure(&first, 130, "sindri::cli::interrupted");
}

#[test]
fn an_apply_that_leaves_orphans_says_so_by_its_exit_code() {
    let (emulator, project) = (Emulator::start(), Project::new(PAIR));
    project.run(&emulator, "apply --auto-approve").exits(0);
    let duplicate = emulator.create_twin("story-trainer");
    let id = duplicate["id"].as_str().unwrap();
    project.run(&emulator, "apply --auto-approve").exits(2).tells("Orphans").tells(id).tells("/h");
    project.run(&emulator, "plan --detailed-exitcode").exits(0).tells(id);
    assert_eq!(emulator.ask("DELETE", &format!("/v2/pods/{id}"), None).0, 204);
    project.run(&emulator, "apply --auto-approve").exits(0);
}

#[test]
fn every_apply_reports_a_volume_of_another_clone_with_its_cost_and_exit_code() {
    let config = format!("{BARE}    networkVolumes: {{ data: {{ sizeGb: 100, region: US-CA-2 }} }}\n");
    let (emulator, first, clone) = (Emulator::start(), Project::new(&config), Project::new(&config));
    first.run(&emulator, "apply -y").exits(0);
    clone.run(&emulator, "apply -y --ignore-existing").exits(0);
    clone.run(&emulator, "destroy -y").exits(2);
    let double = clone.id("network_volume.data");
    assert_ne!(double, first.id("network_volume.data"));
    assert_eq!((emulator.volumes().len(), emulator.pods().len()), (2, 1), "no pod tells of the clone");

    // A plan that changes nothing, one that updates, and one that creates.
    let names_double =
        |said: Said| said.tells(&format!("`{double}`")).tells("same name, size and location").tells("$7.00/mo");
    names_double(first.run(&emulator, "apply -y").exits(2));
    first.run(&emulator, "apply -y --ignore-existing").exits(0);
    first.edit("image: example/image:1", "image: example/image:2");
    names_double(first.run(&emulator, "apply -y --updates in-place").exits(2)).tells("1 updated");
    first.edit("US-CA-2 }", "US-CA-2 }, more: { sizeGb: 10, region: US-CA-2 }");
    names_double(first.run(&emulator, "apply -y").exits(2))
        .tells("Duplicates")
        .tells("a duplicate of `network_volume.data`");
    names_double(first.run(&emulator, "plan --detailed-exitcode").exits(0));
    assert_eq!(emulator.ask("DELETE", &format!("/v2/network-volumes/{double}"), None).0, 204);
    first.run(&emulator, "apply -y").exits(0);
}
