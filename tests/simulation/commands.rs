//! Schedules of single commands: a user runs all kinds of commands, in any order and with any flags, while others make
//! changes, some requests fail and some processes are killed. After each command the state is true.
//!
//! Half of the schedules have company: a second sindri on the account, people who create similar objects, more imports,
//! and another answer to `--adopt` or `--ignore-existing` with every command.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fastrand::Rng;
use serde_json::json;
use sindri::config::Move;
use sindri::emulator::{PodEvent, VolumeEvent};
use sindri::kind;
use sindri::model::{Address, Dialect, DriftClass, Power, State, Status, Updates, Value};
use sindri::planner::PlanOptions;
use sindri::planner::drift::survey;
use sindri::planner::review::saved::SavedPlan;
use sindri::resource;
use sindri::resource::members;
use sindri::runpod::{Api, Client};
use tokio::time::sleep;

use crate::simulation::account::{OutsideChange, World};
use crate::simulation::actor::{Actor, Ended, KillAfter, Project, UnmanagedPolicy, left_to_do};
use crate::simulation::ledger::Ledger;
use crate::simulation::neighbor::Neighbor;
use crate::simulation::sabotage::Sabotage;
use crate::simulation::schedule::{Scope, history_with, no_orphans};
use crate::simulation::storm;
use crate::support::world::ids_in;
use crate::support::{Desired, in_virtual_time};

/// Counts of a search.
#[derive(Debug, Default)]
pub struct Tally {
    pub commands: u64,
    pub applied: u64,
    pub refused: u64,
    pub kills: u64,
    pub imports: u64,
    pub moves: u64,
    pub saved: u64,
    pub stale: u64,
    pub partial: u64,
    pub outside_changes: u64,
    /// Objects that someone created without sindri.
    pub unmanaged: u64,
    /// Applies of a second sindri.
    pub neighbors: u64,
    /// Schedules whose last apply failed, and reported it.
    pub failed: u64,
    /// Schedules that ended with an empty plan.
    pub settled: u64,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        let Self {
            commands,
            applied,
            refused,
            kills,
            imports,
            moves,
            saved,
            stale,
            partial,
            outside_changes,
            unmanaged,
            neighbors,
            failed,
            settled,
        } = other;
        self.commands += commands;
        self.applied += applied;
        self.refused += refused;
        self.kills += kills;
        self.imports += imports;
        self.moves += moves;
        self.saved += saved;
        self.stale += stale;
        self.partial += partial;
        self.outside_changes += outside_changes;
        self.unmanaged += unmanaged;
        self.neighbors += neighbors;
        self.failed += failed;
        self.settled += settled;
    }
}

/// Others on the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Company {
    Nobody,
    Others,
    OthersAndMoves,
}

impl Company {
    /// Half of the seeds have company, and half of those a configuration with `moved` entries.
    pub fn of(seed: u64) -> Self {
        match seed % 4 {
            1 => Self::Others,
            3 => Self::OthersAndMoves,
            _ => Self::Nobody,
        }
    }

    fn is_there(self) -> bool {
        self != Self::Nobody
    }
}

/// Runs one seed; panics if a record is not true.
pub fn run(seed: u64, company: Company, scope: Scope, sabotage: Sabotage) -> Tally {
    in_virtual_time(schedule(seed, company, scope, sabotage))
}

