//! The meaning of configurations: the user's document, fleets, overlays, variables and secrets.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use sindri::config::{Config, LoadOptions, ProblemCode, Problems, load};
use sindri::kind;
use sindri::model::{Address, Dialect, Money, Power, Resource, Updates, Value};

mod config {
    mod templates;
}

/// A folder with files and an environment.
struct Folder {
    folder: tempfile::TempDir,
    variables: BTreeMap<String, String>,
    dialect: Option<Dialect>,
    offline: bool,
}

impl Folder {
    fn new(yaml: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The search for a file ends at the root of a repository.
        fs::create_dir(folder.path().join(".git")).unwrap();
        let this = Self { folder, variables: BTreeMap::new(), dialect: None, offline: false };
        this.file("sindri.yaml", yaml)
    }

    /// A complete configuration around a pod's fields below `runpod`.
    fn pod(fields: &str) -> Self {
        let fields = fields.replace('\n', "\n    ");
        Self::new(&format!("name: demo\ndeployment:\n  image: ubuntu:24.04\nproviders:\n  runpod:\n    {fields}\n"))
    }

    fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.folder.path().join(name), text).unwrap();
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = Some(dialect);
        self
    }

    fn offline(mut self) -> Self {
        self.offline = true;
        self
    }

    fn load_as(&self, environment: Option<&str>, below: &str) -> Result<Config, Problems> {
        load(&LoadOptions {
            environment: environment.map(str::to_owned),
            dialect: self.dialect,
            variables: &|name| self.variables.get(name).cloned(),
            offline_secrets: self.offline,
            ..LoadOptions::alone(self.folder.path().join(below))
        })
    }

    fn load(&self) -> Result<Config, Problems> {
        self.load_as(None, "")
    }

    fn config(&self) -> Config {
        self.load().unwrap_or_else(|problems| panic!("{:?}", miette::Report::new(problems)))
    }

    /// The codes of all errors.
    fn codes(&self) -> Vec<String> {
        self.load().err().iter().flat_map(Problems::iter).map(|problem| problem.code.to_string()).collect()
    }
}

fn resource<'a>(config: &'a Config, address: &str) -> &'a Resource {
    let address: Address = address.parse().unwrap();
    config.resources.get(&address).unwrap_or_else(|| panic!("{address} among {:?}", config.resources.keys()))
}

fn input<'a>(config: &'a Config, address: &str, name: &str) -> &'a Value {
    &resource(config, address).inputs[name]
}

fn addresses(config: &Config) -> Vec<String> {
    config.resources.keys().map(ToString::to_string).collect()
}

fn warnings(config: &Config) -> Vec<String> {
    config.warnings.iter().filter_map(|report| report.code().map(|code| code.to_string())).collect()
}

// ---- the user's document

/// Every example of the user's document, with the problems that prevent it on v2, if there are any.
const EXAMPLES: [(&str, &[&str]); 21] = [
    ("advanced-configuration", &[]),
    ("basic-gpu-configuration", &[]),
    ("budget-research", &["unsupported"]),
    ("cpu-only-configuration", &[]),
    ("cpu-only-data-processing", &["volume_on_cpu"]),
    ("gpu-not-available", &[]),
    ("gpu-not-available-2", &[]),
    ("gpu-not-available-3", &["unsupported"]),
    ("gpu-pool-ids", &[]),
    ("inference-server-with-port-exposure", &[]),
    ("large-model-training", &["two_volumes"]),
    ("ml-development", &[]),
    ("multi-gpu-pods", &[]),
    ("network-volume-fully-persistent-storage", &[]),
    ("port-exposure", &[]),
    ("quick-start", &[]),
    ("secrets-management", &[]),
    ("spot-pricing-configuration", &["unsupported"]),
    ("spot-pricing-cost-optimization", &["unsupported"]),
    ("using-network-volumes", &[]),
    ("volume-issues", &[]),
];

fn example(name: &str) -> Folder {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/seed/{name}.yaml"));
    Folder::new(&fs::read_to_string(path).unwrap()).variable("HF_TOKEN", "hf_value")
}

#[test]
fn every_example_of_the_document_loads_on_v1() {
    for (name, _) in EXAMPLES {
        let config = example(name).dialect(Dialect::V1).config();
        assert!(config.resources.keys().any(|address| address.kind == "pod"), "{name}");
    }
}

#[test]
fn on_v2_an_example_loads_or_names_what_v2_cannot_do() {
    for (name, expected) in EXAMPLES {
        assert_eq!(example(name).codes(), expected, "{name}");
    }
}

#[test]
fn no_example_is_forgotten() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/seed");
    assert_eq!(fs::read_dir(folder).unwrap().count(), EXAMPLES.len());
}

