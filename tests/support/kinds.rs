//! Secrets, registry credentials, templates and endpoints beside a fleet, and how its pods use them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fastrand::Rng;
use sindri::kind::{self, SECRET};
use sindri::model::{Address, Attributes, Lifecycle, Resource, Secret, Timeouts, Value};

use super::Desired;

/// Part of every secret value. It must be in no file and no event.
pub const CANARY: &str = "canary-value-5d1";

const SECRETS: [&str; 2] = ["HF_TOKEN", "WANDB_KEY"];
const REGISTRIES: [&str; 2] = ["ghcr", "quay"];
const TEMPLATES: [&str; 2] = ["base", "worker"];
const ENDPOINTS: [&str; 2] = ["chat", "sd"];
const PODS: [&str; 4] = ["api", "eval", "note", "train"];

/// One project's blocks, by key.
#[derive(Clone, Debug, Default)]
pub struct Kinds {
    /// With their versions.
    secrets: BTreeMap<&'static str, i64>,
    /// With their versions.
    registries: BTreeMap<&'static str, i64>,
    delegation: Option<&'static str>,
    templates: BTreeMap<&'static str, Template>,
    endpoints: BTreeMap<&'static str, Endpoint>,
    /// What pods use, if it is declared.
    pods: BTreeMap<&'static str, Uses>,
}

#[derive(Clone, Debug)]
struct Template {
    title: &'static str,
    image: &'static str,
    level: &'static str,
    registry: Option<&'static str>,
}

#[derive(Clone, Debug)]
struct Endpoint {
    title: &'static str,
    image: &'static str,
    /// Workers without a GPU, which is another family of endpoints.
    cpu: bool,
    balances: bool,
    workers: (i64, i64),
    level: &'static str,
    uses: Uses,
    volume: Option<&'static str>,
    waits: bool,
}

#[derive(Clone, Debug, Default)]
struct Uses {
    template: Option<&'static str>,
    registry: Option<&'static str>,
    secrets: BTreeSet<&'static str>,
}

impl Kinds {
    /// Two versions of one project. The second has rotated secrets, edited templates, other references, or fewer blocks.
    pub fn history(seed: u64) -> (Self, Self) {
        let mut dice = Rng::with_seed(seed ^ 0x0dd_4b1d5);
        let first = Self::draw(&mut dice);
        let second = first.changed(&mut dice);
        (first, second)
    }

    fn draw(dice: &mut Rng) -> Self {
        Self {
            secrets: some(&SECRETS, dice, |_| 1),
            registries: some(&REGISTRIES, dice, |_| 1),
            delegation: (dice.u8(..4) == 0).then_some("trainer"),
            templates: some(&TEMPLATES, dice, Template::draw),
            endpoints: some(&ENDPOINTS, dice, Endpoint::draw),
            pods: PODS.into_iter().map(|key| (key, Uses::draw(dice))).collect(),
        }
    }

    fn changed(&self, dice: &mut Rng) -> Self {
        let mut next = self.clone();
        let other = Self::draw(dice);
        for versions in [&mut next.secrets, &mut next.registries] {
            versions.values_mut().for_each(|version| *version += i64::from(dice.u8(..3) == 0));
            versions.retain(|_, _| dice.u8(..8) > 0);
        }
        next.delegation = if dice.u8(..4) == 0 { other.delegation } else { next.delegation };
        for (key, template) in &mut next.templates {
            template.mix(other.templates.get(key), dice);
        }
        next.templates.retain(|_, _| dice.u8(..8) > 0);
        for (key, endpoint) in &mut next.endpoints {
            endpoint.mix(other.endpoints.get(key), dice);
        }
        next.endpoints.retain(|_, _| dice.u8(..8) > 0);
        for (key, uses) in other.pods {
            if dice.u8(..4) == 0 {
                next.pods.insert(key, uses);
            }
        }
        if dice.u8(..4) == 0 {
            next.secrets.extend(other.secrets);
            next.registries.extend(other.registries);
            next.templates.extend(other.templates);
            next.endpoints.extend(other.endpoints);
        }
        next
    }

    /// Adds the blocks to a project, and what its pods take from them.
    pub fn add_to(&self, desired: &mut Desired) {
        for (address, pod) in desired.iter_mut().filter(|(address, _)| address.kind == "pod") {
            if let Some(uses) = self.pods.get(&*address.name) {
                self.set_container(pod, uses);
            }
        }
        let made = self.secrets().chain(self.registries()).chain(self.templates());
        let made: Vec<Resource> = made.chain(self.endpoints(desired)).collect();
        desired.extend(made.into_iter().map(|resource| (resource.address.clone(), resource)));
    }

