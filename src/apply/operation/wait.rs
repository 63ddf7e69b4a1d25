//! Waits until a new or changed object is ready for use.

use std::collections::BTreeMap;

use tokio::time::Instant;

use super::next_step::NextStep;
use super::{OperationError, RunningOperation, lock};
use crate::apply::{Event, OperationFault};
use crate::model::{Entry, Object, Outcome, Record, Status, Verb};
use crate::runpod::ErrorClass;

/// Why something is not ready and will not be in this run.
enum Unready {
    /// It exists and is billed.
    There(String),
    /// RunPod shows that it was deleted.
    Deleted,
    /// It is in no list, although lists can no longer lag behind its create.
    Unlisted,
}

impl RunningOperation<'_, '_> {
    pub(super) fn release(&self) {
        lock(&self.permit).take();
    }

    /// Reports that the operation ends here although its effect was not seen yet.
    pub(super) fn unfinished(&self, id: &str) {
        let because = match self.operation.verb {
            Verb::Delete | Verb::Update => "not confirmed when interrupted",
            _ => "not ready when interrupted",
        };
        let (address, verb) = (self.address(), self.operation.verb);
        self.tell(Event::Unfinished { address, verb, id: id.to_owned(), because: because.to_owned() });
    }

    /// Waits for an existing object, and sends no changing request.
    pub(super) fn wait(&self) -> Result<NextStep, OperationError> {
        let Some(id) = self.id() else { return Err(self.vanished()) };
        let (address, verb) = (self.address(), self.operation.verb);
        self.tell(Event::Started { address: address.clone(), verb, id: Some(id.clone()), detail: None });
        self.tell(Event::Accepted { address, verb, id: id.clone() });
        Ok(NextStep::AwaitReady(id))
    }

    /// Waits until the object is ready for use. An existing object that does not become ready stays recorded, and is
    /// tainted if it never was ready. A missing object stays recorded unchanged, for the next plan to check.
    pub(super) async fn ready(&self, id: String) -> Result<(), OperationError> {
        let Some(watch) = self.executor.watches.get(self.kind.name) else {
            self.done(None);
            return Ok(());
        };
        let since = Instant::now();
        let timeout = self.operation.timeouts.create;
        let lag = self.api().list_lag();
        let mut last_status = None;
        let settled = watch.until(since + timeout, |sighting| {
            let seen = sighting.get(&id);
            let status = seen.and_then(|object| object.status.as_ref());
            match (seen, status) {
                (Some(object), _) if object.ready => return Some(Ok(object.clone())),
                (Some(_), Some(Status::Error)) => {
                    return Some(Err(Unready::There("RunPod reports an error in its container".to_owned())));
                }
                (Some(_), Some(Status::ZeroGpu)) => {
                    return Some(Err(Unready::There("it started without a GPU".to_owned())));
                }
                (Some(_), Some(Status::Terminated)) => return Some(Err(Unready::Deleted)),
                (None, _) if since.elapsed() > lag => return Some(Err(Unready::Unlisted)),
                _ => {}
            }
            last_status = status.cloned();
            let status = status.map_or_else(|| "not listed yet".to_owned(), ToString::to_string);
            self.tell(Event::Waiting { address: self.address(), id: id.clone(), status, elapsed: since.elapsed() });
            None
        });
        let mut interrupt = self.job().interrupt.clone();
        let settled = tokio::select! {
            biased;
            settled = settled => settled,
            _ = interrupt.wait_for(|stop| *stop) => {
                self.unfinished(&id);
                return Err(OperationError::Interrupted);
            }
        };
        let why = match settled {
            Some(Ok(object)) => {
                Box::pin(self.settle(&object)).await?;
                self.done(Some(object));
                return Ok(());
            }
            Some(Err(Unready::Deleted)) => return Err(self.gone_while_waiting(&id, true)),
            Some(Err(Unready::Unlisted)) => return Err(self.gone_while_waiting(&id, false)),
            Some(Err(Unready::There(why))) => why,
            None => {
                let polls =
                    watch.last_failure().map(|error| format!(" (the last poll failed: {error})")).unwrap_or_default();
                let shown = last_status.map(|status| format!("; its status is {status}")).unwrap_or_default();
                format!("it was not ready after {} s{polls}{shown}", timeout.as_secs())
            }
        };
        Box::pin(self.not_ready(&id, &why)).await
    }

    /// The current record, if the operation leaves one.
    fn recorded(&self) -> Option<Record> {
        self.operation.record.as_ref().and_then(|_| self.job().store.record_of(&self.operation.address))
    }

    /// Reports an object that exists and was not ready in time.
    async fn not_ready(&self, id: &str, why: &str) -> Result<(), OperationError> {
        // An object that was ready before is not tainted, because its volume may hold the only copy of some data.
        let never_ready = self.recorded().filter(Record::never_ready);
        let tainted = never_ready.is_some();
        if let Some(record) = never_ready.filter(|record| !record.tainted || record.awaiting_ready.is_some()) {
            let record = Record { tainted, awaiting_ready: None, ..record };
            let records = BTreeMap::from([(self.operation.address.clone(), Some(record))]);
            self.record(Entry::Outcome(Outcome { operation: self.intent().operation, records })).await?;
        }
        self.tell(Event::Failed {
            address: self.address(),
            verb: self.operation.verb,
            id: Some(id.to_owned()),
            message: format!("{} `{id}` exists, but {why}", self.kind.title),
            help: Some(format!(
                "it is still billed; run `sindri stop {0}` or `sindri destroy {0}` to stop the cost.{1}",
                self.address(),
                match tainted {
                    true => " It is tainted; `sindri apply` replaces it unless it becomes ready first".to_owned(),
                    false => format!(
                        " It may have been ready before, so it is kept; `sindri apply` waits for it again, and \
                         `sindri apply --replace {}` replaces it",
                        self.address()
                    ),
                }
            )),
            code: OperationFault::NotReady.into(),
            changed: self.operation.verb != Verb::Wait,
        });
        Err(OperationError::Failed(None))
    }

    /// Not tainted: a missing object cannot be replaced, and the next plan checks whether it exists.
    fn gone_while_waiting(&self, id: &str, deleted: bool) -> OperationError {
        let title = self.kind.title;
        let message = match deleted {
            true => format!("{title} `{id}` was deleted before it was ready"),
            false => format!("{title} `{id}` is not in any list from RunPod"),
        };
        self.tell(Event::Failed {
            address: self.address(),
            verb: self.operation.verb,
            id: Some(id.to_owned()),
            message,
            help: Some("run the command again; sindri waits for it, or creates it again if it no longer exists".into()),
            code: ErrorClass::NotFound.into(),
            // A pod in no list may still exist.
            changed: !deleted && self.operation.verb != Verb::Wait,
        });
        OperationError::Failed(None)
    }

    /// Records that the object is ready, and RunPod's choices, which are certain only now.
    async fn settle(&self, object: &Object) -> Result<(), OperationError> {
        let seen = self.recorded().map(|record| {
            let chosen = object.computed.chosen.clone();
            let settled = Record { chosen, ..record.clone() }.seen_ready();
            (record, settled)
        });
        if let Some((_, record)) = seen.filter(|(before, settled)| before != settled) {
            let records = BTreeMap::from([(self.operation.address.clone(), Some(record))]);
            self.record(Entry::Outcome(Outcome { operation: self.intent().operation, records })).await?;
        }
        self.executor.remember(&self.operation.address, object);
        Ok(())
    }
}
