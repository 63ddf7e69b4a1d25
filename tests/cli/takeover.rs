//! A manually created account becomes a configuration with a state, and its next plan is empty.

use serde_json::{Value, json};

use crate::support::{BARE, Emulator, Project};

/// Texts that YAML, a shell, a terminal or sindri itself could misread.
const HOSTILE: [&str; 22] = [
    "trainer",
    "trainer",
    "Trainer 2",
    "yes",
    "null",
    "~",
    "1e3",
    "0x1F",
    "12:30:45",
    "- item",
    "key: value # no comment",
    "a\"quote\" and \\ and 'single'",
    "$HOME ${HF_TOKEN} $$ ${X:-y}",
    "{{ RUNPOD_SECRET_x }}",
    "tab\there\nline\r\u{85}\u{2028}end",
    "\u{1b}[31mred\u{202e}\u{7f}",
    " spaces ",
    "&anchor *alias !tag",
    "%TAG ! x",
    "日本語 🚀 \u{e0001}",
    "---",
    "a-very-long-name-that-goes-on-and-on-and-on-and-on-and-on-and-on-and-on-and-on-until-no-key-can-hold-it",
];

const SECRET: &str = "canary-of-the-console";

fn made(emulator: &Emulator, path: &str, body: &Value) -> String {
    let (status, object) = emulator.ask("POST", path, Some(body.clone()));
    assert!(matches!(status, 200 | 201), "{body}: {object}");
    object["id"].as_str().expect("an id").to_owned()
}

