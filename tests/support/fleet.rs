//! A compact configuration: the values that the generator varies, and the resources that it describes.

use std::collections::{BTreeMap, BTreeSet};

use sindri::kind::{NETWORK_VOLUME, POD, PORT};
use sindri::model::{
    Address, Attributes, Dialect, Lifecycle, Position, Power, Resource, Secret, Timeouts, Updates, Value,
};

/// Volumes and pods by the key of their block.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    pub volumes: BTreeMap<&'static str, Volume>,
    pub pods: BTreeMap<&'static str, Pod>,
}

#[derive(Clone, Debug)]
pub struct Volume {
    pub title: &'static str,
    pub size_gb: i64,
    pub region: &'static str,
    pub tier: bool,
}

#[derive(Clone, Debug)]
pub struct Pod {
    pub replicas: Option<u32>,
    pub title: &'static str,
    pub machine: Machine,
    pub community: bool,
    pub regions: &'static [&'static str],
    pub image: &'static str,
    pub disk_gb: i64,
    pub storage: Storage,
    pub path: &'static str,
    pub ports: BTreeSet<&'static str>,
    pub env: BTreeMap<&'static str, Variable>,
    pub entrypoint: &'static [&'static str],
    pub command: &'static [&'static str],
    pub locked: bool,
    pub public_ip: bool,
    pub ssh: Option<bool>,
    /// `None` if the file does not specify it.
    pub power: Option<Power>,
    pub in_place: bool,
    pub create_first: bool,
    pub prevent_destroy: bool,
    pub ignore: BTreeSet<&'static str>,
}

#[derive(Clone, Debug)]
pub enum Machine {
    Gpus { types: &'static [&'static str], count: i64, least_ram_gb: Option<i64> },
    Cpus { flavors: &'static [&'static str], count: i64 },
}

