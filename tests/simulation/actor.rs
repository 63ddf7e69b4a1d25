//! One user of sindri: a project with its configuration, its state on its own disk, and its connection to the account.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sindri::apply::refresh::{RefreshContext, refresh};
use sindri::apply::{self, ApplyOptions, Event, Job, recover};
use sindri::config::Move;
use sindri::emulator::{Emulator, InProcess};
use sindri::kind;
use sindri::model::{Action, Address, Dialect, Entry, Marker, Observed, Outcome, Plan, Power, Replay, State, Verb};
use sindri::observe::{KindNames, kinds_of, observe};
use sindri::planner::decide::power::power_plan;
use sindri::planner::drift::survey;
use sindri::planner::review::identity;
use sindri::planner::review::saved::SavedPlan;
use sindri::planner::{Input, PlanOptions, by_hand};
use sindri::resource::RecordChanges;
use sindri::resource::members;
use sindri::resource::records::{declared_record, imported};
use sindri::runpod::Client;
use sindri::runpod::credential::ApiKey;
use sindri::store::LockedState;
use sindri::transport::{Method, Reply, Request, Transport, TransportError};

use crate::simulation::account::World;
use crate::simulation::sabotage::{Sabotage, Sabotaged};
use crate::simulation::truth::Truth;
use crate::support::kinds::CANARY;
use crate::support::{Desired, Readings, Session, checked_plan, world};

/// The user's answer about unmanaged objects that match theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnmanagedPolicy {
    /// `--adopt`.
    Adopt,
    /// `--ignore-existing`.
    Beside,
    /// No flag: such a plan is not applied.
    Refuse,
}

/// The identity of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Project {
    /// The configuration's `name`.
    pub name: &'static str,
    pub environment: &'static str,
    pub dialect: Dialect,
    /// The user's answer until they choose another one.
    pub policy: UnmanagedPolicy,
    /// Whether another project gives its volumes the same names.
    pub alike: bool,
    /// Distinguishes its requests from those of others in the emulator's journal.
    pub signature: &'static str,
}

/// How an apply ended.
pub enum Ended {
    Refused,
    Applied(Box<Plan>),
}

pub struct Actor {
    pub project: Project,
    pub session: Session,
    sabotage: Sabotage,
    /// The user's current answer.
    pub policy: Cell<UnmanagedPolicy>,
    /// The `moved` entries of its configuration.
    pub moved: OnceCell<Vec<Move>>,
    /// Ids that its plans announced as destroyed.
    pub announced: RefCell<BTreeSet<String>>,
    /// Ids that its user agreed to adopt.
    pub agreed: RefCell<BTreeSet<String>>,
    /// All events of its applies, including interrupted ones.
    events: Mutex<Vec<Event>>,
    /// Every value that each object ever had.
    pub truth: Arc<Truth>,
}

impl Actor {
    pub fn new(project: Project, world: &World, seed: u64, sabotage: Sabotage) -> Self {
        let transport = Signed {
            carrier: world.account.transport(),
            signature: project.signature,
            emulator: Arc::clone(&world.account.emulator),
            truth: Arc::clone(&world.truth),
        };
        let client = Client::new(Arc::new(transport), ApiKey::emulator(), project.dialect).with_seed(seed);
        let session = Session::connected(&world.account, client).of_project(project.name, project.environment);
        let truth = Arc::clone(&world.truth);
        let (announced, agreed, events) = <(RefCell<_>, RefCell<_>, Mutex<_>)>::default();
        let policy = Cell::new(project.policy);
        let moved = OnceCell::new();
        Self { project, session, sabotage, policy, moved, announced, agreed, events, truth }
    }

    pub fn is_mine(&self, marker: &Marker) -> bool {
        marker.same_project(self.project.name, self.project.environment)
    }

    /// Removes intents from the journal, as if none were written before requests.
    pub fn forget_intents(&self) {
        let journal = self.session.paths().journal;
        if let Ok(text) = std::fs::read_to_string(&journal)
            && self.sabotage == Sabotage::NoIntents
        {
            let outcomes: String = text.split_inclusive('\n').filter(|line| !line.contains("\"intent\"")).collect();
            std::fs::write(&journal, outcomes).expect("a writable folder");
        }
    }

