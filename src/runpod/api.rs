//! The operations that sindri needs from RunPod, in sindri's own terms.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::error::ApiError;
use crate::kind::{AccountObject, Kind};
use crate::model::{Attributes, Dialect, Marker, Object, Power, Rollout, WorkerCounts};
use crate::planner::decide::feasible::Presence;

/// How long a newly created object may be missing from lists and reads. Source: contract, section 13, rule 3.
pub const LIST_LAG: Duration = Duration::from_secs(120);

/// RunPod, as the engine sees it. One method call is one request (for lists, one per page).
///
/// Reads and deletes are retried. A create is sent only once, because RunPod has no idempotency key; `apply::recover`
/// resolves unknown outcomes.
#[async_trait]
pub trait Api: Send + Sync {
    fn dialect(&self) -> Dialect;

    /// How long a newly created object may be missing from lists and reads.
    fn list_lag(&self) -> Duration {
        LIST_LAG
    }

    /// All objects of a listed kind, from all pages.
    async fn list(&self, kind: &'static Kind) -> Result<Vec<Object>, ApiError>;

    /// Reads one object. `None` means 404, which does not prove that a new object is absent (contract, section 13).
    async fn read(&self, kind: &'static Kind, id: &str) -> Result<Option<Object>, ApiError>;

    /// Creates one object. `inputs` holds every attribute, with references resolved to ids and members folded in.
    async fn create(
        &self,
        kind: &'static Kind,
        inputs: &Attributes,
        marker: Option<&Marker>,
    ) -> Result<Object, ApiError>;

    /// Changes the attributes in `changes`. `current` is the existing object; it completes the attributes that the API
    /// replaces as a whole (`env`, mounts). In a map, `Null` removes a key. The marker in `current` is kept.
    async fn update(&self, kind: &'static Kind, current: &Object, changes: &Attributes) -> Result<Object, ApiError>;

    /// Deletes one object. Returns `false` if RunPod says that it does not exist.
    async fn delete(&self, kind: &'static Kind, id: &str) -> Result<bool, ApiError>;

    /// The workers of one object; `None` if the kind has none.
    async fn workers(&self, kind: &'static Kind, id: &str) -> Result<Option<WorkerCounts>, ApiError> {
        let _ = (kind, id);
        Ok(None)
    }

    /// How many workers run of a new object that got no request, beyond those it asks for; `None` if the kind has none.
    /// Sends a request only for kinds with workers.
    async fn standby_workers(&self, kind: &'static Kind, object: &Object) -> Result<Option<u64>, ApiError> {
        let _ = (kind, object);
        Ok(None)
    }

    /// How many workers of one object run its latest release; `None` if the kind has none.
    async fn rollout(&self, kind: &'static Kind, id: &str) -> Result<Option<Rollout>, ApiError> {
        let _ = (kind, id);
        Ok(None)
    }

    /// Whether RunPod's catalog shows stock for a create with these inputs; `None` if the dialect cannot tell. Stock is
    /// only a hint and reserves nothing.
    async fn in_stock(&self, kind: &'static Kind, inputs: &Attributes) -> Result<Option<bool>, ApiError> {
        let _ = (kind, inputs);
        Ok(None)
    }

    /// Identifies the question that [`Api::in_stock`] would ask for these inputs. Creates with the same key get the
    /// same answer. `None` if it would ask nothing.
    fn stock_key(&self, kind: &'static Kind, inputs: &Attributes) -> Option<String> {
        let _ = (kind, inputs);
        None
    }

    /// Whether a pod can use an object that is not in the lists. Takes one request.
    async fn presence(&self, outside: AccountObject, id: &str) -> Result<Option<Presence>, ApiError> {
        let _ = (outside, id);
        Ok(None)
    }

    /// The reason why a create with these inputs would be refused before sending, if any. Sends nothing. References
    /// count as ids of the usual length.
    fn unsendable(&self, kind: &'static Kind, inputs: &Attributes, marker: Option<&Marker>) -> Option<ApiError> {
        let _ = (kind, inputs, marker);
        None
    }

    /// Starts or stops one object. [`super::ErrorClass::Conflict`] may mean that it is already in the wanted state.
    async fn power(&self, kind: &'static Kind, id: &str, power: Power) -> Result<(), ApiError>;
}

/// For `-v`: called with one line per request and reply (method, path, status, time; never headers or bodies).
pub type TraceFn = Arc<dyn Fn(&str) + Send + Sync>;

/// Called before a wait of more than five seconds, with its duration and reason.
pub type NotifyFn = Arc<dyn Fn(Duration, &str) + Send + Sync>;