async fn schedule(seed: u64, company: Company, scope: Scope, sabotage: Sabotage) -> Tally {
    let mut dice = Rng::with_seed(seed ^ 0x5eed);
    let dialect = if dice.u8(..4) == 0 { Dialect::V1 } else { Dialect::V2 };
    let policy = [UnmanagedPolicy::Adopt, UnmanagedPolicy::Adopt, UnmanagedPolicy::Beside, UnmanagedPolicy::Refuse]
        [dice.usize(..4)];
    let project = Project { name: "test", environment: "default", dialect, policy, alike: false, signature: "main" };
    let world = World::new(seed);
    let actor = Actor::new(project, &world, seed, sabotage);
    actor.truth.watches.store(true, Ordering::Relaxed);
    let (first, second) = history_with(seed, dice.u8(..3) == 0, dice.u8(..4) == 0);
    let mut versions = [first.resources(dialect), second.resources(dialect)];
    scope.extend(seed, dialect, &mut versions);
    let mut luck = Rng::with_seed(seed ^ 0x07e5);
    let neighbor = match company {
        Company::Nobody => None,
        Company::Others | Company::OthersAndMoves => Neighbor::draw(&world, seed, scope, &mut luck).0,
    };
    let stranger = world.account.client(dialect, seed);
    if company == Company::OthersAndMoves {
        let _ = actor.moved.set(moved(&versions, &mut luck));
    }
    let mut others = Others { company, neighbor: neighbor.as_ref(), stranger, dice: luck };
    let actors: Vec<&Actor> = neighbor.iter().map(|neighbor| &neighbor.actor).chain([&actor]).collect();
    let mut person =
        Person { actor: &actor, world: &world, desired: &versions[0], saved: None, tally: Tally::default() };
    let mut ledger = Ledger::default();
    if dice.u8(..4) > 0 {
        person.run(Command::Apply(PlanOptions::default()), dice.u64(..)).await;
    }
    for _ in 0..dice.usize(2..=7) {
        if dice.u8(..4) == 0 {
            person.desired = &versions[1];
        }
        if dice.bool() && change_outside(&world, &actor, scope, &mut dice) {
            person.tally.outside_changes += 1;
        }
        let mut rules = if dice.u8(..4) == 0 { storm::rules(&mut dice) } else { Vec::new() };
        if !rules.is_empty() {
            scope.storm(&mut rules, &mut dice);
        }
        // An object with an undocumented status is not known to be unready.
        let obscured = rules.iter().any(|rule| rule.effect.new_status.is_some());
        world.account.emulator.set_faults(rules);
        let command = Command::draw(&person, &mut dice).await;
        let command = others.instead(&mut person, command).await;
        let command_text = format!("{command:?}");
        let polls = if dice.u8(..6) == 0 { dice.usize(1..60) } else { usize::MAX };
        person.tally.commands += 1;
        let seed = dice.u64(..);
        let is_whole = matches!(&command, Command::Apply(options) if *options == PlanOptions::default());
        let (failures, turn) = (actor.failures(), others.turn());
        let (ended, there) = tokio::join!(KillAfter::new(polls, person.run(command, seed)), turn);
        person.tally.kills += u64::from(ended.is_none());
        person.tally.neighbors += u64::from(there);
        actor.truth.record(&world.account.emulator);
        actor.truth.check(&actor.session.state(), &command_text);
        actor.has_leaked_no_secret();
        ledger.check(&world.account.emulator, &actors);
        if company.is_there() && !obscured && ended == Some(true) && is_whole && actor.failures() == failures {
            world.account.calm();
            all_is_ready(&actor, person.desired).await;
        }
        sleep(Duration::from_secs(dice.u64(0..60))).await;
    }
    world.account.calm();
    // Old values may be shown for up to 90 s, deleted objects for 80 (contract, section 13).
    sleep(Duration::from_secs(120)).await;
    let Person { desired, mut tally, .. } = person;
    in_the_end(&actor, &world, desired, &mut tally, dice.u64(..)).await;
    ledger.check(&world.account.emulator, &actors);
    tally
}

/// A successful apply has waited for everything declared.
async fn all_is_ready(actor: &Actor, desired: &Desired) {
    let (state, observed) = (actor.session.state(), actor.observe().await);
    for (address, record) in state.resources.iter().filter(|(address, _)| desired.contains_key(address)) {
        let status = observed.get(&record.kind, &record.id).and_then(|object| object.status.as_ref());
        assert_ne!(status, Some(&Status::Creating), "`{address}` ({}) was not waited for", record.id);
    }
}

/// Entries that undo a `state mv`, do the same, or lead nowhere.
fn moved(versions: &[Desired], dice: &mut Rng) -> Vec<Move> {
    let declared: Vec<&Address> =
        versions.iter().flat_map(Desired::keys).filter(|it| !members::is_member(it)).collect();
    let count = if declared.is_empty() { 0 } else { dice.usize(0..=2) };
    let entry = |dice: &mut Rng| {
        let key = declared[dice.usize(..declared.len())].clone();
        let other = Address { name: format!("{}-moved", key.name).into(), ..key.clone() };
        let (from, to) = if dice.u8(..3) == 0 { (key, other) } else { (other, key) };
        Move { from, to, position: None }
    };
    (0..count).map(|_| entry(dice)).collect()
}

