//! One operation: its intent becomes durable, its request leaves, its outcome becomes durable, its resource is waited for.

mod landed;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::{AcquireError, SemaphorePermit};
use tokio::time::{Instant, sleep};

use super::Event;
use super::engine::{Job, spoken};
use super::recover::{age, created, search, updated, without_effect};
use super::watch::Watch;
use crate::kind::{self, Compare, Kind};
use crate::model::{
    Address, Attributes, Entry, Intent, Marker, Object, Operation, Outcome, Power, Record, Status, Value, Verb,
};
use crate::planner::refresh::resolved;
use crate::runpod::{Api, ApiError, ErrorClass, Failure};
use crate::store::StoreError;

/// How often a delete is sent before it is given up, spread over its timeout.
const DELETES: u32 = 2;

/// How soon a request about a fresh object is sent again after a 404.
const RESEND_FRESH: Duration = Duration::from_secs(10);

/// Why an operation did not succeed. What happened has been told by events already, except of a failing store.
pub(super) enum OperationError {
    Failed(Option<ErrorClass>),
    Interrupted,
    Store(StoreError),
}

impl From<StoreError> for OperationError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

type Permit<'p> = Result<SemaphorePermit<'p>, AcquireError>;

/// Carries out operations; knows the ids that earlier ones made.
pub(super) struct Carrier<'a> {
    job: &'a Job<'a>,
    watches: &'a BTreeMap<&'static str, Watch<'a>>,
    /// Living ids by address: of references, and of objects made in this run.
    ids: Mutex<BTreeMap<Address, String>>,
    /// Objects as they were answered in this run, newer than what was observed.
    objects: Mutex<BTreeMap<String, Object>>,
    dice: Mutex<fastrand::Rng>,
}

impl<'a> Carrier<'a> {
    pub fn new(job: &'a Job<'a>, watches: &'a BTreeMap<&'static str, Watch<'a>>) -> Self {
        let state = job.store.snapshot().state;
        let ids = state.resources.iter().map(|(address, record)| (address.clone(), record.id.clone())).collect();
        let dice = job.options.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        Self { job, watches, ids: Mutex::new(ids), objects: Mutex::new(BTreeMap::new()), dice: Mutex::new(dice) }
    }