    /// Lock, recover, plan, apply, with consent to everything except for what `policy` excludes.
    pub async fn apply(&self, desired: &Desired, options: PlanOptions, seed: u64) -> Ended {
        self.change(desired, seed, |prior, observed| Some(self.plan(desired, prior, observed, options.clone()))).await
    }

    /// Like `apply`, for a saved plan, if it is not stale.
    pub async fn apply_saved(&self, desired: &Desired, saved: &SavedPlan, seed: u64) -> Ended {
        let plan = |prior: &State, observed: &Observed| {
            let input = self.input(desired, prior, observed, saved.options_now(prior));
            let plan = self.checked(&input);
            saved.compare(&input, &plan).differences.is_empty().then_some(plan)
        };
        self.change(desired, seed, plan).await
    }

    /// Like `apply`, for a plan with a known id.
    pub async fn apply_expected(&self, desired: &Desired, saved: &SavedPlan, seed: u64) -> Ended {
        let plan = |prior: &State, observed: &Observed| {
            let plan = self.checked(&self.input(desired, prior, observed, saved.options.clone()));
            (identity::id(&plan) == saved.plan_id).then_some(plan)
        };
        self.change(desired, seed, plan).await
    }

    /// `sindri stop` and `sindri start`.
    pub async fn power(&self, desired: &Desired, address: &Address, wanted: Power, seed: u64) -> Ended {
        let plan = |prior: &State, observed: &Observed| {
            let input = self.input(desired, prior, observed, PlanOptions::default());
            Some(power_plan(&input, std::slice::from_ref(address), wanted))
        };
        self.change(desired, seed, plan).await
    }

    /// `sindri plan --out`, without a lock.
    pub async fn save(&self, desired: &Desired, options: PlanOptions) -> Option<SavedPlan> {
        let (paths, identity) = (self.session.paths(), self.session.identity());
        let (api, clock) = (&self.session.client, &self.session.account.clock);
        let declared = kinds_of(desired);
        let place = RefreshContext { api, paths: &paths, identity, clock, declared: &declared };
        let refresh = refresh(place, |_| ()).await.ok()?;
        let input = self.input(desired, &refresh.state, &refresh.observed, options);
        Some(SavedPlan::of(&self.checked(&input), &input, "sindri.yaml".into()))
    }

    /// `sindri refresh`.
    pub async fn refresh(&self, desired: &Desired) {
        let correct = |prior: &State, observed: &Observed| {
            let mut records = survey::accepted(prior, observed);
            if self.sabotage == Sabotage::LeftMembers {
                records.retain(|address, record| record.is_some() || !members::is_member(address));
            }
            Some(records)
        };
        self.correct(desired, correct).await;
    }

    /// `sindri import ADDRESS ID`; returns whether it was possible.
    pub async fn import(&self, desired: &Desired, address: &Address, id: &str) -> bool {
        let import = |prior: &State, observed: &Observed| {
            let object = by_hand::importable(prior, observed, address, id).ok()?;
            let mut records = imported(desired, &[(address.clone(), object)], prior);
            self.believe(desired, &mut records);
            self.agreed.borrow_mut().insert(id.to_owned());
            Some(records)
        };
        self.correct(desired, import).await
    }

    /// `sindri state mv`.
    pub async fn state_mv(&self, from: &Address, to: &Address) -> bool {
        let store = self.session.lock();
        let Ok(mut records) = by_hand::moved(&store.snapshot(), from, to) else { return false };
        if self.sabotage == Sabotage::LeftReferences {
            records.retain(|address, _| [from, to].contains(&address));
        }
        write(&store, records).await
    }

    /// `sindri state rm`.
    pub async fn state_rm(&self, address: &Address) {
        let store = self.session.lock();
        if let Ok(records) = by_hand::forgotten(&store.snapshot(), address) {
            write(&store, records).await;
        }
    }

    /// A command that changes only the state; returns whether it was possible.
    async fn correct(&self, desired: &Desired, records: impl Fn(&State, &Observed) -> Option<RecordChanges>) -> bool {
        let store = self.session.lock();
        let api = Sabotaged { client: &self.session.client, sabotage: self.sabotage };
        let Ok(observed) =
            recover::recover(&api, &store, &self.session.account.clock, &kinds_of(desired), &self.note()).await
        else {
            return false;
        };
        match records(&store.snapshot().state, &observed) {
            Some(records) => write(&store, records).await,
            None => false,
        }
    }

