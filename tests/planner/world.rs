//! One emulated RunPod with one state, and an apply through the whole engine: lock, recover, plan, apply.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use sindri::apply::{self, Event, Job, Report, recover};
use sindri::config::Move;
use sindri::emulator::{Emulator, EmulatorOptions, InProcess};
use sindri::model::{Address, Dialect, Observed, Plan, Power, Resource, State};
use sindri::observe::observe;
use sindri::planner::decide::power::power_plan;
use sindri::planner::{self, Input, PlanOptions};
use sindri::render::json::{plan_json, plan_schema};
use sindri::runpod::Client;
use sindri::runpod::credential::ApiKey;
use sindri::store::{self, Holder, Identity, LockedState, Paths};
use sindri::transport::clock::Clock;
use tempfile::TempDir;
use tokio::sync::watch;

/// The output of `sindri schema plan`.
static SCHEMA: LazyLock<jsonschema::Validator> =
    LazyLock::new(|| jsonschema::draft202012::new(&plan_schema()).expect("a valid schema"));

const IDENTITY: Identity<'static> = Identity { environment: "default", api: "sandbox" };

pub struct World {
    pub emulator: Arc<Emulator>,
    pub dialect: Dialect,
    clock: Clock,
    client: Client,
    folder: TempDir,
}

/// The result of an apply.
pub struct Applied {
    pub plan: Plan,
    pub events: Vec<Event>,
    /// Requests that may change something, in the order of their effects, such as `POST /v2/pods`.
    pub requests: Vec<String>,
}

impl World {
    /// An empty account. Must be called in a tokio runtime.
    pub fn new(dialect: Dialect) -> Self {
        let (emulator, start) = EmulatorOptions::default().open().expect("a world in memory");
        let clock = Clock::starting_at(start);
        let client = client(&emulator, clock, dialect);
        Self { emulator, dialect, clock, client, folder: folder() }
    }

    /// Uses another dialect for the same account and state from now on.
    pub fn speak(&mut self, dialect: Dialect) {
        self.dialect = dialect;
        self.client = client(&self.emulator, self.clock, dialect);
    }

    fn paths(&self) -> Paths {
        Paths::of_state(&self.folder.path().join("default.json"))
    }

    pub fn state(&self) -> State {
        store::read(&self.paths(), &IDENTITY).expect("a readable state").state
    }

    /// The bytes of the state file.
    pub fn state_file(&self) -> Option<Vec<u8>> {
        std::fs::read(self.paths().state).ok()
    }

    pub async fn observe(&self) -> Observed {
        observe(&self.client).await.expect("lists")
    }

