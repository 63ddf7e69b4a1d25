//! The state: everything sindri has created or adopted, by address. Data only; bytes, locks and files belong to
//! `store`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Address, AddressPart, Attributes, Power};

/// The state format that this version writes, and the newest that it reads.
pub const STATE_FORMAT_VERSION: u32 = 3;

/// The contents of one environment's state file.
///
/// It holds no volatile values or counters. Its version is its content ([`State::digest`]), so branches that touch
/// different resources merge, and stale reads are detected by content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    pub format_version: u32,
    /// Lineage: created when the state is first written, and part of the marker of every pod created from it.
    pub lineage: String,
    pub environment: String,
    /// The API that the ids belong to: `runpod`, `sandbox`, or the origin of another API (`http://127.0.0.1:4010`).
    pub api: String,
    pub resources: BTreeMap<Address, Record>,
}

/// Readiness that sindri is still waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Awaiting {
    /// Created and not ready since.
    First,
    /// Started, restarted or adopted. It may have been ready before, so it is never replaced for being late.
    Again,
}

/// The record of one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    pub kind: AddressPart,
    /// RunPod's id. For a port: `<pod id>:<port>`.
    pub id: String,
    /// RunPod's choice among the candidates (`gpu_type`). For display; no diff reads it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub chosen: BTreeMap<String, String>,
    /// The address in the object's marker, if it differs from this one. A move cannot update the marker without a
    /// restart. If RunPod gives the object another id, sindri finds it by this address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marked: Option<Address>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<Address>,
    /// The last requested power; absent for kinds without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power: Option<Power>,
    /// `lifecycle.preventDestroy` as last applied. No flag overrides it, even after the block is removed. A kind's
    /// default protection is in its table, not here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prevent_destroy: bool,
    /// `lifecycle.ignoreChanges` as last applied. Outside changes to these attributes are informational.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub ignored: BTreeSet<String>,
    /// The object exists but never became ready. The next plan replaces it, unless it is ready by then or should be
    /// stopped.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tainted: bool,
    /// Set by the outcome of a request that requires readiness; cleared by the outcome that confirms it. If apply is
    /// killed in between, the next one waits again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaiting_ready: Option<Awaiting>,
    /// The inputs last applied; a secret is recorded only as being one. Always present, so it comes last: optional
    /// fields before it can then be added or removed as a single line of the file, without changing the comma on
    /// another line.
    pub inputs: Attributes,
}

impl Record {
    /// The record after its object was seen ready.
    pub fn seen_ready(self) -> Self {
        Self { tainted: false, awaiting_ready: None, ..self }
    }

    /// The record after its object was asked to start again. An object that was never ready keeps waiting for its first
    /// readiness.
    pub fn awaited_again(self) -> Self {
        let awaiting = if self.tainted { Awaiting::First } else { self.awaiting_ready.unwrap_or(Awaiting::Again) };
        Self { tainted: false, awaiting_ready: Some(awaiting), ..self }
    }

    /// Whether the object, as far as is known, has never been ready since its creation.
    pub fn never_ready(&self) -> bool {
        self.tainted || self.awaiting_ready == Some(Awaiting::First)
    }

    /// The address in the object's marker: the one it was created for.
    pub fn marker_address<'r>(&'r self, address: &'r Address) -> &'r Address {
        self.marked.as_ref().unwrap_or(address)
    }
}

impl State {
    pub fn new(lineage: String, environment: String, api: String) -> Self {
        Self { format_version: STATE_FORMAT_VERSION, lineage, environment, api, resources: BTreeMap::new() }
    }

    /// SHA-256 over records, lineage and environment, as 64 hex digits. This is the state's only version.
    pub fn digest(&self) -> String {
        let bytes = serde_json::to_vec(self).expect("a state has only text keys");
        Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The id of the object recorded at an address.
    pub fn id_of(&self, address: &Address) -> Option<String> {
        self.resources.get(address).map(|record| record.id.clone())
    }

    /// The address that holds this id of a kind.
    pub fn address_of(&self, kind: &str, id: &str) -> Option<&Address> {
        self.resources.iter().find(|(_, record)| record.kind == kind && record.id == id).map(|(address, _)| address)
    }
}
