//! One seed: a world, a few applies that are hindered in every way, and the apply that has to put it right.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;
use sindri::emulator::world::{PodEvent, VolumeEvent};
use sindri::emulator::{Emulator, EmulatorOptions};
use sindri::graph;
use sindri::model::{Dialect, Marker, Object, Observed, State};
use sindri::planner::Options;
use sindri::transport::clock::Clock;
use tokio::time::sleep;

use crate::actor::{Actor, Desired, Ended, KillAfter, Project, Strangers, left_to_do};
use crate::generate;
use crate::ledger::Ledger;
use crate::neighbor::Neighbor;
use crate::sabotage::Sabotage;
use crate::storm;

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
    /// Applies of another project on the same account, at the same time.
    pub neighbors: u64,
    /// Volumes that both projects came to record: a person agreed, or an answer was lost.
    pub shared: u64,
    /// What was asked, when, and how it was answered, as one number: the same for the same seed.
    pub trace: u64,
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
        self.neighbors += other.neighbors;
        self.shared += other.shared;
        self.trace ^= other.trace;
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
    let world = World::new(seed);
    let (neighbor, strangers) = Neighbor::draw(&world, seed, &mut dice);
    let alike = neighbor.as_ref().is_some_and(|neighbor| neighbor.actor.project.alike);
    let project = Project { name: "test", environment: "default", dialect, strangers, alike, signature: "main" };
    let main = Actor::new(project, &world.emulator, world.clock, seed, sabotage);
    let (first, second) = history(seed);
    let versions = [first.resources(dialect), second.resources(dialect)];
    let actors: Vec<&Actor> = neighbor.iter().map(|neighbor| &neighbor.actor).chain([&main]).collect();
    let mut ledger = Ledger::default();

    let mut desired = &versions[0];
    let mut hidden = 0;
    for round in 0..dice.usize(1..=3) {
        if round > 0 && dice.bool() {
            desired = &versions[1];
        }
        let committed = main.copy_of_state();
        let mut rules = storm::rules(&mut dice);
        verdict.faults += rules.len() as u64;
        if neighbor.is_some() && dice.bool() {
            rules.extend(storm::slow());
        }
        let late = rules.iter().filter_map(|rule| rule.effect.stale_read.as_ref()).map(|lag| lag.seconds).max();
        world.emulator.set_faults(rules);
        let polls = if dice.u8(..4) == 0 { usize::MAX } else { dice.usize(1..60) };
        verdict.applies += 1;
        let mine = KillAfter::new(polls, main.apply(desired, Options::default(), dice.u64(..)));
        let turn = neighbor.as_ref().and_then(|neighbor| Some((neighbor, neighbor.turn(&mut dice)?)));
        verdict.neighbors += u64::from(turn.is_some());
        let visit = (dice.u8(..3) == 0).then(|| (dice.u64(0..20_000), Meddling::draw(&mut dice)));
        let (ended, theirs, visited) = tokio::join!(
            mine,
            async {
                match turn {
                    Some((neighbor, turn)) => neighbor.take(turn).await,
                    None => true,
                }
            },
            async {
                let Some((after, meddling)) = visit else { return false };
                sleep(Duration::from_millis(after)).await;
                world.meddle(&meddling)
            }
        );
        verdict.kills += u64::from(!theirs);
        match ended {
            None => {
                verdict.kills += 1;
                main.forget_intents();
            }
            Some(Ended::Refused) => verdict.refused += 1,
            Some(Ended::Applied(_)) => {}
        }
        if dice.u8(..6) == 0 && strangers == Strangers::Adopt {
            // A runner dies with its disk; the next one starts from the last commit. What was created in the very last
            // seconds may be in no list yet: that much time passes at least (docs/reliability.md says so).
            verdict.lost_disks += 1;
            main.restore(committed);
            sleep(Duration::from_secs(60)).await;
        }
        let meddled = dice.u8(..4) == 0 && world.meddle(&Meddling::draw(&mut dice));
        verdict.meddled += u64::from(meddled) + u64::from(visited);
        // What somebody edits while reads show what was before, no apply can see.
        hidden = late.filter(|_| meddled || visited).unwrap_or(0).max(hidden);
        ledger.check(&world.emulator, &actors);
        sleep(Duration::from_secs(dice.u64(0..40))).await;
    }

    // The sky clears; what lags may go on lagging for a while.
    world.emulator.set_faults(Vec::new());
    sleep(Duration::from_secs(hidden.max(10))).await;
    let told = verdict.lost_disks > 0;
    let Some(neighbor) = &neighbor else {
        put_right(Patient { actor: &main, other: None, told }, &ledger, desired, dice.u64(..)).await;
        ledger.check(&world.emulator, &actors);
        verdict.trace = world.trace();
        return verdict;
    };
    let other = &neighbor.actor;
    verdict.shared += shared(&main, other);
    let patient = Patient { actor: &main, other: Some(other), told };
    let settled = put_right(patient, &ledger, desired, dice.u64(..)).await;
    ledger.check(&world.emulator, &actors);
    let patient = Patient { actor: other, other: Some(&main), told: false };
    let theirs = put_right(patient, &ledger, &neighbor.wanted(), dice.u64(..)).await;
    ledger.check(&world.emulator, &actors);
    if settled && theirs {
        // What put the one right left the other alone.
        let observed = main.observe().await;
        let plan = main.plan(desired, &main.state(), &observed, Options::default());
        assert_eq!(left_to_do(&plan), [""; 0], "the first project's plan is still empty");
    }
    verdict.trace = world.trace();
    verdict
}

