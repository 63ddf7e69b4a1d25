//! Secret values are in the pods and nowhere else.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::support::{Emulator, KEY, Project, Said, fault};

const CONFIG: &str = r#"version: "3.0"
name: hushed
deployment:
  provider: runpod
  image: example/image:1
secrets:
  - { name: HF_TOKEN, source: env, required: true }
  - { name: FROM_FILE, source: file, path: secret.txt }
providers:
  runpod:
    gpuType: NVIDIA RTX A4000
    volumeSizeGb: 0
    env:
      WANDB_API_TOKEN: ${OUTSIDE}
      PLAIN: visible-value
"#;

const SECRETS: [&str; 4] = [KEY, "canary-of-hf-token", "canary-from-a-file", "canary-of-wandb"];

fn no_secret_in(what: &str, text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{what} holds {secret}:\n{text}");
    }
}

fn every_file(folder: &Path, look: &mut dyn FnMut(&Path, &[u8])) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            every_file(&path, look);
        } else {
            look(&path, &fs::read(&path).unwrap());
        }
    }
}

fn run(project: &Project, emulator: &Emulator, words: &str) -> Said {
    let mut command = project.command(emulator, words);
    command.env("HF_TOKEN", "canary-of-hf-token").env("OUTSIDE", "canary-of-wandb");
    let said = Said::of(&mut command);
    no_secret_in(words, &said.stdout);
    no_secret_in(words, &said.stderr);
    said
}

#[test]
fn they_reach_the_pod_and_no_stream_file_or_plan() {
    for dialect in ["v1", "v2"] {
        let (emulator, project) = (Emulator::start(), Project::new(CONFIG));
        project.write("secret.txt", "canary-from-a-file\n");
        let run = |words: &str| run(&project, &emulator, &format!("{words} --api {dialect}"));
        run("validate --json").exits(0);
        run("plan --full -v").exits(0).tells("HF_TOKEN").tells("visible-value");
        run("plan --json").exits(0);
        run("apply --auto-approve -v").exits(0).warns("POST");
        let pod = &emulator.pods()[0]["env"];
        assert_eq!(pod["HF_TOKEN"], "canary-of-hf-token", "{dialect}");
        assert_eq!(pod["FROM_FILE"], "canary-from-a-file", "{dialect}");
        assert_eq!(pod["WANDB_API_TOKEN"], "canary-of-wandb", "{dialect}");
        for words in ["plan --full", "plan --json --full", "status --json", "output --json -v", "graph", "refresh -v"] {
            run(words).exits(0);
        }
        project.edit("visible-value", "another-value");
        run("plan --full").exits(0).tells("another-value");
        run("apply --auto-approve --json").exits(0);
        every_file(&project.path("state"), &mut |path, bytes| {
            no_secret_in(&path.display().to_string(), &String::from_utf8_lossy(bytes));
        });
    }
}

#[test]
fn a_changed_secret_is_seen_without_its_value_being_kept_or_shown() {
    let (emulator, project) = (Emulator::start(), Project::new(CONFIG));
    project.write("secret.txt", "another-secret-before");
    run(&project, &emulator, "apply --auto-approve").exits(0);
    project.write("secret.txt", "canary-from-a-file");
    let plan = run(&project, &emulator, "plan --detailed-exitcode").exits(2).tells("FROM_FILE");
    assert!(!plan.stdout.contains("another-secret-before"), "{}", plan.stdout);
    run(&project, &emulator, "apply --auto-approve").exits(0);
    run(&project, &emulator, "plan --detailed-exitcode").exits(0);
}

#[test]
fn an_answer_that_repeats_them_is_not_repeated() {
    let body = json!({ "error": format!("{KEY}: HF_TOKEN is canary-of-hf-token, or canary-of-wandb"), "status": 400 });
    let rules = json!([fault(json!({ "operation": "createPod" }), json!({ "status": { "code": 400, "body": body } }))]);
    let (emulator, project) = (Emulator::with_faults(rules), Project::new(CONFIG));
    project.write("secret.txt", "canary-from-a-file");
    run(&project, &emulator, "apply --auto-approve -v").exits(1).tells("HF_TOKEN is");
    run(&project, &emulator, "apply --auto-approve --json").exits(1);
}

#[test]
fn a_key_that_is_named_in_the_configuration_is_refused() {
    let (emulator, project) = (Emulator::start(), Project::new(&CONFIG.replace("${OUTSIDE}", "${RUNPOD_API_KEY}")));
    project.write("secret.txt", "canary-from-a-file");
    run(&project, &emulator, "plan").exits(1).warns("RUNPOD_API_KEY");
    assert_eq!(emulator.requests(), Vec::<String>::new());
}
