//! One sindri: a project with its configuration, its state on a disk of its own, and its way to the account.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sindri::apply::{self, Event, Job, recover};
use sindri::catalog::Catalog;
use sindri::emulator::{Emulator, InProcess};
use sindri::model::{Action, Address, Budget, Cause, Dialect, Marker, Observed, Plan, Resource, State, Verb};
use sindri::observe::observe;
use sindri::planner::{self, Input, Options};
use sindri::runpod::Client;
use sindri::runpod::credential::ApiKey;
use sindri::store::{self, Holder, Identity, LockedState, Paths};
use sindri::transport::clock::Clock;
use sindri::transport::{Method, Reply, Request, Transport, TransportError};
use tempfile::TempDir;
use tokio::sync::watch;

use crate::sabotage::{Sabotage, Sabotaged};

pub type Desired = BTreeMap<Address, Resource>;

/// What the person at this keyboard says to objects that only look like theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strangers {
    /// `--adopt`.
    Adopt,
    /// `--ignore-existing`.
    Beside,
    /// Nothing: such a plan is not applied.
    Refuse,
}

/// Who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Project {
    /// The configuration's `name`.
    pub name: &'static str,
    pub environment: &'static str,
    pub dialect: Dialect,
    pub strangers: Strangers,
    /// Whether another project names its volumes as this one does.
    pub alike: bool,
    /// How the journal of the emulator tells its requests from those of others.
    pub signature: &'static str,
}

/// How an apply ended.
pub enum Ended {
    Refused,
    Applied(Box<Plan>),
}

pub struct Actor {
    pub project: Project,
    client: Client,
    clock: Clock,
    folder: TempDir,
    sabotage: Sabotage,
    /// Ids that its plans announced as destroyed.
    pub announced: RefCell<BTreeSet<String>>,
    /// Ids of volumes that its person agreed to take over.
    pub agreed: RefCell<BTreeSet<String>>,
    /// All that its applies told, whether they lived to their end or not.
    events: Mutex<Vec<Event>>,
}

impl Actor {
    pub fn new(project: Project, emulator: &Arc<Emulator>, clock: Clock, seed: u64, sabotage: Sabotage) -> Self {
        let carrier = InProcess::new(Arc::clone(emulator), clock);
        let transport = Arc::new(Signed { carrier, signature: project.signature });
        let client = Client::new(transport, ApiKey::emulator(), project.dialect).with_seed(seed);
        // Memory where there is some: every schedule flushes hundreds of times.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
        let folder = folder.expect("a temporary folder");
        let (announced, agreed, events) = <(RefCell<_>, RefCell<_>, Mutex<_>)>::default();
        Self { project, client, clock, folder, sabotage, announced, agreed, events }
    }

