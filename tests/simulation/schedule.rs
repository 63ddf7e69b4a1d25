//! One seed: a world, a few applies that are disturbed in every way, and the apply that must put everything right.

use std::collections::BTreeSet;
use std::time::Duration;

use fastrand::Rng;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use sindri::emulator::faults::FaultRule;
use sindri::model::{Action, Address, Cause, Dialect, Marker, Object, Observed, Plan, Power, Resource, State, Status};
use sindri::planner::PlanOptions;
use sindri::resource::members;
use tokio::time::sleep;

use crate::simulation::account::{OutsideChange, World};
use crate::simulation::actor::{Actor, Ended, KillAfter, Project, UnmanagedPolicy, left_to_do};
use crate::simulation::ledger::Ledger;
use crate::simulation::neighbor::Neighbor;
use crate::simulation::sabotage::Sabotage;
use crate::simulation::storm;
use crate::simulation::truth::sound;
use crate::support::generate;
use crate::support::kinds::Kinds;
use crate::support::{Desired, in_virtual_time};

/// Counts of a search.
#[derive(Debug, Default)]
pub struct Verdict {
    pub schedules: u64,
    pub applies: u64,
    pub kills: u64,
    pub lost_disks: u64,
    pub outside_changes: u64,
    pub faults: u64,
    pub refused: u64,
    /// Concurrent applies of another project on the same account.
    pub neighbors: u64,
    /// Volumes that both projects recorded, because a user agreed or an answer was lost.
    pub shared: u64,
    /// A digest of the requests, their times and their answers, which is the same for the same seed.
    pub trace: u64,
}

impl Verdict {
    pub fn add(&mut self, other: &Self) {
        self.schedules += other.schedules;
        self.applies += other.applies;
        self.kills += other.kills;
        self.lost_disks += other.lost_disks;
        self.outside_changes += other.outside_changes;
        self.faults += other.faults;
        self.refused += other.refused;
        self.neighbors += other.neighbors;
        self.shared += other.shared;
        self.trace ^= other.trace;
    }
}

/// The kinds of the generated projects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    PodsAndVolumes,
    /// Secrets, registry credentials, templates and endpoints too. REST v1 has none of them.
    AllKinds,
}

impl Scope {
    /// Adds the other kinds to the two versions of a project.
    pub fn extend(self, seed: u64, dialect: Dialect, versions: &mut [Desired; 2]) {
        if self == Self::AllKinds && dialect == Dialect::V2 {
            let (first, second) = Kinds::history(seed);
            first.add_to(&mut versions[0]);
            second.add_to(&mut versions[1]);
        }
    }

    /// Sometimes replaces a change of a pod or volume by one of another object.
    fn visit(self, change: OutsideChange, luck: &mut Rng) -> OutsideChange {
        if self == Self::AllKinds { change.of_any_kind(luck) } else { change }
    }

    /// Adds faults of requests about the other kinds.
    pub fn storm(self, rules: &mut Vec<FaultRule>, luck: &mut Rng) {
        if self == Self::AllKinds {
            rules.extend(storm::of_other_kinds(luck));
        }
    }
}

/// Runs one seed; panics if an invariant is broken.
pub fn run(seed: u64, scope: Scope, sabotage: Sabotage) -> Verdict {
    in_virtual_time(schedule(seed, scope, sabotage))
}

