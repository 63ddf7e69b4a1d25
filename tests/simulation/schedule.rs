//! One seed: a world, a few applies that are hindered in every way, and the apply that has to put it right.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use fastrand::Rng;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;
use sindri::apply::{self, Event, Job, recover};
use sindri::catalog::Catalog;
use sindri::emulator::world::{PodEvent, VolumeEvent};
use sindri::emulator::{Emulator, EmulatorOptions, InProcess};
use sindri::graph;
use sindri::model::{Action, Address, Budget, Dialect, Object, Observed, Plan, Resource, State};
use sindri::observe::observe;
use sindri::planner::{self, Input, Options};
use sindri::runpod::Client;
use sindri::runpod::credential::ApiKey;
use sindri::store::{self, Holder, Identity, LockedState, Paths};
use sindri::transport::clock::Clock;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::generate;
use crate::sabotage::{Sabotage, Sabotaged};
use crate::storm;

const IDENTITY: Identity<'static> = Identity { environment: "default", api: "sandbox" };

type Desired = BTreeMap<Address, Resource>;

/// What a search met.
#[derive(Debug, Default)]
pub struct Verdict {
    pub schedules: u64,
    pub applies: u64,
    pub kills: u64,
    pub lost_disks: u64,
    pub meddled: u64,
    pub faults: u64,
    pub refused: u64,
}

impl Verdict {
    pub fn add(&mut self, other: &Self) {
        self.schedules += other.schedules;
        self.applies += other.applies;
        self.kills += other.kills;
        self.lost_disks += other.lost_disks;
        self.meddled += other.meddled;
        self.faults += other.faults;
        self.refused += other.refused;
    }
}

/// Runs one seed; panics where an invariant is broken.
pub fn run(seed: u64, sabotage: Sabotage) -> Verdict {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(schedule(seed, sabotage))
}

async fn schedule(seed: u64, sabotage: Sabotage) -> Verdict {
    let mut dice = Rng::with_seed(seed);
    let mut verdict = Verdict { schedules: 1, ..Verdict::default() };
    let dialect = if dice.u8(..4) == 0 { Dialect::V1 } else { Dialect::V2 };
    let world = World::new(seed, dialect, sabotage);
    let (first, second) = history(seed);
    let versions = [first.resources(dialect), second.resources(dialect)];

    let mut desired = &versions[0];
    let mut moves = false;
    for round in 0..dice.usize(1..=3) {
        if round > 0 && dice.bool() {
            desired = &versions[1];
        }
        let committed = world.copy_of_state();
        let rules = storm::rules(&mut dice);
        verdict.faults += rules.len() as u64;
        // A pod that moves while it is being replaced leaves a copy that is told as an orphan (docs/reliability.md).
        moves |= rules.iter().any(|rule| rule.effect.migrate.is_some());
        world.emulator.set_faults(rules);
        let polls = if dice.u8(..4) == 0 { usize::MAX } else { dice.usize(1..60) };
        verdict.applies += 1;
        let ended = KillAfter { polls, future: Box::pin(world.apply(desired, dice.u64(..))) }.await;
        match ended {
            None => {
                verdict.kills += 1;
                world.forget_intents();
            }
            Some(Ended::Refused) => verdict.refused += 1,
            Some(Ended::Applied(_)) => {}
        }
        if dice.u8(..6) == 0 {
            // A runner dies with its disk; the next one starts from the last commit. What was created in the very last
            // seconds may be in no list yet: that much time passes at least (docs/reliability.md says so).
            verdict.lost_disks += 1;
            world.restore(committed);
            sleep(Duration::from_secs(60)).await;
        }
        if dice.u8(..4) == 0 {
            verdict.meddled += u64::from(world.meddle(&mut dice));
        }
        sleep(Duration::from_secs(dice.u64(0..40))).await;
    }

    // The sky clears; what lags may go on lagging for a while.
    world.emulator.set_faults(Vec::new());
    sleep(Duration::from_secs(10)).await;
    world.put_right(desired, dice.u64(..), verdict.lost_disks > 0 || moves).await;
    verdict
}

