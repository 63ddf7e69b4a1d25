//! Whole lives of endpoints with the built binary and the emulator.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Emulator, Project, Said, fault, signal, until};

const CONFIG: &str = r#"version: "3.0"
name: inference
providers:
  runpod:
    networkVolumes:
      models: { sizeGb: 50, region: US-CA-2 }
    templates:
      base: { image: example/base:1.0, containerDiskGb: 30, env: { LOG_LEVEL: info } }
    endpoints:
      sd:
        type: queue
        template: base
        image: example/worker:1.0
        gpuType: [RTX 4090, L40S]
        workers: { max: 5 }
        networkVolumes: [models]
"#;

const APPLY: &str = "apply --auto-approve";

fn endpoints(emulator: &Emulator) -> Vec<Value> {
    emulator.get("/v2/serverless")["endpoints"].as_array().expect("a list").clone()
}

fn applied(emulator: &Emulator) -> Project {
    let project = Project::new(CONFIG);
    project.run(emulator, APPLY).exits(0).tells("3 created");
    assert_eq!(endpoints(emulator).len(), 1);
    project
}

#[test]
fn an_endpoint_is_created_changed_and_kept_until_its_flag_is_passed() {
    let emulator = Emulator::start();
    let project = applied(&emulator);
    project.run(&emulator, "plan --detailed-exitcode").exits(0).tells("No changes");
    let endpoint = &endpoints(&emulator)[0];
    assert_eq!(endpoint["env"]["LOG_LEVEL"], "info", "the template's fields are the endpoint's own");
    assert_eq!((&endpoint["image"], &endpoint["disk"]), (&json!("example/worker:1.0"), &json!(30)));
    // A changed template rolls out.
    project.edit("LOG_LEVEL: info", "LOG_LEVEL: debug");
    project.run(&emulator, "plan").exits(0).tells("template.base").tells("rolls out");
    project.run(&emulator, APPLY).exits(0).tells("2 updated");
    assert_eq!(endpoints(&emulator)[0]["env"]["LOG_LEVEL"], "debug");
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
    // Another type is another endpoint.
    project.edit("type: queue", "type: loadBalancer");
    project.edit("workers: { max: 5 }", "workers: { max: 5 }\n        scaling: { requestCount: 4 }");
    let refused = project.run(&emulator, APPLY).exits(3);
    let refused = refused.warns("loses the address and the queued and running jobs of `endpoint.sd`");
    assert!(!refused.stderr.contains("destroys data"), "{}", refused.stderr);
    project.run(&emulator, "apply --auto-approve --allow-data-loss").exits(0).tells("1 replaced");
    assert_eq!(endpoints(&emulator)[0]["type"], "LOAD_BALANCER");
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
    // It is protected like a volume.
    project.run(&emulator, "destroy --auto-approve").exits(0);
    assert_eq!(endpoints(&emulator).len(), 1);
    project.run(&emulator, "destroy endpoint.sd --auto-approve").exits(3).warns("--include-endpoints");
    let flags = "destroy --auto-approve --include-endpoints --include-volumes --allow-data-loss";
    project.run(&emulator, flags).exits(0);
    assert!(endpoints(&emulator).is_empty() && emulator.volumes().is_empty());
}

#[test]
fn an_endpoint_comes_up_with_its_template_registry_and_secret() {
    let emulator = Emulator::start();
    let project = Project::new(CONFIG);
    project.edit("providers:", "secrets: [{ name: HF_TOKEN, source: env, store: runpod, version: 1 }]\nproviders:");
    project.edit(
        "    templates:",
        "    registries: { ghcr: { username: bot, passwordFrom: GHCR_TOKEN, version: 1 } }\n    templates:",
    );
    project.edit("containerDiskGb: 30", "containerDiskGb: 30, registry: ghcr");
    let run = |words: &str| {
        Said::of(project.command(&emulator, words).env("HF_TOKEN", "hf-canary").env("GHCR_TOKEN", "ghcr-canary"))
    };
    run(APPLY).exits(0).tells("5 created");
    let endpoint = endpoints(&emulator)[0].clone();
    assert_eq!(endpoint["env"]["HF_TOKEN"], "{{ RUNPOD_SECRET_HF_TOKEN }}");
    assert_eq!(endpoint["registry"], json!(project.id("registry.ghcr")));
    run("plan --detailed-exitcode").exits(0);
    // A new credential is another object, to which the endpoint rolls out. No job is lost.
    project.edit("GHCR_TOKEN, version: 1", "GHCR_TOKEN, version: 2");
    run("plan").exits(0).tells("endpoint.sd").tells("rolls out");
    run(APPLY).exits(0);
    let rolled = endpoints(&emulator)[0].clone();
    assert_eq!((&rolled["id"], &rolled["registry"]), (&endpoint["id"], &json!(project.id("registry.ghcr"))));
    assert_ne!(rolled["registry"], endpoint["registry"]);
    run("plan --detailed-exitcode").exits(0);
    assert!(!project.read("state/default.json").contains("canary"));
}