#[test]
fn the_quick_start_has_the_documented_meaning() {
    let config = example("quick-start").config();
    assert_eq!(addresses(&config), ["pod.my-sindri-gpu", "port.my-sindri-gpu:22/tcp", "port.my-sindri-gpu:8888/http"]);
    let pod = resource(&config, "pod.my-sindri-gpu");
    let expected: [(&str, Value); 14] = [
        ("name", "my-sindri-gpu".into()),
        ("image", "ghcr.io/pacphi/sindri:3.0.0".into()),
        ("cloud", "SECURE".into()),
        ("gpu_types", Value::texts(["NVIDIA GeForce RTX 4090"])),
        ("gpu_count", Value::Int(1)),
        ("vcpu_count", Value::Null),
        ("min_ram_gb_per_gpu", Value::Int(16)),
        ("min_vcpu_per_gpu", Value::Int(4)),
        ("regions", Value::List(vec![].into())),
        ("container_disk_gb", Value::Int(50)),
        ("volume_gb", Value::Int(20)),
        ("volume_mount_path", "/workspace".into()),
        ("network_volume", Value::Null),
        ("spot", Value::Bool(false)),
    ];
    for (name, value) in expected {
        assert_eq!(pod.inputs[name], value, "{name}");
    }
    let env = pod.inputs["env"].as_map().unwrap();
    assert_eq!(env["INSTALL_PROFILE"], Value::text("fullstack"));
    assert_eq!(env["INIT_WORKSPACE"], Value::text("true"));
    assert_eq!(pod.power, Some(Power::Running));
    assert_eq!(pod.positions["gpu_types"].to_string(), "sindri.yaml:18");
    assert_eq!(pod.positions["name"].to_string(), "sindri.yaml:2");
    assert_eq!(pod.position.as_ref().unwrap().line, 17);
    let port = resource(&config, "port.my-sindri-gpu:22/tcp");
    assert_eq!(port.parent.as_ref().unwrap().to_string(), "pod.my-sindri-gpu");
    assert_eq!((&port.inputs["port"], &port.inputs["protocol"]), (&Value::Int(22), &Value::text("tcp")));
}

#[test]
fn inputs_have_every_attribute_of_the_kind_except_folded_ones() {
    let config = Folder::pod("gpuType: NVIDIA L4\nnetworkVolumes: { d: { sizeGb: 10, region: US-CA-2 } }").config();
    for resource in config.resources.values() {
        let kind = kind::find(&resource.address.kind).unwrap();
        let expected: Vec<&str> =
            kind.attributes.iter().map(|attribute| attribute.name).filter(|name| *name != "ports").collect();
        let mut expected = expected;
        expected.sort_unstable();
        assert_eq!(resource.inputs.keys().collect::<Vec<_>>(), expected, "{}", resource.address);
    }
}

#[test]
fn memory_and_cpus_are_floors_per_gpu_rounded_up() {
    let yaml = "name: a\ndeployment:\n  image: x:1\n  resources: { memory: 33GB, cpus: 9 }\nproviders:\n  runpod: { gpuType: A100 SXM, gpuCount: 2 }\n";
    let config = Folder::new(yaml).config();
    assert_eq!(input(&config, "pod.a", "min_ram_gb_per_gpu"), &Value::Int(17));
    assert_eq!(input(&config, "pod.a", "min_vcpu_per_gpu"), &Value::Int(5));
}

#[test]
fn a_tier_means_a_pool_and_a_named_gpu_takes_precedence() {
    let yaml = |runpod: &str| {
        format!(
            "name: a\ndeployment:\n  image: x:1\n  resources: {{ gpu: {{ enabled: true, tier: gpu-medium, count: 2 }} }}\nproviders:\n  runpod: {runpod}\n"
        )
    };
    let config = Folder::new(&yaml("{}")).config();
    assert_eq!(input(&config, "pod.a", "gpu_types"), &Value::texts(["NVIDIA A40", "NVIDIA RTX A6000"]));
    assert_eq!(input(&config, "pod.a", "gpu_count"), &Value::Int(2));
    let config = Folder::new(&yaml("{ gpuType: NVIDIA L4 }")).config();
    assert_eq!(input(&config, "pod.a", "gpu_types"), &Value::texts(["NVIDIA L4"]));
}

#[test]
fn a_pool_excludes_unavailable_members() {
    // The A40 is not offered in the COMMUNITY cloud.
    let config = Folder::pod("gpuType: AMPERE_48\ncloudType: COMMUNITY").config();
    assert_eq!(input(&config, "pod.demo", "gpu_types"), &Value::texts(["NVIDIA RTX A6000"]));
}

#[test]
fn a_cpu_pod_gets_its_flavor_and_size_from_the_request() {
    for (fields, flavor, vcpus, disk_gb) in [
        ("cpuOnly: true", "cpu3c", 4, 40),
        ("cpuOnly: true\ncpus: 5", "cpu3c", 8, 50),
        ("cpuOnly: true\nvcpuCount: 2\nmemory: 8GB", "cpu3g", 2, 20),
        ("cpuOnly: true\nmemory: 32GB", "cpu3m", 4, 40),
        ("cpuInstanceId: cpu5c-4-8", "cpu5c", 4, 50),
        ("cpuFlavor: cpu5g\nvcpuCount: 2\ncontainerDiskGb: 25", "cpu5g", 2, 25),
    ] {
        let config = Folder::pod(fields).config();
        let pod = resource(&config, "pod.demo");
        assert_eq!(pod.inputs["cpu_flavors"], Value::texts([flavor]), "{fields}");
        assert_eq!(pod.inputs["vcpu_count"], Value::Int(vcpus), "{fields}");
        assert_eq!(pod.inputs["container_disk_gb"], Value::Int(disk_gb), "{fields}");
        assert_eq!(pod.inputs["volume_gb"], Value::Int(0), "{fields}");
        assert_eq!((&pod.inputs["gpu_types"], &pod.inputs["gpu_count"]), (&Value::Null, &Value::Null), "{fields}");
    }
}

