//! Applies that create, rotate and replace what RunPod keeps for pods, killed before each of their effects.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::kill::aftermath::{APPLY, LAG};
use crate::kill::effects::library;
use crate::support::{Emulator, Project, Said, side_by_side};

const CONFIG: &str = r#"version: "3.0"
name: kept
deployment: { provider: runpod, image: "example/image:1" }
secrets:
  - { name: HF_TOKEN, source: env, store: runpod, version: 1 }
providers:
  runpod:
    gpuType: NVIDIA L4
    volumeSizeGb: 0
    ports: []
    registries:
      ghcr: { username: someone, passwordFrom: GHCR_TOKEN, version: 1 }
      aws: { ecr: "arn:aws:ecr:eu-central-1:123456789012:repository/trainer" }
    pods:
      a: { registry: ghcr }
"#;

/// More effects than any of these applies has.
const MOST: usize = 60;

struct Place {
    emulator: Emulator,
    project: Project,
}

impl Place {
    fn new() -> Self {
        let emulator = Emulator::start();
        assert_eq!(emulator.ask("POST", "/_emu/clock", Some(json!({ "scale": 60 }))).0, 200);
        Self { emulator, project: Project::new(CONFIG) }
    }

    fn command(&self, words: &str) -> std::process::Command {
        let mut command = self.project.command(&self.emulator, words);
        command.env("SINDRI_LIST_LAG", LAG).env("HF_TOKEN", "value").env("GHCR_TOKEN", "password");
        command
    }

    /// Kills an apply before one effect. Returns whether it was killed.
    fn kill(&self, effect: usize) -> bool {
        let mut command = self.command("apply --auto-approve --parallelism 1 --allow-data-loss");
        command.env("LD_PRELOAD", library().expect("a library")).env("EFFECTS_KILL", effect.to_string());
        Said::of(&mut command).code.is_none()
    }

    /// One plain apply must put everything right.
    fn put_right(&self, moment: &str) {
        for words in ["state verify", APPLY, "state verify", "plan --detailed-exitcode"] {
            let said = Said::of(&mut self.command(words));
            assert_eq!(said.code, Some(0), "{moment}, {words}:\n{}\n{}", said.stdout, said.stderr);
        }
    }

    fn names(&self, path: &str, member: &str) -> Vec<String> {
        let objects = self.emulator.get(path)[member].as_array().expect("a list").clone();
        let mut names: Vec<String> = objects.iter().map(|it| it["name"].as_str().expect("a name").to_owned()).collect();
        names.sort();
        names
    }

    /// Names of everything that exists: secrets, credentials, delegations and pods.
    fn alive(&self) -> [Vec<String>; 4] {
        [
            self.names("/v2/account/secrets", "secrets"),
            self.names("/v2/registries", "registries"),
            self.names("/v2/registries/delegations", "delegations"),
            self.emulator.pod_names(),
        ]
    }
}

/// Effects to kill at: all of them, or every fifth in the short form.
fn points() -> Vec<usize> {
    let all = std::env::var("SINDRI_KILL_POINTS").as_deref() == Ok("all");
    (2..MOST).step_by(if all { 1 } else { 5 }).collect()
}

fn owned<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).to_vec()
}

#[test]
fn a_kill_while_everything_is_created_leaves_one_of_each() {
    if library().is_none() {
        return;
    }
    side_by_side(points(), |effect| {
        let place = Place::new();
        place.kill(effect);
        place.put_right(&format!("create, effect {effect}"));
        assert_eq!(
            place.alive(),
            [owned(["HF_TOKEN"]), owned(["kept-ghcr"]), owned(["kept-aws"]), owned(["kept-a"])],
            "effect {effect}"
        );
    });
}

#[test]
fn a_kill_during_a_rotation_sends_the_new_value_in_the_end() {
    if library().is_none() {
        return;
    }
    side_by_side(points().into_iter().filter(|effect| *effect < 30), |effect| {
        let place = Place::new();
        Said::of(&mut place.command(APPLY)).exits(0);
        place.project.edit("store: runpod, version: 1", "store: runpod, version: 2");
        let updates = || place.emulator.writes().iter().filter(|write| write.starts_with("PATCH")).count();
        let killed = place.kill(effect);
        let sent = updates();
        place.put_right(&format!("rotation, effect {effect}"));
        // It was sent, and if it is not known whether it arrived, it was sent again.
        assert!(updates() >= 1 && (killed || sent == 1), "effect {effect}");
        assert_eq!(place.alive()[0], ["HF_TOKEN"], "effect {effect}");
        Said::of(&mut place.command("drift")).exits(0);
    });
}

#[test]
fn a_kill_during_a_replacement_keeps_the_credential_of_the_pod_and_makes_one_new_one() {
    if library().is_none() {
        return;
    }
    side_by_side(points().into_iter().filter(|effect| *effect < 40), |effect| {
        let place = Place::new();
        Said::of(&mut place.command(APPLY)).exits(0);
        let pods: BTreeSet<String> = place.emulator.pods().iter().map(|pod: &Value| pod["id"].to_string()).collect();
        place.project.edit("GHCR_TOKEN, version: 1", "GHCR_TOKEN, version: 2");
        place.kill(effect);
        place.put_right(&format!("replacement, effect {effect}"));
        assert_eq!(place.alive()[1], ["kept-ghcr", "kept-ghcr-v2"], "effect {effect}");
        let after: BTreeSet<String> = place.emulator.pods().iter().map(|pod| pod["id"].to_string()).collect();
        assert_eq!(after, pods, "effect {effect}: the pod stays");
        // The pod is recreated with the new one, and the old one goes.
        place.project.edit("image:1", "image:2");
        place.kill(effect);
        place.put_right(&format!("recreation, effect {effect}"));
        assert_eq!(place.alive()[1], ["kept-ghcr-v2"], "effect {effect}");
        assert_eq!(place.emulator.pods().len(), 1, "effect {effect}");
    });
}