async fn schedule(seed: u64, scope: Scope, sabotage: Sabotage) -> Verdict {
    let mut dice = Rng::with_seed(seed);
    let mut verdict = Verdict { schedules: 1, ..Verdict::default() };
    let dialect = if dice.u8(..4) == 0 { Dialect::V1 } else { Dialect::V2 };
    let world = World::new(seed);
    let mut luck = Rng::with_seed(!seed);
    let (neighbor, policy) = Neighbor::draw(&world, seed, scope, &mut dice);
    let alike = neighbor.as_ref().is_some_and(|neighbor| neighbor.actor.project.alike);
    let project = Project { name: "test", environment: "default", dialect, policy, alike, signature: "main" };
    let main = Actor::new(project, &world, seed, sabotage);
    let (first, second) = history(seed);
    let mut versions = [first.resources(dialect), second.resources(dialect)];
    scope.extend(seed, dialect, &mut versions);
    let actors: Vec<&Actor> = neighbor.iter().map(|neighbor| &neighbor.actor).chain([&main]).collect();
    let mut ledger = Ledger::default();

    let mut desired = &versions[0];
    let mut hidden = 0;
    let (mut moves, mut lags) = (false, false);
    for round in 0..dice.usize(1..=3) {
        if round > 0 && dice.bool() {
            desired = &versions[1];
        }
        let committed = main.session.state_file();
        let mut rules = storm::rules(&mut dice);
        scope.storm(&mut rules, &mut luck);
        verdict.faults += rules.len() as u64;
        if neighbor.is_some() && dice.bool() {
            rules.extend(storm::slow());
        }
        moves |= rules.iter().any(|rule| rule.effect.migrate.is_some());
        lags |= rules.iter().any(|rule| rule.effect.list_lag.is_some());
        let stale = rules.iter().filter_map(|rule| rule.effect.stale_read.as_ref()).map(|lag| lag.seconds).max();
        // Someone else's delete may be hidden too.
        let late = stale.max((scope == Scope::AllKinds && lags).then_some(30));
        world.account.emulator.set_faults(rules);
        let polls = if dice.u8(..4) == 0 { usize::MAX } else { dice.usize(1..60) };
        verdict.applies += 1;
        let mine = KillAfter::new(polls, main.apply(desired, PlanOptions::default(), dice.u64(..)));
        let turn = neighbor.as_ref().and_then(|neighbor| Some((neighbor, neighbor.turn(&mut dice)?)));
        verdict.neighbors += u64::from(turn.is_some());
        let visit =
            (dice.u8(..3) == 0).then(|| (dice.u64(0..20_000), scope.visit(OutsideChange::draw(&mut dice), &mut luck)));
        moves |= visit.as_ref().is_some_and(|(_, change)| change.moves());
        let (ended, theirs, visited) = tokio::join!(
            mine,
            async {
                match turn {
                    Some((neighbor, turn)) => neighbor.take(turn).await,
                    None => true,
                }
            },
            async {
                let Some((after, change)) = visit else { return false };
                sleep(Duration::from_millis(after)).await;
                world.change_outside(&change)
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
        if dice.u8(..6) == 0 && policy == UnmanagedPolicy::Adopt {
            // A runner is lost with its disk, and the next one starts from the last commit. Objects created in the last
            // seconds may be in no list yet, so at least that much time passes (docs/reliability.md says so).
            verdict.lost_disks += 1;
            main.session.restore(committed);
            sleep(Duration::from_secs(60)).await;
        }
        let later = (dice.u8(..4) == 0).then(|| scope.visit(OutsideChange::draw(&mut dice), &mut luck));
        moves |= later.as_ref().is_some_and(|change| change.moves());
        let outside_changes = later.is_some_and(|change| world.change_outside(&change));
        verdict.outside_changes += u64::from(outside_changes) + u64::from(visited);
        // If someone edits an object while reads are stale, no apply can see the change.
        hidden = late.filter(|_| outside_changes || visited).unwrap_or(0).max(hidden);
        ledger.check(&world.account.emulator, &actors);
        sound(&main.session.state(), "a round");
        main.has_leaked_no_secret();
        sleep(Duration::from_secs(dice.u64(0..40))).await;
    }

    // The faults end; lists that lag may do so for a while.
    world.account.calm();
    sleep(Duration::from_secs(hidden.max(10))).await;
    // Lists that still show a deleted object can make it look like the copy of a migrated one. The copy is reported
    // then.
    let may_have_orphans = verdict.lost_disks > 0 || (moves && lags);
    let Some(neighbor) = &neighbor else {
        put_right(Patient { actor: &main, other: None, may_have_orphans }, &ledger, desired, dice.u64(..)).await;
        ledger.check(&world.account.emulator, &actors);
        verdict.trace = world.trace();
        return verdict;
    };
    let other = &neighbor.actor;
    verdict.shared += shared(&main, other);
    let patient = Patient { actor: &main, other: Some(other), may_have_orphans };
    let settled = put_right(patient, &ledger, desired, dice.u64(..)).await;
    ledger.check(&world.account.emulator, &actors);
    let patient = Patient { actor: other, other: Some(&main), may_have_orphans: moves && lags };
    let theirs = put_right(patient, &ledger, &neighbor.wanted(), dice.u64(..)).await;
    ledger.check(&world.account.emulator, &actors);
    if settled && theirs {
        // Repairing one project did not affect the other.
        let observed = main.observe().await;
        let plan = main.plan(desired, &main.session.state(), &observed, PlanOptions::default());
        assert_eq!(left_to_do(&plan), [""; 0], "the first project's plan is still empty");
    }
    verdict.trace = world.trace();
    verdict
}

/// Two versions of one configuration.
pub fn history(seed: u64) -> (crate::support::fleet::Fleet, crate::support::fleet::Fleet) {
    history_with(seed, false, false)
}

/// Like `history`, optionally with ignored fields and locked pods.
pub fn history_with(
    seed: u64,
    ignored: bool,
    locked: bool,
) -> (crate::support::fleet::Fleet, crate::support::fleet::Fleet) {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    let mut fleets = generate::history().new_tree(&mut runner).expect("a configuration").current();
    for pod in fleets.0.pods.values_mut().chain(fleets.1.pods.values_mut()) {
        // Refusals of a whole plan would end most schedules early; the planner's tests cover them.
        pod.prevent_destroy = false;
        pod.locked &= locked;
        if !ignored {
            pod.ignore.clear();
        }
    }
    fleets
}

/// The project to repair.
pub struct Patient<'a> {
    pub actor: &'a Actor,
    pub other: Option<&'a Actor>,
    /// Whether orphans may remain, if the plan names them.
    pub may_have_orphans: bool,
}

impl Patient<'_> {
    /// Whether both projects record some object. Each may change or destroy it, so that the other finds it changed.
    fn shares(&self) -> bool {
        self.other.is_some_and(|other| shared(self.actor, other) > 0)
    }
}