#[test]
fn an_external_volume_is_mounted_by_id_instead_of_the_pod_volume() {
    let config = Folder::pod("gpuType: NVIDIA L4\nnetworkVolumeId: vol-abc123\nregion: us-ca-2").config();
    let pod = resource(&config, "pod.demo");
    assert_eq!(pod.inputs["network_volume"], Value::text("vol-abc123"));
    assert_eq!(pod.inputs["volume_gb"], Value::Int(0));
    assert_eq!(pod.inputs["regions"], Value::texts(["US-CA-2"]));
}

#[test]
fn on_v1_a_cpu_pod_keeps_its_declared_pod_volume() {
    let config = Folder::pod("cpuOnly: true\nvolumeSizeGb: 100").dialect(Dialect::V1).config();
    assert_eq!(input(&config, "pod.demo", "volume_gb"), &Value::Int(100));
}

#[test]
fn a_pod_that_mounts_a_network_volume_drops_the_default_pod_volume_of_its_fleet() {
    let fields = "gpuType: NVIDIA L4\nvolumeSizeGb: 50\nnetworkVolumes: { d: { sizeGb: 10, region: US-CA-2 } }\npods:\n  a: { networkVolume: d }\n  b:";
    let config = Folder::pod(fields).config();
    assert_eq!(input(&config, "pod.a", "volume_gb"), &Value::Int(0));
    assert_eq!(input(&config, "pod.b", "volume_gb"), &Value::Int(50));
}

// ---- sindri 3.x

#[test]
fn a_file_of_sindri_3_loads_and_warns_about_fields_without_effect() {
    let yaml = r#"
version: "3.0"
name: old
deployment:
  provider: runpod
  distro: ubuntu
  image_config: { registry: ghcr.io/pacphi/sindri, tag_override: 3.1.0, verify_signature: true }
  volumes: { workspace: { size: 100GB, path: /data } }
extensions: { active: [nodejs, python], additional: [docker], autoInstall: false }
providers:
  runpod:
    gpu_type_id: NVIDIA RTX A4000
    container_disk_gb: 30
    cloud_type: community
    expose_ports: [8080]
    spot_bid: 0
  fly: { region: sjc }
"#;
    let config = Folder::new(yaml).config();
    let pod = resource(&config, "pod.old");
    assert_eq!(pod.inputs["image"], Value::text("ghcr.io/pacphi/sindri:3.1.0"));
    assert_eq!(pod.inputs["cloud"], Value::text("COMMUNITY"));
    assert_eq!((&pod.inputs["volume_gb"], &pod.inputs["container_disk_gb"]), (&Value::Int(100), &Value::Int(30)));
    assert_eq!(pod.inputs["volume_mount_path"], Value::text("/data"));
    let env = pod.inputs["env"].as_map().unwrap();
    let texts: Vec<(&str, &str)> = env.iter().map(|(name, value)| (name.as_str(), value.as_text().unwrap())).collect();
    assert_eq!(
        texts,
        [
            ("ADDITIONAL_EXTENSIONS", "docker"),
            ("CUSTOM_EXTENSIONS", "nodejs,python"),
            ("INIT_WORKSPACE", "true"),
            ("SKIP_AUTO_INSTALL", "true"),
        ]
    );
    assert_eq!(addresses(&config), ["pod.old", "port.old:22/tcp", "port.old:8080/http"]);
    assert_eq!(warnings(&config), ["sindri::config::no_effect"; 3]);
}

// ---- fleets

const FLEET: &str = r#"
name: team
deployment: { image: "ghcr.io/acme/train:1.0" }
providers:
  runpod:
    cloudType: SECURE
    gpuType: NVIDIA L4
    env: { LOG_LEVEL: info, SHARED: "1" }
    networkVolumes:
      datasets: { sizeGb: 500, region: US-KS-2, tier: HIGH_PERFORMANCE }
      scratch: { name: my-scratch, sizeGb: 20, region: us-ca-2 }
    pods:
      trainer:
        replicas: 2
        gpuType: [ "NVIDIA H100 80GB HBM3", ADA_80_PRO ]
        region: [ US-KS-2, US-CA-2 ]
        networkVolume: datasets
        env: { LOG_LEVEL: debug }
        args: "python train.py --name 'a b'"
        entrypoint: [ /bin/sh, -c ]
        lifecycle: { updates: in-place, createBeforeDestroy: true, preventDestroy: true, ignoreChanges: [env.FOO, containerDiskGb] }
        timeouts: { create: 1h30m, delete: 90s }
      worker:
        cpuOnly: true
        power: stopped
        ports: []
      plain:
moved: [ { from: pod.train, to: "pod.trainer[0]" } ]
budget: { maxHourly: 25.00, maxPods: 20 }
"#;

