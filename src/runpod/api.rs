//! The operations that sindri asks of RunPod, in its own words, and how they fail.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::kind::Kind;
use crate::model::{Attributes, Dialect, Marker, Object, Power};

/// RunPod, as the engine sees it. One method is one request (lists: one per page).
///
/// Reads and deletes retry by themselves; a create is sent once and never again, since RunPod has no idempotency key: what
/// to do about an unknown outcome is recovery's business (`apply::recover`).
#[async_trait]
pub trait Api: Send + Sync {
    fn dialect(&self) -> Dialect;

    /// Every object of a listed kind, all pages.
    async fn list(&self, kind: &'static Kind) -> Result<Vec<Object>, ApiError>;

    /// One object; `None` for 404, which for a fresh object is no proof of absence (contract, section 13).
    async fn read(&self, kind: &'static Kind, id: &str) -> Result<Option<Object>, ApiError>;

    /// Creates one object. `inputs` holds every attribute, references resolved to ids, members folded in.
    async fn create(
        &self,
        kind: &'static Kind,
        inputs: &Attributes,
        marker: Option<&Marker>,
    ) -> Result<Object, ApiError>;

    /// Changes the attributes in `changes`; `current` is what exists now, from which whatever the API replaces as a whole
    /// (`env`, mounts) is completed. In a map, `Null` removes a key. The marker in `current` is kept.
    async fn update(&self, kind: &'static Kind, current: &Object, changes: &Attributes) -> Result<Object, ApiError>;

    /// Deletes one object; `false` when RunPod says that it is not there.
    async fn delete(&self, kind: &'static Kind, id: &str) -> Result<bool, ApiError>;

    /// Whether RunPod's catalog shows stock for these inputs of a create; `None` where the dialect cannot tell. Stock is a
    /// hint: it reserves nothing.
    async fn in_stock(&self, kind: &'static Kind, inputs: &Attributes) -> Result<Option<bool>, ApiError> {
        let _ = (kind, inputs);
        Ok(None)
    }

    /// Starts or stops one object.
    async fn power(&self, kind: &'static Kind, id: &str, power: Power) -> Result<(), ApiError>;
}

/// What kind of failure it was: the stable `code` of error objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// No API key.
    NoCredentials,
    /// The key would travel over plain http to an address that is not loopback.
    InsecureUrl,
    /// 401.
    Unauthorized,
    /// 402.
    NoBalance,
    /// 403 for this key or pool.
    Forbidden,
    /// 403 `error code: 1010`: the gateway refused the client, not the key.
    Blocked,
    NotFound,
    /// 409.
    Conflict,
    /// 410: this dialect was retired.
    Retired,
    /// 413.
    TooLarge,
    /// 400, 422: the request is wrong.
    Invalid,
    /// 400 (v2) or 500 (v1) whose text says that there is no stock.
    NoCapacity,
    /// 429 after the longest wait that is allowed.
    RateLimited,
    /// 5xx.
    Server,
    /// No answer, or no connection.
    Network,
    /// An answer that is not what the API documents.
    Malformed,
}

impl ErrorClass {
    /// Stable word for `--json`.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoCredentials => "no_credentials",
            Self::InsecureUrl => "insecure_url",
            Self::Unauthorized => "unauthorized",
            Self::NoBalance => "no_balance",
            Self::Forbidden => "forbidden",
            Self::Blocked => "client_blocked",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Retired => "api_retired",
            Self::TooLarge => "request_too_large",
            Self::Invalid => "invalid_request",
            Self::NoCapacity => "no_capacity",
            Self::RateLimited => "rate_limited",
            Self::Server => "server_error",
            Self::Network => "network_error",
            Self::Malformed => "malformed_reply",
        }
    }
}

/// Whether a failed request may have taken effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It did not: refused before any effect, or never sent.
    WithoutEffect,
    /// It may have: look before sending it again.
    Unknown,
}

/// A request that failed. Never carries a header, a credential or a request body.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", self.summary())]
pub struct ApiError {
    pub class: ErrorClass,
    pub failure: Failure,
    /// `POST /v2/pods`, without query.
    pub request: String,
    pub status: Option<u16>,
    /// RunPod's own text, always shown.
    pub message: String,
    /// RunPod's list of violations.
    pub details: Vec<String>,
    /// `x-request-id`.
    pub request_id: Option<String>,
    pub retry_after: Option<Duration>,
}

impl ApiError {
    fn summary(&self) -> String {
        let status = self.status.map(|status| format!(" answered {status}")).unwrap_or_default();
        format!("{}{status}: {}", self.request, self.message)
    }
}

/// Called with one line per request and reply (method, path, status, time; never headers or bodies), for `-v`.
pub type TraceFn = Arc<dyn Fn(&str) + Send + Sync>;
