//! Refusals by RunPod: each has its own message and exit code, and leaves nothing behind.

use serde_json::{Value, json};

use crate::support::{BARE, Emulator, KEY, Project, Said, fault, fleet, sindri};

const APPLY: &str = "apply --auto-approve";

#[test]
fn refusals_because_of_the_account_give_advice_and_change_nothing() {
    let status = |code: u16| json!({ "status": { "code": code } });
    for (effect, code, says) in [
        (status(401), "unauthorized", "RunPod does not know this key"),
        (status(403), "forbidden", "the key is valid but lacks permission"),
        (json!({ "cloudflare1010": true }), "client_blocked", "refused the client, not the key"),
    ] {
        let (emulator, project) = (Emulator::with_faults(json!([fault(json!({}), effect)])), Project::new(BARE));
        for command in ["plan", APPLY, "status", "destroy --auto-approve"] {
            project.run(&emulator, command).exits(1).warns(&format!("sindri::runpod::{code}")).warns(says);
        }
        assert_eq!((emulator.writes(), project.stored()), (vec![], vec![]), "{code}");
        // Two lists per command. The second may be cancelled when the first is refused.
        let requests = emulator.requests().len();
        assert!((4..=8).contains(&requests), "{code}: {requests}: what a person has to change is not tried again");
        emulator.faults(json!([]));
        project.run(&emulator, APPLY).exits(0);
    }
}

#[test]
fn a_retired_dialect_says_exactly_what_to_change() {
    let (emulator, project) = (Emulator::with(&["--v1-retired"]), Project::new(&format!("{BARE}    apiVersion: v1\n")));
    let said = project.run(&emulator, APPLY).exits(1).warns("sindri::runpod::api_retired");
    said.warns("2026-11-15").warns("`apiVersion: v2`").warns("`--api v2`");
    assert_eq!((emulator.writes(), project.stored()), (vec![], vec![]));
    project.run(&emulator, "apply --auto-approve --api v2").exits(0);
    assert_eq!(emulator.pod_names(), ["bare"]);
}

#[test]
fn endless_429s_end_when_the_wait_exceeds_the_limit() {
    for effect in [json!({ "retryAfter": 60 }), json!({})] {
        let rules = json!([fault(json!({}), json!({ "rateLimited": effect }))]);
        let (emulator, project) = (Emulator::with_faults(rules), Project::new(BARE));
        let said = project.run(&emulator, "apply --auto-approve --wait-limit 2s").exits(1);
        said.warns("sindri::runpod::rate_limited").warns("the same key's quota");
        let said = Said::of(project.command(&emulator, "plan").env("SINDRI_WAIT_LIMIT", "2")).exits(1);
        said.warns("sindri::runpod::rate_limited");
        assert_eq!((emulator.writes(), project.stored()), (vec![], vec![]));
    }
}

#[test]
fn a_temporary_429_is_waited_for() {
    let rules = json!([fault(json!({ "times": 2 }), json!({ "rateLimited": { "retryAfter": 1 } }))]);
    let (emulator, project) = (Emulator::with_faults(rules), Project::new(BARE));
    project.run(&emulator, APPLY).exits(0).tells("1 created");
    assert_eq!(emulator.pod_names(), ["bare"]);
}

/// Only waits of more than 5 s are announced.
#[test]
fn a_long_429_is_announced_as_an_event_of_the_apply() {
    let limit =
        |operation| fault(json!({ "operation": operation, "times": 1 }), json!({ "rateLimited": { "retryAfter": 5 } }));
    let (emulator, project) = (Emulator::with_faults(json!([limit("createPod")])), Project::new(BARE));
    let said = project.run(&emulator, &format!("{APPLY} --json")).exits(0);
    let events = said.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let paced: Vec<Value> = events.filter(|event| event["event"] == "paced").collect();
    let [event] = paced.as_slice() else { panic!("{}", said.stdout) };
    assert!(event["wait_seconds"].as_f64().is_some_and(|wait| wait > 5.0), "{event}");

    let (emulator, project) = (Emulator::with_faults(json!([limit("createPod")])), Project::new(BARE));
    project.run(&emulator, APPLY).exits(0).warns("pausing for");
    let (emulator, project) = (Emulator::with_faults(json!([limit("listPods")])), Project::new(BARE));
    project.run(&emulator, "plan").exits(0).warns("pausing for");
}