/// Recovery and one more apply: every declared resource exists exactly once, the state equals the world, and no healthy
/// object was destroyed. Returns whether nothing prevented that.
pub async fn put_right(patient: Patient<'_>, ledger: &Ledger, desired: &Desired, seed: u64) -> bool {
    let Patient { actor, may_have_orphans, .. } = patient;
    let shared = patient.shares();
    let refused = match actor.apply(desired, PlanOptions::default(), seed).await {
        Ended::Refused => true,
        Ended::Applied(plan) => {
            assert!(plan.refusals.is_empty());
            false
        }
    };
    // Old values may be shown for up to 90 s, deleted objects for 80 (contract, section 13).
    sleep(Duration::from_secs(120)).await;
    let observed = actor.observe().await;
    let state = actor.session.state();
    let plan = actor.plan(desired, &state, &observed, PlanOptions::default());
    only_own_pods(actor, &state, &observed);
    // A clone of the same project has another lineage, but all names are the same.
    let clone = actor.project.policy == UnmanagedPolicy::Beside;
    let mine = |id: &str, marker: Option<&Marker>| match marker {
        Some(marker) => actor.is_mine(marker) && (marker.lineage == state.lineage || !clone),
        // A user who is told that their volume cannot be identified, and answers "beside", gets one more.
        None => ledger.is_of(id, actor) && !(clone && actor.was_told("match its request")),
    };
    let orphans = plan.orphans.iter().filter(|orphan| mine(&orphan.id, Some(&orphan.marker)));
    let orphans: BTreeSet<&str> = orphans.map(|orphan| &*orphan.id).collect();
    assert!(may_have_orphans || orphans.is_empty(), "nothing of ours is left without a record: {orphans:?}");
    // Objects that only a lost state knew, and duplicates, are reported and kept. If a plan was refused, a predecessor
    // may still wait for its delete, which is not a duplicate.
    let waiting: BTreeSet<&str> = plan
        .changes
        .iter()
        .filter(|change| refused && change.address.successor().is_some())
        .filter_map(|change| change.id.as_deref())
        .collect();
    let kept = kept(&plan, &observed, desired);
    let counts = |object: &&Object| {
        let accepted = [&orphans, &waiting, &kept].iter().any(|list| list.contains(&*object.id));
        mine(&object.id, object.marker.as_ref()) && !accepted
    };
    no_twins(observed.iter().filter(counts));
    if shared || patient.shares() {
        return false;
    }
    if refused {
        return false; // for example a shrinking volume: a person has to decide, and nothing was changed
    }
    state_equals_world(&state, &observed);
    sound(&state, "the apply that puts everything right");
    if !kept.is_empty() {
        return false; // the objects that they use must stay too, until a person starts their successors
    }
    if may_have_orphans && actor.has_failed_with("a secret with this name already exists") {
        return false; // someone edited away the marker of a secret that only the lost state knew
    }
    assert_eq!(left_to_do(&plan), [""; 0], "the plan is empty");
    for address in desired.keys() {
        assert!(state.resources.contains_key(address), "`{address}` is recorded");
    }
    true
}

