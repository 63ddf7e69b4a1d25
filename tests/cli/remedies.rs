//! Runs every remedy printed by `sindri drift`, and checks its effect.

use std::slice::from_ref;

use serde_json::{Value, json};

use crate::support::{Emulator, Project, Said, side_by_side, until};

const POD: &str = "pod.story";

fn config(fields: &str) -> String {
    format!(
        "version: \"3.0\"\nname: story\ndeployment: {{ image: \"example/image:1\" }}\nproviders:\n  runpod:\n    \
         gpuType: NVIDIA L4\n    volumeSizeGb: 20\n{fields}"
    )
}

const VOLUME: &str = "version: \"3.0\"\nname: story\ndeployment: { image: \"example/image:1\" }\nproviders:\n  runpod:\n    \
                      networkVolumes:\n      data: { sizeGb: 100, region: US-CA-2 }\n    pods: {}\n";

/// An applied project, and the event that affected its only resource.
struct Scene {
    emulator: Emulator,
    project: Project,
}

impl Scene {
    fn of(config: &str, events: &[Value]) -> Self {
        let emulator = Emulator::start();
        assert_eq!(emulator.ask("POST", "/_emu/clock", Some(json!({ "scale": 60 }))).0, 200);
        let project = Project::new(config);
        project.run(&emulator, "apply --auto-approve").exits(0);
        project.forget_when_it_created();
        let (kind, address) = if config == VOLUME { ("volumes", "network_volume.data") } else { ("pods", POD) };
        let path = format!("/_emu/{kind}/{}/event", project.id(address));
        for event in events {
            assert_eq!(emulator.ask("POST", &path, Some(event.clone())).0, 200, "{event}");
        }
        let scene = Self { emulator, project };
        until("a container that is up, or down for good", || scene.is_settled());
        scene
    }

    /// Whether the lists show nothing temporary.
    fn is_settled(&self) -> bool {
        let pods = self.emulator.pods();
        pods.iter().all(|pod| pod["status"] != "RUNNING" || !pod["runtime"].is_null())
    }

    fn drift(&self) -> Value {
        let said = self.project.run(&self.emulator, "drift --json");
        assert!(matches!(said.code, Some(0 | 2)), "{said:?}");
        said.json()
    }

    /// The only drift, or the only information if there is no drift.
    #[track_caller]
    fn finding(&self) -> Value {
        let report = self.drift();
        let [finding] = &report["findings"].as_array().expect("findings")[..] else { panic!("{report:#}") };
        finding.clone()
    }

    /// Types a printed command; the user consents to everything.
    fn type_in(&self, command: &str) -> Vec<Said> {
        let run = |command: &str| {
            let words = shlex::split(command).expect("a command");
            assert_eq!(words[0], "sindri");
            let consent: &[&str] = if words[1] == "apply" { &["--auto-approve", "--allow-data-loss"] } else { &[] };
            let mut process = self.project.command(&self.emulator, "");
            Said::of(process.args(&words[1..]).args(consent))
        };
        command.split(" && ").map(run).collect()
    }
}

fn remedies(finding: &Value) -> Vec<(Option<String>, String)> {
    let remedies = finding["remedies"].as_array().expect("remedies").iter();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    remedies.map(|remedy| (text(&remedy["command"]), text(&remedy["effect"]).unwrap_or_default())).collect()
}

/// Recreates the drift for each of its remedies, and runs that one. Nothing is left to resolve.
fn each_remedy_settles(config: &str, events: &[Value], class: &str, expected: &[&str]) {
    let found = remedies(&Scene::of(config, events).finding());
    let commands: Vec<&str> = found.iter().map(|(command, effect)| command.as_deref().unwrap_or(effect)).collect();
    assert_eq!(commands, expected, "{class}");
    let commands = found.iter().filter_map(|(command, effect)| Some((command.as_ref()?, effect)));
    side_by_side(commands, |(command, effect)| {
        let scene = Scene::of(config, events);
        assert_eq!(scene.finding()["class"], class);
        for said in scene.type_in(command) {
            said.exits(0);
        }
        until("a container that is up", || scene.is_settled());
        let left = scene.drift();
        assert_eq!((&left["drifted"], &left["findings"]), (&json!(false), &json!([])), "{class}: {command} # {effect}");
        let keeps = effect.contains("keeps its volume") || effect.contains("accepts");
        assert!(!keeps || !scene.emulator.writes().iter().any(|write| write.starts_with("DELETE")), "{command}");
    });
}

const APPLY: &str = "sindri apply";
const REFRESH: &str = "sindri refresh";

fn event(word: &str) -> Value {
    json!({ "event": word })
}

fn edit(changes: Value) -> Value {
    json!({ "event": "edit", "changes": changes })
}