#[test]
fn a_fleet_becomes_pods_with_defaults_replicas_and_volumes() {
    let config = Folder::new(FLEET).config();
    let of_kind = |kind: &str| -> Vec<String> {
        config.resources.keys().filter(|address| address.kind == kind).map(ToString::to_string).collect()
    };
    assert_eq!(of_kind("network_volume"), ["network_volume.datasets", "network_volume.scratch"]);
    assert_eq!(of_kind("pod"), ["pod.plain", "pod.trainer[0]", "pod.trainer[1]", "pod.worker"]);
    assert_eq!(
        of_kind("port"),
        [
            "port.plain:22/tcp",
            "port.plain:8888/http",
            "port.trainer[0]:22/tcp",
            "port.trainer[0]:8888/http",
            "port.trainer[1]:22/tcp",
            "port.trainer[1]:8888/http",
        ]
    );
    let trainer = resource(&config, "pod.trainer[1]");
    assert_eq!(trainer.inputs["name"], Value::text("team-trainer-1"));
    assert_eq!(
        trainer.inputs["gpu_types"],
        Value::texts(["NVIDIA H100 80GB HBM3", "NVIDIA H100 NVL", "NVIDIA H100 PCIe"])
    );
    assert_eq!(trainer.inputs["network_volume"], Value::reference("network_volume.datasets".parse().unwrap()));
    assert_eq!(trainer.inputs["volume_gb"], Value::Int(0));
    assert_eq!(trainer.inputs["regions"], Value::texts(["US-KS-2"]), "the volume decides");
    assert_eq!(trainer.inputs["command"], Value::texts(["python", "train.py", "--name", "a b"]));
    assert_eq!(trainer.inputs["entrypoint"], Value::texts(["/bin/sh", "-c"]));
    let env = trainer.inputs["env"].as_map().unwrap();
    assert_eq!((&env["LOG_LEVEL"], &env["SHARED"]), (&Value::text("debug"), &Value::text("1")));
    assert_eq!(trainer.positions["env.LOG_LEVEL"].line, 18);
    assert_eq!(trainer.positions["env.SHARED"].line, 8);
    assert_eq!(trainer.lifecycle.updates, Updates::InPlace);
    assert!(trainer.lifecycle.create_before_destroy && trainer.lifecycle.prevent_destroy);
    assert_eq!(trainer.lifecycle.ignore_changes.iter().collect::<Vec<_>>(), ["container_disk_gb", "env.FOO"]);
    assert_eq!(trainer.timeouts.create, Duration::from_secs(5400));
    assert_eq!(trainer.timeouts.delete, Duration::from_secs(90));

    let worker = resource(&config, "pod.worker");
    assert_eq!(worker.inputs["gpu_types"], Value::Null, "`cpuOnly` takes the default GPU away");
    assert_eq!(worker.power, Some(Power::Stopped));
    assert_eq!(input(&config, "pod.plain", "gpu_types"), &Value::texts(["NVIDIA L4"]));

    assert_eq!(input(&config, "network_volume.datasets", "name"), &Value::text("team-datasets"));
    assert_eq!(input(&config, "network_volume.scratch", "name"), &Value::text("my-scratch"));
    assert_eq!(input(&config, "network_volume.scratch", "region"), &Value::text("US-CA-2"));
    assert_eq!(input(&config, "network_volume.scratch", "tier"), &Value::text("STANDARD"));
    assert_eq!(config.budget.max_hourly, Some(Money::from_dollars(25.0)));
    assert_eq!(config.budget.max_pods, Some(20));
    assert_eq!(config.moved[0].from.to_string(), "pod.train");
    assert_eq!(config.moved[0].position.as_ref().unwrap().line, 28);
}

#[test]
fn anchors_and_merge_keys_work_as_in_yaml() {
    let yaml = "name: a\nx-base: &base { gpuType: NVIDIA L4, gpuCount: 2 }\ndeployment: { image: \"x:1\" }\nproviders:\n  runpod:\n    pods:\n      one: *base\n      two: { <<: *base, gpuCount: 4 }\n";
    let config = Folder::new(yaml).config();
    assert_eq!(input(&config, "pod.one", "gpu_count"), &Value::Int(2));
    assert_eq!(input(&config, "pod.two", "gpu_count"), &Value::Int(4));
}

#[test]
fn a_file_may_declare_only_volumes() {
    let config =
        Folder::new("name: a\nproviders:\n  runpod:\n    networkVolumes: { d: { sizeGb: 10, region: US-CA-2 } }\n")
            .config();
    assert_eq!(addresses(&config), ["network_volume.d"]);
}

#[test]
fn regions_by_country_become_lists_of_data_centers() {
    let config = Folder::pod("gpuType: NVIDIA L4\nregion: [ro, EUR-IS]").config();
    assert_eq!(
        input(&config, "pod.demo", "regions"),
        &Value::texts(["EU-RO-1", "EUR-IS-1", "EUR-IS-2", "EUR-IS-3", "EUR-IS-4", "EUR-IS-5"])
    );
}

