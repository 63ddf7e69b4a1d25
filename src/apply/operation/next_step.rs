//! The next step of an operation after its request.

use std::time::Duration;

use crate::model::Intent;
use crate::runpod::ApiError;

/// The rest of an operation whose request was sent. A whole fleet may wait, so it holds only what the wait needs.
pub(super) enum NextStep {
    Finished,
    /// Wait until the object with this id is ready.
    AwaitReady(String),
    /// Wait until the latest release of the object with this id has reached all its workers.
    AwaitRollout(String, Duration),
    /// Wait until no list shows the deleted object.
    AwaitGone(Box<SentDelete>),
}

/// A delete that was sent and is not confirmed yet.
pub(super) struct SentDelete {
    pub intent: Intent,
    pub id: String,
    pub response: Result<bool, ApiError>,
}