#[test]
fn every_remedy_resolves_a_changed_or_missing_pod() {
    let image = edit(json!({ "image": "example/image:9" }));
    each_remedy_settles(&config(""), &[event("delete")], "gone", &[APPLY, REFRESH]);
    each_remedy_settles(&config(""), &[edit(json!({ "name": "other" }))], "changed", &[APPLY, REFRESH]);
    each_remedy_settles(&config(""), from_ref(&image), "changed", &[APPLY, "sindri apply --updates in-place", REFRESH]);
    let ignored = config("    lifecycle: { ignoreChanges: [image] }\n");
    each_remedy_settles(&ignored, &[image], "changed", &[REFRESH]);
    each_remedy_settles(&config(""), &[event("migrate")], "moved", &[APPLY, REFRESH]);
}

#[test]
fn every_remedy_resolves_a_stopped_started_or_broken_pod() {
    each_remedy_settles(&config(""), &[event("stop")], "stopped", &[APPLY, REFRESH]);
    each_remedy_settles(&config(""), &[event("fail")], "errored", &["sindri start pod.story", APPLY]);
    let again = "sindri stop pod.story && sindri start pod.story";
    each_remedy_settles(&config(""), &[event("zeroGpu")], "zero-gpu", &[again, APPLY]);
    each_remedy_settles(&config("    power: stopped\n"), &[event("start")], "started", &[APPLY, REFRESH]);
}

#[test]
fn every_remedy_resolves_a_changed_volume() {
    let write = "write the current values into the configuration";
    each_remedy_settles(VOLUME, &[json!({ "event": "resize", "size": 200 })], "changed", &[write, REFRESH]);
    each_remedy_settles(VOLUME, &[json!({ "event": "rename", "name": "other" })], "changed", &[APPLY, REFRESH]);
    each_remedy_settles(VOLUME, &[event("delete")], "gone", &[APPLY, REFRESH]);
}

#[test]
fn no_remedy_suggests_a_replacement_that_apply_refuses() {
    let protected = config("    lifecycle: { preventDestroy: true }\n");
    let allow = "apply refuses to replace it; apply `lifecycle.preventDestroy: false` with it to allow that";
    let scene = Scene::of(&protected, &[event("fail")]);
    let found = remedies(&scene.finding());
    assert_eq!(found[1], (None, allow.to_owned()));
    scene.type_in(APPLY).remove(0).exits(3).warns("prevent_destroy");
    scene.project.edit("preventDestroy: true", "preventDestroy: false");
    scene.type_in(APPLY).remove(0).exits(0);
    assert_eq!(scene.drift()["drifted"], json!(false));

    let scene = Scene::of(&config("    locked: true\n"), &[event("zeroGpu")]);
    let found = remedies(&scene.finding());
    assert!(matches!(&found[..], [(None, unlock)] if unlock.contains("unlock it first")), "{found:?}");
    scene.type_in(APPLY).remove(0).exits(3).warns("locked");
    let image = edit(json!({ "image": "example/image:9" }));
    let in_place = "sindri apply --updates in-place";
    let unlock =
        "it is locked, and apply refuses to stop or replace it; unlock it first at `https://console.runpod.io/pods`";
    let found = remedies(&Scene::of(&config("    locked: true\n"), from_ref(&image)).finding());
    assert!(found[0].0.is_none() && found[0].1.starts_with(&unlock[..60]), "{found:?}");
    let scene = Scene::of(&config("    locked: true\n"), &[image]);
    scene.type_in(in_place).remove(0).exits(0);
    until("a container that is up", || scene.is_settled());
    assert_eq!(scene.drift()["drifted"], json!(false));
}

#[test]
fn a_change_of_an_ignored_field_is_information_every_night() {
    let ignored = config("    lifecycle: { ignoreChanges: [image, env] }\n");
    let scene = Scene::of(&ignored, &[edit(json!({ "image": "example/image:9" }))]);
    let finding = scene.finding();
    assert_eq!(
        (&finding["severity"], &finding["ignored"], &finding["undo"]),
        (&json!("information"), &json!(true), &Value::Null)
    );
    let said =
        scene.project.run(&scene.emulator, "drift").exits(0).tells("For information").tells("1 changed (information)");
    assert!(!said.stdout.contains("sindri apply") && !said.stdout.contains("replaces"), "{}", said.stdout);
    scene.project.run(&scene.emulator, "plan").exits(0).tells("ignoreChanges covers it").tells("No changes");
    // The state suffices, so an unreadable file makes no difference.
    scene.project.write("sindri.yaml", "name: story\nproviders:\n  runpod:\n    gpuTyp: ${UNSET}\n");
    scene.project.run(&scene.emulator, "drift").exits(0);
}

#[test]
fn a_plan_suggests_starting_a_broken_pod_instead_of_replacing_it() {
    let scene = Scene::of(&config(""), &[event("fail")]);
    let plan = scene.project.run(&scene.emulator, "plan").exits(0);
    plan.tells("first try: sindri start pod.story  # may bring it back, and keeps its volume");
    let scene = Scene::of(&config(""), &[event("zeroGpu")]);
    let plan = scene.project.run(&scene.emulator, "plan").exits(0);
    plan.tells("first try: sindri stop pod.story && sindri start pod.story");
}
