//! Configurations of any size, and RunPod's objects once they are applied. Shared by `tests/scale` and
//! `benches/fleet.rs`.

use std::collections::BTreeMap;
use std::fmt::Write;

use sindri::config::{self, Config, LoadOptions};
use sindri::kind;
use sindri::model::{Address, Attributes, Computed, Marker, Object, Observed, Plan, Secret, State, Status, Value};
use sindri::planner::{self, Input, PlanOptions};
use tempfile::TempDir;

use super::ids::ID_LENGTH;

/// Default number of ports of a pod.
pub const PORTS: usize = 2;

/// How a fleet is declared.
#[derive(Clone, Copy, Debug)]
pub struct LargeFleet {
    pub volumes: usize,
    pub pods: usize,
    pub layout: Layout,
    pub image: &'static str,
    pub create_before_destroy: bool,
    pub keys: Keys,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One block of replicas per volume.
    Replicas,
    /// One block per pod, all different.
    Blocks,
    /// One block per pod, all alike except for the volume.
    Alike,
}

/// The keys of the blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    Original,
    /// Every block has a new key.
    Renamed,
    /// Every block has a new key, and a `moved` entry.
    Moved,
}

impl LargeFleet {
    /// A fleet with this many pods, a hundred per volume.
    pub fn of(pods: usize) -> Self {
        let volumes = pods.div_ceil(100);
        let image = "ghcr.io/team/train:1";
        Self { volumes, pods, layout: Layout::Replicas, image, create_before_destroy: false, keys: Keys::Original }
    }

    /// A fleet with about this many resources: volumes, pods and their ports.
    pub fn of_resources(resources: usize) -> Self {
        Self::of(resources / (1 + PORTS))
    }

    pub fn resources(&self) -> usize {
        self.volumes + self.pods * (1 + PORTS)
    }

    pub fn yaml(&self) -> String {
        let mut yaml = String::from("version: \"3.0\"\nname: fleet\ndeployment: { provider: runpod, image: x:1 }\n");
        yaml.push_str("providers:\n  runpod:\n");
        let mut line = |text: std::fmt::Arguments<'_>| writeln!(yaml, "{text}").expect("a string takes everything");
        if self.volumes > 0 {
            line(format_args!("    networkVolumes:"));
        }
        for volume in 0..self.volumes {
            line(format_args!("      data{volume}: {{ sizeGb: 100, region: US-CA-2 }}"));
        }
        line(format_args!("    gpuType: NVIDIA L4\n    env: {{ LOG_LEVEL: info, HF_TOKEN: hf_secret }}\n    pods:"));
        let image = self.image;
        let lifecycle = match self.create_before_destroy {
            true => ", lifecycle: { createBeforeDestroy: true }",
            false => "",
        };
        let key = if self.keys == Keys::Original { "pod" } else { "moved" };
        let blocks = if self.layout == Layout::Replicas { self.volumes.max(1) } else { self.pods };
        for block in 0..blocks {
            let mount = match self.volumes {
                0 => String::new(),
                volumes => format!(", networkVolume: data{}", block % volumes),
            };
            match self.layout {
                Layout::Replicas => {
                    let replicas = self.pods / blocks + usize::from(block < self.pods % blocks);
                    line(format_args!(
                        "      {key}{block}: {{ replicas: {replicas}, image: {image}{mount}{lifecycle} }}"
                    ));
                }
                Layout::Blocks => line(format_args!(
                    "      {key}{block}: {{ image: {image}-{block}{mount}, env: {{ RANK: \"{block}\" }}{lifecycle} }}"
                )),
                Layout::Alike => {
                    line(format_args!("      {key}{block}: {{ image: {image}{mount}{lifecycle} }}"));
                }
            }
        }
        if self.keys == Keys::Moved {
            line(format_args!("moved:"));
            for block in 0..blocks {
                line(format_args!("  - {{ from: pod.pod{block}, to: pod.{key}{block} }}"));
            }
        }
        yaml
    }

    /// A folder with the configuration.
    pub fn folder(&self) -> TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("sindri.yaml"), self.yaml()).expect("a file in it");
        folder
    }

    /// The configuration, and the folder that contains it.
    pub fn config(&self) -> (Config, TempDir) {
        let folder = self.folder();
        (load(&folder), folder)
    }
}

/// Reads the configuration in a folder.
pub fn load(folder: &TempDir) -> Config {
    config::load(&LoadOptions::alone(folder.path())).expect("a valid configuration")
}

/// A state without records.
pub fn nothing() -> State {
    State::new("4f1c09aa4f1c09aa".into(), "default".into(), "sandbox".into())
}

pub fn plan(config: &Config, prior: &State, observed: &Observed, options: PlanOptions) -> Plan {
    let Config { name, resources, dialect, moved, budget, .. } = config;
    let input = Input::new(name, resources, prior, observed);
    planner::plan(&Input { dialect: *dialect, moved, budget: *budget, options, ..input }).expect("a plan")
}

/// State and world after a plan of creates, with every request successful.
pub fn applied(plan: &Plan) -> (State, Observed) {
    let mut state = nothing();
    let mut observed = Observed::default();
    for (number, operation) in plan.operations.iter().enumerate() {
        let id = format!("{number:0ID_LENGTH$}");
        let mut record = operation.record.clone().expect("creates leave records");
        record.id.clone_from(&id);
        state.resources.insert(operation.address.clone(), record);
        for (address, member) in &operation.members {
            let mut record = member.clone().expect("creates make members");
            record.id = format!("{id}:{}", address.member.as_deref().unwrap_or_default());
            state.resources.insert(address.clone(), record);
        }
        let mut inputs = operation.inputs.clone();
        inputs.extend(operation.candidates[0].clone());
        observed.insert(object(&operation.address, id, seen(inputs, &state), &state));
    }
    (state, observed)
}

/// Inputs as returned by the API: references are ids, and every variable may be secret.
fn seen(mut inputs: Attributes, state: &State) -> Attributes {
    for value in inputs.values_mut() {
        if let Value::Reference(address) = value {
            *value = Value::text(&state.resources[address].id);
        }
    }
    if let Some(Value::Map(env)) = inputs.get_mut("env") {
        for value in env.values_mut() {
            *value = Value::Secret(value.expose().map_or_else(Secret::unknown, Secret::new));
        }
    }
    inputs
}

fn object(address: &Address, id: String, attributes: Attributes, state: &State) -> Object {
    let kind = kind::find(&address.kind).expect("a known kind");
    let marker = kind.is_marked().then(|| Marker {
        lineage: state.lineage.clone(),
        name: "fleet".into(),
        environment: state.environment.clone(),
        address: address.clone(),
        operation: format!("op-{id}"),
    });
    Object {
        kind: kind.name,
        name: attributes.get("name").and_then(Value::as_text).unwrap_or_default().to_owned(),
        id,
        attributes,
        marker,
        status: kind.has_container.then_some(Status::Running),
        ready: true,
        computed: Computed { chosen: BTreeMap::new(), ..Computed::default() },
    }
}
