//! The fields that pods get from templates of the file.

use sindri::config::Config;
use sindri::model::{Address, Dialect, Position, Value};

use crate::{Folder, resource};

fn config(runpod: &str) -> Config {
    Folder::new(&file(runpod)).config()
}

fn file(runpod: &str) -> String {
    format!("name: lab\ndeployment: {{ image: \"deployed:1\" }}\nproviders:\n  runpod:\n{runpod}")
}

const BASE: &str = r#"    templates:
      base:
        image: example/base:1
        args: [serve, --fast]
        ports: ["80/http"]
        containerDiskGb: 40
        volumeSizeGb: 30
        volumeMountPath: /data
        cudaVersions: ["12.8"]
        startSsh: false
        env: { LEVEL: info, STAGE: dev }
"#;

fn with_pod(pod: &str) -> Config {
    config(&format!("{BASE}    pods:\n      main: {{ {pod} }}\n"))
}

fn env(config: &Config, address: &str, name: &str) -> Option<Value> {
    resource(config, address).inputs["env"].as_map().expect("a map").get(name).cloned()
}

#[test]
fn a_pod_gets_the_fields_of_its_template_and_needs_it() {
    let config = with_pod("template: base, gpuType: NVIDIA L4");
    let pod = resource(&config, "pod.main");
    for (attribute, value) in [
        ("image", "example/base:1".into()),
        ("command", Value::texts(["serve", "--fast"])),
        ("container_disk_gb", 40.into()),
        ("volume_gb", 30.into()),
        ("volume_mount_path", "/data".into()),
        ("cuda_versions", Value::texts(["12.8"])),
        ("start_ssh", false.into()),
        ("template", Value::Null),
    ] {
        assert_eq!(pod.inputs[attribute], value, "{attribute}");
    }
    let template: Address = "template.base".parse().unwrap();
    assert!(pod.needs.contains(&template));
    let ports: Vec<String> = config.resources.keys().filter(|at| at.kind == *"port").map(ToString::to_string).collect();
    assert_eq!(ports, ["port.main:80/http"]);
    assert_eq!(config.resources[&template].inputs["image"], "example/base:1".into());
}

#[test]
fn own_fields_win_over_the_template_and_the_template_over_all_defaults() {
    let defaults = "    image: default:1\n    containerDiskGb: 10\n    env: { LEVEL: trace, KEEP: \"1\" }\n";
    let pods = "    pods:\n      main: { template: base, gpuType: NVIDIA L4, containerDiskGb: 70, env: { LEVEL: debug } }\n      \
                other: { gpuType: NVIDIA L4 }\n";
    let config = config(&format!("{BASE}{defaults}{pods}"));
    let main = resource(&config, "pod.main");
    assert_eq!((&main.inputs["image"], &main.inputs["container_disk_gb"]), (&"example/base:1".into(), &70.into()));
    let variables = ["LEVEL", "STAGE", "KEEP"].map(|name| env(&config, "pod.main", name));
    assert_eq!(variables, [Some("debug".into()), Some("dev".into()), Some("1".into())]);
    let other = resource(&config, "pod.other");
    assert_eq!((&other.inputs["image"], &other.inputs["container_disk_gb"]), (&"default:1".into(), &10.into()));
    assert!(other.needs.is_empty());
}

#[test]
fn the_fields_of_a_single_pod_are_its_own() {
    let config = config(&format!("{BASE}    template: base\n    gpuType: NVIDIA L4\n    containerDiskGb: 70\n"));
    let pod = resource(&config, "pod.lab");
    assert_eq!((&pod.inputs["image"], &pod.inputs["container_disk_gb"]), (&"example/base:1".into(), &70.into()));
}