/// Predecessors that are kept because a person stopped their successors before they were seen ready. The plan reports
/// them.
fn kept<'p>(plan: &'p Plan, observed: &Observed, desired: &Desired) -> BTreeSet<&'p str> {
    let is_stopped_by_hand = |address: &Address| {
        let change = plan.changes.iter().find(|change| change.address == *address);
        let object = change.and_then(|change| observed.get("pod", change.id.as_deref()?));
        let declared = desired.get(address).and_then(Resource::declared_power);
        object.is_some_and(|object| object.status == Some(Status::Stopped)) && declared != Some(Power::Stopped)
    };
    let stays = plan.changes.iter().filter(|change| {
        let superseded = matches!(change.causes.as_slice(), [Cause::Superseded { by }] if is_stopped_by_hand(by));
        change.action == Action::NoOp && superseded
    });
    let kept: BTreeSet<&str> = stays.filter_map(|change| change.id.as_deref()).collect();
    for id in &kept {
        assert!(plan.notes.iter().any(|note| note.message.contains(id)), "the plan says why `{id}` stays");
    }
    kept
}

/// Asserts that every object created from this state is in it.
pub fn no_orphans(plan: &Plan, state: &State) {
    let ours = plan.orphans.iter().filter(|orphan| orphan.marker.lineage == state.lineage);
    let twins: BTreeSet<String> = plan.changes.iter().filter_map(|change| change.id.clone()).collect();
    assert_eq!(ours.filter(|orphan| twins.contains(&orphan.id)).count(), 0, "an orphan is in the plan as well");
}

/// Asserts that no record names a pod of another project.
fn only_own_pods(actor: &Actor, state: &State, observed: &Observed) {
    for (address, record) in &state.resources {
        let marker = observed.get(&record.kind, &record.id).and_then(|object| object.marker.as_ref());
        assert!(marker.is_none_or(|marker| actor.is_mine(marker)), "`{address}` records {marker:?}");
    }
}

/// Number of volumes in both states: a user agreed to adopt one that another state records.
fn shared(one: &Actor, other: &Actor) -> u64 {
    let theirs = other.session.state();
    let state = one.session.state();
    let recorded = state.resources.values().filter(|record| theirs.address_of(&record.kind, &record.id).is_some());
    recorded
        .inspect(|record| {
            let id = &record.id;
            let taken = |actor: &Actor| actor.agreed.borrow().contains(id) || actor.taken_by_looks().contains(id);
            assert!(taken(one) || taken(other), "`{id}` is recorded twice, and nobody agreed");
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
            let identity = ["region", "size_gb"].map(|name| object.attributes.get(name).cloned());
            assert!(names.insert((object.kind, object.name.clone(), identity)), "`{}` exists twice", object.name);
        }
    }
}

fn state_equals_world(state: &State, observed: &Observed) {
    for (address, record) in state.resources.iter().filter(|(address, _)| !members::is_member(address)) {
        assert!(
            observed.get(&record.kind, &record.id).is_some(),
            "`{address}` ({}) is recorded and not there",
            record.id
        );
    }
}