    pub fn input<'a>(&self, readings: &Readings<'a>, options: PlanOptions) -> Input<'a> {
        let Readings { desired, moved, prior, observed } = readings;
        Input { dialect: self.dialect, moved, options, ..Input::new("test", desired, prior, observed) }
    }

    /// The plan of these three readings, checked.
    pub fn plan_from(&self, readings: Readings<'_>, options: PlanOptions) -> Plan {
        let input = self.input(&readings, options);
        let plan = planner::plan(&input).expect("no circles");
        let json = plan_json(&plan, None);
        let strange: Vec<String> = SCHEMA.iter_errors(&json).map(|error| error.to_string()).collect();
        assert_eq!(strange, Vec::<String>::new(), "not in the schema: {json:#}");
        assert_eq!(sindri::planner::review::check::violations(&plan), [], "{plan:#?}");
        assert_eq!(sindri::planner::review::check::flaws(input.prior, &plan), [], "{plan:#?}");
        let mut objects: Vec<_> = readings.observed.iter().cloned().collect();
        objects.reverse();
        let input = Input { observed: &objects.into_iter().collect(), ..input };
        assert_eq!(planner::plan(&input).expect("no circles"), plan, "the same readings give the same plan");
        plan
    }

    pub async fn plan(&self, desired: &BTreeMap<Address, Resource>) -> Plan {
        let readings = Readings { desired, moved: &[], prior: &self.state(), observed: &self.observe().await };
        self.plan_from(readings, PlanOptions::default())
    }

    pub async fn apply(&self, desired: &BTreeMap<Address, Resource>) -> Applied {
        self.apply_with(desired, &[], PlanOptions::default()).await
    }

    /// Applies without asking, whatever is lost; everything must succeed. A plan with refusals is returned without
    /// applying it.
    pub async fn apply_with(
        &self,
        desired: &BTreeMap<Address, Resource>,
        moved: &[Move],
        options: PlanOptions,
    ) -> Applied {
        self.carry_out(desired, moved, options, true).await
    }

    /// Applies; some of it may fail.
    pub async fn apply_however(&self, desired: &BTreeMap<Address, Resource>) -> Applied {
        self.carry_out(desired, &[], PlanOptions::default(), false).await
    }

    async fn carry_out(
        &self,
        desired: &BTreeMap<Address, Resource>,
        moved: &[Move],
        options: PlanOptions,
        all: bool,
    ) -> Applied {
        let since = self.emulator.journal(0).len() as u64;
        let holder = Holder::new("test");
        let store = LockedState::acquire(&self.paths(), &IDENTITY, holder, Duration::ZERO).expect("the lock");
        let events = Mutex::new(Vec::new());
        let note = |event: Event| events.lock().expect("no panic").push(event);
        let observed = recover::recover(&self.client, &store, &self.clock, &note).await.expect("nothing to recover");
        let prior = store.snapshot().state;
        let plan = self.plan_from(Readings { desired, moved, prior: &prior, observed: &observed }, options);
        if plan.all_refusals().next().is_none() {
            let report = self.run(&store, &plan, &observed, &note).await;
            let recorded = events.lock().expect("no panic");
            assert!(!all || (report.failed, report.skipped) == (0, 0), "{recorded:#?}\n{:#?}", plan.operations);
            assert!(!all || report.done == plan.operations.len());
            assert!(report.orphans.is_empty(), "{:#?}", report.orphans);
        }
        let journal = self.emulator.journal(since);
        let changing = journal.iter().filter(|entry| entry.changes_world());
        let requests = changing.map(|entry| format!("{} {}", entry.method, entry.path)).collect();
        Applied { plan, events: events.into_inner().expect("no panic"), requests }
    }

    /// `sindri stop` or `sindri start` for one resource. On failure, returns the advice.
    pub async fn power(&self, address: &Address, wanted: Power) -> Result<(), String> {
        let holder = Holder::new("test");
        let store = LockedState::acquire(&self.paths(), &IDENTITY, holder, Duration::ZERO).expect("the lock");
        let observed = recover::recover(&self.client, &store, &self.clock, &|_| ()).await.expect("lists");
        let prior = store.snapshot().state;
        let readings = Readings { desired: &BTreeMap::new(), moved: &[], prior: &prior, observed: &observed };
        let plan = power_plan(&self.input(&readings, PlanOptions::default()), std::slice::from_ref(address), wanted);
        assert_eq!(plan.all_refusals().count(), 0, "{plan:#?}");
        let help = Mutex::new(String::new());
        let note = |event: Event| {
            if let Event::Failed { help: Some(text), .. } = event {
                *help.lock().expect("no panic") = text;
            }
        };
        let failed = self.run(&store, &plan, &observed, &note).await.failed > 0;
        if failed { Err(help.into_inner().expect("no panic")) } else { Ok(()) }
    }

    async fn run(
        &self,
        store: &LockedState,
        plan: &Plan,
        observed: &Observed,
        events: &(dyn Fn(Event) + Send + Sync),
    ) -> Report {
        let (_stop, interrupt) = watch::channel(false);
        let job = Job {
            plan,
            observed,
            api: &self.client,
            store,
            clock: self.clock,
            options: apply::ApplyOptions { seed: Some(7), ..apply::ApplyOptions::default() },
            events,
            interrupt,
        };
        apply::run(&job).await.expect("a store that can be written")
    }
}

/// The input of a plan.
pub struct Readings<'a> {
    pub desired: &'a BTreeMap<Address, Resource>,
    pub moved: &'a [Move],
    pub prior: &'a State,
    pub observed: &'a Observed,
}

/// In memory if possible: the tests make thousands of worlds, and none has to survive a power failure.
fn folder() -> TempDir {
    TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).expect("a temporary folder")
}

fn client(emulator: &Arc<Emulator>, clock: Clock, dialect: Dialect) -> Client {
    let transport = Arc::new(InProcess::new(Arc::clone(emulator), clock));
    Client::new(transport, ApiKey::emulator(), dialect).with_seed(7)
}
