//! What happens to a shelf.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Emulator, Project, Said, fault};

/// Every story by its name.
pub const ALL: &[(&str, fn())] = &[
    ("an_unknown_pod_and_another_dialect_are_refused", an_unknown_pod_and_another_dialect_are_refused),
    ("every_form_of_a_plan_shows_it_with_its_cost", every_form_of_a_plan_shows_it_with_its_cost),
    ("it_is_created_after_its_pod_and_replaced_with_it", it_is_created_after_its_pod_and_replaced_with_it),
    ("a_lost_answer_creates_no_second_one", a_lost_answer_creates_no_second_one),
    ("a_killed_apply_creates_no_second_one", a_killed_apply_creates_no_second_one),
    ("drift_is_reported_and_mended", drift_is_reported_and_mended),
    ("an_unmanaged_one_with_its_identity_is_adopted", an_unmanaged_one_with_its_identity_is_adopted),
    ("it_is_imported_one_by_one_and_with_everything", it_is_imported_one_by_one_and_with_everything),
    ("a_rename_moves_its_record", a_rename_moves_its_record),
    ("states_with_shelves_are_merged", states_with_shelves_are_merged),
];

const CONFIG: &str = r#"version: "3.0"
name: lib
deployment:
  provider: runpod
  image: example/image:1
providers:
  runpod:
    pods:
      trainer: { gpuType: NVIDIA RTX A4000, volumeSizeGb: 0 }
    shelves:
      left: { pod: trainer }
"#;

const APPLY: &str = "apply --auto-approve";

fn shelves(emulator: &Emulator) -> Vec<Value> {
    emulator.get("/v2/shelves")["shelves"].as_array().expect("a list").clone()
}

/// A project whose pod and shelf exist.
fn applied(emulator: &Emulator) -> Project {
    let project = Project::new(CONFIG);
    project.run(emulator, APPLY).exits(0).tells("2 created");
    assert_eq!(shelves(emulator).len(), 1);
    project
}

fn an_unknown_pod_and_another_dialect_are_refused() {
    let project = Project::new(CONFIG);
    project.offline("validate").exits(0);
    project.offline("graph").exits(0).tells("shelf.left");
    project.edit("pod: trainer }", "pod: other }");
    project.offline("validate").exits(1).warns("there is no such pod");
    project.edit("pod: other }", "pod: trainer, colour: red }");
    project.offline("validate").exits(1).warns("`colour` is not a key of a shelf");
    project.edit(", colour: red", "");
    project.offline("validate --api v1").exits(1).warns("REST v1 has no");
    project.offline("schema config").exits(0).tells("Shelves by name.");
    // A refresh through the other dialect asks for none.
    let emulator = Emulator::start();
    let pods = Project::new(&CONFIG[..CONFIG.find("    shelves").expect("there")]);
    pods.run(&emulator, "plan --api v1").exits(0);
    assert!(!emulator.requests().iter().any(|request| request.contains("shelves")));
}

fn every_form_of_a_plan_shows_it_with_its_cost() {
    let emulator = Emulator::start();
    let project = Project::new(CONFIG);
    project.run(&emulator, "plan").exits(0).tells("shelf.left").tells("3 boards").tells("$0.25/h");
    project.run(&emulator, "plan --markdown").exits(0).tells("shelf.left").tells("$0.25/h");
    project.run(&emulator, "plan --html").exits(0).tells("shelf.left");
    let json = project.run(&emulator, "plan --json").exits(0).json();
    let changes = json["resource_changes"].as_array().expect("changes");
    let shelf = changes.iter().find(|change| change["address"] == "shelf.left").expect("the shelf");
    assert_eq!((&shelf["type"], &shelf["change"]["actions"]), (&json!("shelf"), &json!(["create"])));
    project.run(&emulator, "plan --out saved.json").exits(0);
    project.offline("show saved.json").exits(0).tells("shelf.left");
    project.edit("providers:", "budget: { maxHourly: 0.30 }\nproviders:");
    project.run(&emulator, "plan").exits(6).tells("over the budget");
}

fn it_is_created_after_its_pod_and_replaced_with_it() {
    let emulator = Emulator::start();
    let project = applied(&emulator);
    assert_eq!(emulator.writes(), ["POST /v2/pods", "POST /v2/shelves"]);
    assert_eq!(shelves(&emulator)[0]["podId"], json!(project.id("pod.trainer")));
    project.run(&emulator, "plan --detailed-exitcode").exits(0).tells("No changes");
    project.run(&emulator, "status").exits(0).tells("shelf.left").tells("$0.25/h");
    project.edit("image:1", "image:2");
    project.run(&emulator, APPLY).exits(0).tells("2 replaced");
    let writes = emulator.writes();
    let kinds: Vec<&str> = writes[2..].iter().map(|write| &write[..write.rfind('/').expect("a path")]).collect();
    assert_eq!(kinds, ["DELETE /v2/shelves", "DELETE /v2/pods", "POST /v2", "POST /v2"], "{writes:?}");
    assert_eq!(shelves(&emulator)[0]["podId"], json!(project.id("pod.trainer")));
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
    project.run(&emulator, "destroy shelf.left --auto-approve").exits(0);
    assert!(shelves(&emulator).is_empty());
    project.run(&emulator, APPLY).exits(0).tells("1 created");
    project.run(&emulator, "destroy --auto-approve").exits(0).tells("Destroyed 1 shelf and 1 pod");
    assert!(shelves(&emulator).is_empty() && emulator.pods().is_empty());
}