fn with(mut body: Value, more: Value) -> Value {
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// Pods and volumes of every shape that v2 can create.
fn account_v2(emulator: &Emulator) {
    let volume = |name: &str, region: &str| {
        made(emulator, "/v2/network-volumes", &json!({ "name": name, "size": 50, "dataCenter": region }))
    };
    let (data, _) = (volume("data: \"x\"", "US-CA-2"), volume("data: \"x\"", "US-KS-2"));
    let base =
        |name: &str| json!({ "name": name, "image": "example/image:1", "cloud": "SECURE", "disk": 30, "ports": [] });
    let gpu = json!({ "gpu": { "id": "NVIDIA RTX A4000", "count": 1 } });
    for name in HOSTILE {
        made(emulator, "/v2/pods", &with(base(name), gpu.clone()));
    }
    let shapes = [
        json!({ "gpu": { "id": "NVIDIA A100-SXM4-80GB", "count": 2 }, "mounts": { "network": [{ "volumeId": data, "path": "/data" }] } }),
        json!({ "gpu": { "id": "NVIDIA L4", "count": 1 }, "mounts": { "persistent": { "size": 40, "path": "/w x" } } }),
        // A file cannot express this path, so it is never compared.
        with(gpu.clone(), json!({ "mounts": { "persistent": { "size": 40, "path": "relative" } } })),
        json!({ "gpu": { "id": "NVIDIA RTX A4000", "count": 1 }, "ports": ["8888/http", "22/tcp", "9000/tcp"] }),
        json!({ "gpu": { "id": "NVIDIA RTX A4000", "count": 1 }, "cloud": "COMMUNITY" }),
        json!({ "cpu": { "id": "cpu3c", "vcpuCount": 4 }, "disk": 20 }),
        json!({ "cpu": { "id": "cpu5g", "vcpuCount": 2 }, "disk": 5, "dataCenterIds": ["EU-RO-1"] }),
        with(gpu.clone(), json!({ "args": "python \"my file.py\" --x='$HOME' ${Y} $$" })),
        with(
            gpu.clone(),
            json!({ "args": json!({ "entrypoint": ["", "bash"], "cmd": ["-c", "a: b # c\n\t"] }).to_string() }),
        ),
        with(gpu.clone(), json!({ "env": { "HF_TOKEN": SECRET, "odd\nname \u{1b}": SECRET }, "image": "latest" })),
        with(gpu.clone(), json!({ "globalNetworking": true, "dataCenterIds": ["US-CA-2"] })),
    ];
    for (number, shape) in shapes.into_iter().enumerate() {
        made(emulator, "/v2/pods", &with(base(&format!("shape {number}")), shape));
    }
    let (stopped, locked) = (with(base("stopped"), gpu.clone()), with(base("locked"), gpu));
    let stopped = made(emulator, "/v2/pods", &stopped);
    assert_eq!(emulator.ask("POST", &format!("/v2/pods/{stopped}/action"), Some(json!({ "action": "stop" }))).0, 200);
    let locked = made(emulator, "/v2/pods", &locked);
    assert_eq!(emulator.ask("PATCH", &format!("/v2/pods/{locked}"), Some(json!({ "locked": true }))).0, 200);
}

fn account_v1(emulator: &Emulator) {
    let volume = json!({ "name": "data", "size": 50, "dataCenterId": "US-CA-2" });
    let volume = made(emulator, "/v1/networkvolumes", &volume);
    let base = |name: &str| json!({ "name": name, "imageName": "example/image:1", "gpuTypeIds": ["NVIDIA RTX A4000"], "gpuCount": 1 });
    for name in HOSTILE {
        made(emulator, "/v1/pods", &base(name));
    }
    let shapes = [
        json!({ "interruptible": true }),
        json!({ "networkVolumeId": volume, "gpuTypeIds": ["NVIDIA A100-SXM4-80GB"], "volumeMountPath": "/data" }),
        json!({ "locked": true, "volumeInGb": 0, "ports": ["22/tcp"], "containerDiskInGb": 7 }),
        json!({ "dockerStartCmd": ["python", "x y"], "dockerEntrypoint": ["/bin/sh"], "env": { "KEY": SECRET } }),
        json!({ "cloudType": "COMMUNITY" }),
    ];
    for (number, shape) in shapes.into_iter().enumerate() {
        made(emulator, "/v1/pods", &with(base(&format!("shape-{number}")), shape));
    }
    let cpu = json!({ "name": "cpu", "imageName": "example/image:1", "computeType": "CPU", "cpuFlavorIds": ["cpu3c"], "vcpuCount": 2, "containerDiskInGb": 10 });
    made(emulator, "/v1/pods", &cpu);
    // A pod that is still being placed does not show its machine.
    crate::support::until("every machine", || {
        let pods = emulator.get("/v1/pods?includeMachine=true");
        pods.as_array()
            .unwrap()
            .iter()
            .all(|pod| pod["cpuFlavorId"].is_string() || pod["machine"]["gpuTypeId"].is_string())
    });
}

fn empty() -> Project {
    let project = Project::new("");
    std::fs::remove_file(project.path("sindri.yaml")).unwrap();
    project
}

#[test]
fn a_manually_created_account_becomes_a_configuration_with_an_empty_plan() {
    for (dialect, account) in [("v2", account_v2 as fn(&Emulator)), ("v1", account_v1)] {
        let (emulator, project) = (Emulator::start(), empty());
        account(&emulator);
        let (writes, pods) = (emulator.writes(), emulator.pods());
        let run = |words: &str| project.run(&emulator, &format!("{words} --api {dialect}"));
        let said = run("import --all --name team").exits(0).tells("sindri.yaml");
        assert!(!said.stdout.contains("Not imported"), "{}", said.stdout);
        let (yaml, state) = (project.read("sindri.yaml"), project.read("state/default.json"));
        for pod in &pods {
            assert!(state.contains(pod["id"].as_str().unwrap()), "{pod}\n{yaml}");
        }
        for text in [&yaml, &state, &said.stdout, &said.stderr] {
            assert!(!text.contains(SECRET), "{text}");
        }
        for text in [&yaml, &said.stdout, &said.stderr] {
            assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{2028}']), "{text}");
        }
        assert_eq!(yaml.contains("ignoreChanges: [\"volumeMountPath\"]"), dialect == "v2", "{yaml}");
        project.offline(&format!("validate --api {dialect}")).exits(0);
        run("state verify").exits(0);
        run("wait").exits(0);
        let plan = run("plan --detailed-exitcode --full").exits(0);
        assert!(!plan.stdout.contains("drift"), "{}", plan.stdout);
        run("apply --auto-approve").exits(0).tells("No changes");
        assert_eq!(emulator.writes(), writes, "nothing was changed at RunPod");
        // The second time nothing is left to import, and nothing is written.
        let stored = project.stored();
        run("import --all").exits(0).tells("");
        assert_eq!((project.read("sindri.yaml"), project.stored()), (yaml, stored));
    }
}

#[test]
fn objects_of_another_project_are_skipped_unless_requested() {
    let emulator = Emulator::start();
    let other = Project::new(crate::support::PAIR);
    other.run(&emulator, "apply --auto-approve").exits(0);
    let project = empty();
    let said = project.run(&emulator, "import --all --name team --json").exits(0).json();
    let reasons: Vec<&Value> = said["left"].as_array().unwrap().iter().map(|left| &left["reason"]).collect();
    assert_eq!((reasons, &said["taken"], &said["file"]), (vec![&json!("marked"); 3], &json!([]), &Value::Null));
    assert!(!project.path("sindri.yaml").exists() && !project.path("state/default.json").exists());
    project.run(&emulator, "import --all --name team --include-marked").exits(0).tells("pod.story-trainer");
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
}

#[test]
fn one_object_of_another_project_is_refused_unless_requested() {
    let emulator = Emulator::start();
    let other = Project::new(crate::support::PAIR);
    other.run(&emulator, "apply --auto-approve").exits(0);
    let project = Project::new(&crate::support::PAIR.replace("name: story", "name: mine"));
    let (pod, volume) = (other.id("pod.notebook"), other.id("network_volume.data"));
    let said = project.run(&emulator, &format!("import pod.notebook {pod}")).exits(3).warns("sindri::cli::marked");
    said.warns("story/default, as `pod.notebook`").warns("--include-marked").warns("Nothing was changed");
    let said = project.run(&emulator, &format!("import network_volume.data {volume}")).exits(3);
    said.warns("story/default, as `pod.trainer`");
    assert_eq!(project.stored(), []);
    project.run(&emulator, &format!("import pod.notebook {pod} --include-marked")).exits(0);
    assert_eq!(project.id("pod.notebook"), pod);
    // The same project with a new state, as after losing the old one, imports its own objects.
    let again = Project::new(crate::support::PAIR);
    again.run(&emulator, &format!("import network_volume.data {volume}")).exits(0);
    again.run(&emulator, &format!("import pod.notebook {pod}")).exits(0);
    // The same lineage under another name does too.
    other.edit("name: story", "name: renamed");
    other.run(&emulator, "state rm pod.notebook").exits(0);
    other.run(&emulator, &format!("import pod.notebook {pod}")).exits(0);
}

#[test]
fn a_configuration_is_never_edited_and_the_next_run_records_pasted_blocks() {
    let (emulator, project) = (Emulator::start(), Project::new(&crate::support::fleet(1)));
    project.run(&emulator, "apply --auto-approve").exits(0);
    let pod = json!({
        "name": "by hand", "image": "example/image:2", "cloud": "SECURE", "disk": 30, "ports": ["80/http"],
        "gpu": { "id": "NVIDIA RTX A5000", "count": 1 },
    });
    let ids = [made(&emulator, "/v2/pods", &pod), made(&emulator, "/v2/pods", &pod)];
    let (config, stored, writes) = (project.read("sindri.yaml"), project.stored(), emulator.writes());
    let said = project.run(&emulator, "import --all").exits(3).warns("undeclared_objects").warns("run this again");
    assert_eq!((project.read("sindri.yaml"), project.stored()), (config.clone(), stored));
    let blocks = said.stdout.strip_prefix("    pods:\n").expect("the blocks alone");
    project.write(
        "sindri.yaml",
        &config.replace(
            "pods: { worker: { replicas: 1 } }\n",
            &format!("pods:\n      worker: {{ replicas: 1 }}\n{blocks}"),
        ),
    );
    project.run(&emulator, "import --all").exits(0);
    let mut recorded = [project.id("pod.by-hand"), project.id("pod.by-hand-2")];
    recorded.sort();
    let mut ids = ids.clone();
    ids.sort();
    assert_eq!(recorded, ids);
    project.run(&emulator, "wait").exits(0);
    project.run(&emulator, "plan --detailed-exitcode").exits(0);
    assert_eq!(emulator.writes(), writes);
}

#[test]
fn differing_broken_or_undeclarable_objects_are_skipped_with_the_reason() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    let pod = |name: &str, image: &str| {
        let gpu = json!({ "id": "NVIDIA RTX A4000", "count": 1 });
        json!({ "name": name, "image": image, "cloud": "SECURE", "disk": 50, "ports": ["8888/http", "22/tcp"], "gpu": gpu })
    };
    let id = made(&emulator, "/v2/pods", &pod("bare", "example/image:9"));
    let said = project.run(&emulator, "import --all").exits(0);
    said.warns("another image").warns(&format!("sindri import pod.bare {id}"));
    made(&emulator, "/v2/pods", &pod("odd", "an image with spaces"));
    let said = project.run(&emulator, "import --all --json").exits(0).json();
    assert_eq!(said["left"][1]["reason"], "undeclarable", "{said}");
    project.run(&emulator, "import --all --name other").exits(3).warns("named_already");
}

