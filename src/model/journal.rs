//! Journal entries and their meaning: a pure fold of entries over a state. Writing and fsync belong to `store`.
//!
//! An intent is durable before its request is sent; its outcome follows the response. An intent without an outcome is
//! *pending*: the request may or may not have taken effect, so recovery must check before sending anything again.

use std::collections::BTreeMap;
use std::collections::btree_map::IntoValues;

use serde::{Deserialize, Serialize};

use super::{Address, Record, State, Verb};

/// The journal format that this version writes, and the newest that it reads.
///
/// The first line states the version for the whole file. Optional members that readers may ignore, such as
/// [`Intent::made_by`], do not need a new version. Changes that readers must understand (a new verb or a new meaning)
/// do, and a writer must then start a new file before appending to an older one.
pub const JOURNAL_FORMAT_VERSION: u32 = 2;

/// One line of the journal.
#[allow(clippy::large_enum_variant, reason = "entries are few and short-lived; most are the largest variant")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    /// The first line; identifies the state that this journal continues. With it, a journal is usable without a state
    /// file.
    Begin {
        format_version: u32,
        lineage: String,
        environment: String,
        api: String,
        /// See [`Replay::last_create`]. Outlives the entries that it was derived from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_create: Option<String>,
        /// [`Moment::uptime`] of `last_create`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_create_uptime: Option<Uptime>,
    },
    Intent(Intent),
    Outcome(Outcome),
}

/// How long a computer has been running. Two readings from the same boot give the exact time between them, regardless
/// of clock changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uptime {
    /// Names the boot; differs between computers.
    pub boot: String,
    pub ms: u64,
}

/// When something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// RFC 3339, by the clock of the computer that wrote it. The clock may be wrong.
    pub at: String,
    /// Absent if the computer cannot report it, and in journals from earlier versions.
    pub uptime: Option<Uptime>,
}

/// A request that is about to be sent to RunPod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Unique to this attempt. A pod that it creates carries it in its marker.
    pub operation: String,
    pub address: Address,
    pub verb: Verb,
    /// RunPod's id, if the object already exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The record after success. For a create, its id is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Record>,
    /// Records of the members (ports) that the same request creates, with empty ids.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub members: BTreeMap<Address, Record>,
    /// Members that the same request removes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<Address>,
    /// For a create before destroy: the deposed address and record of the old object.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub deposed: BTreeMap<Address, Record>,
    /// For a create of a kind without markers (volumes): the ids of identical-looking objects that already existed.
    /// Recovery uses them to identify the new one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub existing: Vec<String>,
    /// For a delete of a kind with markers: the operation that created the object. RunPod may migrate the object to
    /// another id before the request arrives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<String>,
    /// RFC 3339. For display, and to compute the age of a pending create.
    pub at: String,
    /// [`Moment::uptime`] of `at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uptime: Option<Uptime>,
}

impl Intent {
    pub fn moment(&self) -> Moment {
        Moment { at: self.at.clone(), uptime: self.uptime.clone() }
    }
}

/// The result of an intent: the new value of every record that it touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub operation: String,
    /// Records after the operation; `None` removes one. Empty if the operation failed without effect.
    pub records: BTreeMap<Address, Option<Record>>,
}

/// An intent whose outcome is not known.
pub type PendingIntent = Intent;

/// Pending intents in write order, with lookup by operation. While a fleet is being destroyed, each pod has one until
/// the lists no longer show it.
#[derive(Clone, Debug, Default)]
pub struct PendingIntents {
    by_number: BTreeMap<u64, PendingIntent>,
    numbers: BTreeMap<String, u64>,
    next: u64,
}

impl PendingIntents {
    /// Appends an intent, replacing an earlier one of the same operation.
    pub fn push(&mut self, intent: PendingIntent) {
        self.remove(&intent.operation);
        self.numbers.insert(intent.operation.clone(), self.next);
        self.by_number.insert(self.next, intent);
        self.next += 1;
    }

    pub fn remove(&mut self, operation: &str) -> Option<PendingIntent> {
        self.by_number.remove(&self.numbers.remove(operation)?)
    }

    pub fn iter(&self) -> impl Iterator<Item = &PendingIntent> {
        self.by_number.values()
    }

    pub fn len(&self) -> usize {
        self.by_number.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_number.is_empty()
    }
}

impl PartialEq for PendingIntents {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for PendingIntents {}

impl IntoIterator for PendingIntents {
    type Item = PendingIntent;
    type IntoIter = IntoValues<u64, PendingIntent>;

    fn into_iter(self) -> Self::IntoIter {
        self.by_number.into_values()
    }
}

/// A state with its journal folded in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    pub state: State,
    pub pending: PendingIntents,
    /// Time of the last create request. Until lists have caught up with it, they may lack recorded objects.
    pub last_create: Option<Moment>,
}

impl Replay {
    pub fn new(state: State) -> Self {
        Self { state, pending: PendingIntents::default(), last_create: None }
    }

    /// Folds in one entry. Entries hold complete values, so folding a journal twice gives the same state.
    pub fn fold(&mut self, entry: &Entry) {
        match entry {
            Entry::Begin { last_create, last_create_uptime, .. } => {
                let moment = |at: &String| Moment { at: at.clone(), uptime: last_create_uptime.clone() };
                self.last_create = last_create.as_ref().map(moment);
            }
            Entry::Intent(intent) => {
                if intent.verb == Verb::Create {
                    self.last_create = Some(intent.moment());
                }
                self.pending.push(intent.clone());
            }
            Entry::Outcome(outcome) => {
                for (address, record) in &outcome.records {
                    match record {
                        Some(record) => self.state.resources.insert(address.clone(), record.clone()),
                        None => self.state.resources.remove(address),
                    };
                }
                self.pending.remove(&outcome.operation);
            }
        }
    }
}
