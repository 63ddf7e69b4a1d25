//! Configurations that cannot be intended: each has its diagnostic, and nothing is requested or written.

use serde_json::{Value, json};

use crate::support::{BARE, Emulator, Project, fleet};

/// A configuration, the end of its diagnostic's code, its position, and phrases in its message.
struct Case {
    config: String,
    code: &'static str,
    place: &'static str,
    says: &'static [&'static str],
}

/// [`BARE`] with lines added below `runpod`; they begin at line 10.
fn with(lines: &str) -> String {
    format!("{BARE}{lines}\n")
}

fn cases() -> Vec<Case> {
    let case = |config: String, code, place, says| Case { config, code, place, says };
    let ports: Vec<String> = (8000..8011).map(|port| format!("{port}/http")).collect();
    let variables: String = (0..51).map(|number| format!("      V{number}: x\n")).collect();
    let volume = "    networkVolumes: { data: { sizeGb: 50, region: US-CA-2 } }\n    networkVolume: data";
    vec![
        case(with("    gpuTyp: L4"), "unknown_key", "10:5", &["`gpuTyp`", "did you mean `gpuType`?"]),
        case(with("    gpuCount: many"), "wrong_type", "10:15", &["`gpuCount` must be a whole number"]),
        case(BARE.replace("A4000", "A400O"), "unknown_gpu", "8:14", &["`NVIDIA RTX A400O`", "did you mean"]),
        case(BARE.replace("NVIDIA RTX A4000", "ADA_25"), "unknown_gpu", "8:14", &["`ADA_25`", "`ADA_24`?"]),
        case(with("    region: US-CA-3"), "unknown_region", "10:13", &["`US-CA-3`", "did you mean `US-CA-2`?"]),
        case(with("    ports: [53/udp]"), "bad_port", "10:13", &["`53/udp`", "RunPod does not forward UDP"]),
        case(with("    ports: [80/http, 80/http]"), "duplicate_port", "10:22", &["port 80 is listed twice"]),
        case(with(&format!("    ports: {ports:?}")), "too_many_ports", "10:5", &["at most 10 HTTP ports"]),
        case(with(&format!("    env:\n{variables}")), "too_many_variables", "", &["51", "RunPod accepts 50"]),
        case(with("    gpuCount: 17"), "out_of_range", "10:15", &["`gpuCount` must be from 1 to 16"]),
        case(
            with(&format!("    cloudType: COMMUNITY\n{volume}")),
            "volume_on_community",
            "",
            &["only in the SECURE cloud"],
        ),
        case(with(&format!("    region: US-TX-3\n{volume}")), "region_conflict", "10:13", &["`data` is in `US-CA-2`"]),
        case(with("    cpuOnly: true"), "cpu_with_gpu", "8:5", &["`gpuType` is only for pods with GPUs"]),
        case(BARE.replace("volumeSizeGb: 0", "volumeSizeGb: 5"), "volume_size", "9:19", &["at least 10 GB"]),
        case(
            format!(
                "{BARE}secrets:\n  - {{ name: A, source: env, required: true }}\n  - {{ name: B, source: env, required: true }}\n"
            ),
            "missing_secrets",
            "11:13",
            &["`A`, `B`", ".env.local"],
        ),
    ]
}

#[test]
fn each_refusal_names_the_position_and_the_accepted_values_without_a_request() {
    let emulator = Emulator::start();
    for Case { config, code, place, says } in cases() {
        let project = Project::new(&config);
        for command in ["validate", "plan", "apply --auto-approve"] {
            let mut said = project.run(&emulator, command).exits(1).warns(&format!("sindri::config::{code}"));
            said = said.warns(&format!("sindri.yaml:{place}"));
            says.iter().fold(said, |said, phrase| said.warns(phrase));
        }
        assert_eq!(project.stored(), [], "{code}");
        assert!(!project.path("state").exists(), "{code}: not even a lock");
    }
    assert_eq!(emulator.requests(), Vec::<String>::new());
}

#[test]
fn all_problems_of_a_file_are_reported_together_and_as_one_object_for_tools() {
    let project = Project::new(&with("    gpuTyp: L4\n    gpuCount: 17\n    region: US-CA-3"));
    let said = project.offline("validate --json").exits(1);
    assert_eq!(said.stdout, "");
    let error: Value = serde_json::from_str(&said.stderr).expect("one object");
    assert_eq!((&error["code"], &error["exit_code"]), (&"sindri::config".into(), &1.into()));
    let codes: Vec<&str> =
        error["related"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["unknown_key", "out_of_range", "unknown_region"].map(|code| format!("sindri::config::{code}")));
    assert_eq!(error["related"][2]["labels"][0]["line"], 12);
}

