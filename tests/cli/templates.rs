//! Templates of the file: merged into pods, kept at RunPod, and recognised by their names.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Emulator, Project, Said, fault, until};

const CONFIG: &str = r#"version: "3.0"
name: lab
deployment: { provider: runpod }
providers:
  runpod:
    templates:
      base:
        image: example/base:1
        containerDiskGb: 40
        env: { LOG_LEVEL: info, STAGE: dev }
    pods:
      trainer: { template: base, replicas: 2, gpuType: NVIDIA L4, volumeSizeGb: 0 }
      worker: { template: base, gpuType: NVIDIA L4, volumeSizeGb: 0, env: { LOG_LEVEL: debug } }
"#;

const APPLY: &str = "apply --auto-approve";
const EMPTY: &str = "plan --detailed-exitcode";

fn templates(emulator: &Emulator) -> Vec<Value> {
    emulator.get("/v2/templates")["templates"].as_array().expect("a list").clone()
}

/// A project whose template and pods exist.
fn applied(emulator: &Emulator) -> Project {
    let project = Project::new(CONFIG);
    project.run(emulator, APPLY).exits(0).tells("4 created");
    assert_eq!(templates(emulator).len(), 1);
    project
}

#[test]
fn pods_are_created_with_the_fields_of_their_template_and_without_its_id() {
    let emulator = Emulator::start();
    let project = applied(&emulator);
    let template = &templates(&emulator)[0];
    assert_eq!(
        (&template["name"], &template["image"], &template["disk"]),
        (&json!("lab-base"), &json!("example/base:1"), &json!(40))
    );
    assert_eq!(template["env"], json!({ "LOG_LEVEL": "info", "STAGE": "dev" }));
    assert_eq!((&template["startSsh"], &template["startJupyter"]), (&json!(true), &json!(true)));
    for pod in emulator.pods() {
        let level = if pod["name"] == "lab-worker" { "debug" } else { "info" };
        assert_eq!(
            (&pod["image"], &pod["disk"], &pod["template"]),
            (&json!("example/base:1"), &json!(40), &Value::Null)
        );
        assert_eq!((&pod["env"]["LOG_LEVEL"], &pod["env"]["STAGE"]), (&json!(level), &json!("dev")));
    }
    assert!(emulator.writes()[0].ends_with("/v2/templates"), "{:?}", emulator.writes());
    project.run(&emulator, EMPTY).exits(0).tells("No changes");
    project.run(&emulator, "graph --format dot").exits(0).tells("\"template.base\" -> \"pod.worker\"");
    project.run(&emulator, "status").exits(0).tells("template.base").tells("image example/base:1");
}

#[test]
fn false_switches_are_sent_because_runpod_defaults_to_true() {
    let emulator = Emulator::start();
    let project = Project::new(CONFIG);
    project.edit("containerDiskGb: 40", "startSsh: false\n        startJupyter: false");
    project.run(&emulator, APPLY).exits(0);
    let template = &templates(&emulator)[0];
    assert_eq!((&template["startSsh"], &template["startJupyter"]), (&json!(false), &json!(false)));
    project.edit("startSsh: false", "startSsh: true");
    project.run(&emulator, "apply --auto-approve --target template.base").exits(2).tells("1 updated");
    assert_eq!(templates(&emulator)[0]["startSsh"], json!(true));
}

#[test]
fn an_edited_template_changes_everything_made_from_it_with_the_cause() {
    let emulator = Emulator::start();
    let project = applied(&emulator);
    project.edit("base:1", "base:2");
    project.edit("LOG_LEVEL: info", "LOG_LEVEL: warn");
    let because = "because `template.base` is updated, because its";
    let plan = project.run(&emulator, "plan").exits(0);
    let plan = plan.tells(&format!("{because} `image` and `env.LOG_LEVEL` change (sindri.yaml:8, sindri.yaml:10)"));
    // The worker has a level of its own.
    let plan = plan.tells(&format!("{because} `image` changes (sindri.yaml:8)"));
    let plan =
        plan.tells("\"example/base:1\" -> \"example/base:2\"  # a new image recreates the container (sindri.yaml:8)");
    plan.tells("Plan: 1 update, 3 replace");
    project.run(&emulator, "plan --markdown").exits(0).tells(because);
    let json = project.run(&emulator, "plan --json").exits(0).json();
    let changes = json["resource_changes"].as_array().expect("changes");
    let worker = changes.iter().find(|change| change["address"] == "pod.worker").expect("the worker");
    let cause = json!({ "cause": "dependency", "address": "template.base", "action": "update" });
    assert!(worker["sindri"]["reasons"].as_array().expect("reasons").contains(&cause), "{worker}");

    project.run(&emulator, APPLY).exits(0).tells("3 replaced").tells("1 updated");
    assert!(emulator.pods().iter().all(|pod| pod["image"] == "example/base:2"));
    assert_eq!(templates(&emulator)[0]["image"], "example/base:2");
    project.run(&emulator, EMPTY).exits(0);
}

