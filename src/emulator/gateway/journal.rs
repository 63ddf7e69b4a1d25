//! The journal of requests that a client sent, for assertions such as "a plan sends no writes".

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::emulator::dialect::call::ApiVersion;
use crate::emulator::dialect::route::Route;
use crate::transport::Request;

/// The number of entries kept, so that memory stays bounded.
const KEPT: usize = 100_000;

/// A request and its result. Headers are omitted because they contain the credential.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JournalEntry {
    /// Counted from 1 in the order of effects.
    pub number: u64,
    /// Virtual time of the effect.
    pub time: Timestamp,
    pub dialect: ApiVersion,
    /// `None` if the request was rejected before its route was known.
    pub operation: Option<&'static str>,
    pub method: &'static str,
    /// As sent, with the query.
    pub path: String,
    pub body: Option<Value>,
    /// `None` if the connection was reset.
    pub status: Option<u16>,
    /// Ids of the objects that the request created or changed.
    pub touched: Vec<String>,
    /// The number of the fault rule that fired, if any.
    pub fault: Option<usize>,
    #[serde(skip)]
    changes_world: bool,
}

impl JournalEntry {
    pub(in crate::emulator) fn new(request: &Request, dialect: ApiVersion) -> Self {
        Self {
            number: 0,
            time: Timestamp::UNIX_EPOCH,
            dialect,
            operation: None,
            method: request.method.word(),
            path: request.path.clone(),
            body: None,
            status: None,
            touched: Vec::new(),
            fault: None,
            changes_world: false,
        }
    }

    pub(in crate::emulator) fn set_route(&mut self, route: &Route) {
        self.operation = Some(route.operation);
        self.changes_world = route.changes_world();
    }

    /// Whether the operation can change the world.
    pub fn changes_world(&self) -> bool {
        self.changes_world
    }
}

/// A body with the secret member of its route masked.
pub fn without_secret(route: &Route, body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(value) = route.secret.and_then(|member| body.get_mut(member)) {
        *value = Value::String("(sensitive)".into());
    }
    body
}

#[derive(Default)]
pub struct RequestJournal {
    entries: VecDeque<JournalEntry>,
    last: u64,
}

impl RequestJournal {
    pub fn push(&mut self, mut entry: JournalEntry) {
        self.last += 1;
        entry.number = self.last;
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    /// The entries after this number.
    pub fn since(&self, number: u64) -> impl Iterator<Item = &JournalEntry> {
        let start = self.entries.partition_point(|entry| entry.number <= number);
        self.entries.range(start..)
    }
}