    /// What exists at the account, of all kinds.
    pub async fn observe(&self) -> Observed {
        let spoken = |name: &&str| kind::find(name).is_some_and(|kind| kind.dialects.contains(&self.project.dialect));
        let all: KindNames = world::KINDS.iter().map(|(name, ..)| *name).filter(spoken).collect();
        observe(&self.session.client, &all, &Replay::new(self.session.state())).await.expect("lists")
    }

    fn note(&self) -> impl Fn(Event) + Send + Sync {
        let (events, signature) = (&self.events, self.project.signature);
        move |event| {
            if std::env::var_os("SINDRI_SIM_SEED").is_some() {
                eprintln!("{signature}: {event:?}");
            }
            events.lock().expect("no panic").push(event);
        }
    }

    /// Without the safeguard: records adopted objects as declared.
    fn believe(&self, desired: &Desired, records: &mut RecordChanges) {
        if self.sabotage != Sabotage::DeclaredRecords {
            return;
        }
        for (address, record) in records.iter_mut().filter_map(|(address, record)| Some((address, record.as_mut()?))) {
            if let Some((kind, resource)) = kind::find(&address.kind).zip(desired.get(address)) {
                record.inputs = declared_record(kind, resource, None).inputs;
            }
        }
    }

    async fn change(&self, desired: &Desired, seed: u64, plan: impl Fn(&State, &Observed) -> Option<Plan>) -> Ended {
        let store = self.session.lock();
        let api = Sabotaged { client: &self.session.client, sabotage: self.sabotage };
        let note = self.note();
        let Ok(observed) = recover::recover(&api, &store, &self.session.account.clock, &kinds_of(desired), &note).await
        else {
            return Ended::Refused;
        };
        let prior = store.snapshot().state;
        let Some(plan) = plan(&prior, &observed) else { return Ended::Refused };
        let agrees = self.policy.get() != UnmanagedPolicy::Refuse || !plan.adopts_unmanaged();
        if !agrees || plan.all_refusals().next().is_some() {
            return Ended::Refused;
        }
        self.consent(&plan);
        if std::env::var_os("SINDRI_SIM_SEED").is_some() {
            for change in plan.changes.iter().filter(|change| change.action != Action::NoOp) {
                eprintln!(
                    "{}: {} {} {:?}",
                    self.project.signature,
                    change.action.word(),
                    change.address,
                    change.fields
                );
            }
        }
        let waits = plan.operations.iter().all(|operation| operation.verb == Verb::Wait);
        if waits && self.sabotage == Sabotage::NobodyWaits {
            return Ended::Applied(Box::new(plan));
        }
        let options = ApplyOptions { seed: Some(seed), ..ApplyOptions::default() };
        let job = Job { api: &api, options, ..self.session.job(&plan, &observed, &store, &note) };
        apply::run(&job).await.expect("a store that can be written");
        Ended::Applied(Box::new(plan))
    }

    fn consent(&self, plan: &Plan) {
        let deletes = plan.operations.iter().filter(|operation| operation.verb == Verb::Delete);
        self.announced.borrow_mut().extend(deletes.filter_map(|operation| operation.id.clone()));
        let causes = plan.changes.iter().flat_map(|change| &change.causes);
        self.agreed.borrow_mut().extend(causes.filter_map(|cause| cause.adopted_by_evidence().map(str::to_owned)));
    }

    /// Ids that it took for the result of a create whose answer was lost. Volumes carry no marker, so only attributes
    /// and time can tell (docs/reliability.md), and they may belong to another project with the same names.
    pub fn taken_by_looks(&self) -> BTreeSet<String> {
        let events = self.events.lock().expect("no panic");
        let taken = events.iter().filter_map(|event| match event {
            Event::Recovered { verb: Verb::Create, id, .. } => id.clone(),
            Event::Settled { message, .. } if message.starts_with("found: network volume") => {
                message.split('`').nth(1).map(str::to_owned)
            }
            _ => None,
        });
        taken.filter(|_| self.project.alike).collect()
    }

    /// Whether an event contained these words.
    pub fn was_told(&self, words: &str) -> bool {
        let events = self.events.lock().expect("no panic");
        events.iter().any(|event| match event {
            Event::Recovered { how: text, .. } | Event::Settled { message: text, .. } => text.contains(words),
            _ => false,
        })
    }

