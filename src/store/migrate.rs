//! Format versions: finding a file's version, and converting older versions to the current one.
//!
//! To change a format, add a `STATE_FORMAT_VERSION`, an arm in [`state`] that converts the older text, and a test that
//! reads a file of the older version. A journal contains records as well, but all their attributes, so its version is
//! still 2.
//!
//! | Version | What changed |
//! | --- | --- |
//! | 1 | `protected` of a record combines `lifecycle.preventDestroy` and the default protection of a kind |
//! | 2 | `prevent_destroy` has only the former; the kind's table has the latter. `ignored` has `ignoreChanges` |
//! | 3 | attributes that are not set are omitted, and `unknown` lists those that are not known |

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::kind;
use crate::model::state::STATE_FORMAT_VERSION;
use crate::model::{Address, Attributes, Power, Record, State};

use super::format;

/// The reason why a version cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// `format_version` is missing or has a value that never existed.
    Unknown(String),
    Newer(u64),
}

/// The format version of a file, if this version of sindri can read it. `newest` depends on the kind of file.
pub(super) fn version(document: &Value, newest: u32) -> Result<u32, Unreadable> {
    match document.get("format_version") {
        None => Err(Unreadable::Unknown("`format_version` is missing".into())),
        Some(value) => match value.as_u64() {
            None | Some(0) => Err(Unreadable::Unknown(format!("`format_version` is {value}, not a version"))),
            Some(version) => u32::try_from(version).ok().filter(|v| *v <= newest).ok_or(Unreadable::Newer(version)),
        },
    }
}

/// A state of any supported version, converted to the current format. Errors point into `text`.
pub(super) fn state(text: &str, version: u32) -> Result<State, serde_json::Error> {
    match version {
        1 => serde_json::from_str::<StateV1>(text).map(State::from),
        2 => serde_json::from_str(text).map(|state| State { format_version: STATE_FORMAT_VERSION, ..state }),
        _ => format::read(text),
    }
}

/// A journal entry of any supported version, converted to the current format. One file may mix both formats.
pub(super) fn journal_entry(mut entry: Value) -> Result<Value, serde_json::Error> {
    if let Some(record) = entry.get_mut("record") {
        lift(record)?;
    }
    for field in ["members", "deposed", "records"] {
        let records = entry.get_mut(field).and_then(Value::as_object_mut);
        records.into_iter().flat_map(|records| records.values_mut()).try_for_each(lift)?;
    }
    Ok(entry)
}

/// Converts one journal record if it has format version 1.
fn lift(record: &mut Value) -> Result<(), serde_json::Error> {
    if record.get("protected").is_some() {
        let old: RecordV1 = serde_json::from_value(record.take())?;
        *record = serde_json::to_value(Record::from(old))?;
    }
    Ok(())
}

/// [`State`] in format version 1.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StateV1 {
    #[serde(rename = "format_version")]
    _format_version: u32,
    lineage: String,
    environment: String,
    api: String,
    resources: BTreeMap<Address, RecordV1>,
}

impl From<StateV1> for State {
    fn from(old: StateV1) -> Self {
        let resources = old.resources.into_iter().map(|(address, record)| (address, record.into())).collect();
        Self {
            format_version: STATE_FORMAT_VERSION,
            lineage: old.lineage,
            environment: old.environment,
            api: old.api,
            resources,
        }
    }
}

/// [`Record`] in format version 1.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordV1 {
    kind: String,
    id: String,
    #[serde(default)]
    chosen: BTreeMap<String, String>,
    #[serde(default)]
    marked: Option<Address>,
    #[serde(default)]
    depends_on: Vec<Address>,
    #[serde(default)]
    power: Option<Power>,
    #[serde(default)]
    protected: bool,
    #[serde(default)]
    tainted: bool,
    inputs: Attributes,
}

impl From<RecordV1> for Record {
    fn from(old: RecordV1) -> Self {
        let RecordV1 { kind, id, chosen, marked, depends_on, power, protected, tainted, inputs } = old;
        // Version 1 set `protected` on every record of a kind that is protected by default, regardless of its block.
        let by_default = kind::find(&kind).is_some_and(|kind| kind.protection.is_some());
        let prevent_destroy = protected && !by_default;
        let ignored = BTreeSet::new();
        Self {
            kind: kind.into(),
            id,
            chosen,
            marked,
            depends_on,
            power,
            prevent_destroy,
            ignored,
            tainted,
            awaiting_ready: None,
            inputs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_versions_from_one_to_the_newest_are_read() {
        let of = |text: &str| version(&serde_json::from_str(text).unwrap(), 2);
        assert_eq!(of(r#"{"format_version": 1}"#), Ok(1));
        assert_eq!(of(r#"{"format_version": 2}"#), Ok(2));
        assert_eq!(of(r#"{"format_version": 3}"#), Err(Unreadable::Newer(3)));
        assert_eq!(of(r#"{"format_version": 99999999999}"#), Err(Unreadable::Newer(99_999_999_999)));
        for text in ["{}", r#"{"format_version": 0}"#, r#"{"format_version": "1"}"#, r#"{"format_version": -1}"#, "[]"]
        {
            assert!(matches!(of(text), Err(Unreadable::Unknown(_))), "{text}");
        }
    }

    const OLD: &str = r#"{
  "format_version": 1, "lineage": "4f1c09aa4f1c09aa", "environment": "prod", "api": "runpod",
  "resources": {
    "network_volume.data": { "kind": "network_volume", "id": "v", "protected": true, "inputs": {} },
    "pod.kept": { "kind": "pod", "id": "p", "power": "stopped", "protected": true, "tainted": true, "inputs": {} },
    "pod.plain": { "kind": "pod", "id": "q", "inputs": {} }
  }
}"#;

    #[test]
    fn version_1_recorded_prevent_destroy_only_for_pods() {
        let read = state(OLD, 1).unwrap();
        assert_eq!(read.format_version, STATE_FORMAT_VERSION);
        let prevented: Vec<(String, bool)> =
            read.resources.iter().map(|(address, record)| (address.to_string(), record.prevent_destroy)).collect();
        let expected = [("network_volume.data", false), ("pod.kept", true), ("pod.plain", false)];
        assert_eq!(prevented, expected.map(|(address, prevented)| (address.to_owned(), prevented)));
        let pod = &read.resources[&"pod.kept".parse().unwrap()];
        assert!(pod.tainted && pod.power == Some(Power::Stopped), "{pod:?}");
    }

    #[test]
    fn version_2_refuses_the_field_of_version_1() {
        let text = OLD.replace("\"format_version\": 1", "\"format_version\": 2");
        assert!(state(&text, 2).unwrap_err().to_string().contains("unknown field `protected`"));
    }

    #[test]
    fn all_records_in_a_journal_of_version_1_are_converted() {
        let record = |kind: &str| serde_json::json!({ "kind": kind, "id": "x", "protected": true, "inputs": {} });
        let old = serde_json::json!({
            "record": record("network_volume"),
            "deposed": { "pod.a:deposed-x": record("pod") },
            "records": { "pod.a": record("pod"), "pod.b": null },
        });
        let new = journal_entry(old).unwrap();
        assert_eq!(new["record"].get("prevent_destroy"), None);
        for record in [&new["deposed"]["pod.a:deposed-x"], &new["records"]["pod.a"]] {
            assert_eq!(record["prevent_destroy"], true, "{new}");
        }
        assert!(new["records"]["pod.b"].is_null() && !new.to_string().contains("protected"), "{new}");
    }
}
