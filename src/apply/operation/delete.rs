//! Deletes. Only absence confirms a delete.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::next_step::{NextStep, SentDelete};
use super::{OperationError, RESEND_FRESH, RunningOperation};
use crate::apply::recover::{followed, migrated_among, without_effect};
use crate::apply::watch::ListSnapshot;
use crate::apply::{Event, OperationFault};
use crate::model::{Address, Entry, Intent, Object, Outcome, Record, Verb};
use crate::runpod::{ApiError, ErrorClass, FailureEffect};
use crate::store::StoreError;

/// Maximum number of attempts at a delete, spread over its timeout.
const DELETES: u32 = 2;

/// The fate of an object that is in no list.
enum Disappearance {
    Gone,
    /// It exists under another id.
    Migrated(Box<Object>),
}

impl RunningOperation<'_, '_> {
    pub(super) async fn delete(&self) -> Result<NextStep, OperationError> {
        let Some(id) = self.id() else { return Err(self.vanished()) };
        self.tell(Event::Started { address: self.address(), verb: Verb::Delete, id: Some(id.clone()), detail: None });
        self.check_successor(&id).await?;
        let intent = self.intent();
        self.record(Entry::Intent(intent.clone())).await?;
        let response = self.api().delete(self.kind, &id).await;
        if let Err(error) = &response
            && (error.failure == FailureEffect::WithoutEffect || self.is_kept(error, &id))
        {
            self.record(Entry::Outcome(without_effect(&intent))).await?;
            return Err(self.failed(error, Some(&id), false));
        }
        Ok(NextStep::AwaitGone(Box::new(SentDelete { intent, id, response })))
    }

    /// Waits until the deleted object is gone, and records it.
    pub(super) async fn confirm_delete(&self, sent: Box<SentDelete>) -> Result<(), OperationError> {
        let gone = self.gone(&sent.intent, &sent.id, matches!(sent.response, Ok(true))).await?;
        Box::pin(self.deleted(*sent, gone)).await
    }

    async fn deleted(&self, sent: SentDelete, gone: Option<Disappearance>) -> Result<(), OperationError> {
        let SentDelete { intent, id, response } = sent;
        if let Some(Disappearance::Migrated(object)) = gone {
            return Err(self.migrated(&intent, &id, &object).await?);
        }
        if let Some(Disappearance::Gone) = gone {
            let mut records: BTreeMap<Address, Option<Record>> =
                self.operation.members.iter().map(|(address, record)| (address.clone(), record.clone())).collect();
            records.insert(self.operation.address.clone(), None);
            self.record(Entry::Outcome(Outcome { operation: intent.operation, records })).await?;
            self.done(None);
            return Ok(());
        }
        self.record(Entry::Outcome(without_effect(&intent))).await?;
        match response {
            Err(error) => Err(self.failed(&error, Some(&id), true)),
            Ok(_) => {
                self.tell(Event::Failed {
                    address: self.address(),
                    verb: Verb::Delete,
                    id: Some(id),
                    message: format!(
                        "RunPod accepted the delete, but still lists the {} after {} s",
                        self.kind.title,
                        self.operation.timeouts.delete.as_secs()
                    ),
                    help: Some(
                        "apply again, or delete it in the RunPod console; until then it may still be billed".into(),
                    ),
                    code: OperationFault::DeleteNotConfirmed.into(),
                    changed: true,
                });
                Err(OperationError::Failed(None))
            }
        }
    }

    /// Whether a server error is really a refusal: RunPod keeps objects that pods mount, and retrying cannot help.
    fn is_kept(&self, error: &ApiError, id: &str) -> bool {
        error.class == ErrorClass::Server && error.status.is_some() && self.in_use(id).is_some()
    }

    /// RunPod migrated the object before the delete arrived. The approval covered only the old id, so the record is
    /// updated, and the next plan decides what to do with the object.
    async fn migrated(&self, intent: &Intent, id: &str, object: &Object) -> Result<OperationError, StoreError> {
        let outcome = self.job().store.read(|known| followed(intent, &known.state, object));
        self.record(Entry::Outcome(outcome)).await?;
        self.tell(Event::Failed {
            address: self.address(),
            verb: Verb::Delete,
            id: Some(id.to_owned()),
            message: format!(
                "RunPod migrated the {} while it was being destroyed; it is now `{}` and still running",
                self.kind.title, object.id
            ),
            help: Some("it is recorded under its new id; apply again to continue".into()),
            code: OperationFault::Moved.into(),
            changed: false,
        });
        Ok(OperationError::Failed(None))
    }

    /// Waits until no list shows the object, because only absence confirms a delete. For a new object neither a 404 nor
    /// absence proves anything, so the delete is repeated until RunPod accepts it.
    async fn gone(
        &self,
        intent: &Intent,
        id: &str,
        mut accepted: bool,
    ) -> Result<Option<Disappearance>, OperationError> {
        let Some(watch) = self.executor.watches.get(self.kind.name) else { return Ok(None) };
        let end = Instant::now() + self.operation.timeouts.delete;
        let fresh_until = Instant::now() + if accepted { Duration::ZERO } else { self.freshness() };
        let mut interrupt = self.job().interrupt.clone();
        let confirmed = async {
            while Instant::now() < end {
                if !accepted && Instant::now() < fresh_until {
                    sleep(RESEND_FRESH).await;
                } else {
                    let patience = end.min(Instant::now() + self.operation.timeouts.delete / DELETES);
                    let absent = watch.until(patience, |sighting| {
                        sighting.get(id).is_none_or(Object::is_leaving).then(|| self.remains(intent, sighting))
                    });
                    if let Some(gone) = absent.await {
                        return Some(gone);
                    }
                }
                // RunPod has been seen accepting a delete without doing it. Deleting a missing object is harmless.
                accepted |= self.api().delete(self.kind, id).await.unwrap_or(false);
            }
            None
        };
        tokio::select! {
            biased;
            confirmed = confirmed => Ok(confirmed),
            // The intent stays pending; the next command sees whether the object is gone.
            _ = interrupt.wait_for(|stop| *stop) => {
                self.unfinished(id);
                Err(OperationError::Interrupted)
            }
        }
    }

    /// Searches a list without the deleted object for a copy under another id.
    fn remains(&self, intent: &Intent, sighting: &ListSnapshot) -> Disappearance {
        // Objects that existed before are not copies of it; the plan has reported them as duplicates.
        let fresh = |object: &&Object| self.job().observed.get(object.kind, &object.id).is_none();
        let copies = intent.made_by.iter().flat_map(|operation| sighting.created_by(operation)).filter(fresh);
        match self.job().store.read(|known| migrated_among(intent, &known.state, copies)) {
            Some(object) => Disappearance::Migrated(Box::new(object.clone())),
            None => Disappearance::Gone,
        }
    }

    /// For how much longer reads may miss existing objects, because something was created recently.
    pub(super) fn freshness(&self) -> Duration {
        let created = self.job().store.last_create();
        created.map_or(Duration::ZERO, |at| self.api().list_lag().saturating_sub(self.job().clock.least_age(&at)))
    }
}
