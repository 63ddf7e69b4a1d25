//! Creates: tries candidates in order, sends each once, and searches for the result if it is unknown.

use std::collections::BTreeMap;

use super::next_step::NextStep;
use super::{OperationError, RunningOperation, lock};
use crate::apply::job::skipped;
use crate::apply::recover::{SearchResult, created, identity_of, search, several, without_effect};
use crate::apply::{Event, OperationFault};
use crate::model::{Address, Attributes, Entry, Intent, Marker, Object, Record, Value, Verb};
use crate::resource::resolved;
use crate::runpod::{ApiError, ErrorClass, FailureEffect};

impl RunningOperation<'_, '_> {
    pub(super) async fn create(&self) -> Result<NextStep, OperationError> {
        let inputs = self.resolved_inputs();
        let mut refused: Option<ApiError> = None;
        for candidate in &self.operation.candidates {
            let detail = describe(candidate);
            self.tell(Event::Started { address: self.address(), verb: Verb::Create, id: None, detail: detail.clone() });
            let mut inputs = inputs.clone();
            inputs.extend(candidate.clone());
            match self.attempt(&inputs).await? {
                Attempt::Made(object, intent) => return self.made(*object, &intent).await,
                Attempt::Unavailable(error) => {
                    self.tell(Event::CandidateUnavailable {
                        address: self.address(),
                        detail: detail.unwrap_or_else(|| "as asked".into()),
                        message: error.message.clone(),
                    });
                    refused = Some(error);
                }
                Attempt::Refused(error) => return Err(self.failed(&error, None, false)),
                Attempt::Unknown(error) => return Err(self.failed(&error, None, true)),
            }
            if *self.job().interrupt.borrow() {
                skipped(self.job(), self.index, "interrupted".into());
                return Err(OperationError::Interrupted);
            }
        }
        match refused {
            Some(error) => Err(self.failed(&error, None, false)),
            None => Err(OperationError::Failed(None)),
        }
    }

    pub(super) fn resolved_inputs(&self) -> Attributes {
        let ids = lock(&self.executor.ids);
        resolved(self.operation.inputs.clone(), &|address| ids.get(address).cloned())
    }

    /// Tries one candidate with one request. Sends a second one only after the lists proved that the first created
    /// nothing.
    async fn attempt(&self, inputs: &Attributes) -> Result<Attempt, OperationError> {
        let mut last = None;
        for _ in 0..2 {
            let mut intent = self.intent();
            intent.existing = self.existing(inputs);
            intent.deposed = self.deposed();
            self.record(Entry::Intent(intent.clone())).await?;
            let marker = self.kind.is_marked().then(|| self.marker(&intent));
            let create = async || self.api().create(self.kind, inputs, marker.as_ref()).await;
            // A 404 means no effect. If a volume may be too new to be visible, the same request is sent again.
            let refers = self.operation.inputs.values().any(|value| !value.references().is_empty());
            let answer = if refers { self.patiently(create).await } else { create().await };
            let error = match answer {
                Ok(object) if self.was_there(&object) => another(&object),
                Ok(object) => return Ok(Attempt::Made(Box::new(object), Box::new(intent))),
                Err(error) => error,
            };
            if error.failure == FailureEffect::Unknown {
                self.tell(Event::Settled {
                    address: self.address(),
                    message: format!("{error}; its outcome is not known, so sindri searches the lists for it"),
                });
                match search(self.api(), self.kind, &intent, self.job().store).await {
                    Ok(SearchResult::Made(object)) => {
                        self.tell(Event::Settled {
                            address: self.address(),
                            message: format!("found: {} `{}` had been created", self.kind.title, object.id),
                        });
                        return Ok(Attempt::Made(object, Box::new(intent)));
                    }
                    Ok(SearchResult::Nothing) => {}
                    Ok(SearchResult::Several(count)) => {
                        self.tell(Event::Settled { address: self.address(), message: several(self.kind, count) });
                        return Ok(Attempt::Unknown(error));
                    }
                    // The intent stays pending: the next command searches again before it creates.
                    Err(_) => return Ok(Attempt::Unknown(error)),
                }
            }
            self.record(Entry::Outcome(without_effect(&intent))).await?;
            match error.class {
                ErrorClass::NoCapacity | ErrorClass::Forbidden => return Ok(Attempt::Unavailable(error)),
                _ if error.failure == FailureEffect::Unknown => last = Some(error),
                _ => return Ok(Attempt::Refused(error)),
            }
        }
        match last {
            Some(error) => Ok(Attempt::Refused(error)),
            None => Err(OperationError::Failed(None)),
        }
    }

