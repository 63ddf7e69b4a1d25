//! Secrets and registry credentials that sindri keeps at RunPod: they are created, rotated and replaced with values that
//! RunPod never returns and that sindri never stores.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Emulator, Project, Said, fault};

const CONFIG: &str = r#"version: "3.0"
name: kept
deployment: { provider: runpod, image: "example/image:1" }
secrets:
  - { name: HF_TOKEN, source: env, store: runpod, version: 1 }
providers:
  runpod:
    gpuType: NVIDIA RTX A4000
    volumeSizeGb: 0
    registries:
      ghcr: { username: "${GHCR_USER}", passwordFrom: GHCR_TOKEN, version: 1 }
      aws: { ecr: "arn:aws:ecr:eu-central-1:123456789012:repository/trainer" }
    pods:
      a: { registry: ghcr }
      b: { registry: aws }
"#;

const APPLY: &str = "apply --auto-approve";
const VALUES: [&str; 3] = ["canary-value", "canary-password", "canary-user"];
const SECRETS: &str = "/v2/account/secrets";
const REGISTRIES: &str = "/v2/registries";

/// Runs a command with both values set, and fails if it shows or stores one of them.
fn run(project: &Project, emulator: &Emulator, words: &str) -> Said {
    let mut command = project.command(emulator, words);
    command.env("HF_TOKEN", VALUES[0]).env("GHCR_TOKEN", VALUES[1]).env("GHCR_USER", VALUES[2]);
    let said = Said::of(&mut command);
    for value in VALUES {
        assert!(!said.stdout.contains(value) && !said.stderr.contains(value), "{words}: {said:?}");
        nowhere(project.folder(), value);
    }
    said
}

/// Runs a command without the values. The user name is part of the configuration.
fn run_without(project: &Project, emulator: &Emulator, words: &str) -> Said {
    Said::of(project.command(emulator, words).env("GHCR_USER", VALUES[2]))
}

fn nowhere(folder: &Path, value: &str) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            nowhere(&path, value);
        } else {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            assert!(!text.contains(value), "{} holds `{value}`", path.display());
        }
    }
}

fn start() -> (Emulator, Project) {
    let (emulator, project) = (Emulator::start(), Project::new(CONFIG));
    run(&project, &emulator, APPLY).exits(0);
    (emulator, project)
}

fn listed(emulator: &Emulator, path: &str, member: &str) -> Vec<Value> {
    emulator.get(path)[member].as_array().expect("a list").clone()
}

fn secrets(emulator: &Emulator) -> Vec<Value> {
    listed(emulator, SECRETS, "secrets")
}