    fn secrets(&self) -> impl Iterator<Item = Resource> + '_ {
        self.secrets.iter().map(|(key, version)| {
            let value = Secret::new(format!("{CANARY}-{key}-{version}"));
            resource(SECRET.name, key, "", [("value", Value::Secret(value)), ("version", (*version).into())])
        })
    }

    fn registries(&self) -> impl Iterator<Item = Resource> + '_ {
        let credentials = self.registries.iter().map(|(key, version)| {
            let hidden = |what: &str| Value::Secret(Secret::new(format!("{CANARY}-{what}-{version}")));
            // As in a configuration: RunPod's names are unique, and the old credential stays for a while.
            let title = if *version == 1 { String::new() } else { format!("-v{version}") };
            let values =
                [("username", hidden("user")), ("password", hidden("password")), ("version", (*version).into())];
            resource("registry", key, &title, values)
        });
        let delegations = self.delegation.iter().map(|key| {
            let arn = format!("arn:aws:ecr:us-east-2:418399314813:repository/{key}");
            resource("ecr_delegation", key, "", [("ecr", arn.into())])
        });
        credentials.chain(delegations)
    }

    fn templates(&self) -> impl Iterator<Item = Resource> + '_ {
        self.templates.iter().map(|(key, template)| {
            let mut made = resource(
                "template",
                key,
                template.title,
                [
                    ("image", template.image.into()),
                    ("env", variables([("LEVEL", template.level.into())])),
                    ("ports", Value::texts(["8888/http"])),
                    ("container_disk_gb", 20.into()),
                    ("volume_gb", 0.into()),
                    ("start_ssh", true.into()),
                    ("start_jupyter", true.into()),
                    ("serverless", false.into()),
                    ("public", false.into()),
                    ("category", "NVIDIA".into()),
                ],
            );
            made.inputs.insert("registry_auth", self.registry(template.registry));
            made
        })
    }

    /// `desired` has the volumes.
    fn endpoints<'a>(&'a self, desired: &'a Desired) -> impl Iterator<Item = Resource> + 'a {
        self.endpoints.iter().map(|(key, endpoint)| {
            let mut made = resource("endpoint", key, endpoint.title, endpoint.values());
            let volume = endpoint.volume.map(|key| Address::new("network_volume", key));
            if let Some(volume) = volume.and_then(|address| desired.get(&address)) {
                let region = volume.inputs.get("region").and_then(Value::as_text).unwrap_or_default();
                made.inputs.insert("regions", Value::texts([region]));
                made.inputs.insert(
                    "network_volumes",
                    Value::List([Value::reference(volume.address.clone())].into_iter().collect()),
                );
            }
            made.timeouts.rollout = endpoint.waits.then_some(Duration::from_secs(600));
            self.set_container(&mut made, &endpoint.uses);
            made
        })
    }

    /// Merges a template into a resource, as the configuration does, and adds a registry and secrets.
    fn set_container(&self, resource: &mut Resource, uses: &Uses) {
        let mut env = resource.inputs.get("env").and_then(Value::as_map).cloned().unwrap_or_default();
        let mut registry = uses.registry;
        if let Some((key, template)) = uses.template.and_then(|key| self.templates.get_key_value(key)) {
            resource.inputs.insert("image", template.image.into());
            env.insert("LEVEL".to_owned(), template.level.into());
            registry = registry.or(template.registry);
            resource.needs.insert(Address::new("template", key));
        }
        for key in uses.secrets.iter().filter(|key| self.secrets.contains_key(*key)) {
            env.insert((*key).to_owned(), Value::text(format!("{{{{ RUNPOD_SECRET_test-{key} }}}}")));
            resource.needs.insert(Address::new(SECRET.name, key));
        }
        resource.inputs.insert("env", Value::Map(env));
        resource.inputs.insert("registry_auth", self.registry(registry));
    }

    /// A reference to a registry, if it is declared.
    fn registry(&self, key: Option<&str>) -> Value {
        let declared = key.filter(|key| self.registries.contains_key(key));
        declared.map_or(Value::Null, |key| Value::reference(Address::new("registry", key)))
    }
}

impl Template {
    fn draw(dice: &mut Rng) -> Self {
        Self {
            title: ["", "", "-b"][dice.usize(..3)],
            image: ["image:1", "image:2"][dice.usize(..2)],
            level: ["info", "debug"][dice.usize(..2)],
            registry: pick(&REGISTRIES, dice),
        }
    }

