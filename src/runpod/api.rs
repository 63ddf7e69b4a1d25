//! The operations that sindri asks of RunPod, in its own terms.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::error::ApiError;
use crate::kind::{Kind, Outside};
use crate::model::{Attributes, Dialect, Marker, Object, Power};
use crate::planner::decide::feasible::Presence;

/// How long after a create its object may be missing from lists and reads. Source: contract, section 13, rule 3.
pub const LIST_LAG: Duration = Duration::from_secs(120);

/// RunPod, as the engine sees it. One method is one request (lists: one per page).
///
/// Reads and deletes retry by themselves; a create is sent once and never again, since RunPod has no idempotency key: what
/// to do about an unknown outcome is recovery's business (`apply::recover`).
#[async_trait]
pub trait Api: Send + Sync {
    fn dialect(&self) -> Dialect;

    /// How long after a create its object may be missing from lists and reads.
    fn list_lag(&self) -> Duration {
        LIST_LAG
    }

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

    /// What [`Api::in_stock`] would ask for these inputs: creates with the same key have the same answer. `None` where it
    /// would ask nothing.
    fn stock_key(&self, kind: &'static Kind, inputs: &Attributes) -> Option<String> {
        let _ = (kind, inputs);
        None
    }

    /// Whether an object outside of the lists can be used by a pod: one request.
    async fn presence(&self, outside: Outside, id: &str) -> Result<Option<Presence>, ApiError> {
        let _ = (outside, id);
        Ok(None)
    }

    /// Why a create with these inputs would not be sent, without sending it. References count as ids of usual length.
    fn unsendable(&self, kind: &'static Kind, inputs: &Attributes, marker: Option<&Marker>) -> Option<ApiError> {
        let _ = (kind, inputs, marker);
        None
    }

    /// Starts or stops one object. [`super::ErrorClass::Conflict`] may mean that it is already where it should be.
    async fn power(&self, kind: &'static Kind, id: &str, power: Power) -> Result<(), ApiError>;
}

/// Called with one line per request and reply (method, path, status, time; never headers or bodies), for `-v`.
pub type TraceFn = Arc<dyn Fn(&str) + Send + Sync>;

/// Called before a wait of more than five seconds, with how long and why.
pub type NotifyFn = Arc<dyn Fn(Duration, &str) + Send + Sync>;