#[test]
fn a_state_without_its_configuration_is_not_overwritten() {
    let (emulator, project) = (Emulator::start(), Project::new(BARE));
    project.run(&emulator, "apply --auto-approve").exits(0);
    let stored = project.stored();
    std::fs::remove_file(project.path("sindri.yaml")).unwrap();
    project.run(&emulator, "import --all --name team").exits(3).warns("state_without_configuration");
    assert_eq!(project.stored(), stored);
    assert!(!project.path("sindri.yaml").exists());
    project.run(&emulator, "import --all -e prod").exits(3).warns("environment_without_configuration");
    let nothing = empty();
    nothing.run(&Emulator::start(), "import --all").exits(0).tells("Imported nothing");
    assert!(!nothing.path("sindri.yaml").exists());
}

/// An account with two pods on a volume, and the result of `import --all`.
fn imported() -> (Emulator, Project, String) {
    let (emulator, project) = (Emulator::start(), empty());
    let volume = json!({ "name": "data", "size": 50, "dataCenter": "US-CA-2" });
    let volume = made(&emulator, "/v2/network-volumes", &volume);
    for name in ["one", "two"] {
        pod(&emulator, name, Some(&volume));
    }
    project.run(&emulator, "import --all --name team").exits(0).tells("Imported 3 resources");
    let config = project.read("sindri.yaml");
    (emulator, project, config)
}