    fn mix(&mut self, other: Option<&Self>, dice: &mut Rng) {
        let Some(other) = other else { return };
        match dice.u8(..6) {
            0 => self.title = other.title,
            1 => self.image = other.image,
            2 => self.level = other.level,
            3 => self.registry = other.registry,
            4 => *self = other.clone(),
            _ => {}
        }
    }
}

impl Endpoint {
    fn draw(dice: &mut Rng) -> Self {
        let min = [0, 0, 0, 1][dice.usize(..4)];
        Self {
            title: ["", "", "-b"][dice.usize(..3)],
            image: ["worker:1", "worker:2"][dice.usize(..2)],
            cpu: dice.u8(..6) == 0,
            balances: dice.u8(..5) == 0,
            workers: (min, min + [1, 3, 5][dice.usize(..3)]),
            level: ["info", "debug"][dice.usize(..2)],
            uses: Uses::draw(dice),
            volume: pick(&["data", "models", "scratch"], dice).filter(|_| dice.bool()),
            waits: dice.bool(),
        }
    }

    fn mix(&mut self, other: Option<&Self>, dice: &mut Rng) {
        let Some(other) = other else { return };
        match dice.u8(..10) {
            0 => self.title = other.title,
            1 => self.image = other.image,
            2 => self.cpu = other.cpu,
            3 => self.balances = other.balances,
            4 => self.workers = other.workers,
            5 => self.level = other.level,
            6 => self.uses = other.uses.clone(),
            7 => self.volume = other.volume,
            8 => *self = other.clone(),
            _ => {}
        }
    }

    fn values(&self) -> Vec<(&'static str, Value)> {
        let mut values: Vec<(&'static str, Value)> = vec![
            ("image", self.image.into()),
            ("env", variables([("LEVEL", self.level.into())])),
            ("container_disk_gb", 20.into()),
            ("ports", Value::texts([""; 0])),
            ("entrypoint", Value::texts([""; 0])),
            ("command", Value::texts([""; 0])),
            ("workers_min", self.workers.0.into()),
            ("workers_max", self.workers.1.into()),
            ("timeout_ms", 300_000.into()),
            ("flashboot", "OFF".into()),
        ];
        if self.cpu {
            values.push(("cpu_instances", Value::texts(["cpu3c-2-4"])));
        } else {
            values.push(("gpu_pools", Value::texts(["ADA_24"])));
            values.push(("excluded_gpu_types", Value::texts([""; 0])));
            values.push(("gpu_count", 1.into()));
        }
        if self.balances {
            values.extend([("routing", "LOAD_BALANCER".into()), ("request_count", 4.into())]);
        } else {
            values.extend([("routing", "QUEUE".into()), ("queue_delay_ms", 4_000.into())]);
        }
        values.push(("idle_timeout_seconds", 10.into()));
        values
    }
}

impl Uses {
    fn draw(dice: &mut Rng) -> Self {
        Self {
            template: pick(&TEMPLATES, dice),
            registry: pick(&REGISTRIES, dice),
            secrets: some(&SECRETS, dice, |_| ()).into_keys().collect(),
        }
    }
}

/// Each key in two of three cases.
fn some<T>(keys: &[&'static str], dice: &mut Rng, mut draw: impl FnMut(&mut Rng) -> T) -> BTreeMap<&'static str, T> {
    let mut blocks = BTreeMap::new();
    for key in keys {
        let block = draw(dice);
        if dice.u8(..3) > 0 {
            blocks.insert(*key, block);
        }
    }
    blocks
}

/// One of the keys, or none.
fn pick(keys: &[&'static str], dice: &mut Rng) -> Option<&'static str> {
    let key = keys[dice.usize(..keys.len())];
    dice.bool().then_some(key)
}

fn variables(pairs: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::Map(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// A declared resource with all attributes of its kind.
fn resource(
    kind_name: &'static str,
    key: &str,
    title: &str,
    values: impl IntoIterator<Item = (&'static str, Value)>,
) -> Resource {
    let kind = kind::find(kind_name).expect("a kind");
    let mut inputs: Attributes =
        kind.attributes.iter().map(|attribute| (attribute.name.to_owned(), Value::Null)).collect();
    inputs.insert("name", format!("test-{key}{title}").into());
    values.into_iter().for_each(|(name, value)| drop(inputs.insert(name, value)));
    Resource {
        address: Address::new(kind.name, key),
        inputs,
        parent: None,
        needs: BTreeSet::new(),
        power: None,
        lifecycle: Lifecycle::default(),
        timeouts: Timeouts::default(),
        position: None,
        positions: BTreeMap::new(),
    }
}