#[test]
fn the_dialect_is_v2_unless_the_file_or_a_flag_overrides_it() {
    assert_eq!(Folder::pod("gpuType: NVIDIA L4").config().dialect, Dialect::V2);
    let v1 = Folder::pod("gpuType: NVIDIA L4\napiVersion: v1");
    assert_eq!(v1.config().dialect, Dialect::V1);
    assert_eq!(v1.dialect(Dialect::V2).config().dialect, Dialect::V2);
}

// ---- files and overlays

#[test]
fn an_overlay_merges_mappings_replaces_the_rest_and_null_removes() {
    let folder = Folder::new(FLEET).file(
        "sindri.prod.yaml",
        "providers:\n  runpod:\n    env: { SHARED: null }\n    pods:\n      trainer:\n        replicas: 1\n        region: [US-KS-2]\n        env: { LOG_LEVEL: warn }\n      plain: { gpu_type: NVIDIA A40 }\nmoved: null\n",
    );
    let config = folder.load_as(Some("prod"), "").unwrap();
    assert_eq!(config.environment, "prod");
    let pods: Vec<String> = addresses(&config).into_iter().filter(|address| address.starts_with("pod.")).collect();
    assert_eq!(pods, ["pod.plain", "pod.trainer[0]", "pod.worker"]);
    let trainer = resource(&config, "pod.trainer[0]");
    assert_eq!(trainer.inputs["name"], Value::text("team-trainer-0-prod"));
    let env = trainer.inputs["env"].as_map().unwrap();
    assert_eq!((env.len(), &env["LOG_LEVEL"]), (1, &Value::text("warn")));
    assert_eq!(trainer.positions["env.LOG_LEVEL"].to_string(), "sindri.prod.yaml:8");
    assert_eq!(trainer.positions["command"].file, "sindri.yaml");
    assert_eq!(input(&config, "network_volume.datasets", "name"), &Value::text("team-datasets-prod"));
    assert_eq!(input(&config, "pod.plain", "gpu_types"), &Value::texts(["NVIDIA A40"]));
    assert!(config.moved.is_empty());
}

#[test]
fn an_overlay_may_spell_a_field_differently() {
    let folder =
        Folder::pod("gpuType: NVIDIA L4").file("sindri.prod.yaml", "providers:\n  runpod:\n    gpu_type: NVIDIA A40\n");
    let config = folder.load_as(Some("prod"), "").unwrap();
    assert_eq!(input(&config, "pod.demo", "gpu_types"), &Value::texts(["NVIDIA A40"]));
}

#[test]
fn if_overlays_exist_one_must_be_chosen() {
    let folder = Folder::pod("gpuType: NVIDIA L4").file("sindri.prod.yaml", "").file("sindri.staging.yml", "");
    let message = |environment: Option<&str>| {
        let problems = folder.load_as(environment, "").unwrap_err();
        let problem = problems.iter().next().unwrap();
        (problem.code, problem.help.clone().unwrap())
    };
    let (code, help) = message(None);
    assert_eq!(code, ProblemCode::EnvironmentRequired);
    assert!(help.contains("`prod`, `staging`"), "{help}");
    let (code, help) = message(Some("prodd"));
    assert_eq!(code, ProblemCode::UnknownEnvironment);
    assert!(help.contains("did you mean `prod`?"), "{help}");
    assert_eq!(folder.load_as(Some("staging"), "").unwrap().environment, "staging");
}

#[test]
fn without_overlays_default_is_the_only_environment() {
    let folder = Folder::pod("gpuType: NVIDIA L4");
    assert_eq!(folder.config().environment, "default");
    assert_eq!(folder.load_as(Some("default"), "").unwrap().environment, "default");
    let problems = folder.load_as(Some("prod"), "").unwrap_err();
    assert!(problems.iter().any(|problem| problem.help.as_deref().unwrap_or("").contains("sindri.prod.yaml")));
}

#[test]
fn the_file_is_found_upward_but_never_beyond_the_repository() {
    let folder = Folder::pod("gpuType: NVIDIA L4");
    fs::create_dir_all(folder.folder.path().join("a/b")).unwrap();
    let config = folder.load_as(None, "a/b").unwrap();
    assert_eq!(fs::canonicalize(config.directory).unwrap(), fs::canonicalize(folder.folder.path()).unwrap());
    fs::create_dir_all(folder.folder.path().join("other/.git")).unwrap();
    let problems = folder.load_as(None, "other").unwrap_err();
    assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), [ProblemCode::NoConfiguration]);
}

// ---- variables

#[test]
fn variables_fill_any_value_of_any_type() {
    let config = Folder::pod(
        "gpuType: ${GPU}\ngpuCount: ${N}\nlocked: ${LOCK:-true}\nregion: ${REGION:-}\nenv:\n  A: pre-${GPU}-post\n  B: $${GPU} $HOME $$\n  C: ${EMPTY:-fallback}\n  D: \"{{ RUNPOD_SECRET_d }}\"",
    )
    .variable("GPU", "NVIDIA L4")
    .variable("N", "2")
    .variable("EMPTY", "")
    .config();
    let pod = resource(&config, "pod.demo");
    assert_eq!(pod.inputs["gpu_types"], Value::texts(["NVIDIA L4"]));
    assert_eq!((&pod.inputs["gpu_count"], &pod.inputs["locked"]), (&Value::Int(2), &Value::Bool(true)));
    assert_eq!(pod.inputs["regions"], Value::List(vec![].into()), "an empty variable leaves a field unset");
    let env = pod.inputs["env"].as_map().unwrap();
    assert_eq!(env["A"], Value::text("pre-NVIDIA L4-post"));
    assert_eq!(env["B"], Value::text("${GPU} $HOME $"));
    assert_eq!(env["C"], Value::text("fallback"));
    assert_eq!(env["D"], Value::text("{{ RUNPOD_SECRET_d }}"));
}