/// Two versions of one configuration.
pub fn history(seed: u64) -> (crate::fleet::Fleet, crate::fleet::Fleet) {
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

/// The account, and the people who meddle with it.
pub struct World {
    pub emulator: Arc<Emulator>,
    pub clock: Clock,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let options = EmulatorOptions { seed, ..EmulatorOptions::default() };
        let (emulator, start) = options.open().expect("a world in memory");
        Self { emulator, clock: Clock::starting_at(start) }
    }

    fn trace(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        // Bodies hold lineages, which are drawn anew.
        let journal = self.emulator.journal(0);
        journal.iter().for_each(|entry| (entry.time, entry.method, &entry.path, entry.status).hash(&mut hasher));
        hasher.finish()
    }

    /// Whether it could be done.
    fn meddle(&self, meddling: &Meddling) -> bool {
        let pick = meddling.pick;
        self.emulator.meddle(|world, now| {
            let pods: Vec<String> = world.pod_ids().map(str::to_owned).collect();
            let volumes: Vec<String> = world.volume_ids().map(str::to_owned).collect();
            if !volumes.is_empty() && pick.is_multiple_of(7) {
                return world
                    .volume_event(&volumes[pick % volumes.len()], &VolumeEvent::Rename { name: "meddled".into() }, now)
                    .is_ok();
            }
            !pods.is_empty() && world.pod_event(&pods[pick % pods.len()], &meddling.event, now).is_ok()
        })
    }
}

/// Somebody else deletes, stops, edits or moves something.
struct Meddling {
    event: PodEvent,
    pick: usize,
}

impl Meddling {
    fn draw(dice: &mut Rng) -> Self {
        let event = match dice.u8(..6) {
            0 => PodEvent::Delete,
            1 => PodEvent::Stop,
            2 => PodEvent::Edit { changes: json!({ "image": "meddled:1" }) },
            3 => PodEvent::Preempt,
            4 => PodEvent::Migrate,
            _ => PodEvent::Edit { changes: json!({ "ports": ["9999/http"] }) },
        };
        Self { event, pick: dice.usize(..1000) }
    }
}

/// Whose world is put right.
struct Patient<'a> {
    actor: &'a Actor,
    other: Option<&'a Actor>,
    /// Whether orphans may be left, as long as the plan names them.
    told: bool,
}

impl Patient<'_> {
    /// Whether something is recorded by both: each may change or destroy it, so that the other finds it otherwise.
    fn shares(&self) -> bool {
        self.other.is_some_and(|other| shared(self.actor, other) > 0)
    }
}

/// Recovery and one more apply: every desired resource exists exactly once, state equals world, nothing healthy went. Says
/// whether nothing was in the way of that.
async fn put_right(patient: Patient<'_>, ledger: &Ledger, desired: &Desired, seed: u64) -> bool {
    let Patient { actor, told, .. } = patient;
    let shared = patient.shares();
    let refused = match actor.apply(desired, Options::default(), seed).await {
        Ended::Refused => true,
        Ended::Applied(plan) => {
            assert!(plan.refusals.is_empty());
            false
        }
    };
    // Old values may be shown for up to 90 s, deleted objects for 80 (contract, section 13).
    sleep(Duration::from_secs(120)).await;
    let observed = actor.observe().await;
    let state = actor.state();
    let plan = actor.plan(desired, &state, &observed, Options::default());
    only_own_pods(actor, &state, &observed);
    // Of a clone of the same project the lineage is another, and all names are the same.
    let clone = actor.project.strangers == Strangers::Beside;
    let mine = |id: &str, marker: Option<&Marker>| match marker {
        Some(marker) => actor.is_mine(marker) && (marker.lineage == state.lineage || !clone),
        // Who is told that it cannot be seen which volume is theirs, and says "beside", has one more.
        None => ledger.is_of(id, actor) && !(clone && actor.was_told("look like what it asked for")),
    };
    let orphans = plan.orphans.iter().filter(|orphan| mine(&orphan.id, Some(&orphan.marker)));
    let orphans: BTreeSet<&str> = orphans.map(|orphan| &*orphan.id).collect();
    assert!(told || orphans.is_empty(), "nothing of ours is left without a record: {orphans:?}");
    // What a lost state knew and the configuration does not ask for, or a second one of, is told and left alone.
    let counts = |object: &&Object| mine(&object.id, object.marker.as_ref()) && !orphans.contains(&*object.id);
    no_twins(observed.iter().filter(counts));
    if shared || patient.shares() {
        return false;
    }
    if refused {
        return false; // a shrinking volume, for example: a person has to decide, and nothing was touched
    }
    state_equals_world(&state, &observed);
    assert_eq!(left_to_do(&plan), [""; 0], "the plan is empty");
    for address in desired.keys() {
        assert!(state.resources.contains_key(address), "`{address}` is recorded");
    }
    true
}

/// No record names a pod that was made for somebody else.
fn only_own_pods(actor: &Actor, state: &State, observed: &Observed) {
    for (address, record) in &state.resources {
        let marker = observed.get(&record.kind, &record.id).and_then(|object| object.marker.as_ref());
        assert!(marker.is_none_or(|marker| actor.is_mine(marker)), "`{address}` records {marker:?}");
    }
}

/// Volumes in both states: somebody agreed to take over one that was recorded elsewhere.
fn shared(one: &Actor, other: &Actor) -> u64 {
    let theirs = other.state();
    let (state, agreed) = (one.state(), one.agreed.borrow());
    let recorded = state.resources.values().filter(|record| theirs.address_of(&record.kind, &record.id).is_some());
    recorded
        .inspect(|record| {
            let id = &record.id;
            let told = agreed.contains(id) || other.agreed.borrow().contains(id);
            assert!(
                told || one.took_by_looks(id) || other.took_by_looks(id),
                "`{}` is recorded twice, and nobody agreed",
                record.id
            );
        })
        .count() as u64
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