    /// Asserts that no secret value is in the state, the journal or an event.
    pub fn has_leaked_no_secret(&self) {
        let state = self.session.state_file().unwrap_or_default();
        let events = format!("{:?}", self.events.lock().expect("no panic"));
        for (place, text) in
            [("state", &*String::from_utf8_lossy(&state)), ("journal", &*self.session.journal()), ("events", &*events)]
        {
            assert!(!text.contains(CANARY), "the value of a secret is in the {place}: {text}");
        }
    }

    /// Whether an operation failed with these words.
    pub fn has_failed_with(&self, words: &str) -> bool {
        let events = self.events.lock().expect("no panic");
        events.iter().any(|event| matches!(event, Event::Failed { message, .. } if message.contains(words)))
    }

    /// Number of failures so far.
    pub fn failures(&self) -> usize {
        let events = self.events.lock().expect("no panic");
        events.iter().filter(|event| matches!(event, Event::Failed { .. })).count()
    }

    pub fn plan(&self, desired: &Desired, prior: &State, observed: &Observed, options: PlanOptions) -> Plan {
        self.checked(&self.input(desired, prior, observed, options))
    }

    fn input<'i>(
        &'i self,
        desired: &'i Desired,
        prior: &'i State,
        observed: &'i Observed,
        options: PlanOptions,
    ) -> Input<'i> {
        let policy = self.policy.get();
        let options = PlanOptions {
            adopt: policy == UnmanagedPolicy::Adopt,
            ignore_existing: policy == UnmanagedPolicy::Beside,
            ..options
        };
        let moved = self.moved.get().map_or(&[][..], Vec::as_slice);
        self.session.input(&Readings { desired, moved, prior, observed }, options)
    }

    fn checked(&self, input: &Input<'_>) -> Plan {
        let mut plan = checked_plan(input);
        for import in plan.operations.iter_mut().filter(|operation| operation.verb == Verb::Import) {
            let mut records = RecordChanges::from([(import.address.clone(), import.record.take())]);
            self.believe(input.desired, &mut records);
            import.record = records.into_values().next().flatten();
        }
        plan
    }
}

/// Writes corrections of the state; returns false if the disk refuses them.
async fn write(store: &LockedState, records: RecordChanges) -> bool {
    let outcome = Outcome { operation: "by hand".into(), records };
    store.record(Entry::Outcome(outcome)).await.is_ok() && store.checkpoint().is_ok()
}

/// The remaining changes of a plan.
pub fn left_to_do(plan: &Plan) -> Vec<String> {
    let changes = plan.changes.iter().filter(|change| change.action != Action::NoOp);
    changes.map(|change| format!("{} {}", change.action.word(), change.address)).collect()
}

/// Drops a future after this many polls, like a process that is killed at that await.
pub struct KillAfter<F> {
    polls: usize,
    future: std::pin::Pin<Box<F>>,
}

impl<F> KillAfter<F> {
    pub fn new(polls: usize, future: F) -> Self {
        Self { polls, future: Box::pin(future) }
    }
}

impl<F: Future> Future for KillAfter<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: std::pin::Pin<&mut Self>, context: &mut std::task::Context<'_>) -> std::task::Poll<Self::Output> {
        if self.polls == 0 {
            return std::task::Poll::Ready(None);
        }
        self.polls -= 1;
        self.future.as_mut().poll(context).map(Some)
    }
}

/// Signs every request that may change something, with a query that RunPod ignores and the emulator's journal keeps.
struct Signed {
    carrier: InProcess,
    signature: &'static str,
    emulator: Arc<Emulator>,
    truth: Arc<Truth>,
}

#[async_trait]
impl Transport for Signed {
    async fn send(&self, mut request: Request) -> Result<Reply, TransportError> {
        if request.method == Method::Get {
            return self.carrier.send(request).await;
        }
        request.path = format!("{}?by={}", request.path, self.signature);
        self.truth.record(&self.emulator);
        let mut answer = std::pin::pin!(self.carrier.send(request));
        loop {
            // An answer may be late, and its object may have changed by then.
            let waited = tokio::time::timeout(Duration::from_millis(500), answer.as_mut()).await;
            self.truth.record(&self.emulator);
            if let Ok(answer) = waited {
                return answer;
            }
        }
    }
}
