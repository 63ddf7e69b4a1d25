//! A call to the world and its response: the route is resolved and the body is parsed.
//!
//! The gateway has already dealt with headers, quotas and resets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::emulator::rules::tweaks::Tweaks;

/// The two dialects of RunPod's REST API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApiVersion {
    V1,
    V2,
}

/// One request as the world sees it.
///
/// It has no `Debug`, because a body can contain a secret. `world_change` reads it back from a file.
#[derive(Clone, Serialize)]
pub struct Call {
    pub dialect: ApiVersion,
    /// See [`Route::operation`](super::route::Route::operation). The response to an unknown operation is 404.
    pub operation: &'static str,
    /// The `{id}` of the path, percent-decoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// A second id in the path, of a part of the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// Decoded query parameters. A repeated v1 parameter is joined by commas.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    #[serde(skip_serializing_if = "Tweaks::is_none")]
    pub tweaks: Tweaks,
}

impl Call {
    /// A call with nothing but its operation.
    pub fn new(dialect: ApiVersion, operation: &'static str) -> Self {
        Self { dialect, operation, id: None, part: None, query: BTreeMap::new(), body: None, tweaks: Tweaks::default() }
    }

    /// The id in the path, or an empty string.
    pub fn object_id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// The body without the member that a fault drops.
    pub(in crate::emulator) fn kept_body(&self) -> Option<Value> {
        without_dropped(self.body.as_ref(), &self.tweaks)
    }

    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    pub fn part(mut self, id: impl Into<String>) -> Self {
        self.part = Some(id.into());
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

/// The body of an update without the member that a fault drops.
pub fn without_dropped(body: Option<&Value>, tweaks: &Tweaks) -> Option<Value> {
    let mut body = body.cloned()?;
    if let (Some(field), Some(members)) = (&tweaks.patch_drops_field, body.as_object_mut()) {
        members.remove(field);
    }
    Some(body)
}

/// A response as bytes.
#[derive(Clone)]
pub struct CallReply {
    pub status: u16,
    pub content_type: &'static str,
    /// Empty for 204.
    pub body: Vec<u8>,
    /// Ids of the objects that the call created or changed.
    pub touched: Vec<String>,
}
