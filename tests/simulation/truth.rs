//! Checks that the state is true: every recorded value was true of that object at some time, and records agree.
//!
//! The values are read inside the emulator, not through the API, before and after every possible change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value as Json;
use sindri::emulator::Emulator;
use sindri::kind::{self, Compare};
use sindri::model::marker::MARKER_VARIABLE;
use sindri::model::{Address, Attributes, Record, State, Value};
use sindri::resource;
use sindri::resource::difference::satisfies;
use sindri::resource::members;
use sindri::resource::resolved;

use crate::support::world::objects;

/// The attributes of an object in the emulator's world.
type ReadObject = fn(&Json) -> Vec<(&'static str, Value)>;

/// All values that ever existed, by id and attribute.
#[derive(Default)]
pub struct Truth {
    /// Recording takes time, so only schedules that ask for it do it.
    pub watches: AtomicBool,
    seen: Mutex<BTreeMap<String, BTreeMap<&'static str, BTreeSet<Value>>>>,
}

impl Truth {
    /// Records the current values.
    pub fn record(&self, emulator: &Emulator) {
        if !self.watches.load(Ordering::Relaxed) {
            return;
        }
        let world = emulator.inspect(|world| serde_json::to_value(world)).expect("a world is JSON");
        let mut seen_ids = BTreeSet::new();
        let mut seen = self.seen.lock().expect("no panic");
        let mut note = |object: &Json, attributes: ReadObject| {
            let values = seen.entry(object["id"].as_str().expect("an id").to_owned()).or_default();
            for (name, value) in attributes(object) {
                values.entry(name).or_default().insert(value);
            }
        };
        // Objects that existed only between two readings are known by id alone.
        for id in emulator.journal(0).into_iter().flat_map(|entry| entry.touched) {
            seen_ids.insert(id);
        }
        let readings: [(&str, ReadObject); 7] = [
            ("pod", of_pod),
            ("network_volume", of_volume),
            ("secret", named),
            ("registry", named),
            ("ecr_delegation", named),
            ("template", of_template),
            ("endpoint", of_endpoint),
        ];
        for (kind, attributes) in readings {
            objects(&world, kind).into_iter().for_each(|object| note(object, attributes));
        }
        for id in seen_ids {
            seen.entry(id).or_default();
        }
    }

    /// Panics if a record has a value that never existed, or contradicts another record.
    pub fn check(&self, state: &State, after: &str) {
        sound(state, after);
        let members = members::by_parent(state.resources.keys());
        for (address, record) in state.resources.iter().filter(|(address, _)| !members::is_member(address)) {
            let id_of = |to: &Address| state.resources.get(to).map(|record| record.id.clone());
            let mut inputs = resolved(record.inputs.clone(), &id_of);
            // A predecessor's ports are not recorded.
            if address.successor().is_none() {
                let parts = members.get(address).map_or(&[][..], Vec::as_slice);
                inputs = members::fold_members(address, &inputs, parts);
            }
            self.check_record(address, record, &inputs, after);
        }
    }

    fn check_record(&self, address: &Address, record: &Record, inputs: &Attributes, after: &str) {
        let seen = self.seen.lock().expect("no panic");
        let known =
            seen.get(&record.id).unwrap_or_else(|| panic!("`{address}` never was `{}`, after {after}", record.id));
        let kind = kind::find(&record.kind).expect("a kind");
        for (name, recorded) in inputs {
            let Some((attribute, values)) = kind.attribute(name).zip(known.get(name.as_str())) else { continue };
            let agrees = |value: &Value| match attribute.compare {
                Compare::ManagedKeys => false,
                compare => satisfies(compare, recorded, value),
            };
            let is_true = match attribute.compare {
                Compare::ManagedKeys => says_no_more(recorded, values),
                _ => values.iter().any(agrees),
            };
            assert!(is_true, "`{name}` of `{address}` never was {recorded}, but {values:?}, after {after}");
        }
    }
}

/// Panics if records contradict each other.
pub fn sound(state: &State, after: &str) {
    let flaws = resource::flaws(state);
    let lasting: Vec<String> = flaws.iter().filter(|flaw| !flaw.fault.is_passing()).map(ToString::to_string).collect();
    assert_eq!(lasting, [""; 0], "after {after}");
}

/// Whether every recorded key existed at some time, with its value if that is recorded.
fn says_no_more(recorded: &Value, seen: &BTreeSet<Value>) -> bool {
    let had = |key: &str, value: &Value| {
        let values = seen.iter().filter_map(|map| map.as_map()?.get(key)).collect::<Vec<_>>();
        match value {
            Value::Secret(_) => !values.is_empty(),
            plain => values.contains(&plain),
        }
    };
    recorded.as_map().is_none_or(|map| map.iter().all(|(key, value)| had(key, value)))
}

fn text(value: &Json) -> Value {
    Value::text(value.as_str().unwrap_or_else(|| panic!("no text: {value}")))
}

fn number(value: &Json) -> Value {
    Value::Int(value.as_i64().unwrap_or_else(|| panic!("no number: {value}")))
}

fn of_pod(pod: &Json) -> Vec<(&'static str, Value)> {
    let mut env: BTreeMap<String, Value> =
        pod["env"].as_object().expect("a map").iter().map(|(key, value)| (key.clone(), text(value))).collect();
    env.remove(MARKER_VARIABLE);
    let storage = &pod["storage"];
    let (size, volume) = (&storage["persistent"]["size"], &storage["network"]["volumeId"]);
    let mut known = vec![
        ("name", text(&pod["name"])),
        ("image", text(&pod["image"])),
        ("cloud", text(&pod["cloud"])),
        ("container_disk_gb", number(&pod["disk"])),
        ("ports", Value::texts(pod["ports"].as_array().expect("a list").iter().filter_map(Json::as_str))),
        ("env", Value::Map(env.into_iter().collect())),
        ("locked", Value::Bool(pod["locked"].as_bool().expect("a flag"))),
        ("volume_gb", if size.is_null() { Value::Int(0) } else { number(size) }),
        ("network_volume", if volume.is_null() { Value::Null } else { text(volume) }),
    ];
    match (&pod["hardware"]["gpu"], &pod["hardware"]["cpu"]) {
        (Json::Null, cpu) => {
            known.push(("cpu_flavors", Value::texts(cpu["id"].as_str())));
            known.push(("vcpu_count", number(&cpu["vcpuCount"])));
        }
        (gpu, _) => {
            known.push(("gpu_types", Value::texts(gpu["id"].as_str())));
            known.push(("gpu_count", number(&gpu["count"])));
            if gpu["attached"] == 0 {
                // The API shows no count for a pod without GPUs.
                known.push(("gpu_count", Value::Null));
            }
        }
    }
    known
}

fn of_volume(volume: &Json) -> Vec<(&'static str, Value)> {
    vec![
        ("name", text(&volume["name"])),
        ("size_gb", number(&volume["size"])),
        ("region", text(&volume["dataCenter"])),
        ("tier", text(&volume["tier"])),
    ]
}

fn named(object: &Json) -> Vec<(&'static str, Value)> {
    object["name"].as_str().map(|name| ("name", Value::text(name))).into_iter().collect()
}

fn of_template(template: &Json) -> Vec<(&'static str, Value)> {
    let mut known = vec![
        ("name", text(&template["name"])),
        ("serverless", Value::Bool(template["serverless"].as_bool().expect("a flag"))),
        ("category", text(&template["category"])),
    ];
    known.extend(of_container(template));
    known
}

fn of_endpoint(endpoint: &Json) -> Vec<(&'static str, Value)> {
    let workers = &endpoint["workers"];
    let mut known = vec![
        ("name", text(&endpoint["name"])),
        ("workers_min", number(&workers["min"])),
        ("workers_max", number(&workers["max"])),
        ("timeout_ms", number(&endpoint["timeout"])),
        ("flashboot", text(&endpoint["flashboot"])),
        ("network_volumes", Value::texts(texts(&endpoint["networkVolumes"]))),
        ("regions", Value::texts(texts(&endpoint["dataCenters"]))),
    ];
    known.extend(of_container(&endpoint["container"]));
    known
}

/// What templates and endpoints have in common.
fn of_container(container: &Json) -> Vec<(&'static str, Value)> {
    let mut env: BTreeMap<String, Value> =
        container["env"].as_object().expect("a map").iter().map(|(key, value)| (key.clone(), text(value))).collect();
    env.remove(MARKER_VARIABLE);
    let registry = &container["registry"];
    vec![
        ("image", text(&container["image"])),
        ("env", Value::Map(env.into_iter().collect())),
        ("container_disk_gb", number(&container["disk"])),
        ("registry_auth", registry.as_str().map_or(Value::Null, Value::text)),
    ]
}

fn texts(list: &Json) -> impl Iterator<Item = &str> {
    list.as_array().expect("a list").iter().filter_map(Json::as_str)
}
