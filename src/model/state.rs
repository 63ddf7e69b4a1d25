//! The state: what sindri has made or taken over, by address. Data only; bytes, locks and files belong to `store`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Address, Attributes, Power};

/// The state format that this version writes, and the newest that it reads.
pub const STATE_FORMAT_VERSION: u32 = 2;

/// Everything that one environment's state file holds.
///
/// Nothing in it is volatile or counts upwards: identity is the content ([`State::digest`]), so that branches that touch
/// different resources merge, and a stale reading is recognised by what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    pub format_version: u32,
    /// Made once, when the state is first written; it is in the marker of every pod made from this state.
    pub lineage: String,
    pub environment: String,
    /// Which world the ids belong to: `runpod`, `sandbox`, or the origin of another API (`http://127.0.0.1:4010`).
    pub api: String,
    pub resources: BTreeMap<Address, Record>,
}

/// Readiness that sindri asked for and has not seen yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Awaiting {
    /// The object was created and has not been ready since.
    First,
    /// The object was started, restarted or adopted, and may have been ready before: it is never replaced for being late.
    Again,
}

/// What is known of one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    pub kind: String,
    /// RunPod's id. Of a port: `<pod id>:<port>`.
    pub id: String,
    /// What was chosen among the candidates of the inputs (`gpu_type`). For display; no diff reads it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub chosen: BTreeMap<String, String>,
    /// The address that the object's marker names, where that is another one than this: it was moved since it was made, and a
    /// marker cannot be changed without a restart. By this it is found again when RunPod gives it another id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marked: Option<Address>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<Address>,
    /// The power that was last asked for; absent for kinds without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power: Option<Power>,
    /// `lifecycle.preventDestroy` as it was last applied: no flag destroys the object, not even when its block is gone. The
    /// default protection of a kind is in that kind's table and not here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prevent_destroy: bool,
    /// `lifecycle.ignoreChanges` as it was last applied: outside changes of these attributes are for information only.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub ignored: BTreeSet<String>,
    /// It exists but never became ready: the next plan replaces it, unless it is ready by then or is to be stopped.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tainted: bool,
    /// Set by the outcome of the request that makes readiness necessary, cleared by the outcome that has seen it. An apply
    /// that is killed in between leaves it here, and the next one waits again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaiting_ready: Option<Awaiting>,
    /// The inputs last applied; of a secret only that it is one. Last, as it is always there: an optional field before it
    /// comes and goes as one line of the file, without a comma that changes beside it.
    pub inputs: Attributes,
}

impl Record {
    /// The same once its object was seen ready for use.
    pub fn seen_ready(self) -> Self {
        Self { tainted: false, awaiting_ready: None, ..self }
    }

    /// The same where it is asked to come up again. An object that never came up is still awaited for the first time.
    pub fn awaited_again(self) -> Self {
        let awaiting = if self.tainted { Awaiting::First } else { self.awaiting_ready.unwrap_or(Awaiting::Again) };
        Self { tainted: false, awaiting_ready: Some(awaiting), ..self }
    }

    /// Whether its object was created and, as far as is known, has never been ready for use.
    pub fn never_ready(&self) -> bool {
        self.tainted || self.awaiting_ready == Some(Awaiting::First)
    }

    /// The address for which the object at `address` was made, by its marker.
    pub fn called<'r>(&'r self, address: &'r Address) -> &'r Address {
        self.marked.as_ref().unwrap_or(address)
    }
}

impl State {
    pub fn new(lineage: String, environment: String, api: String) -> Self {
        Self { format_version: STATE_FORMAT_VERSION, lineage, environment, api, resources: BTreeMap::new() }
    }

    /// SHA-256 over the records, lineage and environment, as 64 hex digits: the state's only version.
    pub fn digest(&self) -> String {
        let bytes = serde_json::to_vec(self).expect("a state has only text keys");
        Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The address that holds an id of a kind.
    pub fn address_of(&self, kind: &str, id: &str) -> Option<&Address> {
        self.resources.iter().find(|(_, record)| record.kind == kind && record.id == id).map(|(address, _)| address)
    }
}