    fn identity(&self) -> Identity<'static> {
        Identity { environment: self.project.environment, api: "sandbox" }
    }

    fn paths(&self) -> Paths {
        Paths::of_state(&self.folder.path().join("state.json"))
    }

    pub fn state(&self) -> State {
        store::read(&self.paths(), &self.identity()).expect("a readable state").state
    }

    pub async fn observe(&self) -> Observed {
        observe(&self.client).await.expect("clear sky")
    }

    pub fn is_mine(&self, marker: &Marker) -> bool {
        marker.same_project(self.project.name, self.project.environment)
    }

    /// The state file as it would have been committed.
    pub fn copy_of_state(&self) -> Option<Vec<u8>> {
        std::fs::read(self.paths().state).ok()
    }

    /// What the journal would say if nothing were written before requests leave.
    pub fn forget_intents(&self) {
        let journal = self.paths().journal;
        if let Ok(text) = std::fs::read_to_string(&journal)
            && self.sabotage == Sabotage::NoIntents
        {
            let outcomes: String = text.split_inclusive('\n').filter(|line| !line.contains("\"intent\"")).collect();
            std::fs::write(&journal, outcomes).expect("a writable folder");
        }
    }

    /// A fresh disk with the committed state, and no journal.
    pub fn restore(&self, committed: Option<Vec<u8>>) {
        let paths = self.paths();
        let _ = std::fs::remove_file(&paths.journal);
        match committed {
            Some(bytes) => std::fs::write(&paths.state, bytes).expect("a writable folder"),
            None => drop(std::fs::remove_file(&paths.state)),
        }
    }

    /// Lock, recover, plan, carry out, consenting to everything but what `strangers` excludes.
    pub async fn apply(&self, desired: &Desired, options: Options, seed: u64) -> Ended {
        let store = LockedState::acquire(&self.paths(), &self.identity(), Holder::new("test"), Duration::ZERO)
            .expect("the lock");
        let api = Sabotaged { client: &self.client, sabotage: self.sabotage };
        let (events, signature) = (&self.events, self.project.signature);
        let note = |event: Event| {
            if std::env::var_os("SINDRI_SIM_SEED").is_some() {
                eprintln!("{signature}: {event:?}");
            }
            events.lock().expect("no panic").push(event);
        };
        let Ok(observed) = recover::recover(&api, &store, &self.clock, &note).await else {
            return Ended::Refused;
        };
        let prior = store.snapshot().state;
        let plan = self.plan(desired, &prior, &observed, options);
        let agrees = self.project.strangers != Strangers::Refuse || !plan.adopts_strangers();
        if !agrees || plan.all_refusals().next().is_some() {
            return Ended::Refused;
        }
        self.consent(&plan);
        let (_stop, interrupt) = watch::channel(false);
        let job = Job {
            plan: &plan,
            observed: &observed,
            api: &api,
            store: &store,
            clock: self.clock,
            options: apply::Options { seed: Some(seed), ..apply::Options::default() },
            events: &note,
            interrupt,
        };
        apply::run(&job).await.expect("a store that can be written");
        Ended::Applied(Box::new(plan))
    }

    fn consent(&self, plan: &Plan) {
        let deletes = plan.operations.iter().filter(|operation| operation.verb == Verb::Delete);
        self.announced.borrow_mut().extend(deletes.filter_map(|operation| operation.id.clone()));
        let causes = plan.changes.iter().flat_map(|change| &change.causes);
        self.agreed.borrow_mut().extend(causes.filter_map(|cause| match cause {
            Cause::Lookalike { id } => Some(id.clone()),
            _ => None,
        }));
    }

    /// What it took for what a create made whose answer was lost. Of volumes, which carry no marker, only looks and the moment
    /// can tell (docs/reliability.md), so that they may be another's who names them alike.
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

    /// Whether it was told something in these words on the way.
    pub fn was_told(&self, words: &str) -> bool {
        let events = self.events.lock().expect("no panic");
        events.iter().any(|event| match event {
            Event::Recovered { how: text, .. } | Event::Settled { message: text, .. } => text.contains(words),
            _ => false,
        })
    }

    pub fn plan(&self, desired: &Desired, prior: &State, observed: &Observed, options: Options) -> Plan {
        let strangers = self.project.strangers;
        let plan = planner::plan(&Input {
            name: self.project.name,
            environment: self.project.environment,
            api: self.identity().api,
            dialect: self.project.dialect,
            desired,
            moved: &[],
            budget: Budget::default(),
            prior,
            observed,
            catalog: Catalog::embedded(),
            options: Options {
                adopt: strangers == Strangers::Adopt,
                ignore_existing: strangers == Strangers::Beside,
                ..options
            },
        })
        .expect("no circles");
        assert_eq!(planner::check::violations(&plan), []);
        assert_eq!(planner::check::flaws(prior, &plan), []);
        plan
    }
}

/// What a plan would still do.
pub fn left_to_do(plan: &Plan) -> Vec<String> {
    let changes = plan.changes.iter().filter(|change| change.action != Action::NoOp);
    changes.map(|change| format!("{} {}", change.action.word(), change.address)).collect()
}

/// Drops a future after so many polls: a process that is killed at whatever await it has reached.
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

/// Signs every request that may change something, by a query that RunPod ignores and the emulator's journal keeps.
struct Signed {
    carrier: InProcess,
    signature: &'static str,
}

#[async_trait]
impl Transport for Signed {
    async fn send(&self, mut request: Request) -> Result<Reply, TransportError> {
        if request.method != Method::Get {
            request.path = format!("{}?by={}", request.path, self.signature);
        }
        self.carrier.send(request).await
    }

    fn origin(&self) -> &str {
        self.carrier.origin()
    }
}
