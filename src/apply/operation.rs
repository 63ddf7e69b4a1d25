//! Runs one operation: record its intent in the journal, send its request, record its outcome, wait for its resource.

mod answers;
mod change;
mod confirm_update;
mod create;
mod delete;
mod next_step;
mod rollout;
mod successor;
mod wait;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use tokio::sync::SemaphorePermit;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use super::Event;
use super::job::{Job, reporting_address};
use super::recover::{IdentityValues, identity_of};
use super::watch::Watch;
use crate::kind::{self, Kind};
use crate::model::{Address, Entry, Intent, Moment, Object, Operation, Outcome, Power, Record, Verb};
use crate::planner::decide::in_use;
use crate::resource::Users;
use crate::runpod::{Api, ApiError, ErrorClass};
use crate::store::StoreError;
use next_step::NextStep;

/// Pause before resending a request about a new object after a 404.
const RESEND_FRESH: Duration = Duration::from_secs(10);

/// Why an operation did not succeed. Events have already reported it, except for a failing store.
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

/// Ids of objects by kind and identity.
type IdsByIdentity = BTreeMap<(&'static str, IdentityValues), BTreeSet<String>>;

/// Runs operations; knows the ids that earlier ones created.
pub(super) struct Executor<'a> {
    job: &'a Job<'a>,
    watches: &'a BTreeMap<&'static str, Watch<'a>>,
    /// Ids of live objects by address: references, and objects created in this run.
    ids: Mutex<BTreeMap<Address, String>>,
    /// The addresses that the plan creates or recreates.
    created_addresses: BTreeSet<&'a Address>,
    /// The addresses with several operations.
    revisited: BTreeSet<&'a Address>,
    /// Objects from responses in this run, newer than the observed ones, if a later operation may need them.
    objects: Mutex<BTreeMap<String, Object>>,
    /// Those of kinds without markers, with the observed ones.
    unmarked: Mutex<IdsByIdentity>,
    /// See [`in_use::users`].
    users: OnceLock<Users<'a>>,
    /// The kinds of all objects that this run created or changed, by id.
    touched: Mutex<BTreeMap<String, &'static str>>,
    /// The last response to a changing request, by kind.
    changed_at: Mutex<BTreeMap<&'static str, Instant>>,
    rng: Mutex<fastrand::Rng>,
    /// Receives every create that RunPod has accepted.
    created: UnboundedSender<usize>,
    /// RunPod's answers about successors.
    answers: answers::AnswerCache,
}

impl<'a> Executor<'a> {
    pub fn new(
        job: &'a Job<'a>,
        watches: &'a BTreeMap<&'static str, Watch<'a>>,
        created: UnboundedSender<usize>,
    ) -> Self {
        let ids = job.store.read(|known| {
            known.state.resources.iter().map(|(address, record)| (address.clone(), record.id.clone())).collect()
        });
        let creates = job.plan.operations.iter().filter(|operation| operation.verb == Verb::Create);
        let mut unmarked = IdsByIdentity::new();
        job.observed.iter().for_each(|object| note_identity(&mut unmarked, object));
        let mut addresses = BTreeSet::new();
        let operations = job.plan.operations.iter().map(|operation| &operation.address);
        let rng = job.options.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        Self {
            job,
            watches,
            ids: Mutex::new(ids),
            created_addresses: creates.map(|operation| &operation.address).collect(),
            revisited: operations.filter(|address| !addresses.insert(*address)).collect(),
            objects: Mutex::default(),
            unmarked: Mutex::new(unmarked),
            users: OnceLock::new(),
            touched: Mutex::default(),
            changed_at: Mutex::default(),
            rng: Mutex::new(rng),
            answers: answers::AnswerCache::default(),
            created,
        }
    }

