//! Checks that RunPod made an update that it accepted.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::{OperationError, RunningOperation};
use crate::apply::recover::{UpdateRequest, quoted};
use crate::apply::{Event, OperationFault};
use crate::model::{Attributes, Entry, Intent, Object, Verb};

/// How long responses may show old values. Source: contract, section 13.
const STALE: Duration = Duration::from_secs(90);

impl RunningOperation<'_, '_> {
    /// Returns the object once it shows the new values. RunPod may accept an update and leave a field unchanged, which
    /// at first cannot be distinguished from an outdated response (contract, section 13).
    pub(super) async fn confirm_update(
        &self,
        intent: &Intent,
        changes: &Attributes,
        answer: Object,
    ) -> Result<Object, OperationError> {
        let request = self.request(intent, changes);
        let watch = self.executor.watches.get(self.kind.name).filter(|_| !request.missing(&answer).is_empty());
        let Some(watch) = watch else { return Ok(answer) };
        self.release();
        let mut last = answer;
        let id = last.id.clone();
        let confirmed = watch.until(Instant::now() + STALE, |sighting| {
            last = sighting.get(&id)?.clone();
            request.missing(&last).is_empty().then(|| last.clone())
        });
        let mut interrupt = self.job().interrupt.clone();
        let confirmed = tokio::select! {
            biased;
            confirmed = confirmed => confirmed,
            // The intent stays pending; the next command sees the result.
            _ = interrupt.wait_for(|stop| *stop) => {
                self.unfinished(&id);
                return Err(OperationError::Interrupted);
            }
        };
        if let Some(object) = confirmed {
            return Ok(object);
        }
        let result = request.result(&last);
        self.record(Entry::Outcome(result.outcome)).await?;
        self.not_done(id, &result.missing, result.had_effect);
        Err(OperationError::Failed(None))
    }

    /// The update of `intent`, for comparison with objects.
    pub(super) fn request<'i>(&self, intent: &'i Intent, changes: &Attributes) -> UpdateRequest<'i> {
        UpdateRequest::sent(self.kind, intent, self.job().store.record_of(&self.operation.address), changes)
    }

    fn not_done(&self, id: String, missing: &BTreeSet<String>, had_effect: bool) {
        let fields = quoted(missing);
        let verb = if missing.len() == 1 { "is" } else { "are" };
        let rest = if had_effect { "; the rest is done" } else { "" };
        self.tell(Event::Failed {
            address: self.address(),
            verb: Verb::Update,
            id: Some(id),
            message: format!(
                "RunPod accepted the update, but {fields} {verb} unchanged after {} s{rest}",
                STALE.as_secs()
            ),
            help: Some(
                "apply again, or change it in the RunPod console; the missing part is still pending. If RunPod keeps \
                 ignoring it, `lifecycle: { updates: recreate }` replaces the object instead"
                    .into(),
            ),
            code: OperationFault::UpdateNotDone.into(),
            changed: had_effect,
        });
    }
}
