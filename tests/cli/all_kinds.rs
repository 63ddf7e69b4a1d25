//! A project that declares every kind, from its first apply to an import of the account into another project.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Emulator, Project, Said};

/// The values must be in no output and no file.
const PASSWORD: &str = "canary-password-1";
const TOKEN: &str = "canary-token-1";

const CONFIG: &str = r#"version: "3.0"
name: inference
deployment:
  provider: runpod
secrets:
  - { name: HF_TOKEN, source: env, store: runpod, version: 1 }
providers:
  runpod:
    registries:
      ghcr: { username: acme-bot, passwordFrom: GHCR_TOKEN, version: 1 }
    templates:
      worker: { image: "ghcr.io/acme/worker:1", registry: ghcr, env: { LOG_LEVEL: info } }
    networkVolumes:
      models: { sizeGb: 50, region: US-KS-2 }
    pods:
      notebook: { template: worker, gpuType: NVIDIA RTX A4000, volumeSizeGb: 0 }
    endpoints:
      sd:
        type: queue
        template: worker
        gpuType: RTX 4090
        workers: { min: 1, max: 3 }
        networkVolumes: [models]
        rollout: { wait: 10m }
"#;

const ALL: [&str; 6] =
    ["endpoint.sd", "network_volume.models", "pod.notebook", "registry.ghcr", "secret.HF_TOKEN", "template.worker"];

fn with_values(command: &mut Command) -> Said {
    let said = Said::of(command.env("GHCR_TOKEN", PASSWORD).env("HF_TOKEN", TOKEN));
    for text in [&said.stdout, &said.stderr] {
        assert!(!text.contains(PASSWORD) && !text.contains(TOKEN), "{text}");
    }
    said
}

fn run(project: &Project, emulator: &Emulator, words: &str) -> Said {
    with_values(&mut project.command(emulator, words))
}

/// The actions of a plan by address, without ports and unchanged resources.
fn actions(project: &Project, emulator: &Emulator) -> BTreeMap<String, String> {
    let plan = run(project, emulator, "plan --json").exits(0).json();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let changes = plan["resource_changes"].as_array().expect("changes").iter();
    let all = changes.filter(|change| change["type"] != "port");
    all.map(|change| (text(&change["address"]), text(&change["sindri"]["action"])))
        .filter(|(_, action)| action != "no-op")
        .collect()
}

fn applied() -> (Emulator, Project) {
    let (emulator, project) = (Emulator::start(), Project::new(CONFIG));
    run(&project, &emulator, "apply --auto-approve").exits(0).tells("6 created");
    (emulator, project)
}

#[test]
fn one_apply_creates_objects_of_all_kinds_and_an_empty_plan_lists_each_kind_once() {
    let (emulator, project) = applied();
    let ids: Vec<String> = ALL.iter().map(|address| project.id(address)).collect();
    let endpoint = emulator.get(&format!("/v2/serverless/{}", ids[0]));
    assert_eq!((&endpoint["image"], &endpoint["registry"]), (&json!("ghcr.io/acme/worker:1"), &json!(ids[3])));
    assert_eq!(endpoint["env"]["HF_TOKEN"], "{{ RUNPOD_SECRET_HF_TOKEN }}");
    for (file, bytes) in project.stored() {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(PASSWORD) && !text.contains(TOKEN), "{file}: {text}");
    }

    let before = emulator.requests().len();
    run(&project, &emulator, "plan --detailed-exitcode").exits(0).tells("No changes.");
    let mut lists = emulator.requests().split_off(before);
    // Reading the journal is no request to RunPod.
    lists.retain(|request| request.contains(" /v2/"));
    lists.sort();
    assert_eq!(
        lists,
        [
            "GET /v2/account/secrets",
            "GET /v2/network-volumes",
            "GET /v2/pods",
            "GET /v2/registries",
            "GET /v2/serverless",
            "GET /v2/templates"
        ],
        "one list for each kind in use"
    );
}