#[test]
fn no_capacity_has_its_own_exit_code_and_suggests_what_to_widen() {
    no_capacity("v2");
}

/// v1 answers 500, after which a pod may still exist. The lists are searched for it, for a minute if they lag.
#[test]
fn no_capacity_in_v1_is_distinguished_from_other_server_errors() {
    no_capacity("v1");
}

fn no_capacity(dialect: &str) {
    let rules = json!([fault(json!({ "operation": "createPod" }), json!({ "noCapacity": true }))]);
    let (emulator, project) = (Emulator::with_faults(rules), Project::new(BARE));
    let said = project.run_without_lag(&emulator, &format!("{APPLY} --api {dialect}")).exits(7);
    said.tells("no_capacity").tells("Nothing was changed").tells("allow more options");
    assert_eq!(emulator.pod_names(), Vec::<String>::new());
    assert_eq!(project.state()["resources"], json!({}));
    emulator.faults(json!([]));
    project.run(&emulator, &format!("{APPLY} --api {dialect}")).exits(0);
    assert_eq!(emulator.pod_names(), ["bare"]);
}

#[test]
fn if_one_of_three_creates_fails_the_others_are_recorded_and_the_next_run_does_the_rest() {
    let refused = json!({ "status": { "code": 400, "body": { "error": "no such image" } } });
    let rules = json!([fault(json!({ "operation": "createPod", "nth": 2 }), refused)]);
    let (emulator, project) = (Emulator::with_faults(rules), Project::new(&fleet(3)));
    let said = project.run(&emulator, APPLY).exits(8);
    said.tells("2 created, 1 failed").tells("no such image").tells("Run `sindri apply` again");
    let recorded = emulator.pods().iter().map(|pod| pod["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(recorded.len(), 2);
    let state = project.read("state/default.json");
    assert!(recorded.iter().all(|id| state.contains(id)), "{recorded:?} in {state}");
    project.run(&emulator, "plan --detailed-exitcode").exits(2).tells("1 create");
    project.run(&emulator, APPLY).exits(0).tells("1 created");
    assert_eq!(emulator.pod_names(), ["bare-worker-0", "bare-worker-1", "bare-worker-2"]);
}

#[test]
fn without_a_key_no_request_is_sent() {
    let project = Project::new(BARE);
    for command in ["plan", APPLY, "status"] {
        let said = project.offline(command).exits(1);
        said.warns("sindri::runpod::no_credentials").warns("RUNPOD_API_KEY").warns("RUNPOD_API_KEY_FILE");
    }
    // Commands that send no requests need no key.
    project.offline("validate").exits(0);
    project.offline("graph").exits(0).tells("pod.bare");
    project.offline("catalog").exits(0).tells("NVIDIA RTX A4000");
}

#[test]
fn a_key_never_travels_unencrypted_and_is_in_no_message() {
    let project = Project::new(BARE);
    let mut command = sindri(&project.path(""));
    command.args(["plan", "--api-url", "http://runpod.example"]).env("RUNPOD_API_KEY", KEY);
    let said = Said::of(&mut command).exits(1).warns("sindri::runpod::insecure_url").warns("https://");
    assert!(!said.stderr.contains(KEY));
}

#[test]
fn errors_are_one_object_for_tools() {
    let rules = json!([fault(json!({}), json!({ "status": { "code": 401 } }))]);
    let (emulator, project) = (Emulator::with_faults(rules), Project::new(BARE));
    for command in ["plan --json", "apply --auto-approve --json", "status --json", "apply --json"] {
        let said = project.run(&emulator, command);
        assert_eq!(said.stdout, "", "{command}");
        let error: Value = serde_json::from_str(&said.stderr).unwrap_or_else(|_| panic!("{command}: {}", said.stderr));
        for member in ["code", "message", "help"] {
            assert!(error[member].as_str().is_some_and(|text| !text.is_empty()), "{command}: {member} of {error}");
        }
        assert_eq!(error["exit_code"], json!(said.code), "{command}");
        assert!(error["code"].as_str().unwrap().starts_with("sindri::"), "{command}: {error}");
    }
}