#[derive(Clone, Debug)]
pub enum Storage {
    None,
    /// A pod volume, in GB.
    Own(i64),
    /// The network volume with this key.
    Network(&'static str),
}

#[derive(Clone, Debug)]
pub enum Variable {
    Plain(&'static str),
    Secret(&'static str),
}

/// The simplest pod that runs.
impl Default for Pod {
    fn default() -> Self {
        Self {
            replicas: None,
            title: "",
            machine: Machine::Gpus { types: &["NVIDIA GeForce RTX 4090"], count: 1, least_ram_gb: None },
            community: false,
            regions: &[],
            image: "image:1",
            disk_gb: 20,
            storage: Storage::None,
            path: "/workspace",
            ports: BTreeSet::new(),
            env: BTreeMap::new(),
            entrypoint: &[],
            command: &[],
            locked: false,
            public_ip: false,
            ssh: None,
            power: None,
            in_place: false,
            create_first: false,
            prevent_destroy: false,
            ignore: BTreeSet::new(),
        }
    }
}

impl Default for Volume {
    fn default() -> Self {
        Self { title: "", size_gb: 50, region: "US-CA-2", tier: true }
    }
}

impl Fleet {
    pub fn with_volume(mut self, key: &'static str, volume: Volume) -> Self {
        self.volumes.insert(key, volume);
        self
    }

    pub fn with_pod(mut self, key: &'static str, pod: Pod) -> Self {
        self.pods.insert(key, pod);
        self
    }

    /// The resources that `config` would make of it. Combinations that this dialect does not allow are left out.
    pub fn resources(&self, dialect: Dialect) -> BTreeMap<Address, Resource> {
        let mut resources = Vec::new();
        for (key, volume) in &self.volumes {
            resources.push(volume.resource(key, dialect));
        }
        for (key, pod) in &self.pods {
            let indexes: Vec<Option<u32>> =
                pod.replicas.map_or_else(|| vec![None], |count| (0..count).map(Some).collect());
            resources.extend(indexes.into_iter().flat_map(|index| pod.resources(key, index, self, dialect)));
        }
        resources.into_iter().map(|resource| (resource.address.clone(), resource)).collect()
    }
}

impl Volume {
    fn resource(&self, key: &str, dialect: Dialect) -> Resource {
        let mut inputs = unset(NETWORK_VOLUME.attributes.iter().map(|attribute| attribute.name));
        inputs.insert("name", format!("test-{key}{}", self.title).into());
        inputs.insert("size_gb", self.size_gb.into());
        inputs.insert("region", self.region.into());
        if dialect == Dialect::V2 && self.tier {
            inputs.insert("tier", "STANDARD".into());
        }
        declared(Address::new("network_volume", key), inputs)
    }
}

impl Pod {
    /// The pod and its ports.
    fn resources(&self, key: &str, index: Option<u32>, fleet: &Fleet, dialect: Dialect) -> Vec<Resource> {
        let indexed = |address: Address| Address { index, ..address };
        let mut pod = declared(indexed(Address::new("pod", key)), self.inputs(key, index, fleet, dialect));
        pod.power = Some(self.power.unwrap_or_default());
        pod.lifecycle = Lifecycle {
            updates: if self.in_place { Updates::InPlace } else { Updates::Recreate },
            create_before_destroy: self.create_first,
            prevent_destroy: self.prevent_destroy,
            ignore_changes: self.ignore.iter().map(ToString::to_string).collect(),
        };
        pod.positions = BTreeMap::from([("image".to_owned(), position(7))]);
        if self.power.is_some() {
            pod.positions.insert("power".to_owned(), position(8));
        }
        let port = |member: &&'static str| {
            let (number, protocol) = member.split_once('/').expect("a port");
            let inputs = Attributes::from([
                ("port".to_owned(), number.parse::<i64>().expect("a number").into()),
                ("protocol".to_owned(), protocol.into()),
            ]);
            let mut port = declared(indexed(Address::new(PORT.name, key)).with_member(member), inputs);
            port.parent = Some(pod.address.clone());
            port
        };
        self.ports.iter().map(port).chain([pod.clone()]).collect()
    }

    fn inputs(&self, key: &str, index: Option<u32>, fleet: &Fleet, dialect: Dialect) -> Attributes {
        let mut inputs = unset(POD.attributes.iter().map(|attribute| attribute.name).filter(|name| *name != "ports"));
        let mut set = |name: &str, value: Value| inputs.insert(name.to_owned(), value);
        let number = index.map(|index| format!("-{index}")).unwrap_or_default();
        set("name", format!("test-{key}{}{number}", self.title).into());
        set("image", self.image.into());
        set("volume_mount_path", self.path.into());
        set("container_disk_gb", self.disk_gb.into());
        for (name, flag) in [("locked", self.locked), ("public_ip", self.public_ip)] {
            set(name, flag.into());
        }
        for (name, words) in [("entrypoint", self.entrypoint), ("command", self.command)] {
            set(name, Value::texts(words.iter().copied()));
        }
        if dialect == Dialect::V2 {
            set("start_ssh", self.ssh.map_or(Value::Null, Value::Bool));
        }
        let has_gpus = match &self.machine {
            Machine::Gpus { types, count, least_ram_gb } => {
                set("gpu_types", Value::texts(types.iter().copied()));
                set("gpu_count", (*count).into());
                set("min_ram_gb_per_gpu", least_ram_gb.map_or(Value::Null, Value::Int));
                true
            }
            Machine::Cpus { flavors, count } => {
                set("cpu_flavors", Value::texts(flavors.iter().copied()));
                set("vcpu_count", (*count).into());
                false
            }
        };
        let volume = match &self.storage {
            Storage::Network(key) => fleet.volumes.get_key_value(key),
            Storage::None | Storage::Own(_) => None,
        };
        let own = match self.storage {
            Storage::Own(size_gb) if has_gpus || dialect == Dialect::V1 => size_gb,
            _ => 0,
        };
        set("volume_gb", own.into());
        set(
            "regions",
            Value::texts(
                volume.map_or(self.regions, |(_, volume)| std::slice::from_ref(&volume.region)).iter().copied(),
            ),
        );
        if let Some((key, _)) = volume {
            set("network_volume", Value::reference(Address::new("network_volume", key)));
        }
        // Community hosts have neither CPUs nor network volumes.
        let community = self.community && has_gpus && volume.is_none();
        set("cloud", if community { "COMMUNITY" } else { "SECURE" }.into());
        let variable = |variable: &Variable| match variable {
            Variable::Plain(text) => Value::text(*text),
            Variable::Secret(text) => Value::Secret(Secret::new(*text)),
        };
        set("env", Value::Map(self.env.iter().map(|(name, value)| ((*name).to_owned(), variable(value))).collect()));
        for name in ["global_networking", "spot"] {
            set(name, false.into());
        }
        inputs
    }
}

fn unset<'n>(names: impl Iterator<Item = &'n str>) -> Attributes {
    names.map(|name| (name.to_owned(), Value::Null)).collect()
}

fn position(line: u32) -> Position {
    Position { file: "sindri.yaml".into(), line, column: 1 }
}

fn declared(address: Address, inputs: Attributes) -> Resource {
    Resource {
        address,
        inputs,
        parent: None,
        needs: Default::default(),
        power: None,
        lifecycle: Lifecycle::default(),
        timeouts: Timeouts::default(),
        position: Some(position(1)),
        positions: BTreeMap::new(),
    }
}