#[test]
fn an_escaped_dollar_sign_leaves_a_literal() {
    let config = Folder::pod("gpuType: NVIDIA L4\nenv:\n  A: at=$${HOST}\npods:\n  a: { name: PW=0$$ }").config();
    assert_eq!(input(&config, "pod.a", "name"), &Value::text("PW=0$"));
    assert_eq!(input(&config, "pod.a", "env").as_map().unwrap()["A"], Value::text("at=${HOST}"));
}

#[test]
fn variables_nest_and_take_the_operators_of_a_shell() {
    let forms = [
        ("${UNSET:-${SET}}", "v1"),
        ("${SET:-${UNSET}}", "v1"),
        ("${UNSET:-${ALSO_UNSET:-x}}", "x"),
        ("${UNSET:-a${SET}b${UNSET:-c}}d", "av1bcd"),
        ("${EMPTY:-x}|${EMPTY-x}|${UNSET-x}", "x||x"),
        ("${SET:+y}|${EMPTY:+y}|${EMPTY+y}|${UNSET+y}|${UNSET:+${ALSO_UNSET}}", "y||y||"),
        ("${SET:?no}|${SET?no}|${EMPTY?no}", "v1|v1|"),
        ("${UNSET:-}", ""),
        ("$${UNSET:-$$x} $SET ${UNSET:-$$y}", "${UNSET:-$x} $SET $y"),
        (r#"${UNSET:-{"a": {"b": 1}}}"#, r#"{"a": {"b": 1}}"#),
        (r#"${SET:-{"a": {"b": 1}}}"#, "v1"),
        ("${UNSET:-{{ RUNPOD_SECRET_x }}}", "{{ RUNPOD_SECRET_x }}"),
        ("{a} ${SET} }{", "{a} v1 }{"),
    ];
    let lines: String = forms.iter().enumerate().map(|(index, (form, _))| format!("\n  V{index}: '{form}'")).collect();
    let folder = Folder::pod(&format!("gpuType: NVIDIA L4\nenv:{lines}")).variable("SET", "v1").variable("EMPTY", "");
    let config = folder.config();
    let env = input(&config, "pod.demo", "env").as_map().unwrap();
    for (index, (form, value)) in forms.iter().enumerate() {
        assert_eq!(env[&format!("V{index}")], Value::text(*value), "{form}");
    }
}

#[test]
fn a_credential_in_a_default_is_a_secret_even_if_unused() {
    for set in ["", "v1"] {
        let folder = Folder::pod("gpuType: NVIDIA L4\nenv:\n  A: ${SET:-${HF_TOKEN}}").variable("HF_TOKEN", "hf");
        let config = folder.variable("SET", set).config();
        assert!(matches!(input(&config, "pod.demo", "env").as_map().unwrap()["A"], Value::Secret(_)), "{set:?}");
    }
}

#[test]
fn commas_in_a_text_separate_list_items() {
    let config = Folder::pod(
        "gpuType: \"NVIDIA L4, NVIDIA A40\"\nregion: US-KS-2,US-CA-2\nports: \"8888/http, 22/tcp,\"\nargs: echo a,b",
    )
    .config();
    assert_eq!(*input(&config, "pod.demo", "gpu_types"), Value::texts(["NVIDIA L4", "NVIDIA A40"]));
    assert_eq!(*input(&config, "pod.demo", "regions"), Value::texts(["US-KS-2", "US-CA-2"]));
    assert_eq!(addresses(&config), ["pod.demo", "port.demo:22/tcp", "port.demo:8888/http"]);
    assert_eq!(*input(&config, "pod.demo", "command"), Value::texts(["echo", "a,b"]));
    assert_eq!(warnings(&config).len(), 3, "{:?}", warnings(&config));
    // A variable has no other way to give a list.
    let folder = Folder::pod("gpuType: NVIDIA L4\nports: ${PORTS}").variable("PORTS", "80/http,22/tcp");
    let config = folder.config();
    assert_eq!(addresses(&config), ["pod.demo", "port.demo:22/tcp", "port.demo:80/http"]);
    assert!(warnings(&config).iter().all(|warning| !warning.contains("list")), "{:?}", warnings(&config));
}

#[test]
fn a_start_command_is_a_line_a_list_or_the_json_that_runpod_shows() {
    let both = |args: &str, entrypoint: &str| {
        let config = Folder::pod(&format!("gpuType: NVIDIA L4\n{args}\n{entrypoint}")).config();
        let words = |attribute: &str| {
            let words = input(&config, "pod.demo", attribute).text_items();
            words.into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        (words("command"), words("entrypoint"))
    };
    let (none, serve): (&[&str], &[&str]) = (&[], &["vllm", "serve"]);
    for (args, entrypoint, cmd, entry) in [
        (
            r#"args: '{"cmd": ["--model", "m one"], "entrypoint": ["vllm", "serve"]}'"#,
            "",
            &["--model", "m one"][..],
            serve,
        ),
        (r#"args: '{"cmd": ["a b"], "entrypoint": null}'"#, "entrypoint: vllm serve", &["a b"], serve),
        (r#"dockerStartCmd: '["bash", "-c", "echo \"x y\""]'"#, "", &["bash", "-c", "echo \"x y\""], none),
        (r#"args: " [] ""#, r#"entrypoint: '["vllm", "serve"]'"#, none, serve),
        (r#"args: 'serve --config ''{"a": "b c"}'' [x]'"#, "", &["serve", "--config", r#"{"a": "b c"}"#, "[x]"], none),
        (r#"args: ['["a"]', '{"cmd": []}']"#, "", &[r#"["a"]"#, r#"{"cmd": []}"#], none),
        ("args: '[ -f x ] && echo {a,b}'", "", &["[", "-f", "x", "]", "&&", "echo", "{a,b}"], none),
    ] {
        let expected = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(both(args, entrypoint), (expected(cmd), expected(entry)), "{args}");
    }
}

#[test]
fn values_keep_their_written_text() {
    let config = Folder::pod("gpuType: NVIDIA L4\nenv: { VERSION: 1.10, HEX: 0x1F, YES: yes, EMPTY: \"\" }").config();
    let env = input(&config, "pod.demo", "env").as_map().unwrap();
    let texts: Vec<&str> = env.values().filter_map(Value::as_text).collect();
    assert_eq!(texts, ["", "0x1F", "1.10", "yes"]);
}

#[test]
fn a_value_that_looks_like_a_credential_is_secret_and_never_shown() {
    let config = Folder::pod("gpuType: NVIDIA L4\nenv: { HF_TOKEN: hf_plain, URL: \"https://u:${DB_PASSWORD}@h\" }")
        .variable("DB_PASSWORD", "pw_plain")
        .config();
    let env = input(&config, "pod.demo", "env").as_map().unwrap();
    assert_eq!(env["HF_TOKEN"].expose(), Some("hf_plain"));
    assert!(matches!(&env["HF_TOKEN"], Value::Secret(_)) && matches!(&env["URL"], Value::Secret(_)));
    let shown = format!("{config:?}");
    assert!(!shown.contains("hf_plain") && !shown.contains("pw_plain"), "{shown}");
}

#[test]
fn no_error_shows_a_credential_of_the_file_or_of_the_environment() {
    let problems = Folder::pod(
        "gpuType: ${API_TOKEN}\nargs: run --token ${API_TOKEN}\nenv:\n  HF_TOKEN: hf_plain\n  RUNPOD_X: 1\n  SSH_KEY: |\n    line_plain\n  BAD NAME: 1",
    )
    .variable("API_TOKEN", "env_plain")
    .load()
    .unwrap_err();
    assert_eq!(problems.iter().filter(|problem| problem.code == ProblemCode::SecretOutsideEnv).count(), 2);
    let shown = format!("{problems:#?}") + &format!("{:?}", miette::Report::new(problems));
    assert!(shown.contains("RUNPOD_X"), "{shown}");
    for plain in ["hf_plain", "env_plain", "line_plain"] {
        assert!(!shown.contains(plain), "{plain} in {shown}");
    }
}

// ---- secrets

const SECRETS: &str = "secrets:\n  - { name: A_TOKEN, source: env, required: true }\n  - { name: B, source: env, fromFile: b.txt }\n  - { name: C, source: file, path: c.txt, required: true }\n  - { name: D, source: runpod }\n  - { name: E }\nname: demo\ndeployment: { image: \"x:1\" }\nproviders: { runpod: { gpuType: NVIDIA L4, env: { B: own } } }\n";

#[test]
fn secrets_come_from_process_then_env_local_then_env_then_file() {
    let value = |folder: &Folder, name: &str| {
        let config = folder.config();
        input(&config, "pod.demo", "env").as_map().unwrap().get(name).cloned()
    };
    let exposed = |folder: &Folder, name: &str| value(folder, name).map(|value| value.expose().unwrap().to_owned());
    let yaml = SECRETS.replace(", env: { B: own }", "");
    let folder =
        Folder::new(&yaml).file("c.txt", "from c\n").file("b.txt", "from b\n").file(".env", "A_TOKEN=from-env\n");
    assert_eq!(exposed(&folder, "A_TOKEN").unwrap(), "from-env");
    assert_eq!(exposed(&folder, "B").unwrap(), "from b");
    assert_eq!(exposed(&folder, "C").unwrap(), "from c");
    assert_eq!(value(&folder, "D").unwrap(), Value::text("{{ RUNPOD_SECRET_D }}"));
    assert_eq!(value(&folder, "E"), None, "optional and missing");
    assert_eq!(warnings(&folder.config()), ["sindri::config::optional_secret"]);
    let folder = folder.file(".env.local", "export A_TOKEN='from-local'\n");
    assert_eq!(exposed(&folder, "A_TOKEN").unwrap(), "from-local");
    let folder = folder.variable("A_TOKEN", "from-process");
    assert_eq!(exposed(&folder, "A_TOKEN").unwrap(), "from-process");
    assert!(matches!(value(&folder, "B"), Some(Value::Secret(_))), "whatever its name, a secret is one");
}

/// A path is in neither plan nor state, so a variable with a credential's name may be part of it.
#[test]
fn a_path_of_a_secret_may_contain_any_variable() {
    for field in ["source: file, path", "fromFile"] {
        for variable in ["PWD", "TOKEN_DIR"] {
            let yaml = format!("secrets: [{{ name: A, {field}: '${{{variable}}}/a.txt' }}]\nname: demo\n")
                + "deployment: { image: \"x:1\" }\nproviders: { runpod: { gpuType: NVIDIA L4 } }\n";
            let folder = Folder::new(&yaml).file("a.txt", "from a\n");
            let here = folder.folder.path().display().to_string();
            let config = folder.variable(variable, &here).config();
            assert_eq!(input(&config, "pod.demo", "env").as_map().unwrap()["A"].expose(), Some("from a"), "{field}");
        }
    }
}

#[test]
fn a_pods_own_variable_takes_precedence_over_a_secret() {
    let folder = Folder::new(SECRETS).file("c.txt", "c").variable("A_TOKEN", "a");
    assert_eq!(input(&folder.config(), "pod.demo", "env").as_map().unwrap()["B"], Value::text("own"));
}

#[test]
fn missing_required_secrets_are_one_error_that_lists_all() {
    let problems = Folder::new(SECRETS).load().unwrap_err();
    let [problem] = problems.iter().collect::<Vec<_>>()[..] else { panic!("{problems:?}") };
    assert_eq!(problem.code, ProblemCode::MissingSecrets);
    assert_eq!(problem.message, "required secrets are missing: `A_TOKEN`, `C`");
    assert_eq!(problem.position.as_ref().unwrap().line, 2);
}

#[test]
fn a_check_without_secrets_knows_only_their_names() {
    let config = Folder::new(SECRETS).offline().config();
    let env = input(&config, "pod.demo", "env").as_map().unwrap();
    assert!(matches!(&env["A_TOKEN"], Value::Secret(secret) if secret.expose().is_none()));
}

#[test]
fn a_template_supplies_settings_that_the_file_omits() {
    let supplied = |fields: &str, dialect: Dialect| {
        let yaml = format!("name: demo\nproviders:\n  runpod:\n    gpuType: NVIDIA L4\n    templateId: tpl\n{fields}");
        let config = Folder::new(&yaml).dialect(dialect).load_as(None, "").expect("a valid file");
        let pod = &config.resources[&Address::new("pod", "demo")];
        let ports = config.resources.keys().filter(|address| address.kind == "port").count();
        let members: Vec<&Address> = config.resources.keys().filter(|address| address.kind == "port").collect();
        let inputs = sindri::resource::members::fold_members(&pod.address, &pod.inputs, &members);
        let names: Vec<&str> = kind::POD.supplied(&inputs).map(|(name, ..)| name).collect();
        (names.join(" "), ports)
    };
    for dialect in [Dialect::V1, Dialect::V2] {
        let all = "image container_disk_gb volume_gb volume_mount_path ports entrypoint command registry_auth";
        assert_eq!(supplied("", dialect), (all.to_owned(), 0));
        let named = "    image: a:1\n    containerDiskGb: 30\n    volumeSizeGb: 40\n    ports: [22/tcp]\n    args: x\n    registryAuth: k\n";
        assert_eq!(supplied(named, dialect), ("entrypoint".to_owned(), 1));
        assert_eq!(supplied("    ports: []\n", dialect).0.split(' ').filter(|name| *name == "ports").count(), 0);
        let mounted = supplied("    networkVolumeId: vol\n", dialect);
        assert_eq!(mounted, ("image container_disk_gb ports entrypoint command registry_auth".to_owned(), 0));
        assert_eq!(supplied("    exposePorts: [80]\n", dialect).1, 2, "SSH comes with it, as ever");
    }
}

#[test]
fn a_default_template_combines_with_fields_of_a_pod_or_an_overlay() {
    let folder = Folder::new(
        "name: demo\nproviders:\n  runpod:\n    gpuType: NVIDIA L4\n    templateId: tpl\n    pods:\n      a: {}\n      b: { containerDiskGb: 30, ports: [22/tcp] }\n",
    )
    .file("sindri.prod.yaml", "providers: { runpod: { pods: { a: { image: \"a:1\" } } } }\n");
    let disk =
        |config: &Config, key: &str| config.resources[&Address::new("pod", key)].inputs["container_disk_gb"].clone();
    let image = |config: &Config, key: &str| config.resources[&Address::new("pod", key)].inputs["image"].clone();
    let config = folder.load_as(Some("prod"), "").expect("a valid file");
    assert_eq!((disk(&config, "a"), disk(&config, "b")), (Value::Null, Value::Int(30)));
    assert_eq!((image(&config, "a"), image(&config, "b")), ("a:1".into(), Value::Null));
}