fn registries(emulator: &Emulator) -> Vec<Value> {
    listed(emulator, REGISTRIES, "registries")
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn pod(emulator: &Emulator, name: &str) -> Value {
    emulator.pods().into_iter().find(|pod| pod["name"] == name).expect("a pod")
}

fn post(emulator: &Emulator, path: &str, body: Value) -> String {
    let (status, object) = emulator.ask("POST", path, Some(body));
    assert_eq!(status, 201, "{object}");
    text(&object["id"])
}

#[test]
fn pods_get_a_reference_and_the_value_is_kept_nowhere_else() {
    let (emulator, project) = (Emulator::start(), Project::new(CONFIG));
    run(&project, &emulator, "plan --out plan.bin -v").exits(0).tells("secret.HF_TOKEN").tells("about 5 minutes");
    for form in ["--json", "--markdown", "--html", "--full"] {
        run(&project, &emulator, &format!("plan {form}")).exits(0);
    }
    run(&project, &emulator, "apply plan.bin -v").exits(0);
    assert_eq!(pod(&emulator, "kept-a")["env"]["HF_TOKEN"], "{{ RUNPOD_SECRET_HF_TOKEN }}");
    assert_eq!(pod(&emulator, "kept-a")["registry"], registries(&emulator)[0]["id"]);
    assert_eq!(pod(&emulator, "kept-b")["registry"], Value::Null, "RunPod finds a delegation by the image");
    assert_eq!(secrets(&emulator).len(), 1);
    let needs = |address: &str| project.state()["resources"][address]["depends_on"].to_string();
    assert!(needs("pod.a").contains("secret.HF_TOKEN") && needs("pod.a").contains("registry.ghcr"));
    assert!(needs("pod.b").contains("ecr_delegation.aws"));
    for words in ["state show secret.HF_TOKEN", "status --json", "output --json", "graph", "drift"] {
        run(&project, &emulator, words).exits(0);
    }
    run(&project, &emulator, "destroy --auto-approve").exits(0);
    assert!(secrets(&emulator).is_empty() && registries(&emulator).is_empty());
    assert!(listed(&emulator, "/v2/registries/delegations", "delegations").is_empty());
}

#[test]
fn a_plan_without_changes_costs_one_list_per_kind_in_use() {
    let (emulator, project) = start();
    let before = emulator.requests().len();
    run(&project, &emulator, "plan --detailed-exitcode").exits(0);
    let mut sent = emulator.requests().split_off(before);
    sent.sort();
    let lists = ["account/secrets", "network-volumes", "pods", "registries", "registries/delegations"];
    assert_eq!(sent, lists.map(|path| format!("GET /v2/{path}")));
}

#[test]
fn a_value_is_needed_only_to_send_it() {
    let (emulator, project) = (Emulator::start(), Project::new(CONFIG));
    // A plan sends nothing, so it needs no value.
    run_without(&project, &emulator, "plan").exits(0).tells("Plan: 5 create");
    let said = run_without(&project, &emulator, APPLY).exits(1).warns("missing_values");
    said.warns("sindri.yaml:11: `registry.ghcr` needs its password").warns("`secret.HF_TOKEN` needs its value");
    assert_eq!(emulator.writes(), Vec::<String>::new());
    run(&project, &emulator, APPLY).exits(0);
    run_without(&project, &emulator, APPLY).exits(0);
    run_without(&project, &emulator, "plan --detailed-exitcode").exits(0);
    let before = emulator.writes().len();
    project.edit("store: runpod, version: 1", "store: runpod, version: 2");
    run_without(&project, &emulator, "plan").exits(0).tells("1 -> 2");
    run_without(&project, &emulator, APPLY).exits(1).warns("`secret.HF_TOKEN` needs its value");
    assert_eq!(emulator.writes().len(), before);
}

#[test]
fn a_new_version_writes_the_value_again_and_names_the_pods_with_the_old_one() {
    let (emulator, project) = start();
    let before = secrets(&emulator)[0].clone();
    let pods = emulator.pods();
    project.edit("store: runpod, version: 1", "store: runpod, version: 2");
    let plan = run(&project, &emulator, "plan").exits(0);
    plan.tells("~   secret.HF_TOKEN").tells("(sensitive) changes").tells("pod.a, pod.b use the old value until");
    run(&project, &emulator, "stop pod.b").exits(0);
    // A stopped pod reads the new value when it starts.
    run(&project, &emulator, "plan").exits(0).tells("pod.a uses the old value until it starts again");
    let writes = emulator.writes().len();
    run(&project, &emulator, APPLY).exits(0);
    let id = text(&before["id"]);
    assert_eq!(emulator.writes().split_off(writes), [format!("PATCH {SECRETS}/{id}")]);
    let after = secrets(&emulator)[0].clone();
    assert_ne!(after["valueLastUpdatedAt"], before["valueLastUpdatedAt"]);
    assert_eq!(after["description"], before["description"], "the marker stays");
    assert_eq!(emulator.pods().len(), pods.len());
    run(&project, &emulator, "plan --detailed-exitcode").exits(0).tells("No changes");
    run(&project, &emulator, "drift").exits(0);
}

#[test]
fn a_rotation_outside_sindri_is_drift_until_it_is_accepted_or_overwritten() {
    let (emulator, project) = start();
    let id = text(&secrets(&emulator)[0]["id"]);
    let rotate = || {
        // The time of the value has milliseconds.
        std::thread::sleep(std::time::Duration::from_millis(5));
        assert_eq!(emulator.ask("PATCH", &format!("{SECRETS}/{id}"), Some(json!({ "value": "other" }))).0, 200);
    };
    rotate();
    run(&project, &emulator, "drift").exits(2).tells("Drift: 1 rotated").tells("raise its `version`");
    assert_eq!(run(&project, &emulator, "drift --json").json()["findings"][0]["class"], "rotated");
    // No one knows whether the new value is right, so a plan does not overwrite it.
    run(&project, &emulator, "plan --detailed-exitcode").exits(0).tells("a value set outside sindri");
    run(&project, &emulator, "refresh").exits(0);
    run(&project, &emulator, "drift").exits(0);
    rotate();
    project.edit("store: runpod, version: 1", "store: runpod, version: 2");
    run(&project, &emulator, APPLY).exits(0);
    run(&project, &emulator, "drift").exits(0);
}

#[test]
fn a_taken_name_is_refused_before_anything_is_created_and_can_be_imported() {
    let (emulator, project) = (Emulator::start(), Project::new(CONFIG));
    let id = post(&emulator, SECRETS, json!({ "name": "HF_TOKEN", "value": "other" }));
    let before = emulator.writes().len();
    let said = run(&project, &emulator, APPLY).exits(3);
    said.warns("already has a secret with the name `HF_TOKEN`").warns(&format!("`sindri import secret.HF_TOKEN {id}`"));
    assert_eq!(emulator.writes().len(), before);
    run_without(&project, &emulator, &format!("import secret.HF_TOKEN {id}")).exits(0);
    run(&project, &emulator, APPLY).exits(0);
    run(&project, &emulator, "plan --detailed-exitcode").exits(0);
    assert_eq!(secrets(&emulator)[0]["description"], Value::Null, "an imported secret is not marked");
    assert_eq!(emulator.writes().iter().filter(|write| write.starts_with("PATCH")).count(), 0);
}

#[test]
fn a_name_taken_during_an_apply_is_explained() {
    let rule = fault(json!({ "operation": "createSecret" }), json!({ "duplicateName": true }));
    let (emulator, project) = (Emulator::with_faults(json!([rule])), Project::new(CONFIG));
    let said = run(&project, &emulator, APPLY);
    assert_ne!(said.code, Some(0));
    said.tells("409").tells("sindri import").tells("storeName");
}

#[test]
fn a_forced_replacement_destroys_first_because_names_are_unique() {
    let (emulator, project) = start();
    let old = text(&secrets(&emulator)[0]["id"]);
    let words = "apply --auto-approve --replace secret.HF_TOKEN";
    run(&project, &emulator, words).exits(0);
    assert_eq!(secrets(&emulator).len(), 1);
    assert_ne!(text(&secrets(&emulator)[0]["id"]), old);
    // Another name can exist beside the old one.
    project.edit("store: runpod,", "store: runpod, storeName: HUB_TOKEN,");
    run(&project, &emulator, "plan").exits(0).tells("+/- secret.HF_TOKEN");
    run(&project, &emulator, "apply --auto-approve --allow-data-loss").exits(0);
    assert_eq!(pod(&emulator, "kept-a")["env"]["HF_TOKEN"], "{{ RUNPOD_SECRET_HUB_TOKEN }}");
    assert_eq!(secrets(&emulator).len(), 1);
    run(&project, &emulator, "plan --detailed-exitcode").exits(0);
}

#[test]
fn pods_keep_the_old_credential_until_they_are_recreated() {
    let (emulator, project) = (Emulator::start(), Project::new(CONFIG));
    let config = project.read("sindri.yaml");
    let template = "    templates:\n      base: { image: \"example/image:1\", registry: ghcr }\n    pods:\n";
    project.write("sindri.yaml", &config.replace("    pods:\n", template));
    run(&project, &emulator, APPLY).exits(0);
    let old = text(&registries(&emulator)[0]["id"]);
    let a = text(&pod(&emulator, "kept-a")["id"]);

    project.edit("GHCR_TOKEN, version: 1", "GHCR_TOKEN, version: 2");
    let plan = run(&project, &emulator, "plan").exits(0);
    plan.tells("+/- registry.ghcr").tells(&format!("{old} stays until pod.a is recreated")).tells("~   template.base");
    run(&project, &emulator, APPLY).exits(0);
    let ids: Vec<String> = registries(&emulator).iter().map(|registry| text(&registry["id"])).collect();
    let new = ids.iter().find(|id| **id != old).expect("the new one").clone();
    assert_eq!(ids.len(), 2);
    assert_eq!(text(&pod(&emulator, "kept-a")["id"]), a, "it was not recreated");
    assert_eq!(pod(&emulator, "kept-a")["registry"], Value::from(old.as_str()));
    assert_eq!(listed(&emulator, "/v2/templates", "templates")[0]["registry"], Value::from(new.as_str()));
    let plan = run(&project, &emulator, "plan --detailed-exitcode").exits(0).tells("No changes");
    plan.tells(&format!("the previous registry credential `{old}` stays until `pod.a` is recreated"));

    // A second rotation leaves both.
    project.edit("GHCR_TOKEN, version: 2", "GHCR_TOKEN, version: 3");
    run(&project, &emulator, APPLY).exits(0);
    let names: Vec<String> = registries(&emulator).iter().map(|registry| text(&registry["name"])).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.contains(&"kept-ghcr".to_owned()) && names.contains(&"kept-ghcr-v3".to_owned()), "{names:?}");
    run(&project, &emulator, "plan --detailed-exitcode").exits(0);

    // Recreated for another reason, the pod takes the new one, and the old one goes after it.
    project.edit("a: { registry: ghcr }", "a: { registry: ghcr, gpuType: NVIDIA L4 }");
    run(&project, &emulator, "plan").exits(0).tells("registry_auth").tells("registry.ghcr:deposed-");
    run(&project, &emulator, "apply --auto-approve --allow-data-loss").exits(0);
    let left = registries(&emulator);
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["name"], "kept-ghcr-v3");
    assert_eq!(pod(&emulator, "kept-a")["registry"], left[0]["id"]);
    run(&project, &emulator, "plan --detailed-exitcode").exits(0).tells("No changes");
}