    pub async fn carry_out(&self, operation: &Operation, permit: Permit<'_>) -> Result<(), OperationError> {
        let Some(kind) = kind::find(&operation.address.kind) else {
            return Err(OperationError::Failed(None));
        };
        let run = Run { carrier: self, operation, kind, begun: Instant::now(), permit: Mutex::new(permit.ok()) };
        match operation.verb {
            Verb::Create => run.create().await,
            Verb::Update => run.update().await,
            Verb::Delete => run.delete().await,
            Verb::Start => run.power(Power::Running).await,
            Verb::Stop => run.power(Power::Stopped).await,
            Verb::Import | Verb::Forget => run.bookkeeping().await,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// One operation on its way.
struct Run<'r, 'a> {
    carrier: &'r Carrier<'a>,
    operation: &'r Operation,
    kind: &'static Kind,
    begun: Instant,
    /// Given back before waiting, so that waits hold up no requests.
    permit: Mutex<Option<SemaphorePermit<'r>>>,
}

impl<'a> Run<'_, 'a> {
    fn job(&self) -> &'a Job<'a> {
        self.carrier.job
    }

    fn api(&self) -> &'a dyn Api {
        self.carrier.job.api
    }

    fn tell(&self, event: Event) {
        (self.job().events)(event);
    }

    fn address(&self) -> Address {
        spoken(&self.operation.address)
    }

    async fn record(&self, entry: Entry) -> Result<(), StoreError> {
        self.job().store.record(entry).await
    }

    /// The object acted upon: told by the plan, or made earlier in this run.
    fn id(&self) -> Option<String> {
        self.operation.id.clone().or_else(|| lock(&self.carrier.ids).get(&self.operation.address).cloned())
    }

    fn intent(&self) -> Intent {
        let operation = self.operation;
        let number = lock(&self.carrier.dice).u64(..);
        let (made, gone): (Vec<_>, Vec<_>) = operation.members.iter().partition(|(_, record)| record.is_some());
        Intent {
            operation: format!("{number:016x}"),
            address: operation.address.clone(),
            verb: operation.verb,
            id: if operation.verb == Verb::Create { None } else { self.id() },
            record: operation.record.clone(),
            members: made
                .into_iter()
                .filter_map(|(address, record)| Some((address.clone(), record.clone()?)))
                .collect(),
            removed: gone.into_iter().map(|(address, _)| address.clone()).collect(),
            deposed: BTreeMap::new(),
            existing: Vec::new(),
            at: self.job().clock.now().to_string(),
        }
    }

    // ----- create -----

    async fn create(&self) -> Result<(), OperationError> {
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
            }
            if *self.job().interrupt.borrow() {
                self.tell(Event::Skipped {
                    address: self.address(),
                    verb: Verb::Create,
                    because: "interrupted".into(),
                });
                return Err(OperationError::Interrupted);
            }
        }
        match refused {
            Some(error) => Err(self.failed(&error, None, false)),
            None => Err(OperationError::Failed(None)),
        }
    }

    fn resolved_inputs(&self) -> Attributes {
        let ids = lock(&self.carrier.ids);
        resolved(self.operation.inputs.clone(), &|address| ids.get(address).cloned())
    }

    /// One candidate: one request, and a second one only after the lists proved that the first left nothing behind.
    async fn attempt(&self, inputs: &Attributes) -> Result<Attempt, OperationError> {
        let mut last = None;
        for _ in 0..2 {
            let mut intent = self.intent();
            intent.existing = self.existing();
            intent.deposed = self.deposed();
            self.record(Entry::Intent(intent.clone())).await?;
            let marker = self.kind.marked.then(|| self.marker(&intent));
            let create = async || self.api().create(self.kind, inputs, marker.as_ref()).await;
            // A 404 has no effect; where it may mean a fresh volume that is not seen yet, the same request goes out again.
            let refers = self.operation.inputs.values().any(|value| !value.references().is_empty());
            let answer = if refers { self.patiently(create).await } else { create().await };
            let error = match answer {
                Ok(object) => return Ok(Attempt::Made(Box::new(object), Box::new(intent))),
                Err(error) => error,
            };
            if error.failure == Failure::Unknown {
                self.tell(Event::Settled {
                    address: self.address(),
                    message: format!("{error}; whether it took effect is not known, so the lists are searched for it"),
                });
                let state = self.job().store.snapshot().state;
                match search(self.api(), self.kind, &intent, &state).await {
                    Ok(Some(object)) => {
                        self.tell(Event::Settled {
                            address: self.address(),
                            message: format!("found: {} `{}` had been created", self.kind.title, object.id),
                        });
                        return Ok(Attempt::Made(Box::new(object), Box::new(intent)));
                    }
                    Ok(None) => {}
                    // The intent stays pending: the next command searches again before it creates.
                    Err(_) => return Ok(Attempt::Refused(error)),
                }
            }
            self.record(Entry::Outcome(without_effect(&intent))).await?;
            match error.class {
                ErrorClass::NoCapacity | ErrorClass::Forbidden => return Ok(Attempt::Unavailable(error)),
                _ if error.failure == Failure::Unknown => last = Some(error),
                _ => return Ok(Attempt::Refused(error)),
            }
        }
        match last {
            Some(error) => Ok(Attempt::Refused(error)),
            None => Err(OperationError::Failed(None)),
        }
    }

    /// Ids of objects that look like the one to be made and are not it, of a kind without markers.
    fn existing(&self) -> Vec<String> {
        let Some(record) = self.operation.record.as_ref().filter(|_| !self.kind.marked) else { return Vec::new() };
        let alike = |object: &&Object| {
            self.kind.identity.iter().all(|name| record.inputs.get(*name) == object.attributes.get(*name))
        };
        let observed = self.job().observed.of_kind(self.kind.name).filter(alike).map(|object| object.id.clone());
        let made = lock(&self.carrier.objects);
        let made = made.values().filter(|object| object.kind == self.kind.name).filter(alike);
        observed.chain(made.map(|object| object.id.clone())).collect()
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

    async fn made(&self, object: Object, intent: &Intent) -> Result<(), OperationError> {
        let outcome = created(intent, &object);
        if let Err(error) = self.record(Entry::Outcome(outcome.clone())).await {
            // The one thing that must not get lost is the id.
            self.tell(Event::Failed {
                address: self.address(),
                verb: Verb::Create,
                id: Some(object.id.clone()),
                message: format!("{} `{}` was created, but could not be recorded: {error}", self.kind.title, object.id),
                help: Some("the journal holds its intent: the next sindri command finds it by its marker".into()),
                code: "state_not_written".into(),
                changed: true,
            });
            return Err(error.into());
        }
        lock(&self.carrier.ids).insert(self.operation.address.clone(), object.id.clone());
        lock(&self.carrier.objects).insert(object.id.clone(), object.clone());
        self.tell(Event::Accepted { address: self.address(), verb: Verb::Create, id: object.id.clone() });
        if !self.operation.wait {
            self.done(Some(object));
            return Ok(());
        }
        let record = outcome.records.get(&self.operation.address).cloned().flatten();
        self.ready(&object.id, record).await
    }

    // ----- update, start, stop -----

    async fn update(&self) -> Result<(), OperationError> {
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
                let object = self.landed(&intent, &changes, object).await?;
                self.changed(&intent, object).await
            }
            Err(error) => {
                // Repeating a PATCH is harmless, and the next plan compares with what is there.
                self.record(Entry::Outcome(without_effect(&intent))).await?;
                Err(self.failed(&error, Some(&current.id), error.failure == Failure::Unknown))
            }
        }
    }

    /// Whether the update sends a whole map of which only some keys are ours: what others put there since the plan was made
    /// has to be in it.
    fn replaces_a_map(&self) -> bool {
        let managed = |name: &String| {
            self.kind.attribute(name).is_some_and(|attribute| attribute.compare == Compare::ManagedKeys)
        };
        self.operation.inputs.keys().any(managed)
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
        let answered = lock(&self.carrier.objects).get(&id).cloned();
        answered.or_else(|| self.job().observed.get(self.kind.name, &id).cloned())
    }

    async fn changed(&self, intent: &Intent, object: Object) -> Result<(), OperationError> {
        self.record(Entry::Outcome(updated(intent))).await?;
        lock(&self.carrier.objects).insert(object.id.clone(), object.clone());
        if !self.operation.wait {
            self.done(Some(object));
            return Ok(());
        }
        self.tell(Event::Accepted { address: self.address(), verb: self.operation.verb, id: object.id.clone() });
        self.ready(&object.id, intent.record.clone()).await
    }

    async fn power(&self, wanted: Power) -> Result<(), OperationError> {
        let verb = self.operation.verb;
        let Some(current) = self.current() else { return Err(self.vanished()) };
        self.tell(Event::Started { address: self.address(), verb, id: Some(current.id.clone()), detail: None });
        let intent = self.intent_on(&current);
        self.record(Entry::Intent(intent.clone())).await?;
        if let Err(error) = self.patiently(async || self.api().power(self.kind, &current.id, wanted).await).await {
            // Refused because it is there already, or lost after it took effect: what the API shows now decides.
            let worth_a_look = error.class == ErrorClass::Conflict || error.failure == Failure::Unknown;
            let seen = if worth_a_look { self.api().read(self.kind, &current.id).await.ok().flatten() } else { None };
            let there = seen.and_then(|object| object.status?.power()) == Some(wanted);
            if !there {
                self.record(Entry::Outcome(without_effect(&intent))).await?;
                return Err(self.failed(&error, Some(&current.id), error.failure == Failure::Unknown));
            }
        }
        self.changed(&intent, current).await
    }

    /// Repeats what is answered with 404 while that may only mean that the object is fresh.
    async fn patiently<T>(&self, request: impl AsyncFn() -> Result<T, ApiError>) -> Result<T, ApiError> {
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

    fn vanished(&self) -> OperationError {
        self.tell(Event::Failed {
            address: self.address(),
            verb: self.operation.verb,
            id: self.id(),
            message: format!("the {} is not there any more", self.kind.title),
            help: Some("plan again: it may have been deleted by somebody else".into()),
            code: "not_found".into(),
            changed: false,
        });
        OperationError::Failed(Some(ErrorClass::NotFound))
    }

    // ----- delete -----

    async fn delete(&self) -> Result<(), OperationError> {
        let Some(id) = self.id() else { return Err(self.vanished()) };
        self.tell(Event::Started { address: self.address(), verb: Verb::Delete, id: Some(id.clone()), detail: None });
        self.stock_for_successor(&id).await?;
        let intent = self.intent();
        self.record(Entry::Intent(intent.clone())).await?;
        let sent = self.api().delete(self.kind, &id).await;
        if let Err(error) = &sent
            && error.failure == Failure::WithoutEffect
        {
            self.record(Entry::Outcome(without_effect(&intent))).await?;
            return Err(self.failed(error, Some(&id), false));
        }
        self.release();
        if self.gone(&id, matches!(sent, Ok(true))).await? {
            let mut records: BTreeMap<Address, Option<Record>> =
                self.operation.members.iter().map(|(address, record)| (address.clone(), record.clone())).collect();
            records.insert(self.operation.address.clone(), None);
            self.record(Entry::Outcome(Outcome { operation: intent.operation, records })).await?;
            self.done(None);
            return Ok(());
        }
        self.record(Entry::Outcome(without_effect(&intent))).await?;
        match sent {
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
                        "apply again, or delete it in the RunPod console; until then it may go on billing".into(),
                    ),
                    code: "delete_not_confirmed".into(),
                    changed: true,
                });
                Err(OperationError::Failed(None))
            }
        }
    }

    /// Before something is destroyed to make room for its successor: can the successor be had at all?
    async fn stock_for_successor(&self, id: &str) -> Result<(), OperationError> {
        let successor = self.operation.replaced_by.and_then(|index| self.job().plan.operations.get(index));
        let Some(successor) = successor.filter(|_| self.kind.has_capacity) else { return Ok(()) };
        for candidate in &successor.candidates {
            let mut inputs = successor.inputs.clone();
            inputs.extend(candidate.clone());
            // What the API cannot tell, or does not answer, is no reason to refuse.
            if !matches!(self.api().in_stock(self.kind, &inputs).await, Ok(Some(false))) {
                return Ok(());
            }
        }
        self.tell(Event::Failed {
            address: self.address(),
            verb: Verb::Delete,
            id: Some(id.to_owned()),
            message: "its replacement is out of stock, so nothing was destroyed".into(),
            help: Some("try again later, or allow more GPU types or regions".into()),
            code: ErrorClass::NoCapacity.code().into(),
            changed: false,
        });
        Err(OperationError::Failed(Some(ErrorClass::NoCapacity)))
    }

    /// Waits until no list shows it: a delete is confirmed by absence alone. Of a fresh object neither a 404 nor absence
    /// proves anything, so that the delete is sent until it is accepted.
    async fn gone(&self, id: &str, mut accepted: bool) -> Result<bool, OperationError> {
        let Some(watch) = self.carrier.watches.get(self.kind.name) else { return Ok(false) };
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
                        sighting.objects.get(id).is_none_or(Object::is_leaving).then_some(())
                    });
                    if absent.await.is_some() {
                        return true;
                    }
                }
                // Accepted and without effect is on record, too; deleting what is gone is harmless.
                accepted |= self.api().delete(self.kind, id).await.unwrap_or(false);
            }
            false
        };
        tokio::select! {
            biased;
            confirmed = confirmed => Ok(confirmed),
            // Its intent stays pending; the next command sees whether it is gone.
            _ = interrupt.wait_for(|stop| *stop) => {
                self.left(id);
                Err(OperationError::Interrupted)
            }
        }
    }

    /// For how much longer reads may deny what exists, because something was created so recently.
    fn freshness(&self) -> Duration {
        let created = self.job().store.last_create();
        created.map_or(Duration::ZERO, |at| self.api().list_lag().saturating_sub(age(&at, &self.job().clock)))
    }

    // ----- import, forget -----

    async fn bookkeeping(&self) -> Result<(), OperationError> {
        let intent = self.intent();
        let mut records: BTreeMap<Address, Option<Record>> = self.operation.members.clone();
        records.insert(self.operation.address.clone(), self.operation.record.clone());
        self.record(Entry::Outcome(Outcome { operation: intent.operation, records })).await?;
        if let Some(record) = &self.operation.record {
            lock(&self.carrier.ids).insert(self.operation.address.clone(), record.id.clone());
        }
        self.done(None);
        Ok(())
    }

    // ----- waiting -----

    fn release(&self) {
        lock(&self.permit).take();
    }

    fn left(&self, id: &str) {
        self.tell(Event::Skipped {
            address: self.address(),
            verb: self.operation.verb,
            because: format!("interrupted while waiting for `{id}`; it is recorded, and the next command takes it up"),
        });
    }

    /// Waits until the object is ready for use. One that never becomes so stays recorded, tainted.
    async fn ready(&self, id: &str, record: Option<Record>) -> Result<(), OperationError> {
        self.release();
        let Some(watch) = self.carrier.watches.get(self.kind.name) else {
            self.done(None);
            return Ok(());
        };
        let since = Instant::now();
        let timeout = self.operation.timeouts.create;
        let lag = self.api().list_lag();
        let settled = watch.until(since + timeout, |sighting| {
            let seen = sighting.objects.get(id);
            let status = seen.and_then(|object| object.status.as_ref());
            match (seen, status) {
                (Some(object), _) if object.ready => return Some(Ok(object.clone())),
                (Some(_), Some(Status::Error)) => {
                    return Some(Err("RunPod reports an error of its container".to_owned()));
                }
                (Some(_), Some(Status::ZeroGpu)) => return Some(Err("it came up without a GPU".to_owned())),
                (Some(_), Some(Status::Terminated)) => return Some(Err("it was deleted meanwhile".to_owned())),
                (None, _) if since.elapsed() > lag => {
                    return Some(Err(format!("no list has shown it for {} s", lag.as_secs())));
                }
                _ => {}
            }
            let status = status.map_or_else(|| "not listed yet".to_owned(), ToString::to_string);
            self.tell(Event::Waiting { address: self.address(), id: id.to_owned(), status, elapsed: since.elapsed() });
            None
        });
        let mut interrupt = self.job().interrupt.clone();
        let settled = tokio::select! {
            biased;
            settled = settled => settled,
            _ = interrupt.wait_for(|stop| *stop) => {
                self.left(id);
                return Err(OperationError::Interrupted);
            }
        };
        let why = match settled {
            Some(Ok(object)) => {
                self.settle_choice(record, &object).await?;
                self.done(Some(object));
                return Ok(());
            }
            Some(Err(why)) => why,
            None => {
                let polls =
                    watch.last_failure().map(|error| format!(" (the last poll failed: {error})")).unwrap_or_default();
                format!("it was not ready after {} s{polls}", timeout.as_secs())
            }
        };
        // What was ready before is not tainted for failing to come back: its volume may hold the only copy of something.
        if let Some(record) = record.filter(|_| self.operation.verb == Verb::Create) {
            let records = BTreeMap::from([(self.operation.address.clone(), Some(Record { tainted: true, ..record }))]);
            self.record(Entry::Outcome(Outcome { operation: self.intent().operation, records })).await?;
        }
        self.tell(Event::Failed {
            address: self.address(),
            verb: self.operation.verb,
            id: Some(id.to_owned()),
            message: format!("{} `{id}` is there, but {why}", self.kind.title),
            help: Some(format!(
                "it goes on billing; `sindri stop {0}` or `sindri destroy {0}` end the cost.{1}",
                self.address(),
                match self.operation.verb {
                    Verb::Create => " It is tainted: `sindri apply` replaces it unless it became ready meanwhile",
                    _ => " `sindri status` shows whether it became ready meanwhile",
                }
            )),
            code: "not_ready".into(),
            changed: true,
        });
        Err(OperationError::Failed(None))
    }

    /// What RunPod chose is known for certain only once the object is up.
    async fn settle_choice(&self, record: Option<Record>, object: &Object) -> Result<(), OperationError> {
        if let Some(record) = record.filter(|record| record.chosen != object.computed.chosen) {
            let record = Record { chosen: object.computed.chosen.clone(), ..record };
            let records = BTreeMap::from([(self.operation.address.clone(), Some(record))]);
            self.record(Entry::Outcome(Outcome { operation: self.intent().operation, records })).await?;
        }
        lock(&self.carrier.objects).insert(object.id.clone(), object.clone());
        Ok(())
    }

    // ----- telling -----

    fn done(&self, object: Option<Object>) {
        self.tell(Event::Done {
            address: self.address(),
            verb: self.operation.verb,
            id: object.as_ref().map(|object| object.id.clone()).or_else(|| self.id()),
            object: object.map(Box::new),
            elapsed: self.begun.elapsed(),
        });
    }

    fn failed(&self, error: &ApiError, id: Option<&str>, changed: bool) -> OperationError {
        let help = match (self.operation.verb, error.class) {
            (Verb::Create, ErrorClass::NotFound) => Some(
                "the configuration names a network volume, template or registry credential that this account does not \
                 have: check its id, and that the API key belongs to the same account"
                    .to_owned(),
            ),
            _ => miette::Diagnostic::help(error).map(|help| help.to_string()),
        };
        self.tell(Event::Failed {
            address: self.address(),
            verb: self.operation.verb,
            id: id.map(str::to_owned),
            message: error.to_string(),
            help,
            code: error.class.code().into(),
            changed,
        });
        OperationError::Failed(Some(error.class))
    }
}

/// How one attempt at a create ended.
enum Attempt {
    Made(Box<Object>, Box<Intent>),
    /// This candidate cannot be had; another may.
    Unavailable(ApiError),
    Refused(ApiError),
}

/// `NVIDIA L4`: what a candidate lays over the inputs.
fn describe(candidate: &Attributes) -> Option<String> {
    let items: Vec<&str> = candidate.values().flat_map(Value::text_items).collect();
    (!items.is_empty()).then(|| items.join(", "))
}