/// Additions for a schedule with company.
struct Others<'a> {
    company: Company,
    neighbor: Option<&'a Neighbor>,
    stranger: Client,
    dice: Rng,
}

impl Others<'_> {
    /// Sometimes replaces the command, and always changes the answer about unmanaged objects.
    async fn instead(&mut self, person: &mut Person<'_>, command: Command) -> Command {
        if !self.company.is_there() {
            return command;
        }
        let answers = [UnmanagedPolicy::Adopt, UnmanagedPolicy::Beside, UnmanagedPolicy::Refuse];
        person.actor.policy.set(answers[self.dice.usize(..3)]);
        if self.dice.u8(..3) == 0 {
            self.make(person).await;
        }
        match self.dice.u8(..8) {
            0 | 1 => {
                let found = import(person, &person.actor.session.state(), &mut self.dice);
                found.map_or(command, |(address, id)| Command::Import(address, id))
            }
            2 | 3 => Command::Apply(PlanOptions::default()),
            _ => command,
        }
    }

    /// Someone manually creates an object like a declared one, without a marker.
    async fn make(&mut self, person: &mut Person<'_>) {
        let declared: Vec<_> = person.desired.iter().filter(|(address, _)| !members::is_member(address)).collect();
        if declared.is_empty() {
            return;
        }
        let (address, resource) = declared[self.dice.usize(..declared.len())];
        let mut inputs = resource::resolved(resource.inputs.clone(), &|_| None);
        inputs.retain(|_, value| value.references().is_empty());
        if self.dice.bool() {
            inputs.insert("name", Value::text("a-stranger"));
        }
        let Some(kind) = kind::find(&address.kind) else { return };
        let made = self.stranger.create(kind, &inputs, None).await;
        person.tally.unmanaged += u64::from(made.is_ok());
        person.actor.truth.record(&person.world.account.emulator);
    }

    /// The other sindri acts at the same time; false if there is none, or it pauses.
    async fn turn(&mut self) -> bool {
        let Some(neighbor) = self.neighbor else { return false };
        let Some(turn) = neighbor.turn(&mut self.dice) else { return false };
        neighbor.take(turn).await;
        true
    }
}

/// One refresh makes the state equal to the world, and one apply makes the world equal to the configuration.
async fn in_the_end(actor: &Actor, world: &World, desired: &Desired, tally: &mut Tally, seed: u64) {
    actor.refresh(desired).await;
    let (state, observed) = (actor.session.state(), actor.observe().await);
    let lasting = |class: DriftClass| !matches!(class, DriftClass::Errored | DriftClass::ZeroGpu);
    let drift: Vec<_> = survey::drift(&state, &observed).into_iter().filter(|it| lasting(it.class)).collect();
    assert!(drift.is_empty(), "after a refresh nothing has drifted: {drift:#?}");
    let again = survey::accepted(&state, &observed);
    let rewritten: Vec<String> = again
        .iter()
        .map(|(address, record)| format!("`{address}`: {:?} -> {record:?}", state.resources.get(address)))
        .collect();
    assert_eq!(rewritten, [""; 0], "a second refresh has nothing to do");
    assert_eq!(resource::flaws(&state), [], "after the last refresh");
    for (address, record) in state.resources.iter().filter(|(address, _)| !members::is_member(address)) {
        let there = observed.get(&record.kind, &record.id).is_some_and(|object| !object.is_leaving());
        assert!(there, "`{address}` ({}) is recorded and not there", record.id);
    }
    let failures = actor.failures();
    let Ended::Applied(_) = actor.apply(desired, PlanOptions::default(), seed).await else { return };
    if actor.failures() > failures {
        // It reported why: another project's pod mounts the object to delete, or a host has no free GPU.
        tally.failed += 1;
        return;
    }
    sleep(Duration::from_secs(120)).await;
    actor.truth.record(&world.account.emulator);
    let (state, observed) = (actor.session.state(), actor.observe().await);
    actor.truth.check(&state, "the last apply");
    let plan = actor.plan(desired, &state, &observed, PlanOptions::default());
    if plan.all_refusals().next().is_none() {
        assert_eq!(left_to_do(&plan), [""; 0], "the plan is empty");
        assert_eq!(survey::drift(&state, &observed), [], "nothing has drifted");
        no_orphans(&plan, &state);
        tally.settled += 1;
    }
}