fn a_lost_answer_creates_no_second_one() {
    let lost = fault(json!({ "operation": "createShelf", "nth": 1 }), json!({ "resetAfterEffect": true }));
    let emulator = Emulator::with_faults(json!([lost]));
    let project = Project::new(CONFIG);
    project.run_without_lag(&emulator, APPLY).exits(0).tells("2 created");
    assert_eq!(shelves(&emulator).len(), 1);
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
}

fn a_killed_apply_creates_no_second_one() {
    let slow = fault(
        json!({ "operation": "createShelf", "nth": 1 }),
        json!({ "latency": { "seconds": 60, "side": "afterEffect" } }),
    );
    let emulator = Emulator::with_faults(json!([slow]));
    let project = Project::new(CONFIG);
    let mut apply =
        project.command(&emulator, APPLY).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs");
    crate::support::until("the create", || !shelves(&emulator).is_empty());
    apply.kill().expect("killed");
    apply.wait().expect("ended");
    Said::of(project.command(&emulator, APPLY).env("SINDRI_LIST_LAG", "1s")).exits(0);
    assert_eq!(shelves(&emulator).len(), 1);
    assert_eq!(shelves(&emulator)[0]["id"], json!(project.id("shelf.left")));
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
}

fn drift_is_reported_and_mended() {
    let emulator = Emulator::start();
    let project = applied(&emulator);
    let id = project.id("shelf.left");
    assert_eq!(emulator.ask("DELETE", &format!("/v2/shelves/{id}"), None).0, 204);
    project.forget_when_it_created();
    project.run(&emulator, "drift").exits(2).tells("shelf.left");
    project.run(&emulator, "plan").exits(0).tells("shelf.left");
    project.run(&emulator, APPLY).exits(0).tells("1 created");
    project.run(&emulator, "drift").exits(0);
}

fn an_unmanaged_one_with_its_identity_is_adopted() {
    let emulator = Emulator::start();
    let project = applied(&emulator);
    project.run(&emulator, "state rm shelf.left").exits(0);
    project.run(&emulator, "plan").exits(0).tells("import").tells("has its name and pod");
    project.run(&emulator, "apply --adopt --auto-approve").exits(0);
    assert_eq!(shelves(&emulator).len(), 1);
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
    // A lost state is found again, the pod by its marker and the shelf by its identity.
    std::fs::remove_dir_all(project.path("state")).expect("removed");
    project.run(&emulator, "apply --adopt --auto-approve").exits(0);
    assert_eq!((emulator.pods().len(), shelves(&emulator).len()), (1, 1));
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
}

fn it_is_imported_one_by_one_and_with_everything() {
    let emulator = Emulator::start();
    let project = applied(&emulator);
    let id = project.id("shelf.left");
    project.run(&emulator, "state rm shelf.left").exits(0);
    project.run(&emulator, &format!("import shelf.left {id}")).exits(0).tells("shelf.left");
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
    // Everything in the account becomes a configuration of its own.
    let other = Project::new("");
    std::fs::remove_file(other.path("sindri.yaml")).expect("removed");
    other.run(&emulator, "import --all --include-marked --name copy").exits(0).tells("shelf.");
    assert!(other.read("sindri.yaml").contains("    shelves:\n"), "{}", other.read("sindri.yaml"));
    other.run(&emulator, "plan --detailed-exitcode").exits(0).tells("No changes");
}

fn a_rename_moves_its_record() {
    let emulator = Emulator::start();
    let project = applied(&emulator);
    project.edit("left: {", "right: {");
    project.edit("pod: trainer }", "pod: trainer, name: lib-left }");
    project.edit("providers:", "moved: [{ from: shelf.left, to: shelf.right }]\nproviders:");
    project.run(&emulator, APPLY).exits(0);
    project.run(&emulator, "state list").exits(0).tells("shelf.right");
    project.run(&emulator, "state mv shelf.right shelf.left").exits(0);
    project.run(&emulator, "state show shelf.left").exits(0).tells("lib-left");
    assert_eq!(emulator.writes().len(), 2);
}

fn states_with_shelves_are_merged() {
    let emulator = Emulator::start();
    let project = applied(&emulator);
    std::fs::copy(project.path("state/default.json"), project.path("base.json")).expect("copied");
    project.run(&emulator, "destroy shelf.left --auto-approve").exits(0);
    std::fs::copy(project.path("state/default.json"), project.path("ours.json")).expect("copied");
    std::fs::copy(project.path("base.json"), project.path("theirs.json")).expect("copied");
    project.offline("state merge base.json ours.json theirs.json").exits(0);
    assert!(!project.read("ours.json").contains("shelf.left"));
    project.run(&emulator, "state verify").exits(0);
}