#[test]
fn a_template_is_no_cause_of_changes_that_do_not_come_from_it() {
    let emulator = Emulator::start();
    let project = applied(&emulator);
    project.edit("containerDiskGb: 40", "containerDiskGb: 40\n        category: CPU");
    project.edit("LOG_LEVEL: debug", "LOG_LEVEL: trace");
    let plan = project.run(&emulator, "plan").exits(0).tells("Plan: 1 update, 1 replace, 2 unchanged");
    assert!(!plan.stdout.contains("because `template.base`"), "{}", plan.stdout);
    // Their names change together, but each has its own.
    let emulator = Emulator::start();
    let project = applied(&emulator);
    project.edit("name: lab", "name: lob");
    let plan = project.run(&emulator, "plan").exits(0).tells("Plan: 4 update");
    assert!(!plan.stdout.contains("because `template.base`"), "{}", plan.stdout);
}

#[test]
fn a_change_at_runpod_is_drift_of_the_template_alone() {
    let emulator = Emulator::start();
    let project = applied(&emulator);
    let id = project.id("template.base");
    let edit = json!({ "image": "other/image:9", "env": { "LOG_LEVEL": "info" } });
    assert_eq!(emulator.ask("PATCH", &format!("/v2/templates/{id}"), Some(edit)).0, 200);
    project.run(&emulator, "drift").exits(2).tells("template.base").tells("env.STAGE");
    let plan = project.run(&emulator, "plan").exits(0).tells("Plan: 1 update, 3 unchanged");
    assert!(!plan.stdout.contains("because `template.base`"), "{}", plan.stdout);
    project.run(&emulator, APPLY).exits(0).tells("1 updated");
    project.run(&emulator, "drift").exits(0);
    assert_eq!(templates(&emulator)[0]["env"], json!({ "LOG_LEVEL": "info", "STAGE": "dev" }));
}

#[test]
fn a_lost_answer_or_a_kill_creates_no_second_template() {
    let lost = fault(json!({ "operation": "createTemplate", "nth": 1 }), json!({ "resetAfterEffect": true }));
    let emulator = Emulator::with_faults(json!([lost]));
    let project = Project::new(CONFIG);
    project.run_without_lag(&emulator, APPLY).exits(0).tells("4 created");
    assert_eq!(templates(&emulator).len(), 1);
    project.run(&emulator, EMPTY).exits(0);

    let slow = fault(
        json!({ "operation": "createTemplate", "nth": 1 }),
        json!({ "latency": { "seconds": 60, "side": "afterEffect" } }),
    );
    let emulator = Emulator::with_faults(json!([slow]));
    let project = Project::new(CONFIG);
    let mut apply =
        project.command(&emulator, APPLY).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs");
    until("the create", || !templates(&emulator).is_empty());
    apply.kill().expect("killed");
    apply.wait().expect("ended");
    Said::of(project.command(&emulator, APPLY).env("SINDRI_LIST_LAG", "1s")).exits(0);
    assert_eq!((templates(&emulator).len(), emulator.pods().len()), (1, 3));
    assert_eq!(templates(&emulator)[0]["id"], json!(project.id("template.base")));
    project.run(&emulator, EMPTY).exits(0);
}

#[test]
fn a_lost_answer_to_an_update_is_resolved_by_reading_the_template() {
    let emulator = Emulator::start();
    let project = applied(&emulator);
    let lost = fault(json!({ "operation": "updateTemplate", "nth": 1 }), json!({ "resetAfterEffect": true }));
    emulator.faults(json!([lost]));
    project.edit("base:1", "base:2");
    project.run_without_lag(&emulator, APPLY).exits(0).tells("3 replaced");
    project.run(&emulator, EMPTY).exits(0);
}

#[test]
fn an_unmanaged_template_with_the_name_is_adopted_only_with_consent() {
    let emulator = Emulator::start();
    let body = json!({ "name": "lab-base", "image": "someone/else:1" });
    assert_eq!(emulator.ask("POST", "/v2/templates", Some(body)).0, 201);
    let project = Project::new(CONFIG);
    project.run(&emulator, "plan").exits(0).tells("at RunPod has its name, and is unmanaged");
    project.run(&emulator, APPLY).exits(3).warns("adoption_needs_consent");
    assert_eq!(templates(&emulator)[0]["image"], "someone/else:1");
    project.run(&emulator, "apply --auto-approve --adopt").exits(0);
    assert_eq!((templates(&emulator).len(), &templates(&emulator)[0]["image"]), (1, &json!("example/base:1")));
    project.run(&emulator, EMPTY).exits(0);
}