#[test]
fn addresses_and_workers_are_shown() {
    let emulator = Emulator::start();
    let project = applied(&emulator);
    let id = project.id("endpoint.sd");
    let run = format!("https://api.runpod.ai/v2/{id}/run");
    project.run(&emulator, "output endpoint.sd.url.run").exits(0).tells(&run);
    project.run(&emulator, "output sd.url.runSync").exits(0).tells(&format!("{run}sync"));
    project.run(&emulator, "status").exits(0).tells(&run).tells("workers").tells("0 to 5 workers");
    let json = project.run(&emulator, "status --json").exits(0).json();
    let shown = json["resources"].as_array().expect("resources").iter().find(|it| it["address"] == "endpoint.sd");
    let shown = shown.expect("the endpoint");
    assert_eq!((&shown["url"]["run"], &shown["workers"]["total"]), (&json!(run), &json!(0)));
    // Only `status` asks for workers, once for each endpoint.
    let asked = || emulator.requests().iter().filter(|it| it.ends_with("/workers")).count();
    let before = asked();
    project.run(&emulator, "plan").exits(0);
    project.run(&emulator, "output").exits(0);
    assert_eq!(asked(), before);
}

#[test]
fn a_deleted_endpoint_is_created_again_and_an_unmanaged_one_is_adopted_or_imported() {
    let emulator = Emulator::start();
    let project = applied(&emulator);
    let id = project.id("endpoint.sd");
    // Its record was lost: the marker finds it.
    project.run(&emulator, "state rm endpoint.sd").exits(0);
    project.run(&emulator, "apply --adopt --auto-approve").exits(0);
    assert_eq!((project.id("endpoint.sd"), endpoints(&emulator).len()), (id.clone(), 1));
    project.run(&emulator, "state rm endpoint.sd").exits(0);
    project.run(&emulator, &format!("import endpoint.sd {id}")).exits(0);
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
    assert_eq!(emulator.ask("DELETE", &format!("/v2/serverless/{id}"), None).0, 204);
    project.forget_when_it_created();
    project.run(&emulator, "drift").exits(2).tells("endpoint.sd");
    project.run(&emulator, APPLY).exits(0).tells("1 created");
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
}

#[test]
fn a_whole_account_is_imported() {
    let emulator = Emulator::start();
    applied(&emulator);
    let bodies = [
        json!({
            "name": "by-hand", "type": "QUEUE", "image": "a/b:1", "scaling": { "type": "REQUEST_COUNT", "requestCount": 3 },
            "gpu": { "pools": ["ADA_48_PRO"], "excludedTypes": ["NVIDIA L40"], "minCudaVersion": "12.4" },
            "workers": { "min": 0, "max": 2 }, "env": { "TOKEN": "x" }, "flashboot": "FLASHBOOT",
        }),
        json!({
            "name": "on-cpus", "type": "LOAD_BALANCER", "image": "a/b:1", "timeout": 60000,
            "scaling": { "type": "REQUEST_COUNT", "requestCount": 3 }, "cpu": [{ "id": "cpu3c", "vcpuCount": 2 }],
        }),
    ];
    for body in bodies {
        assert_eq!(emulator.ask("POST", "/v2/serverless", Some(body)).0, 201);
    }
    let other = Project::new("");
    std::fs::remove_file(other.path("sindri.yaml")).expect("removed");
    other.run(&emulator, "import --all --include-marked --name copy").exits(0).tells("endpoint.");
    let file = other.read("sindri.yaml");
    for line in [
        "    endpoints:\n",
        "gpuType: [\"NVIDIA L40S\", \"NVIDIA RTX 6000 Ada Generation\"]",
        "cpuInstanceId: cpu3c-2-4",
        "type: loadBalancer",
        "# It now has: \"TOKEN\"",
    ] {
        assert!(file.contains(line), "`{line}` is not in\n{file}");
    }
    other.run(&emulator, "plan --detailed-exitcode").exits(0).tells("No changes");
}

#[test]
fn workers_lowered_without_requests_are_no_reason_for_an_alarm() {
    // Trap 8.
    let emulator = Emulator::start();
    let project = applied(&emulator);
    let id = project.id("endpoint.sd");
    for (days, max) in [(3, 2), (7, 0)] {
        let age = json!({ "event": "age", "days": days });
        assert_eq!(emulator.ask("POST", &format!("/_emu/endpoints/{id}/event"), Some(age)).0, 200);
        assert_eq!(endpoints(&emulator)[0]["workers"]["max"], json!(max));
        let said = project.run(&emulator, "drift").exits(0);
        let said = said.tells("endpoint.sd").tells("was scaled down by RunPod").tells("when there are no requests");
        assert!(said.stdout.contains("raises it again"), "{}", said.stdout);
        let json = project.run(&emulator, "drift --json").exits(0).json();
        assert!(json.to_string().contains("scaled-down"), "{json}");
        assert_eq!(emulator.ask("POST", &format!("/v2/{id}/run"), Some(json!({ "input": {} }))).0, 200);
        project.run(&emulator, APPLY).exits(0).tells("1 updated");
        assert_eq!(endpoints(&emulator)[0]["workers"]["max"], json!(5));
        project.run(&emulator, "drift").exits(0);
    }
    // Accepting it is possible too.
    let age = json!({ "event": "age", "days": 7 });
    assert_eq!(emulator.ask("POST", &format!("/_emu/endpoints/{id}/event"), Some(age)).0, 200);
    project.run(&emulator, "refresh").exits(0);
    project.run(&emulator, "drift").exits(0);
}