#[test]
fn an_old_credential_outlives_its_pods_of_other_projects_too() {
    let (emulator, project) = start();
    let old = text(&registries(&emulator)[0]["id"]);
    let foreign = json!({
        "name": "foreign", "image": "example/image:1", "cloud": "SECURE", "disk": 50, "registry": old,
        "gpu": { "id": "NVIDIA RTX A4000", "count": 1 },
    });
    let foreign = post(&emulator, "/v2/pods", foreign);
    project.edit("GHCR_TOKEN, version: 1", "GHCR_TOKEN, version: 2");
    run(&project, &emulator, "plan").exits(0).tells(&format!("{old} stays until pod.a, pod {foreign} are recreated"));
    run(&project, &emulator, APPLY).exits(0);
    run(&project, &emulator, "plan --detailed-exitcode").exits(0);
    // `destroy` tries, and says who prevents it.
    let said = run(&project, &emulator, "destroy --auto-approve --allow-data-loss");
    assert_ne!(said.code, Some(0));
    said.tells(&foreign).tells("delete its users first");
    // The new one goes after the old one, so that the record of the old one is never alone.
    assert_eq!(registries(&emulator).len(), 2);
    assert_eq!(emulator.ask("DELETE", &format!("/v2/pods/{foreign}"), None).0, 204);
    run(&project, &emulator, "destroy --auto-approve").exits(0);
    assert!(registries(&emulator).is_empty());
}

