//! Pages of a list: limits and cursors (contract, section 2.6).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::emulator::rules::refusal::RequestRefusal;

const LARGEST: usize = 1000;

/// The rows that a call requests.
pub(super) struct PageRequest {
    pub limit: usize,
    /// Rows created before this serial.
    pub before: u64,
    operation: &'static str,
    /// The parameters that a cursor is valid for.
    parameters: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct Cursor {
    operation: String,
    parameters: BTreeMap<String, String>,
    before: u64,
}

impl PageRequest {
    /// Reads `limit`, `cursor` and the parameters named in `others`.
    pub fn from_query(
        operation: &'static str,
        others: &[&str],
        query: &BTreeMap<String, String>,
    ) -> Result<Self, RequestRefusal> {
        let limit = match query.get("limit").map(|text| text.parse::<i64>()) {
            None => LARGEST,
            Some(Err(_)) => return Err(RequestRefusal::violation("$.limit", "got string, want integer")),
            Some(Ok(limit)) if limit < 1 => {
                return Err(RequestRefusal::violation("$.limit", format!("minimum: got {limit}, want 1")));
            }
            Some(Ok(limit)) => (usize::try_from(limit).ok().filter(|limit| *limit <= LARGEST))
                .ok_or_else(|| RequestRefusal::violation("$.limit", format!("maximum: got {limit}, want {LARGEST}")))?,
        };
        if query.get("includeClusterPods").is_some_and(|flag| !matches!(flag.as_str(), "true" | "false")) {
            return Err(RequestRefusal::violation("$.includeClusterPods", "got string, want boolean"));
        }
        let bound = |name: &&String| *name == "limit" || others.contains(&name.as_str());
        let parameters: BTreeMap<String, String> =
            query.iter().filter(|(name, _)| bound(name)).map(|(name, value)| (name.clone(), value.clone())).collect();
        let before = match query.get("cursor") {
            None => u64::MAX,
            Some(cursor) => {
                open(cursor)
                    .filter(|cursor| cursor.operation == operation && cursor.parameters == parameters)
                    .ok_or_else(|| RequestRefusal::violation("$.cursor", "invalid cursor"))?
                    .before
            }
        };
        Ok(Self { limit, before, operation, parameters })
    }

    /// Limits the page to `most` rows, to catch clients that stop at a short page.
    pub fn shorten(&mut self, most: Option<usize>) {
        self.limit = self.limit.min(most.map_or(usize::MAX, |most| most.max(1)));
    }

    /// The cursor of the page after the row with this serial.
    pub fn cursor_after(&self, serial: u64) -> String {
        let cursor =
            json!({ "operation": self.operation, "parameters": self.parameters, "before": serial }).to_string();
        URL_SAFE_NO_PAD.encode(cursor)
    }
}

fn open(cursor: &str) -> Option<Cursor> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
}

/// The `pagination` member.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pagination {
    has_next_page: bool,
    next_cursor: Option<String>,
}

impl Pagination {
    pub fn to(next_cursor: Option<String>) -> Self {
        Self { has_next_page: next_cursor.is_some(), next_cursor }
    }
}
