//! What reaches the world and what it gives back: a route that is already resolved, a body that is already JSON.
//!
//! Transport matters (headers, quotas, resets) are settled before a [`Call`] exists.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::emulator::rules::tweaks::Tweaks;

/// Which of RunPod's two REST dialects a call speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    V1,
    V2,
}

/// One request, as the world sees it.
///
/// No `Debug`: a body can carry a secret.
#[derive(Clone)]
pub struct Call {
    pub dialect: Dialect,
    /// As [`Route::operation`](super::route::Route::operation); one that the dialect does not have is answered with 404.
    pub operation: &'static str,
    /// The `{id}` of the path, percent-decoded.
    pub id: Option<String>,
    /// Decoded query parameters; a repeated v1 parameter arrives comma-joined.
    pub query: BTreeMap<String, String>,
    pub body: Option<Value>,
    pub tweaks: Tweaks,
}

impl Call {
    /// A call without id, query, body or faults.
    pub fn new(dialect: Dialect, operation: &'static str) -> Self {
        Self { dialect, operation, id: None, query: BTreeMap::new(), body: None, tweaks: Tweaks::default() }
    }

    /// The id in the path, empty where the path has none.
    pub(in crate::emulator) fn object_id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.query.insert(name.to_owned(), value.to_string());
        self
    }

    pub fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    pub fn tweaks(mut self, tweaks: Tweaks) -> Self {
        self.tweaks = tweaks;
        self
    }
}

/// The reply.
#[derive(Clone)]
pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    /// Empty for 204.
    pub body: Vec<u8>,
    /// Ids of the pods or volumes that the call changed or created.
    pub touched: Vec<String>,
}
