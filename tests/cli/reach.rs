//! Environments that lose their overlay, or that another overlay replaces, stay accessible while their state has
//! records.

use std::fs;

use serde_json::json;

use crate::support::{BARE, Emulator, Project, Said};

#[test]
fn after_the_first_overlay_default_is_still_accessible_and_plans_warn() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.run(&emulator, "apply --auto-approve").exits(0);
    project.write("sindri.prod.yaml", "{}\n");
    for command in ["plan", "plan --refresh=false"] {
        let said = project.run(&emulator, &format!("-e prod {command}")).exits(0).warns("unreachable_state");
        said.warns("`state/default.json` records 1 pod, $")
            .warns("/h, which no environment here selects")
            .warns("`sindri -e default destroy`");
    }
    let mut command = project.command(&emulator, "-e prod plan");
    let said = Said::of(command.env("GITHUB_ACTIONS", "true")).exits(0);
    said.warns("::warning title=sindri%3A%3Acli%3A%3Aunreachable_state::`state/default.json`");
    project.run(&emulator, "-e prod plan --markdown").exits(0).tells("no environment here selects");

    // No environment is selected implicitly, and the help lists the possible ones.
    project.run(&emulator, "status").exits(1).warns("environment_required").warns("`default`, `prod`");
    for command in ["status", "state list", "plan --detailed-exitcode", "drift", "output", "stop", "start"] {
        project.run(&emulator, &format!("-e default {command}")).exits(0);
    }
    let said = project.run(&emulator, "-e prod --state state/default.json status").exits(3);
    said.warns("wrong_world").warns("`-e default --state state/default.json`");
    project.run(&emulator, "-e default --state state/default.json status").exits(0).tells("pod.bare");
    project.run(&emulator, "-e default destroy --auto-approve").exits(0);
    // The environment no longer has any resources.
    project.run(&emulator, "-e default status").exits(1).warns("unknown_environment");
    assert_eq!(project.run(&emulator, "-e prod plan").exits(0).stderr, "");
}

#[test]
fn after_an_overlay_is_deleted_its_environment_is_still_accessible() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.write("sindri.prod.yaml", "providers: { runpod: { containerDiskGb: 30 } }\n");
    project.run(&emulator, "-e prod apply --auto-approve").exits(0);
    fs::remove_file(project.path("sindri.prod.yaml")).expect("it was there");
    for command in ["status", "state list", "output", "plan --destroy", "stop", "start"] {
        let said = project.run(&emulator, &format!("-e prod {command}")).exits(0);
        assert!(!said.stderr.contains("lost_overlay"), "{command}");
    }
    project.run(&emulator, "-e prod plan").exits(0).warns("lost_overlay").warns("no `sindri.prod.yaml`");
    project.run(&emulator, "plan").exits(0).warns("`state/prod.json` records 1 pod").warns("`sindri -e prod destroy`");
    project.write("sindri.test.yaml", "{}\n");
    project.run(&emulator, "-e test apply --auto-approve").exits(0).warns("`state/prod.json` records 1 pod");
    // It now has its own state, so the user knows that there are several.
    assert!(!project.run(&emulator, "-e test plan").exits(0).stderr.contains("unreachable"));
    project.run(&emulator, "-e prod destroy --auto-approve").exits(0);
    assert_eq!(emulator.pod_names(), ["bare-test"]);
}

#[test]
fn missing_pods_cause_no_warning() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.run(&emulator, "apply --auto-approve").exits(0);
    let pod = project.id("pod.bare");
    assert!(emulator.ask("DELETE", &format!("/v2/pods/{pod}"), None).0 < 300);
    crate::support::until("its end", || emulator.pods().is_empty());
    project.write("sindri.prod.yaml", "{}\n");
    assert_eq!(project.run(&emulator, "-e prod plan").exits(0).stderr, "");
}

#[test]
fn an_empty_sindri_variable_counts_as_unset() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    let empty = [
        "SINDRI_CONFIG",
        "SINDRI_ENV",
        "SINDRI_SANDBOX",
        "SINDRI_WAIT_LIMIT",
        "SINDRI_LIST_LAG",
        "RUNPOD_API_BASE_URL",
        "RUNPOD_API_KEY",
        "RUNPOD_API_KEY_FILE",
        "NO_COLOR",
        "CLICOLOR_FORCE",
        "GITHUB_ACTIONS",
        "GITHUB_WORKSPACE",
    ];
    let run = |words: &str| {
        let mut command = project.command(&emulator, words);
        empty.iter().for_each(|name| {
            command.env(name, "");
        });
        Said::of(&mut command)
    };
    run("apply --auto-approve").exits(0);
    assert_eq!(project.state()["environment"], json!("default"));
    run("status").exits(0).tells("pod.bare");
    run("--env= status").exits(1);
    // The default origin is RunPod itself, which does not accept an empty key.
    let mut command = crate::support::sindri(&project.path(""));
    command.args(["--state", "other.json", "plan"]).env("RUNPOD_API_BASE_URL", "").env("RUNPOD_API_KEY", "");
    Said::of(&mut command).exits(1).warns("RUNPOD_API_KEY");
}

#[test]
fn an_empty_value_does_not_satisfy_a_required_secret() {
    let secrets = "secrets:\n  - { name: HF_TOKEN, source: env, required: true }\n  - { name: SPARE, source: env }\n";
    let (emulator, project) = (Emulator::start(), Project::new(&format!("{BARE}{secrets}")));
    let run =
        |words: &str, token: &str| Said::of(project.command(&emulator, words).env("HF_TOKEN", token).env("SPARE", ""));
    for command in ["validate", "plan", "apply --auto-approve"] {
        run(command, "").exits(1).warns("missing_secrets").warns("its value is empty");
    }
    // A plan from the state alone compares no values.
    run("plan --refresh=false --full", "").exits(0).tells("HF_TOKEN").warns("missing_secrets");
    run("apply --auto-approve", "hf_1").exits(0);
    assert_eq!(
        (&emulator.pods()[0]["env"]["HF_TOKEN"], &emulator.pods()[0]["env"]["SPARE"]),
        (&json!("hf_1"), &json!(""))
    );
    run("plan --refresh=false --detailed-exitcode", "").exits(0);
    // The value may come from another source.
    project.write(".env", "HF_TOKEN=hf_1\n");
    run("plan --detailed-exitcode", "").exits(0);
}