fn history(seed: u64) -> (crate::fleet::Fleet, crate::fleet::Fleet) {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    let mut fleets = generate::history().new_tree(&mut runner).expect("a configuration").current();
    for pod in fleets.0.pods.values_mut().chain(fleets.1.pods.values_mut()) {
        // What refuses a plan as a whole would end most schedules before they begin; the planner's tests have it.
        pod.prevent_destroy = false;
        pod.locked = false;
        pod.ignore.clear();
    }
    fleets
}

/// Drops a future after so many polls: a process that is killed at whatever await it has reached.
struct KillAfter<F> {
    polls: usize,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for KillAfter<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls == 0 {
            return Poll::Ready(None);
        }
        self.polls -= 1;
        self.future.as_mut().poll(context).map(Some)
    }
}

enum Ended {
    Refused,
    Applied(Box<Plan>),
}

struct World {
    emulator: Arc<Emulator>,
    dialect: Dialect,
    clock: Clock,
    client: Client,
    folder: TempDir,
    sabotage: Sabotage,
}

impl World {
    fn new(seed: u64, dialect: Dialect, sabotage: Sabotage) -> Self {
        let options = EmulatorOptions { seed, ..EmulatorOptions::default() };
        let (emulator, start) = options.open().expect("a world in memory");
        let clock = Clock::starting_at(start);
        let transport = Arc::new(InProcess::new(Arc::clone(&emulator), clock));
        let client = Client::new(transport, ApiKey::emulator(), dialect).with_seed(seed);
        // Memory where there is some: every schedule flushes hundreds of times.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
        Self { emulator, dialect, clock, client, folder: folder.expect("a temporary folder"), sabotage }
    }

    fn paths(&self) -> Paths {
        Paths::of_state(&self.folder.path().join("default.json"))
    }

    /// The state file as it would have been committed.
    fn copy_of_state(&self) -> Option<Vec<u8>> {
        std::fs::read(self.paths().state).ok()
    }

    /// What the journal would say if nothing were written before requests leave.
    fn forget_intents(&self) {
        let journal = self.paths().journal;
        if let Ok(text) = std::fs::read_to_string(&journal)
            && self.sabotage == Sabotage::NoIntents
        {
            let outcomes: String = text.split_inclusive('\n').filter(|line| !line.contains("\"intent\"")).collect();
            std::fs::write(&journal, outcomes).expect("a writable folder");
        }
    }

    /// A fresh disk with the committed state, and no journal.
    fn restore(&self, committed: Option<Vec<u8>>) {
        let paths = self.paths();
        let _ = std::fs::remove_file(&paths.journal);
        match committed {
            Some(bytes) => std::fs::write(&paths.state, bytes).expect("a writable folder"),
            None => drop(std::fs::remove_file(&paths.state)),
        }
    }

    /// Somebody else deletes, stops, starts or edits something.
    fn meddle(&self, dice: &mut Rng) -> bool {
        let event = match dice.u8(..5) {
            0 => PodEvent::Delete,
            1 => PodEvent::Stop,
            2 => PodEvent::Edit { changes: json!({ "image": "meddled:1" }) },
            3 => PodEvent::Preempt,
            _ => PodEvent::Edit { changes: json!({ "ports": ["9999/http"] }) },
        };
        let pick = dice.usize(..1000);
        self.emulator.meddle(|world, now| {
            let pods: Vec<String> = world.pod_ids().map(str::to_owned).collect();
            let volumes: Vec<String> = world.volume_ids().map(str::to_owned).collect();
            if !volumes.is_empty() && pick.is_multiple_of(7) {
                return world
                    .volume_event(&volumes[pick % volumes.len()], &VolumeEvent::Rename { name: "meddled".into() }, now)
                    .is_ok();
            }
            !pods.is_empty() && world.pod_event(&pods[pick % pods.len()], &event, now).is_ok()
        })
    }