#[derive(Clone, Debug)]
enum Command {
    Apply(PlanOptions),
    /// `plan --out`.
    Plan(PlanOptions),
    /// `apply FILE`.
    ApplySaved,
    /// `apply --expect ID` for the latest plan, or for an earlier one.
    Expect,
    Refresh,
    Import(Address, String),
    Move(Address, Address),
    Forget(Address),
    Power(Address, Power),
    /// `plan --refresh=false`.
    FromMemory,
}

impl Command {
    async fn draw(person: &Person<'_>, dice: &mut Rng) -> Self {
        let state = person.actor.session.state();
        let own = |address: &&Address| !members::is_member(address) && address.successor().is_none();
        let recorded: Vec<&Address> = state.resources.keys().filter(own).collect();
        let any = |dice: &mut Rng| recorded.get(dice.usize(..recorded.len().max(1))).map(|it| (*it).clone());
        match (dice.u8(..16), any(dice)) {
            (0, _) => Self::Refresh,
            (1, _) => Self::FromMemory,
            (2 | 3, _) => import(person, &state, dice).map_or(Self::Refresh, |(address, id)| Self::Import(address, id)),
            (4, Some(from)) => {
                let moved = Address { name: format!("{}-moved", from.name).into(), ..from.clone() };
                let back = from.name.strip_suffix("-moved");
                let to = back.map_or(moved, |name| Address { name: name.into(), ..from.clone() });
                Self::Move(from, to)
            }
            (5, Some(address)) if address.kind == "pod" => Self::Forget(address),
            (6, Some(address)) if address.kind == "pod" => {
                Self::Power(address, if dice.bool() { Power::Stopped } else { Power::Running })
            }
            (7, _) => Self::Plan(options(person, &state, dice)),
            (8, _) => Self::ApplySaved,
            (9, _) => Self::Expect,
            (10, Some(address)) => {
                let only = BTreeSet::from([address]);
                Self::Apply(PlanOptions {
                    destroy: true,
                    only,
                    permits: deletions(dice.bool()),
                    ..PlanOptions::default()
                })
            }
            _ => Self::Apply(options(person, &state, dice)),
        }
    }
}

/// The flags that permit deleting protected objects, or none.
pub fn deletions(permitted: bool) -> BTreeSet<String> {
    kind::protections().filter(|_| permitted).map(|protection| protection.flag.to_owned()).collect()
}

/// Random flags.
fn options(person: &Person<'_>, state: &State, dice: &mut Rng) -> PlanOptions {
    let declared: Vec<&Address> = person.desired.keys().filter(|address| !members::is_member(address)).collect();
    let known: Vec<&Address> = declared.iter().copied().chain(state.resources.keys()).collect();
    let some = |addresses: &[&Address], dice: &mut Rng| -> BTreeSet<Address> {
        let count = if addresses.is_empty() { 0 } else { dice.usize(0..=2) };
        (0..count).map(|_| addresses[dice.usize(..addresses.len())].clone()).collect()
    };
    PlanOptions {
        targets: if dice.u8(..3) == 0 { some(&known, dice) } else { BTreeSet::new() },
        replace: if dice.u8(..4) == 0 { some(&declared, dice) } else { BTreeSet::new() },
        updates: [None, None, Some(Updates::InPlace), Some(Updates::Recreate)][dice.usize(..4)],
        permits: deletions(dice.u8(..5) == 0),
        refresh_only: dice.u8(..12) == 0,
        ..PlanOptions::default()
    }
}

/// A declared address, and an unrecorded object of its kind.
fn import(person: &Person<'_>, state: &State, dice: &mut Rng) -> Option<(Address, String)> {
    let declared: Vec<&Address> = person.desired.keys().filter(|address| !members::is_member(address)).collect();
    if declared.is_empty() {
        return None;
    }
    let address = declared[dice.usize(..declared.len())];
    let ids = ids_in(&person.world.account.emulator, &address.kind);
    let free: Vec<String> = ids.into_iter().filter(|id| state.address_of(&address.kind, id).is_none()).collect();
    (!free.is_empty()).then(|| (address.clone(), free[dice.usize(..free.len())].clone()))
}