fn pod(emulator: &Emulator, name: &str, volume: Option<&str>) {
    let mut body = json!({
        "name": name, "image": "example/image:1", "cloud": "SECURE", "disk": 30, "ports": ["22/tcp"],
        "gpu": { "id": "NVIDIA A100-SXM4-80GB", "count": 1 },
    });
    if let Some(volume) = volume {
        body["mounts"] = json!({ "network": [{ "volumeId": volume, "path": "/data" }] });
    }
    made(emulator, "/v2/pods", &body);
}

fn drafts(project: &Project) -> usize {
    let names = std::fs::read_dir(project.path(".")).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().starts_with(".sindri-import-")).count()
}

#[test]
fn the_same_command_completes_an_import_stopped_between_its_files() {
    // Before the state is written there is at most a draft of the configuration; afterwards there is a state too.
    for (has_state, has_draft, has_config) in
        [(false, true, false), (true, true, false), (true, false, false), (true, true, true), (true, false, true)]
    {
        let (emulator, project, config) = imported();
        let draft = project.path(".sindri-import-x1.yaml");
        if has_draft {
            project.write(".sindri-import-x1.yaml", &config);
        }
        if !has_config {
            std::fs::remove_file(project.path("sindri.yaml")).unwrap();
        }
        if !has_state {
            std::fs::remove_dir_all(project.path("state")).unwrap();
        }
        let moment = format!("state {has_state}, draft {has_draft}, configuration {has_config}");
        let said = project.run(&emulator, "import --all --name team");
        assert_eq!(said.code, Some(0), "{moment}: {}", said.stderr);
        assert_eq!(project.read("sindri.yaml"), config, "{moment}");
        assert_eq!((drafts(&project), draft.exists()), (0, false), "{moment}");
        project.run(&emulator, "wait --timeout 1m").exits(0);
        project.run(&emulator, "plan --detailed-exitcode").exits(0);
    }
}

#[test]
fn records_of_an_interrupted_import_keep_their_addresses_after_changes_to_the_account() {
    let (emulator, project, config) = imported();
    std::fs::rename(project.path("sindri.yaml"), project.path(".sindri-import-x1.yaml")).unwrap();
    // Another pod with the same name, whose id may sort first.
    pod(&emulator, "one", None);
    let state = project.state();
    project.run(&emulator, "import --all").exits(0).tells("completes an import that was interrupted");
    assert_eq!((project.read("sindri.yaml"), project.state()), (config, state));
    project.run(&emulator, "import --all").exits(3).warns("undeclared_objects");
}

#[test]
fn an_interrupted_import_is_completed_even_if_its_objects_are_missing() {
    let (emulator, project, config) = imported();
    std::fs::rename(project.path("sindri.yaml"), project.path(".sindri-import-x1.yaml")).unwrap();
    for pod in emulator.pods() {
        emulator.ask("DELETE", &format!("/v2/pods/{}", pod["id"].as_str().unwrap()), None);
    }
    for volume in emulator.volumes() {
        emulator.ask("DELETE", &format!("/v2/network-volumes/{}", volume["id"].as_str().unwrap()), None);
    }
    let said = project.run_without_lag(&emulator, "import --all --name team").exits(0);
    said.tells("completes an import that was interrupted");
    assert_eq!((project.read("sindri.yaml"), drafts(&project)), (config, 0));
    project.run_without_lag(&emulator, "plan --detailed-exitcode").exits(2).tells("3 create");
}