    /// Notes an object from a response to an operation at `address`.
    fn remember(&self, address: &Address, object: &Object) {
        lock(&self.touched).insert(object.id.clone(), object.kind);
        note_identity(&mut lock(&self.unmarked), object);
        if self.revisited.contains(address) {
            lock(&self.objects).insert(object.id.clone(), object.clone());
        }
    }

    /// The last response to a request that changes objects, by kind.
    pub fn changed_at(self) -> BTreeMap<&'static str, Instant> {
        self.changed_at.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Runs the plan's operation at `index`.
    pub async fn carry_out(&self, index: usize, permit: Option<SemaphorePermit<'_>>) -> Result<(), OperationError> {
        let operation = &self.job.plan.operations[index];
        let Some(kind) = kind::find(&operation.address.kind) else {
            return Err(OperationError::Failed(None));
        };
        let run = RunningOperation {
            executor: self,
            index,
            operation,
            kind,
            started_at: Instant::now(),
            permit: Mutex::new(permit),
        };
        // At most as many operations as have permits send requests, but a whole fleet may wait. So everything that only
        // the request needs is in a future of its own, which is freed before the wait.
        let next = Box::pin(run.send()).await?;
        run.release();
        match next {
            NextStep::Finished => Ok(()),
            NextStep::AwaitReady(id) => run.ready(id).await,
            NextStep::AwaitRollout(id, limit) => Box::pin(run.await_rollout(id, limit)).await,
            NextStep::AwaitGone(sent) => run.confirm_delete(sent).await,
        }
    }
}