#[test]
fn endpoints_that_left_the_state_are_discovered() {
    let emulator = Emulator::start();
    let project = applied(&emulator);
    let id = project.id("endpoint.sd");
    project.run(&emulator, "state rm endpoint.sd").exits(0);
    project.run(&emulator, "drift").exits(2).tells(&id);
    project.run(&emulator, "import --discover").exits(0).tells(&id).tells("endpoint.sd");
    assert_eq!(project.id("endpoint.sd"), id);
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
}

#[test]
fn a_rename_and_a_target_need_no_request() {
    let emulator = Emulator::start();
    // What is known only after apply is marked as such, in lists too.
    let plan = Project::new(CONFIG).run(&emulator, "plan --json").exits(0).json();
    let changes = plan["resource_changes"].as_array().expect("changes");
    let endpoint = changes.iter().find(|change| change["address"] == "endpoint.sd").expect("the endpoint");
    assert_eq!(endpoint["change"]["after_unknown"]["network_volumes"], json!(true), "{endpoint}");
    let project = applied(&emulator);
    let writes = emulator.writes().len();
    project.edit("      sd:\n", "      diffusion:\n        name: inference-sd\n");
    project.edit("providers:", "moved: [{ from: endpoint.sd, to: endpoint.diffusion }]\nproviders:");
    project.run(&emulator, APPLY).exits(0);
    project.run(&emulator, "state mv endpoint.diffusion endpoint.sd").exits(0);
    project.run(&emulator, "state show endpoint.sd").exits(0).tells("inference-sd");
    project.run(&emulator, "state mv endpoint.sd endpoint.diffusion").exits(0);
    assert_eq!(emulator.writes().len(), writes);
    project.edit("max: 5", "max: 6");
    project.run(&emulator, "apply --auto-approve --target endpoint.diffusion").exits(0).tells("1 updated");
    project.edit("max: 6 }", "max: 6 }\n        lifecycle: { preventDestroy: true }");
    project.run(&emulator, APPLY).exits(0);
    let flags = "destroy endpoint.diffusion --auto-approve --include-endpoints --allow-data-loss";
    project.run(&emulator, flags).exits(3).warns("preventDestroy");
}

#[test]
fn a_killed_apply_creates_no_second_endpoint() {
    let slow = fault(
        json!({ "operation": "createEndpoint", "nth": 1 }),
        json!({ "latency": { "seconds": 60, "side": "afterEffect" } }),
    );
    let emulator = Emulator::with_faults(json!([slow]));
    let project = Project::new(CONFIG);
    let mut apply =
        project.command(&emulator, APPLY).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs");
    until("the create", || !endpoints(&emulator).is_empty());
    apply.kill().expect("killed");
    apply.wait().expect("ended");
    Said::of(project.command(&emulator, APPLY).env("SINDRI_LIST_LAG", "1s")).exits(0);
    assert_eq!(endpoints(&emulator).len(), 1);
    assert_eq!(endpoints(&emulator)[0]["id"], json!(project.id("endpoint.sd")));
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
}

#[test]
fn an_interrupted_rollout_is_recorded() {
    let emulator = Emulator::start();
    assert_eq!(emulator.ask("PUT", "/_emu/settings", Some(json!({ "rolloutSecondsPerWorker": 3600 }))).0, 200);
    let project = Project::new(CONFIG);
    project.edit("max: 5", "min: 2, max: 5");
    project.run(&emulator, APPLY).exits(0);
    assert_eq!(emulator.ask("POST", "/_emu/clock", Some(json!({ "advance": 900 }))).0, 200);
    project.edit("worker:1.0", "worker:1.1");
    project.edit("max: 5 }", "max: 5 }\n        rollout: { wait: 30m }");
    let mut command = project.command(&emulator, APPLY);
    let apply = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    until("a look at the release", || emulator.requests().iter().any(|request| request.ends_with("/releases")));
    signal(&apply, "INT");
    let said = Said::from(apply.wait_with_output().expect("its output"));
    let said = said.exits(130);
    let text = format!("{}{}", said.stdout, said.stderr);
    assert!(text.contains("not rolled out when interrupted"), "{text}");
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
}
