//! The text of a state file in the current format version.
//!
//! A record in memory has a value for every attribute of its kind, [`Value::Null`] if it is not set, and lacks only
//! those that nobody knows: RunPod does not show them, and another program made the object. Most attributes of most
//! pods are not set, and few are unknown, so the file lists the unknown ones and omits those that are not set.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use ecow::EcoString;
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::kind::{self, Kind};
use crate::model::reading::unique_entries;
use crate::model::state::STATE_FORMAT_VERSION;
use crate::model::{Address, AddressPart, Attributes, Awaiting, Power, Record, State, Value};

/// A state as indented JSON.
pub(super) fn written(state: &State) -> String {
    let State { format_version: _, lineage, environment, api, resources } = state;
    let resources = WrittenRecords::of(resources);
    let state = WrittenState { format_version: STATE_FORMAT_VERSION, lineage, environment, api, resources };
    serde_json::to_string_pretty(&state).expect("a state has only text keys")
}

/// Reads a state of the current version.
///
/// # Errors
///
/// If the text is not JSON, has another version, or contains a key twice or a field that does not belong there.
pub(super) fn read(text: &str) -> Result<State, serde_json::Error> {
    let ReadState { format_version, lineage, environment, api, resources } = serde_json::from_str(text)?;
    if format_version != STATE_FORMAT_VERSION {
        return Err(serde_json::Error::custom(format!("`format_version` is {format_version}")));
    }
    let blanks = Blanks::default();
    let resources = resources.into_iter().map(|(address, record)| (address, record.completed(&blanks))).collect();
    Ok(State { format_version, lineage, environment, api, resources })
}

/// Records as indented JSON.
pub(super) fn written_records(records: &BTreeMap<Address, Record>) -> String {
    serde_json::to_string_pretty(&WrittenRecords::of(records)).expect("a record has only text keys")
}

#[derive(Serialize)]
struct WrittenState<'s> {
    format_version: u32,
    lineage: &'s str,
    environment: &'s str,
    api: &'s str,
    resources: WrittenRecords<'s>,
}

struct WrittenRecords<'s> {
    records: &'s BTreeMap<Address, Record>,
    blanks: Blanks,
}

impl<'s> WrittenRecords<'s> {
    fn of(records: &'s BTreeMap<Address, Record>) -> Self {
        Self { records, blanks: Blanks::default() }
    }
}

impl Serialize for WrittenRecords<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = |record| WrittenRecord::of(record, &self.blanks);
        serializer.collect_map(self.records.iter().map(|(address, record)| (address, written(record))))
    }
}

/// See [`Record`] for the fields.
#[derive(Serialize)]
struct WrittenRecord<'s> {
    kind: &'s str,
    id: &'s str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    chosen: &'s BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    marked: &'s Option<Address>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    depends_on: &'s [Address],
    #[serde(skip_serializing_if = "Option::is_none")]
    power: Option<Power>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    prevent_destroy: bool,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    ignored: &'s BTreeSet<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    tainted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    awaiting_ready: Option<Awaiting>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown: Vec<&'s EcoString>,
    inputs: WrittenInputs<'s>,
}

impl<'s> WrittenRecord<'s> {
    fn of(record: &'s Record, blanks: &'s Blanks) -> Self {
        let Record {
            kind,
            id,
            chosen,
            marked,
            depends_on,
            power,
            prevent_destroy,
            ignored,
            tainted,
            awaiting_ready,
            inputs,
        } = record;
        Self {
            kind,
            id,
            chosen,
            marked,
            depends_on,
            power: *power,
            prevent_destroy: *prevent_destroy,
            ignored,
            tainted: *tainted,
            awaiting_ready: *awaiting_ready,
            unknown: blanks.missing(kind, inputs),
            inputs: WrittenInputs(inputs),
        }
    }
}

/// The attributes that a record of a kind has. Those that list parts are in the records of the parts.
fn attributes(kind: &str) -> impl Iterator<Item = &'static kind::Attribute> {
    let found: Option<&'static Kind> = kind::find(kind);
    let attributes = found.into_iter().flat_map(|kind| kind.attributes.iter().map(move |attribute| (kind, attribute)));
    attributes
        .filter(|(kind, attribute)| kind::listed_in(kind.name, attribute.name).is_none())
        .map(|(_, attribute)| attribute)
}

struct WrittenInputs<'s>(&'s Attributes);