#[test]
fn a_changed_template_rolls_out_to_its_endpoint() {
    let (emulator, project) = applied();
    let id = project.id("endpoint.sd");
    project.edit("worker:1", "worker:2");
    let planned = [("endpoint.sd", "update"), ("pod.notebook", "replace"), ("template.worker", "update")];
    assert_eq!(actions(&project, &emulator), planned.map(|(a, b)| (a.to_owned(), b.to_owned())).into());
    run(&project, &emulator, "plan").exits(0).tells("because `template.worker` is updated").tells("roll");
    run(&project, &emulator, "apply --auto-approve").exits(0);
    assert_eq!(project.id("endpoint.sd"), id, "an endpoint keeps its address");
    assert_eq!(emulator.get(&format!("/v2/serverless/{id}"))["image"], "ghcr.io/acme/worker:2");
    let releases = emulator.get(&format!("/v2/serverless/{id}/releases"));
    assert_eq!(releases["rollout"]["inProgress"], false, "{releases:#}");
    run(&project, &emulator, "plan --detailed-exitcode").exits(0);
}

#[test]
fn a_secret_rotated_by_someone_else_is_drift() {
    let (emulator, project) = applied();
    run(&project, &emulator, "drift").exits(0);
    let path = format!("/v2/account/secrets/{}", project.id("secret.HF_TOKEN"));
    let (status, _) = emulator.ask("PATCH", &path, Some(json!({ "value": "someone-elses" })));
    assert_eq!(status, 200);
    run(&project, &emulator, "drift").exits(2).tells("secret.HF_TOKEN").tells("rotated");
    // It is information: the file cannot say which value is right.
    assert_eq!(actions(&project, &emulator), BTreeMap::new());
    run(&project, &emulator, "refresh").exits(0);
    run(&project, &emulator, "drift").exits(0);
}

#[test]
fn a_higher_version_writes_the_secret_again_and_names_the_pods_with_the_old_value() {
    let (emulator, project) = applied();
    project.edit("store: runpod, version: 1", "store: runpod, version: 2");
    assert_eq!(actions(&project, &emulator), [("secret.HF_TOKEN".to_owned(), "update".to_owned())].into());
    run(&project, &emulator, "plan").exits(0).tells("pod.notebook").tells("version  1 -> 2");
    let before = emulator.writes().len();
    run(&project, &emulator, "apply --auto-approve").exits(0);
    let id = project.id("secret.HF_TOKEN");
    assert_eq!(emulator.writes().split_off(before), [format!("PATCH /v2/account/secrets/{id}")]);
    run(&project, &emulator, "plan --detailed-exitcode").exits(0);
    run(&project, &emulator, "drift").exits(0);
}

#[test]
fn an_account_with_all_kinds_is_imported_and_its_plan_is_empty() {
    let (emulator, project) = applied();
    let arn = "arn:aws:ecr:eu-central-1:123456789012:repository/trainer";
    let (status, _) =
        emulator.ask("POST", "/v2/registries/delegations", Some(json!({ "resource": arn, "name": "trainer" })));
    assert_eq!(status, 201);
    let writes = emulator.writes();
    let other = Project::new("");
    std::fs::remove_file(other.path("sindri.yaml")).expect("removed");
    let said = with_values(&mut other.command(&emulator, "import --all --name team --include-marked")).exits(0);
    assert!(!said.stdout.contains("Not imported"), "{}", said.stdout);
    let imported = other.state()["resources"].clone();
    for address in ALL {
        let id = project.id(address);
        assert!(imported.to_string().contains(&id), "{address} ({id}) is not in {imported:#}");
    }
    assert!(imported.to_string().contains(arn), "{imported:#}");
    let yaml = other.read("sindri.yaml");
    assert!(!yaml.contains(PASSWORD) && !yaml.contains(TOKEN), "{yaml}");
    Said::of(&mut other.command(&emulator, "plan --detailed-exitcode --full")).exits(0).tells("No changes.");
    assert_eq!(emulator.writes(), writes, "nothing was changed at RunPod");
}