#[test]
fn templates_of_others_are_not_reported_unless_requested() {
    let emulator = Emulator::start();
    let project = applied(&emulator);
    assert_eq!(emulator.ask("POST", "/v2/templates", Some(json!({ "name": "foreign", "image": "a:1" }))).0, 201);
    for command in ["plan", "status", "drift", "import --discover"] {
        let said = project.run(&emulator, command).exits(0);
        assert!(!said.stdout.contains("foreign"), "{command}: {}", said.stdout);
    }
    project.run(&emulator, "drift --unmanaged").exits(0).tells("foreign");
}

#[test]
fn a_plan_lists_templates_only_if_the_file_or_the_state_has_one() {
    let emulator = Emulator::start();
    let lists = |project: &Project| {
        let before = emulator.requests().len();
        project.run(&emulator, EMPTY);
        let lists = emulator.requests().split_off(before);
        (lists.iter().filter(|request| request.contains("/v2/templates")).count(), lists.len())
    };
    let pod = "    pods:\n      solo: { image: \"a:1\", gpuType: NVIDIA L4 }\n";
    let plain = Project::new(&format!("{}{pod}", &CONFIG[..CONFIG.find("    templates").expect("there")]));
    let (none, without) = lists(&plain);
    let project = applied(&emulator);
    let (one, with) = lists(&project);
    assert_eq!((none, one, with), (0, 1, without + 1));
}

#[test]
fn a_template_is_imported_alone_and_with_everything() {
    let emulator = Emulator::start();
    let project = Project::new(&CONFIG[..CONFIG.find("    pods").expect("there")]);
    project.run(&emulator, APPLY).exits(0).tells("1 created");
    let id = project.id("template.base");
    project.run(&emulator, "state rm template.base").exits(0);
    project.run(&emulator, &format!("import template.base {id}")).exits(0).tells("template.base");
    project.run(&emulator, EMPTY).exits(0);

    let body = json!({
        "name": "Other Base", "image": "a/b:1", "args": "python train.py", "disk": 30, "ports": ["8888/http"],
        "env": { "TOKEN": "s3cret" }, "mounts": { "persistent": { "size": 20, "path": "/data" } }, "serverless": false,
        "category": "AMD", "startJupyter": false, "allowedCudaVersions": ["12.8"],
    });
    assert_eq!(emulator.ask("POST", "/v2/templates", Some(body)).0, 201);
    let other = Project::new("");
    std::fs::remove_file(other.path("sindri.yaml")).expect("removed");
    other.run(&emulator, "import --all --include-marked --name copy").exits(0).tells("template.");
    let file = other.read("sindri.yaml");
    for line in ["      other-base:", "image: \"a/b:1\"", "volumeSizeGb: 20", "startJupyter: false", "category: AMD"] {
        assert!(file.contains(line), "{line} in {file}");
    }
    assert!(file.contains("# It now has: \"TOKEN\"") && !file.contains("s3cret"), "{file}");
    other.run(&emulator, EMPTY).exits(0).tells("No changes");
    assert!(!other.read("state/default.json").contains("s3cret"));
}

#[test]
fn a_template_moves_to_another_name_without_a_request() {
    let emulator = Emulator::start();
    let project = applied(&emulator);
    let writes = emulator.writes().len();
    project.edit("      base:", "      core:\n        name: lab-base");
    project.edit("trainer: { template: base", "trainer: { template: core");
    project.edit("worker: { template: base", "worker: { template: core");
    project.edit("providers:", "moved: [{ from: template.base, to: template.core }]\nproviders:");
    project.run(&emulator, APPLY).exits(0);
    project.run(&emulator, "state mv template.core template.other").exits(0);
    project.run(&emulator, "state mv template.other template.core").exits(0);
    project.run(&emulator, EMPTY).exits(0);
    assert_eq!(emulator.writes().len(), writes);
}