impl Serialize for WrittenInputs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let set = self.0.iter().filter(|(_, value)| !value.is_null());
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in set {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadState {
    format_version: u32,
    lineage: String,
    environment: String,
    api: String,
    #[serde(deserialize_with = "each_key_once")]
    resources: BTreeMap<Address, ReadRecord>,
}

/// See [`Record`] for the fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadRecord {
    kind: AddressPart,
    id: String,
    #[serde(default, deserialize_with = "each_key_once")]
    chosen: BTreeMap<String, String>,
    #[serde(default)]
    marked: Option<Address>,
    #[serde(default)]
    depends_on: Vec<Address>,
    #[serde(default)]
    power: Option<Power>,
    #[serde(default)]
    prevent_destroy: bool,
    #[serde(default)]
    ignored: BTreeSet<String>,
    #[serde(default)]
    tainted: bool,
    #[serde(default)]
    awaiting_ready: Option<Awaiting>,
    #[serde(default)]
    unknown: Vec<EcoString>,
    inputs: Attributes,
}

impl ReadRecord {
    fn completed(self, blanks: &Blanks) -> Record {
        let mut inputs = blanks.of(&self.kind);
        inputs.extend(self.inputs);
        for name in &self.unknown {
            inputs.remove(name);
        }
        Record {
            kind: self.kind,
            id: self.id,
            chosen: self.chosen,
            marked: self.marked,
            depends_on: self.depends_on,
            power: self.power,
            prevent_destroy: self.prevent_destroy,
            ignored: self.ignored,
            tainted: self.tainted,
            awaiting_ready: self.awaiting_ready,
            inputs,
        }
    }
}

/// The inputs of a resource of each kind on which nothing is set.
struct Blanks(Vec<(&'static str, Attributes)>);

impl Default for Blanks {
    fn default() -> Self {
        let blank = |kind: &str| attributes(kind).map(|attribute| (attribute.name, Value::Null)).collect();
        Self(kind::KINDS.iter().map(|kind| (kind.name, blank(kind.name))).collect())
    }
}

impl Blanks {
    fn find(&self, kind: &str) -> Option<&Attributes> {
        self.0.iter().find(|(name, _)| *name == kind).map(|(_, blank)| blank)
    }

    /// Nothing for an unknown kind, which is refused later.
    fn of(&self, kind: &str) -> Attributes {
        self.find(kind).cloned().unwrap_or_default()
    }

    /// The attributes of a kind that `inputs` lacks, sorted.
    fn missing(&self, kind: &str, inputs: &Attributes) -> Vec<&EcoString> {
        let names = self.find(kind).into_iter().flat_map(Attributes::keys);
        names.filter(|name| !inputs.contains_key(name)).collect()
    }
}

/// Reads a map, and refuses a key that appears twice, where serde's own would keep the last value.
fn each_key_once<'de, D, K, V>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
where
    D: Deserializer<'de>,
    K: Deserialize<'de> + Ord + fmt::Display,
    V: Deserialize<'de>,
{
    struct OnceVisitor<K, V>(PhantomData<(K, V)>);

    impl<'de, K: Deserialize<'de> + Ord + fmt::Display, V: Deserialize<'de>> Visitor<'de> for OnceVisitor<K, V> {
        type Value = BTreeMap<K, V>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a mapping")
        }

        fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Self::Value, A::Error> {
            unique_entries(access).map(BTreeMap::from_iter)
        }
    }

    deserializer.deserialize_map(OnceVisitor(PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        let mut state = State::new("4f1c09aa4f1c09aa".into(), "prod".into(), "runpod".into());
        let blanks = Blanks::default();
        let mut inputs = blanks.of("pod");
        inputs.insert("image", "example/image:1".into());
        inputs.remove("template");
        let record = Record {
            kind: "pod".into(),
            id: "p".into(),
            chosen: BTreeMap::new(),
            marked: None,
            depends_on: Vec::new(),
            power: Some(Power::Running),
            prevent_destroy: false,
            ignored: BTreeSet::new(),
            tainted: false,
            awaiting_ready: None,
            inputs,
        };
        state.resources.insert("pod.a".parse().unwrap(), record);
        state
    }

    #[test]
    fn the_file_omits_what_is_not_set_and_lists_what_is_unknown() {
        let text = written(&state());
        assert!(!text.contains("null"), "{text}");
        assert!(text.contains("\"unknown\": [\n        \"template\"\n      ]"), "{text}");
        assert_eq!(read(&text).unwrap(), state());
    }

    #[test]
    fn a_key_that_appears_twice_is_refused() {
        let text = written(&state());
        for (once, twice) in [
            ("\"pod.a\": {", "\"pod.a\": { \"kind\": \"pod\", \"id\": \"q\", \"inputs\": {} }, \"pod.a\": {"),
            ("\"inputs\": {", "\"inputs\": {}, \"inputs\": {"),
            ("\"image\":", "\"image\": \"x\", \"image\":"),
            ("\"lineage\":", "\"lineage\": \"x\", \"lineage\":"),
            ("\"power\":", "\"chosen\": { \"a\": \"x\", \"a\": \"y\" }, \"power\":"),
        ] {
            let text = text.replace(once, twice);
            assert!(read(&text).is_err(), "{text}");
        }
    }
}
