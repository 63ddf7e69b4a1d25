//! The journal's entries, and what they mean: a pure fold of entries over a state. Bytes and fsync belong to `store`.
//!
//! An intent is durable before its request leaves, its outcome after the answer. An intent without an outcome is
//! *pending*: the request may or may not have taken effect, and recovery has to look before anything is sent again.

use std::collections::BTreeMap;
use std::collections::btree_map::IntoValues;

use serde::{Deserialize, Serialize};

use super::{Address, Record, State, Verb};

/// The journal format that this version writes, and the newest that it reads.
///
/// The first line says it for the whole file. What a reader may pass over (a member that sharpens what it does, such as
/// [`Intent::made_by`]) comes without a new version; what it must not (a new verb, another meaning) makes one, and a writer
/// then has to begin the file anew before it appends to one of an older version.
pub const JOURNAL_FORMAT_VERSION: u32 = 2;

/// One line of the journal.
#[allow(clippy::large_enum_variant, reason = "entries are few and short-lived; most are the largest variant")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    /// The first line: which state this journal continues. It makes a journal without a state file usable.
    Begin {
        format_version: u32,
        lineage: String,
        environment: String,
        api: String,
        /// See [`Replay::last_create`]; survives the entries that said so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_create: Option<String>,
        /// [`Moment::uptime`] of `last_create`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_create_uptime: Option<Uptime>,
    },
    Intent(Intent),
    Outcome(Outcome),
}

/// How long a computer had run. Two readings of one boot tell exactly how much time lies between them, whatever the
/// computer's clock was set to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uptime {
    /// Names the boot; differs between computers.
    pub boot: String,
    pub ms: u64,
}

/// When something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// RFC 3339, by the clock of the computer that wrote it, which may be wrong.
    pub at: String,
    /// Absent where the computer cannot tell, and in journals of earlier builds.
    pub uptime: Option<Uptime>,
}

/// What is about to be asked of RunPod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Unique to this attempt; in the marker of a pod that it creates.
    pub operation: String,
    pub address: Address,
    pub verb: Verb,
    /// RunPod's id, where the object exists already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What the record will be if the request succeeds (of a create: with an empty id).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Record>,
    /// Records of the members (ports) that the same request creates, with empty ids.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub members: BTreeMap<Address, Record>,
    /// Members that the same request removes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<Address>,
    /// Of a create that goes before the destruction of its predecessor: where the predecessor's record is kept.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub deposed: BTreeMap<Address, Record>,
    /// Of a kind that carries no marker (volumes): the ids of those that looked alike before, so that a new one can be told
    /// apart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub existing: Vec<String>,
    /// Of a delete, where the kind carries markers: the operation that made the object. RunPod may move it under another id
    /// before the request arrives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<String>,
    /// When, RFC 3339. For display and for the age of a pending create.
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

/// What became of an intent: the new truth about every record that it touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub operation: String,
    /// Records after the operation; `None` removes one. Empty: nothing changed (it failed without effect).
    pub records: BTreeMap<Address, Option<Record>>,
}

/// An intent whose outcome is not known.
pub type Pending = Intent;

/// Pending intents in the order in which they were written, and found by their operation: of a fleet that is being
/// destroyed, every pod has one until the lists no longer show it.
#[derive(Clone, Debug, Default)]
pub struct PendingIntents {
    by_number: BTreeMap<u64, Pending>,
    numbers: BTreeMap<String, u64>,
    next: u64,
}

impl PendingIntents {
    /// Adds an intent as the last one, in place of an earlier one of the same operation.
    pub fn push(&mut self, intent: Pending) {
        self.remove(&intent.operation);
        self.numbers.insert(intent.operation.clone(), self.next);
        self.by_number.insert(self.next, intent);
        self.next += 1;
    }

    pub fn remove(&mut self, operation: &str) -> Option<Pending> {
        self.by_number.remove(&self.numbers.remove(operation)?)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Pending> {
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
    type Item = Pending;
    type IntoIter = IntoValues<u64, Pending>;

    fn into_iter(self) -> Self::IntoIter {
        self.by_number.into_values()
    }
}

/// A state with its journal folded in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    pub state: State,
    pub pending: PendingIntents,
    /// When something was last asked to be created: lists may lack what is recorded until they have caught up with it.
    pub last_create: Option<Moment>,
}

impl Replay {
    pub fn new(state: State) -> Self {
        Self { state, pending: PendingIntents::default(), last_create: None }
    }

    /// Folds one entry in. Entries are whole truths, so folding a journal twice gives the same state.
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
