//! Updates, starts and stops of existing objects.

use ecow::EcoString;
use tokio::time::{Instant, sleep};

use super::next_step::NextStep;
use super::{OperationError, RESEND_FRESH, RunningOperation, lock};
use crate::apply::Event;
use crate::apply::recover::{updated, without_effect};
use crate::kind::Compare;
use crate::model::{Attributes, Entry, Intent, Object, Power, Verb};
use crate::runpod::{ApiError, ErrorClass, FailureEffect};

impl RunningOperation<'_, '_> {
    pub(super) async fn update(&self) -> Result<NextStep, OperationError> {
        let Some(mut current) = self.current() else { return Err(self.vanished()) };
        if self.replaces_a_map()
            && let Ok(Some(now)) = self.api().read(self.kind, &current.id).await
        {
            current = now;
        }
        self.tell(Event::Started {
            address: self.address(),
            verb: Verb::Update,
            id: Some(current.id.clone()),
            detail: None,
        });
        let intent = self.intent_on(&current);
        self.record(Entry::Intent(intent.clone())).await?;
        let changes = self.resolved_inputs();
        match self.patiently(async || self.api().update(self.kind, &current, &changes).await).await {
            Ok(object) => {
                let object = self.confirm_update(&intent, &changes, object).await?;
                self.changed(&intent, object).await
            }
            Err(error) if error.failure == FailureEffect::Unknown => {
                self.settle_unknown(&intent, &changes, &error).await
            }
            Err(error) => {
                self.record(Entry::Outcome(without_effect(&intent))).await?;
                Err(self.failed(&error, Some(&current.id), false))
            }
        }
    }

    /// Reads the result of an update that got no response. If that fails, its intent stays pending for the next
    /// command.
    async fn settle_unknown(
        &self,
        intent: &Intent,
        changes: &Attributes,
        error: &ApiError,
    ) -> Result<NextStep, OperationError> {
        let id = intent.id.as_deref().unwrap_or_default();
        if let Ok(Some(object)) = self.api().read(self.kind, id).await {
            let result = self.request(intent, changes).without_response().result(&object);
            if result.missing.is_empty() {
                return self.changed(intent, object).await;
            }
            self.record(Entry::Outcome(result.outcome)).await?;
        }
        Err(self.failed(error, Some(id), true))
    }

    /// Whether the update sends a whole map although sindri manages only some of its keys. It must include the keys
    /// that others added after the plan was made.
    fn replaces_a_map(&self) -> bool {
        let managed = |name: &EcoString| {
            self.kind.attribute(name).is_some_and(|attribute| attribute.compare == Compare::ManagedKeys)
        };
        self.operation.inputs.keys().any(managed)
    }

    /// Whether the update writes a new version of write-only values.
    fn sends_version(&self) -> bool {
        let is_version =
            |name: &EcoString| self.kind.attribute(name).is_some_and(|attribute| attribute.compare == Compare::Version);
        self.operation.inputs.keys().any(is_version)
    }

    fn intent_on(&self, current: &Object) -> Intent {
        let mut intent = self.intent();
        if let Some(record) = &mut intent.record {
            record.id = current.id.clone();
            if record.chosen.is_empty() {
                record.chosen = current.computed.chosen.clone();
            }
        }
        intent
    }

    fn current(&self) -> Option<Object> {
        let id = self.id()?;
        let answered = lock(&self.executor.objects).get(&id).cloned();
        answered.or_else(|| self.job().observed.get(self.kind.name, &id).cloned())
    }

    async fn changed(&self, intent: &Intent, object: Object) -> Result<NextStep, OperationError> {
        let mut outcome = updated(intent);
        if let (true, Some(Some(record))) = (self.sends_version(), outcome.records.get_mut(&self.operation.address)) {
            // It shows when the value was written, by which a later change outside sindri is noticed.
            record.chosen = object.computed.chosen.clone();
        }
        self.record(Entry::Outcome(outcome)).await?;
        self.executor.remember(&self.operation.address, &object);
        if let (false, Some(limit)) = (self.operation.wait, self.operation.rollout) {
            self.tell(Event::Accepted { address: self.address(), verb: self.operation.verb, id: object.id.clone() });
            return Ok(NextStep::AwaitRollout(object.id, limit));
        }
        if !self.operation.wait {
            self.done(Some(object));
            return Ok(NextStep::Finished);
        }
        self.tell(Event::Accepted { address: self.address(), verb: self.operation.verb, id: object.id.clone() });
        Ok(NextStep::AwaitReady(object.id))
    }

    pub(super) async fn power(&self, wanted: Power) -> Result<NextStep, OperationError> {
        let verb = self.operation.verb;
        let Some(current) = self.current() else { return Err(self.vanished()) };
        self.tell(Event::Started { address: self.address(), verb, id: Some(current.id.clone()), detail: None });
        let intent = self.intent_on(&current);
        self.record(Entry::Intent(intent.clone())).await?;
        if let Err(error) = self.patiently(async || self.api().power(self.kind, &current.id, wanted).await).await {
            // The request was refused because the pod is already in that state, or its response was lost. Read the
            // actual state.
            let worth_a_look = error.class == ErrorClass::Conflict || error.failure == FailureEffect::Unknown;
            let seen = if worth_a_look { self.api().read(self.kind, &current.id).await } else { Ok(None) };
            if seen.is_err() && error.failure == FailureEffect::Unknown {
                // The intent stays pending; the next command sees the result.
                return Err(self.failed(&error, Some(&current.id), true));
            }
            let there = seen.ok().flatten().and_then(|object| object.status?.power()) == Some(wanted);
            if !there {
                self.record(Entry::Outcome(without_effect(&intent))).await?;
                return Err(self.failed(&error, Some(&current.id), error.failure == FailureEffect::Unknown));
            }
        }
        self.changed(&intent, current).await
    }

    /// Retries after a 404 for as long as the object may be too new to be visible.
    pub(super) async fn patiently<T>(&self, request: impl AsyncFn() -> Result<T, ApiError>) -> Result<T, ApiError> {
        let until = Instant::now() + self.freshness();
        loop {
            match request().await {
                Err(error) if error.class == ErrorClass::NotFound && Instant::now() < until => {
                    sleep(RESEND_FRESH).await;
                }
                answer => return answer,
            }
        }
    }

    pub(super) fn vanished(&self) -> OperationError {
        self.tell(Event::Failed {
            address: self.address(),
            verb: self.operation.verb,
            id: self.id(),
            message: format!("the {} no longer exists", self.kind.title),
            help: Some("plan again; someone else may have deleted it".into()),
            code: ErrorClass::NotFound.into(),
            changed: false,
        });
        OperationError::Failed(Some(ErrorClass::NotFound))
    }
}