    /// For a kind without markers: ids of existing objects that match the new one, and cannot be it.
    fn existing(&self, inputs: &Attributes) -> Vec<String> {
        let Some(identity) = identity_of(self.kind, inputs) else { return Vec::new() };
        let unmarked = lock(&self.executor.unmarked);
        unmarked.get(&(self.kind.name, identity)).into_iter().flatten().cloned().collect()
    }

    /// Whether an object existed before the request that supposedly created it.
    fn was_there(&self, object: &Object) -> bool {
        self.job().observed.get(object.kind, &object.id).is_some()
            || lock(&self.executor.touched).get(&object.id) == Some(&object.kind)
    }

    fn deposed(&self) -> BTreeMap<Address, Record> {
        let Some(deposed) = &self.operation.deposes else { return BTreeMap::new() };
        let record = self.job().store.record_of(&self.operation.address);
        record.into_iter().map(|record| (deposed.clone(), record)).collect()
    }

    fn marker(&self, intent: &Intent) -> Marker {
        let plan = self.job().plan;
        Marker {
            lineage: plan.lineage.clone(),
            name: plan.name.clone(),
            environment: plan.environment.clone(),
            address: self.operation.address.clone(),
            operation: intent.operation.clone(),
        }
    }

    async fn made(&self, object: Object, intent: &Intent) -> Result<NextStep, OperationError> {
        if let Err(error) = self.record(Entry::Outcome(created(intent, &object))).await {
            // The id must not be lost, so report it.
            self.tell(Event::Failed {
                address: self.address(),
                verb: Verb::Create,
                id: Some(object.id.clone()),
                message: format!("{} `{}` was created, but could not be recorded: {error}", self.kind.title, object.id),
                help: Some("the journal holds its intent, and the next sindri command finds it by its marker".into()),
                code: OperationFault::StateNotWritten.into(),
                changed: true,
            });
            return Err(error.into());
        }
        lock(&self.executor.ids).insert(self.operation.address.clone(), object.id.clone());
        self.executor.remember(&self.operation.address, &object);
        self.tell(Event::Accepted { address: self.address(), verb: Verb::Create, id: object.id.clone() });
        // The engine may have ended; then nothing waits for this.
        let _ = self.executor.created.send(self.index);
        // Only a hint: a failed look fails nothing.
        if let Ok(Some(count @ 1..)) = self.api().standby_workers(self.kind, &object).await {
            self.tell(Event::StandbyWorkers { address: self.address(), id: object.id.clone(), count });
        }
        if !self.operation.wait {
            self.done(Some(object));
            return Ok(NextStep::Finished);
        }
        Ok(NextStep::AwaitReady(object.id))
    }
}

/// The result of one attempt to create.
enum Attempt {
    Made(Box<Object>, Box<Intent>),
    /// This candidate is not available; another may be.
    Unavailable(ApiError),
    Refused(ApiError),
    /// It may have been created; the intent stays pending.
    Unknown(ApiError),
}

/// The response shows an older object. Recording it would later destroy the older object in place of the new one.
fn another(object: &Object) -> ApiError {
    let message = format!("the response shows `{}`, which existed before", object.id);
    ApiError::in_doubt(ErrorClass::Malformed, "the create", message)
}

/// For example `NVIDIA L4`: the values that a candidate adds to the inputs.
fn describe(candidate: &Attributes) -> Option<String> {
    let items: Vec<&str> = candidate.values().flat_map(Value::text_items).collect();
    (!items.is_empty()).then(|| items.join(", "))
}