#[test]
fn a_pod_that_names_a_new_template_without_a_change_is_recorded_with_it() {
    let emulator = Emulator::start();
    let project = Project::new(CONFIG);
    let own =
        "gpuType: NVIDIA L4, volumeSizeGb: 0, image: \"a:1\", containerDiskGb: 20, env: { STAGE: x, LOG_LEVEL: debug }";
    let worker = "template: base, gpuType: NVIDIA L4, volumeSizeGb: 0, env: { LOG_LEVEL: debug }";
    project.edit(worker, own);
    project.edit("template: base, replicas: 2", "image: \"b:1\", replicas: 0");
    let whole = project.read("sindri.yaml");
    let (from, to) = (whole.find("    templates").expect("there"), whole.find("    pods").expect("there"));
    project.write("sindri.yaml", &(whole[..from].to_owned() + &whole[to..]));
    project.run(&emulator, APPLY).exits(0).tells("1 created");
    project.write("sindri.yaml", &whole.replace(own, &format!("template: base, {own}")));
    project.run(&emulator, APPLY).exits(0).tells("Plan: 1 create, 1 unchanged");
    assert_eq!(project.state()["resources"]["pod.worker"]["depends_on"], json!(["template.base"]));
    let stored = project.stored();
    project.run(&emulator, APPLY).exits(0);
    assert_eq!(project.stored(), stored);
}

#[test]
fn everything_made_from_a_template_is_destroyed_before_it() {
    let emulator = Emulator::start();
    let project = applied(&emulator);
    project.edit("containerDiskGb: 40", "containerDiskGb: 40\n        lifecycle: { preventDestroy: true }");
    project.run(&emulator, APPLY).exits(0);
    project.run(&emulator, "destroy --auto-approve").exits(3).warns("template.base");
    assert_eq!((templates(&emulator).len(), emulator.pods().len()), (1, 3));
    project.edit("\n        lifecycle: { preventDestroy: true }", "");
    project.run(&emulator, APPLY).exits(0);
    project.run(&emulator, "destroy --auto-approve").exits(0).tells("Destroyed 1 template and 3 pods");
    let last = emulator.writes().pop().expect("a delete");
    assert!(last.starts_with("DELETE /v2/templates/"), "{last}");
    assert!(templates(&emulator).is_empty() && emulator.pods().is_empty());
}

#[test]
fn a_refused_delete_names_the_user_and_a_taken_name_is_explained() {
    let emulator = Emulator::start();
    let settings = json!({ "v2PodsKeepTemplate": true, "templateNameHoldSeconds": 600 });
    assert_eq!(emulator.ask("PUT", "/_emu/settings", Some(settings)).0, 200);
    let project = applied(&emulator);
    let id = project.id("template.base");
    let user = json!({ "name": "mine", "templateId": id, "gpu": { "id": "NVIDIA L4", "count": 1 } });
    let (status, user) = emulator.ask("POST", "/v2/pods", Some(user));
    assert_eq!(status, 201, "{user}");
    let user = user["id"].as_str().expect("an id");

    let refused = project.run(&emulator, "destroy --auto-approve").exits(8);
    let refused = refused.tells(&format!(
        "note: template.base: template {id} cannot be deleted while {user} (\"mine\", in no project) uses it"
    ));
    let said = refused.stdout.clone() + &refused.stderr;
    assert!(said.contains(&format!("it is used by {user}")), "{said}");
    assert_eq!(emulator.ask("DELETE", &format!("/v2/pods/{user}"), None).0, 204);
    project.run(&emulator, "destroy --auto-approve").exits(0).tells("Destroyed 1 template");

    let refused = project.run(&emulator, APPLY).exits(1);
    let said = refused.stdout.clone() + &refused.stderr;
    assert!(said.contains("a template with this name already exists"), "{said}");
    assert!(said.contains("RunPod keeps the name of a deleted one for a while"), "{said}");
    project.edit("containerDiskGb: 40", "containerDiskGb: 40\n        name: lab-base-2");
    project.run(&emulator, APPLY).exits(0).tells("4 created");
}

#[test]
fn the_volume_of_a_template_can_change_but_not_go() {
    let emulator = Emulator::start();
    let project = Project::new(CONFIG);
    project.edit("containerDiskGb: 40", "containerDiskGb: 40\n        volumeSizeGb: 20");
    project.run(&emulator, APPLY).exits(0);
    project.edit("volumeSizeGb: 20", "volumeSizeGb: 30\n        volumeMountPath: /data");
    project.run(&emulator, APPLY).exits(0).tells("1 updated");
    assert_eq!(templates(&emulator)[0]["mounts"], json!({ "persistent": { "size": 30, "path": "/data" } }));
    project.run(&emulator, EMPTY).exits(0);
    project.edit("volumeSizeGb: 30", "volumeSizeGb: 0");
    project.run(&emulator, "plan").exits(1).tells("RunPod cannot remove the volume of a template");
}