fn note_identity(ids: &mut IdsByIdentity, object: &Object) {
    if let Some(identity) = kind::find(object.kind).and_then(|kind| identity_of(kind, &object.attributes)) {
        ids.entry((object.kind, identity)).or_default().insert(object.id.clone());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// One operation in progress.
struct RunningOperation<'r, 'a> {
    executor: &'r Executor<'a>,
    /// Index in the plan.
    index: usize,
    operation: &'r Operation,
    kind: &'static Kind,
    started_at: Instant,
    /// Released before waiting, so that waits do not block requests.
    permit: Mutex<Option<SemaphorePermit<'r>>>,
}

impl<'a> RunningOperation<'_, 'a> {
    async fn send(&self) -> Result<NextStep, OperationError> {
        let next = match self.operation.verb {
            Verb::Create => self.create().await,
            Verb::Update => self.update().await,
            Verb::Delete => self.delete().await,
            Verb::Start => self.power(Power::Running).await,
            Verb::Stop => self.power(Power::Stopped).await,
            Verb::Import | Verb::Forget => self.bookkeeping().await,
            Verb::Wait => self.wait(),
        };
        if self.operation.verb != Verb::Wait {
            lock(&self.executor.changed_at).insert(self.kind.name, Instant::now());
        }
        next
    }

    fn job(&self) -> &'a Job<'a> {
        self.executor.job
    }

    fn api(&self) -> &'a dyn Api {
        self.executor.job.api
    }

    fn tell(&self, event: Event) {
        (self.job().events)(event);
    }

    fn address(&self) -> Address {
        reporting_address(&self.operation.address)
    }

    async fn record(&self, entry: Entry) -> Result<(), StoreError> {
        self.job().store.record(entry).await
    }

    /// The id of the object: from the plan, or from an earlier operation of this run.
    fn id(&self) -> Option<String> {
        self.operation.id.clone().or_else(|| lock(&self.executor.ids).get(&self.operation.address).cloned())
    }

    fn intent(&self) -> Intent {
        let operation = self.operation;
        let number = lock(&self.executor.rng).u64(..);
        let id = if operation.verb == Verb::Create { None } else { self.id() };
        let object = id.as_ref().filter(|_| operation.verb == Verb::Delete);
        let object = object.and_then(|id| self.job().observed.get(self.kind.name, id));
        let (made, gone): (Vec<_>, Vec<_>) = operation.members.iter().partition(|(_, record)| record.is_some());
        let Moment { at, uptime } = self.job().clock.moment();
        Intent {
            operation: format!("{number:016x}"),
            address: operation.address.clone(),
            verb: operation.verb,
            made_by: object.and_then(|object| object.marker.as_ref()).map(|marker| marker.operation.clone()),
            id,
            record: operation.record.clone(),
            members: made
                .into_iter()
                .filter_map(|(address, record)| Some((address.clone(), record.clone()?)))
                .collect(),
            removed: gone.into_iter().map(|(address, _)| address.clone()).collect(),
            deposed: BTreeMap::new(),
            existing: Vec::new(),
            at,
            uptime,
        }
    }

    async fn bookkeeping(&self) -> Result<NextStep, OperationError> {
        let intent = self.intent();
        let mut records: BTreeMap<Address, Option<Record>> = self.operation.members.clone();
        records.insert(self.operation.address.clone(), self.operation.record.clone());
        self.record(Entry::Outcome(Outcome { operation: intent.operation, records })).await?;
        if let Some(record) = &self.operation.record {
            lock(&self.executor.ids).insert(self.operation.address.clone(), record.id.clone());
        }
        if let Some(id) = self.id().filter(|_| self.operation.wait) {
            self.tell(Event::Accepted { address: self.address(), verb: self.operation.verb, id: id.clone() });
            return Ok(NextStep::AwaitReady(id));
        }
        self.done(None);
        Ok(NextStep::Finished)
    }

    fn done(&self, object: Option<Object>) {
        self.tell(Event::Done {
            address: self.address(),
            verb: self.operation.verb,
            id: object.as_ref().map(|object| object.id.clone()).or_else(|| self.id()),
            object: object.map(Box::new),
            elapsed: self.started_at.elapsed(),
        });
    }

    fn failed(&self, error: &ApiError, id: Option<&str>, changed: bool) -> OperationError {
        let help = match (self.operation.verb, error.class) {
            (Verb::Create, _) if changed => Some(format!(
                "it may exist and be billed, but sindri could not check. The next `sindri apply` checks before it \
                 does anything else; `sindri status` lists the objects of this project. {}",
                general(error).unwrap_or_default()
            )),
            (Verb::Create, ErrorClass::NotFound) => Some(
                "the configuration refers to a network volume, template or registry credential that this account \
                 does not have; check its id, and that the API key belongs to the same account"
                    .to_owned(),
            ),
            (Verb::Delete, ErrorClass::Invalid | ErrorClass::Conflict | ErrorClass::Server)
                if kind::is_referred_to(self.kind.name) =>
            {
                id.and_then(|id| self.in_use(id)).or_else(|| general(error))
            }
            _ => general(error),
        };
        self.tell(Event::Failed {
            address: self.address(),
            verb: self.operation.verb,
            id: id.map(str::to_owned),
            message: error.to_string(),
            help,
            code: error.class.into(),
            changed,
        });
        OperationError::Failed(Some(error.class))
    }

    /// Advice for an object that cannot be deleted because pods use it that this plan does not destroy.
    fn in_use(&self, id: &str) -> Option<String> {
        let Job { plan, observed, .. } = self.job();
        let users = self.executor.users.get_or_init(|| in_use::users(plan, observed));
        let users = users.get(&(self.kind.name, id))?;
        Some(format!(
            "it is used by {} and can be deleted only when nothing uses it; delete its users first, where they are \
             managed, and run the command again",
            in_use::describe(users)
        ))
    }
}

fn general(error: &ApiError) -> Option<String> {
    miette::Diagnostic::help(error).map(|help| help.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A whole fleet may wait at the same time.
    #[test]
    fn a_waiting_operation_keeps_only_what_the_wait_needs() {
        fn size_of_result<A, B, C, R>(_: impl FnOnce(A, B, C) -> R) -> usize {
            size_of::<R>()
        }
        let size = size_of_result(Executor::carry_out);
        assert!(size <= 1536, "{size} bytes");
    }
}