#[test]
fn a_lost_answer_creates_no_second_secret_and_no_second_credential() {
    let lost = |operation| fault(json!({ "operation": operation, "times": 1 }), json!({ "resetAfterEffect": true }));
    for operation in ["createSecret", "createRegistry", "createDelegation"] {
        let emulator = Emulator::with_faults(json!([lost(operation)]));
        let project = Project::new(CONFIG);
        run(&project, &emulator, APPLY).exits(0);
        assert_eq!((secrets(&emulator).len(), registries(&emulator).len()), (1, 1), "{operation}");
        assert_eq!(listed(&emulator, "/v2/registries/delegations", "delegations").len(), 1, "{operation}");
        run(&project, &emulator, "plan --detailed-exitcode").exits(0);
    }
}

#[test]
fn an_update_without_an_answer_is_sent_again() {
    let (emulator, project) = start();
    let rule = fault(json!({ "operation": "updateSecret", "times": 9 }), json!({ "status": { "code": 500 } }));
    emulator.faults(json!([rule]));
    project.edit("store: runpod, version: 1", "store: runpod, version: 2");
    assert_ne!(run(&project, &emulator, APPLY).code, Some(0));
    emulator.faults(json!([]));
    run(&project, &emulator, "plan").exits(0).tells("~   secret.HF_TOKEN");
    run(&project, &emulator, APPLY).exits(0);
    run(&project, &emulator, "plan --detailed-exitcode").exits(0);
}