#[test]
fn shrinking_a_volume_is_refused_with_its_reason_and_nothing_is_lost() {
    let emulator = Emulator::start();
    let project =
        Project::new(&with("    networkVolumes: { data: { sizeGb: 100, region: US-CA-2 } }\n    networkVolume: data"));
    project.run(&emulator, "apply --auto-approve").exits(0);
    let (writes, stored) = (emulator.writes(), project.stored());
    project.edit("sizeGb: 100", "sizeGb: 50");
    let all = "apply --auto-approve --allow-data-loss --include-volumes";
    let targeted = "apply --auto-approve --target pod.bare";
    for command in ["plan", "apply --auto-approve", all, targeted] {
        let said = project.run(&emulator, command).exits(1).warns("impossible_change").warns("100");
        said.warns("nothing was changed").tells("size_gb  100 -> 50").tells("refused, see below");
    }
    project.run(&emulator, "plan --out plan.json").exits(1);
    project.run(&emulator, "apply plan.json").exits(1).warns("impossible_change");
    assert_eq!((emulator.writes(), project.stored()), (writes, stored));
    project.edit("sizeGb: 50", "sizeGb: 150");
    project.run(&emulator, "apply --auto-approve").exits(0).tells("1 updated");
    assert_eq!(emulator.volumes()[0]["size"], 150);
}

#[test]
fn exceeding_the_budget_is_refused_before_anything_is_created() {
    let emulator = Emulator::start();
    for (budget, says) in [("maxHourly: 0.50", "over the budget of $0.50/h"), ("maxPods: 2", "3 pods")] {
        let project = Project::new(&format!("{}budget: {{ {budget} }}\n", fleet(3)));
        for command in ["plan", "apply --auto-approve --allow-data-loss"] {
            project.run(&emulator, command).exits(6).warns("budget_exceeded").warns(says).warns("nothing was changed");
        }
    }
    let project = Project::new(&format!("{BARE}budget: {{ maxPods: 0 }}\n"));
    project.run(&emulator, "plan").exits(6).warns("results in 1 pod, over the budget of 0");
    assert_eq!(emulator.writes(), Vec::<String>::new());
}

#[test]
fn wrong_usage_has_its_own_exit_code_and_names_the_nearest() {
    let project = Project::new(BARE);
    project.offline("aply").exits(64).warns("'aply'").warns("apply");
    project.offline("apply --auto-aprove").exits(64).warns("--auto-approve");
    project.offline("apply --parallelism 0").exits(64).warns("1..=100");
    project.offline("stop --all trainer").exits(64).warns("cannot be used with");
    project.offline("plan --api v3").exits(64).warns("v1 and v2");
    project.offline("apply --lock-timeout soon").exits(64).warns("30s, 5m or 1h");
    project.offline("").exits(64).warns("Usage: sindri");
    let said = project.offline("aply --json").exits(64);
    let error: Value = serde_json::from_str(&said.stderr).expect("one object");
    assert_eq!((&error["code"], &error["exit_code"]), (&"sindri::cli::usage".into(), &64.into()));
    assert!(error["message"].as_str().unwrap().contains("'aply'"), "{error}");
}

#[test]
fn without_a_configuration_the_searched_folders_are_named() {
    let project = Project::new(BARE);
    std::fs::remove_file(project.path("sindri.yaml")).unwrap();
    project.offline("plan").exits(1).warns("sindri.yaml");
    project.offline("plan -f elsewhere.yaml").exits(1).warns("elsewhere.yaml");
}

#[test]
fn a_volume_mounted_by_an_unmanaged_pod_is_kept_and_the_help_names_the_pod() {
    let (emulator, project) = (Emulator::start(), Project::new(crate::support::PAIR));
    project.run(&emulator, "apply --auto-approve").exits(0);
    let volume = project.id("network_volume.data");
    let pod = json!({
        "name": "by hand", "image": "example/image:2", "cloud": "SECURE", "disk": 30, "ports": [],
        "gpu": { "id": "NVIDIA A100-SXM4-80GB", "count": 1 },
        "mounts": { "network": [{ "volumeId": volume, "path": "/data" }] },
    });
    let (status, pod) = emulator.ask("POST", "/v2/pods", Some(pod));
    assert_eq!(status, 201, "{pod}");
    let id = pod["id"].as_str().unwrap();
    let said = project.run(&emulator, "destroy --auto-approve --allow-data-loss --include-volumes").exits(8);
    let said = said.tells("network volume is in use").tells(&format!("{id} (\"by hand\", in no project)"));
    assert!(!said.stdout.contains("GPU type") && !said.stdout.contains("story/default"), "{}", said.stdout);
    assert_eq!((emulator.pod_names(), project.id("network_volume.data")), (vec!["by hand".to_owned()], volume));
}

#[test]
fn a_part_of_a_resource_is_not_destroyed_alone() {
    let (emulator, project) = (Emulator::start(), Project::new(crate::support::PAIR));
    project.run(&emulator, "apply --auto-approve").exits(0);
    let (state, writes) = (project.read("state/default.json"), emulator.writes());
    let said = project.run(&emulator, "destroy port.trainer:22/tcp --auto-approve").exits(1);
    said.warns("`port.trainer:22/tcp` is part of `pod.").warns("sindri apply");
    let said = project.run(&emulator, "destroy port.elsewhere:1/tcp --auto-approve").exits(1);
    said.warns("`port.elsewhere:1/tcp` is not recorded");
    assert_eq!((project.read("state/default.json"), emulator.writes()), (state, writes));
}
