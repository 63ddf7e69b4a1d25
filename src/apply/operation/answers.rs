//! RunPod's answers to questions about successors, kept for one run. A question that is under way is not asked twice.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;

/// Why a successor cannot exist; `None` if nothing is known to prevent it.
pub(super) type Verdict = Option<String>;

/// The answer to one question and when it came; held while the question is on its way.
type Slot = Arc<AsyncMutex<Option<(Instant, Verdict)>>>;

/// Answers of this run, by question. A question that is on its way is not asked a second time.
#[derive(Default)]
pub(super) struct Answers(Mutex<BTreeMap<String, Slot>>);

impl Answers {
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