#[test]
fn a_template_beside_pods_is_the_default_and_an_id_takes_its_place() {
    let pods = "    template: base\n    pods:\n      main: { gpuType: NVIDIA L4 }\n      \
                foreign: { gpuType: NVIDIA L4, templateId: abc }\n";
    let config = config(&format!("{BASE}{pods}"));
    assert_eq!(resource(&config, "pod.main").inputs["image"], "example/base:1".into());
    let foreign = resource(&config, "pod.foreign");
    assert_eq!((&foreign.inputs["template"], foreign.needs.len()), (&"abc".into(), 0));
    assert_eq!(foreign.inputs["image"], "deployed:1".into());
}

#[test]
fn fields_that_exclude_each_other_do_not_meet() {
    let volume = "    networkVolumes: { sets: { sizeGb: 10, region: US-KS-2 } }\n";
    let pods =
        "    pods:\n      main: { template: base, gpuType: NVIDIA L4, networkVolume: sets, exposePorts: [90] }\n";
    let config = config(&format!("{volume}{BASE}{pods}"));
    let pod = resource(&config, "pod.main");
    assert_eq!((&pod.inputs["volume_gb"], &pod.inputs["volume_mount_path"]), (&0.into(), &"/data".into()));
    let ports: Vec<String> = config.resources.keys().filter(|at| at.kind == *"port").map(ToString::to_string).collect();
    assert_eq!(ports, ["port.main:22/tcp", "port.main:90/http"]);
}

#[test]
fn a_cpu_pod_takes_neither_volume_nor_cuda_versions() {
    for cpu in ["cpuOnly: true", "cpuFlavor: cpu3c", "cpuInstanceId: cpu3c-8-16"] {
        let config = with_pod(&format!("template: base, {cpu}"));
        let pod = resource(&config, "pod.main");
        assert_eq!((&pod.inputs["volume_gb"], &pod.inputs["cuda_versions"]), (&0.into(), &Value::Null), "{cpu}");
        assert_eq!(pod.inputs["image"], "example/base:1".into());
    }
}

#[test]
fn positions_of_merged_fields_are_in_the_block_of_the_template() {
    let config = with_pod("template: base, gpuType: NVIDIA L4, env: { LEVEL: debug }");
    let pod = resource(&config, "pod.main");
    let line = |path: &str| pod.positions.get(path).map(|Position { line, .. }| *line);
    assert_eq!(
        [line("image"), line("env.STAGE"), line("env.LEVEL"), line("gpu_types")],
        [Some(7), Some(15), Some(17), Some(17)]
    );
}

#[test]
fn secrets_in_a_template_stay_secret_in_the_pods() {
    let folder = Folder::new(&file(
        "    templates: { base: { image: \"a:1\", env: { API_TOKEN: \"${API_TOKEN}\" } } }\n    template: base\n    gpuType: NVIDIA L4\n",
    ));
    let config = folder.variable("API_TOKEN", "canary-1").config();
    for address in ["template.base", "pod.lab"] {
        let value = env(&config, address, "API_TOKEN").expect("a variable");
        assert!(matches!(value, Value::Secret(_)), "{address}");
    }
}

#[test]
fn templates_have_defaults_that_are_always_sent() {
    let config = config("    templates: { base: { image: \"a:1\" } }\n");
    let template = resource(&config, "template.base");
    for (attribute, value) in [
        ("name", "lab-base".into()),
        ("container_disk_gb", 50.into()),
        ("volume_gb", 0.into()),
        ("start_ssh", true.into()),
        ("start_jupyter", true.into()),
        ("serverless", false.into()),
        ("public", false.into()),
        ("category", "NVIDIA".into()),
    ] {
        assert_eq!(template.inputs[attribute], value, "{attribute}");
    }
    assert_eq!(config.resources.len(), 1, "a file may declare templates alone");
}

#[test]
fn rest_v1_has_no_templates() {
    let folder = Folder::new(&file(&format!("{BASE}    gpuType: NVIDIA L4\n"))).dialect(Dialect::V1);
    assert_eq!(folder.codes(), ["unsupported"]);
}