    /// Lock, recover, plan, carry out, consenting to everything.
    async fn apply(&self, desired: &Desired, seed: u64) -> Ended {
        let store =
            LockedState::acquire(&self.paths(), &IDENTITY, Holder::new("test"), Duration::ZERO).expect("the lock");
        let api = Sabotaged { client: &self.client, sabotage: self.sabotage };
        let events = Mutex::new(Vec::new());
        let note = |event: Event| events.lock().expect("no panic").push(event);
        let Ok(observed) = recover::recover(&api, &store, &self.clock, &note).await else {
            return Ended::Refused;
        };
        let prior = store.snapshot().state;
        let plan = self.plan(desired, &prior, &observed);
        if plan.all_refusals().next().is_some() {
            return Ended::Refused;
        }
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
        if std::env::var_os("SINDRI_SIM_SEED").is_some() {
            eprintln!("{:#?}", events.lock().expect("no panic"));
        }
        Ended::Applied(Box::new(plan))
    }

    fn plan(&self, desired: &Desired, prior: &State, observed: &Observed) -> Plan {
        let plan = planner::plan(&Input {
            name: "test",
            environment: IDENTITY.environment,
            api: IDENTITY.api,
            dialect: self.dialect,
            desired,
            moved: &[],
            budget: Budget::default(),
            prior,
            observed,
            catalog: Catalog::embedded(),
            options: Options { adopt: true, ..Options::default() },
        })
        .expect("no circles");
        assert_eq!(planner::check::violations(&plan), []);
        plan
    }

    fn state(&self) -> State {
        store::read(&self.paths(), &IDENTITY).expect("a readable state").state
    }

    /// Recovery and one more apply: every desired resource exists exactly once, state equals world, nothing healthy went.
    async fn put_right(&self, desired: &Desired, seed: u64, lost: bool) {
        let refused = match self.apply(desired, seed).await {
            Ended::Refused => true,
            Ended::Applied(plan) => {
                assert!(plan.refusals.is_empty());
                false
            }
        };
        // Old values may be shown for up to 90 s, deleted objects for 80 (contract, section 13).
        sleep(Duration::from_secs(120)).await;
        let observed = observe(&self.client).await.expect("clear sky");
        let state = self.state();
        let plan = self.plan(desired, &state, &observed);
        if lost {
            // What a lost state knew and the configuration does not ask for, or a second one of, is told and left alone.
            let told: BTreeSet<&str> = plan.orphans.iter().map(|orphan| orphan.id.as_str()).collect();
            no_twins(observed.iter().filter(|object| !told.contains(object.id.as_str())));
        } else {
            assert_eq!(plan.orphans, [], "nothing of ours is left without a record");
            no_twins(observed.iter());
        }
        if refused {
            return; // a shrinking volume, for example: a person has to decide, and nothing was touched
        }
        state_equals_world(&state, &observed);
        let left: Vec<String> = plan
            .changes
            .iter()
            .filter(|change| change.action != Action::NoOp)
            .map(|change| format!("{} {}", change.action.word(), change.address))
            .collect();
        assert_eq!(left, [""; 0], "the plan is empty");
        for address in desired.keys() {
            assert!(state.resources.contains_key(address), "`{address}` is recorded");
        }
    }
}

fn no_twins<'o>(objects: impl Iterator<Item = &'o Object>) {
    let mut seen = BTreeSet::new();
    let mut names = BTreeSet::new();
    for object in objects.filter(|object| !object.is_leaving()) {
        if let Some(marker) = &object.marker {
            assert!(seen.insert(marker.address.clone()), "`{}` exists twice", marker.address);
        } else if object.name != "meddled" {
            let look = ["region", "size_gb"].map(|name| object.attributes.get(name).cloned());
            assert!(names.insert((object.name.clone(), look)), "`{}` exists twice", object.name);
        }
    }
}

fn state_equals_world(state: &State, observed: &Observed) {
    for (address, record) in state.resources.iter().filter(|(address, _)| !graph::is_member(address)) {
        assert!(
            observed.get(&record.kind, &record.id).is_some(),
            "`{address}` ({}) is recorded and not there",
            record.id
        );
    }
}