struct Person<'a> {
    actor: &'a Actor,
    world: &'a World,
    desired: &'a Desired,
    saved: Option<SavedPlan>,
    tally: Tally,
}

impl Person<'_> {
    /// Returns whether a plan was applied.
    async fn run(&mut self, command: Command, seed: u64) -> bool {
        let (actor, desired) = (self.actor, self.desired);
        let ended = match command {
            Command::Apply(options) => {
                self.tally.partial += u64::from(!options.targets.is_empty());
                actor.apply(desired, options, seed).await
            }
            Command::Plan(options) => {
                self.saved = actor.save(desired, options).await;
                self.tally.saved += u64::from(self.saved.is_some());
                return false;
            }
            Command::ApplySaved => {
                let Some(saved) = self.saved.take() else { return false };
                let ended = actor.apply_saved(desired, &saved, seed).await;
                self.tally.stale += u64::from(matches!(ended, Ended::Refused));
                ended
            }
            Command::Expect => {
                let Some(saved) = self.saved.take() else { return false };
                let ended = actor.apply_expected(desired, &saved, seed).await;
                self.tally.stale += u64::from(matches!(ended, Ended::Refused));
                ended
            }
            Command::Refresh => {
                actor.refresh(desired).await;
                return false;
            }
            Command::Import(address, id) => {
                self.tally.imports += u64::from(actor.import(desired, &address, &id).await);
                return false;
            }
            Command::Move(from, to) => {
                self.tally.moves += u64::from(actor.state_mv(&from, &to).await);
                return false;
            }
            Command::Forget(address) => {
                actor.state_rm(&address).await;
                return false;
            }
            Command::Power(address, power) => actor.power(desired, &address, power, seed).await,
            Command::FromMemory => {
                let state = actor.session.state();
                let options = PlanOptions { unrefreshed: true, ..PlanOptions::default() };
                actor.plan(desired, &state, &survey::remembered(&state), options);
                return false;
            }
        };
        let applied = matches!(ended, Ended::Applied(_));
        self.tally.refused += u64::from(!applied);
        self.tally.applied += u64::from(applied);
        applied
    }
}

/// Someone else makes a random change. Returns whether it was possible.
fn change_outside(world: &World, actor: &Actor, scope: Scope, dice: &mut Rng) -> bool {
    actor.truth.record(&world.account.emulator);
    if scope == Scope::AllKinds && dice.bool() {
        let change = OutsideChange::draw(dice).of_any_kind(dice);
        let done = world.change_outside(&change);
        actor.truth.record(&world.account.emulator);
        return done;
    }
    let pick = dice.usize(..1000);
    let edit = |changes| PodEvent::Edit { changes };
    let event = match dice.u8(..14) {
        0 => PodEvent::Delete,
        1 => PodEvent::Stop,
        2 => PodEvent::Start,
        3 => PodEvent::Fail,
        4 => PodEvent::ZeroGpu,
        5 => PodEvent::Migrate,
        6 => PodEvent::Preempt,
        7 => edit(json!({ "image": "meddled:1" })),
        8 => edit(json!({ "ports": ["9999/http"] })),
        9 => edit(json!({ "locked": true })),
        10 => edit(json!({ "locked": false })),
        _ => edit(json!({ "name": "meddled" })),
    };
    let volume = match dice.u8(..6) {
        0 => Some(VolumeEvent::Rename { name: "meddled".into() }),
        1 => Some(VolumeEvent::Resize { size: 300 }),
        2 => Some(VolumeEvent::Delete),
        _ => None,
    };
    let done = world.account.emulator.modify(|inside, now| {
        let pods: Vec<String> = inside.pod_ids().map(str::to_owned).collect();
        let volumes: Vec<String> = inside.volume_ids().map(str::to_owned).collect();
        match volume {
            Some(event) if !volumes.is_empty() => {
                inside.volume_event(&volumes[pick % volumes.len()], &event, now).is_ok()
            }
            _ => !pods.is_empty() && inside.pod_event(&pods[pick % pods.len()], &event, now).is_ok(),
        }
    });
    actor.truth.record(&world.account.emulator);
    done
}
