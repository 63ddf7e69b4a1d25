//! RunPod's answers to questions about successors, kept for one run. No question is asked twice at the same time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;

/// The reason why a successor cannot exist; `None` if no reason is known.
pub(super) type Verdict = Option<String>;

/// The answer to one question and its time; locked while the question is in flight.
type Slot = Arc<AsyncMutex<Option<(Instant, Verdict)>>>;

/// The answers of this run, by question.
#[derive(Default)]
pub(super) struct AnswerCache(Mutex<BTreeMap<String, Slot>>);

impl AnswerCache {
    pub async fn get(&self, question: &str, lifetime: Option<Duration>, ask: impl AsyncFnOnce() -> Verdict) -> Verdict {
        let entry =
            Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(question.to_owned()).or_default());
        let mut answer = entry.lock().await;
        if let Some((at, verdict)) = answer.as_ref()
            && lifetime.is_none_or(|lifetime| at.elapsed() < lifetime)
        {
            return verdict.clone();
        }
        let verdict = ask().await;
        *answer = Some((Instant::now(), verdict.clone()));
        verdict
    }
}
