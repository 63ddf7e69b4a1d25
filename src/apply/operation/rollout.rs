//! Waits until a new release has reached all workers of an object.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{OperationError, RunningOperation};
use crate::apply::watch::gap;
use crate::apply::{Event, OperationFault};
use crate::model::Rollout;
use crate::runpod::{ApiError, ErrorClass};

impl RunningOperation<'_, '_> {
    /// Polls the rollout for at most `limit`. The update itself is done and recorded.
    pub(super) async fn await_rollout(&self, id: String, limit: Duration) -> Result<(), OperationError> {
        let since = Instant::now();
        let mut interrupt = self.job().interrupt.clone();
        for step in 0.. {
            let pause = gap(step).min(limit.saturating_sub(since.elapsed()));
            let answer = async {
                sleep(pause).await;
                self.api().rollout(self.kind, &id).await
            };
            let answer = tokio::select! {
                biased;
                answer = answer => answer,
                _ = interrupt.wait_for(|stop| *stop) => {
                    self.rollout_interrupted(id);
                    return Err(OperationError::Interrupted);
                }
            };
            let last = match answer {
                Ok(Some(rollout)) if rollout.in_progress => {
                    let (address, elapsed) = (self.address(), since.elapsed());
                    self.tell(Event::RollingOut { address, id: id.clone(), rollout, elapsed });
                    Ok(rollout)
                }
                Ok(_) => break,
                Err(error) if error.class == ErrorClass::NotFound => return Err(self.vanished()),
                Err(error) => Err(error),
            };
            if since.elapsed() >= limit {
                return Err(self.not_rolled_out(id, limit, last));
            }
        }
        self.done(None);
        Ok(())
    }

    fn rollout_interrupted(&self, id: String) {
        let (address, verb) = (self.address(), self.operation.verb);
        let because = "not rolled out when interrupted".to_owned();
        self.tell(Event::Unfinished { address, verb, id, because });
    }

    fn not_rolled_out(&self, id: String, limit: Duration, last: Result<Rollout, ApiError>) -> OperationError {
        let seen = match last {
            Ok(Rollout { on_latest, total, .. }) => format!(": {on_latest} of {total} workers run it"),
            Err(error) => format!(" (the last poll failed: {error})"),
        };
        let title = self.kind.title;
        self.tell(Event::Failed {
            address: self.address(),
            verb: self.operation.verb,
            message: format!(
                "{title} `{id}` was updated, but its release has not reached all workers after {} s{seen}",
                limit.as_secs()
            ),
            id: Some(id),
            help: Some(
                "the update is recorded, and RunPod continues the rollout: busy workers finish their job first. \
                 `sindri status` shows the workers; a longer `rollout.wait` waits for them"
                    .to_owned(),
            ),
            code: OperationFault::NotReady.into(),
            changed: true,
        });
        OperationError::Failed(None)
    }
}