#[test]
fn rest_v1_refuses_them_and_leaves_the_rest_alone() {
    let (emulator, project) = start();
    let before = emulator.writes().len();
    let said = run(&project, &emulator, "plan --api v1").exits(1);
    said.warns("REST v1 cannot manage secrets").warns("registry credentials").warns("ECR delegations");
    run(&project, &emulator, "apply --auto-approve --api v1").exits(1);
    assert_eq!(emulator.writes().len(), before);
    // Daily commands need only the state, and REST v1 does not know whether the others exist.
    run(&project, &emulator, "status --api v1").exits(0).tells("pod.a").tells("secret.HF_TOKEN");
    run(&project, &emulator, "drift --api v1").exits(0);
    let state = project.state();
    run(&project, &emulator, "refresh --api v1").exits(0);
    assert_eq!(project.state(), state);
    assert_eq!(emulator.pods().len(), 2);
}

#[test]
fn everything_is_imported_without_values_and_the_next_plan_is_empty() {
    let (emulator, project) = start();
    // By hand, in the names that the console allows.
    post(&emulator, SECRETS, json!({ "name": "team/wandb.key", "value": "x", "description": "by hand" }));
    post(&emulator, REGISTRIES, json!({ "name": "aws", "username": "u", "password": "p" }));
    fs::remove_dir_all(project.path("state")).unwrap();
    let found = run_without(&project, &emulator, "import --discover").exits(0);
    found.tells("secret.HF_TOKEN").tells("by its marker").tells("ecr_delegation.aws").tells("by the pod that uses it");
    run_without(&project, &emulator, "plan --detailed-exitcode").exits(0);

    fs::remove_dir_all(project.path("state")).unwrap();
    fs::remove_file(project.path("sindri.yaml")).unwrap();
    run_without(&project, &emulator, "import --all --include-marked --name all").exits(0);
    let written = project.read("sindri.yaml");
    for line in [
        "  - name: team_wandb_key\n    storeName: \"team/wandb.key\"\n",
        "    source: env\n    store: runpod\n    version: 1\n    inject: false\n",
        "        passwordFrom: REGISTRY_PASSWORD\n",
        "        registry: kept-ghcr\n",
        "        ecr: \"arn:aws:ecr:eu-central-1:123456789012:repository/trainer\"\n",
    ] {
        assert!(written.contains(line), "`{line}` is not in\n{written}");
    }
    run_without(&project, &emulator, "plan --detailed-exitcode").exits(0).tells("No changes");
}

#[test]
fn addresses_of_secrets_have_capitals() {
    let (emulator, project) = start();
    project.edit("name: HF_TOKEN", "name: HUB_TOKEN, storeName: HF_TOKEN");
    run_without(&project, &emulator, "state mv secret.HF_TOKEN secret.HUB_TOKEN").exits(0);
    // The pods get another variable.
    run_without(&project, &emulator, "plan --target secret.HUB_TOKEN").exits(2).tells("No changes in this part");
    let config = project.read("sindri.yaml");
    project.write("sindri.yaml", &(config + "moved: [{ from: secret.HUB_TOKEN, to: secret.HUB2 }]\n"));
    project.edit("name: HUB_TOKEN", "name: HUB2");
    run_without(&project, &emulator, "plan --target secret.HUB2").exits(2).tells("No changes in this part");
    project.edit("store: runpod, version: 1", "store: runpod, version: 1, lifecycle: { preventDestroy: true }");
    run(&project, &emulator, "apply --auto-approve --allow-data-loss").exits(0);
    run_without(&project, &emulator, "destroy --auto-approve --allow-data-loss").exits(3).warns("secret.HUB2");
    assert_eq!(secrets(&emulator).len(), 1);
}
