//! The time of each stage for a fleet of 2,000 pods and 20 volumes (6,020 resources), in process and without a network:
//! `cargo bench --bench fleet`, or `cargo bench --bench fleet -- 'plan'` for some of them.
//!
//! `benches/table` measures whole commands. `tests/scale` checks that work grows no faster than the fleet.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use divan::{Bencher, black_box};
use sindri::apply::Event;
use sindri::config::Config;
use sindri::emulator::InProcess;
use sindri::graph::ResourceGraph;
use sindri::model::{Dialect, Entry, Observed, Outcome, Plan, Replay, State, Verb};
use sindri::observe::{KindNames, observe};
use sindri::planner::PlanOptions;
use sindri::planner::drift::survey;
use sindri::planner::review::check::violations;
use sindri::render::{PlanView, Style, Summary, html, json, markdown, status, text};
use sindri::runpod::{ApiKey, Client};
use sindri::store::{parse_state, state_bytes};
use sindri::transport::{Reply, Request, Transport, TransportError};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

#[path = "../tests/support/mod.rs"]
mod support;

use support::large_fleet::{self, LargeFleet, Layout};
use support::measured::Measured;
use support::{Account, Session};

const PODS: usize = 2_000;

/// In virtual time, so that no stage waits.
static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime"));

fn main() {
    divan::main();
}

/// An applied fleet, and what a new image for every pod leads to.
struct World {
    folder: TempDir,
    config: Config,
    next: Config,
    state: State,
    state_bytes: Vec<u8>,
    observed: Observed,
    unchanged: Plan,
    replaced: Plan,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let fleet = LargeFleet::of(PODS);
    let (config, folder) = fleet.config();
    let (next, _) = LargeFleet { image: "ghcr.io/team/train:2", ..fleet }.config();
    let (state, observed) = large_fleet::applied(&created(&config));
    let plan = |config| large_fleet::plan(config, &state, &observed, PlanOptions::default());
    let (unchanged, replaced, state_bytes) = (plan(&config), plan(&next), state_bytes(&state));
    World { folder, config, next, state_bytes, unchanged, replaced, state, observed }
});

impl World {
    fn plan(&self, config: &Config) -> Plan {
        large_fleet::plan(config, &self.state, &self.observed, PlanOptions::default())
    }
}

/// The plan for an empty account.
fn created(config: &Config) -> Plan {
    large_fleet::plan(config, &large_fleet::nothing(), &Observed::default(), PlanOptions::default())
}

/// A stage that works on the world.
struct Stage(&'static str, fn(&World));

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

const STAGES: &[Stage] = &[
    Stage("load configuration", |world| done(large_fleet::load(&world.folder))),
    Stage("build graph", |world| done(ResourceGraph::of_resources(&world.config.resources))),
    Stage("read state file", |world| done(parse_state(&world.state_bytes, "default.json".as_ref()))),
    Stage("write state file", |world| done(state_bytes(&world.state))),
    Stage("plan without changes", |world| done(world.plan(&world.config))),
    Stage("plan, all created", |world| done(created(&world.config))),
    Stage("plan, all replaced", |world| done(world.plan(&world.next))),
    Stage("check plan", |world| done(violations(&world.replaced))),
    Stage("text without changes", |world| as_text(&world.unchanged)),
    Stage("text", |world| as_text(&world.replaced)),
    Stage("JSON", |world| done(json::to_text(&json::plan_json(&world.replaced, None), false))),
    Stage("Markdown", |world| {
        write(|out| markdown::plan(out, &world.replaced, &PlanView::default(), markdown::BUDGET));
    }),
    Stage("HTML", |world| write(|out| html::plan(out, &world.replaced, &PlanView::default()))),
    Stage("status", |world| {
        let (only, style) = (Default::default(), Style::default());
        write(|out| status::table(out, &world.state, &world.observed, &only, &style));
    }),
    Stage("drift", |world| done(survey::accepted(&world.state, &world.observed))),
    Stage("summary of an apply", |world| summarize(&world.replaced)),
];

#[divan::bench(args = STAGES, sample_count = 20, sample_size = 1)]
fn stage(bencher: Bencher<'_, '_>, stage: &Stage) {
    let world = &*WORLD;
    bencher.bench_local(|| stage.1(world));
}

/// A configuration with one block per pod.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn load_one_block_per_pod(bencher: Bencher<'_, '_>) {
    let (_, folder) = LargeFleet { layout: Layout::Blocks, ..LargeFleet::of(PODS) }.config();
    bencher.bench_local(|| large_fleet::load(&folder));
}

/// One outcome per pod, written together as concurrent requests write them. The file is in memory where possible.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn append_to_journal(bencher: Bencher<'_, '_>) {
    let outcome = |(number, (address, record)): (usize, (&_, &sindri::model::Record))| {
        let records = BTreeMap::from([(Clone::clone(address), Some(record.clone()))]);
        Entry::Outcome(Outcome { operation: format!("operation{number}"), records })
    };
    let entries = || -> Vec<Entry> { WORLD.state.resources.iter().take(PODS).enumerate().map(outcome).collect() };
    let session = RUNTIME.block_on(async { Session::new(Dialect::V2) });
    let store = session.lock();
    bencher.with_inputs(entries).bench_local_values(|entries| RUNTIME.block_on(store.record_all(entries)));
}

/// The lists of the emulator, and their conversion to objects.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn observe_emulator(bencher: Bencher<'_, '_>) {
    let measured = applied();
    bencher.bench_local(|| RUNTIME.block_on(measured.session.observe()));
}

/// The conversion of received lists to objects.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn decode_lists(bencher: Bencher<'_, '_>) {
    let tape = Tape::of(&applied().session.account);
    let client = Client::new(Arc::new(tape), ApiKey::emulator(), Dialect::V2);
    let nothing = Replay::new(State::new("lineage".into(), "default".into(), "runpod".into()));
    let lists = || RUNTIME.block_on(observe(&client, &KindNames::new(), &nothing)).expect("lists");
    // The first reading records the replies.
    assert_eq!(lists().of_kind("pod").count(), PODS);
    bencher.bench_local(lists);
}

/// A fleet in an emulated account.
fn applied() -> Measured {
    RUNTIME.block_on(async {
        let measured = Measured::in_process(&LargeFleet::of(PODS));
        measured.apply(PlanOptions::default()).await;
        measured
    })
}

/// Repeats the reply to the first request for each path.
struct Tape {
    account: InProcess,
    replies: Mutex<BTreeMap<String, Reply>>,
}

impl Tape {
    fn of(account: &Account) -> Self {
        Self { account: account.transport(), replies: Mutex::default() }
    }

    fn recorded(&self, path: &str) -> Option<Reply> {
        self.replies.lock().expect("no panic while recording").get(path).cloned()
    }
}

#[async_trait]
impl Transport for Tape {
    async fn send(&self, request: Request) -> Result<Reply, TransportError> {
        let path = request.path.clone();
        if let Some(reply) = self.recorded(&path) {
            return Ok(reply);
        }
        let reply = self.account.send(request).await?;
        self.replies.lock().expect("no panic while recording").insert(path, reply.clone());
        Ok(reply)
    }
}

/// Keeps the result and the time to drop it in the measurement.
fn done<T>(result: T) {
    drop(black_box(result));
}

fn write(render: impl FnOnce(&mut dyn fmt::Write) -> fmt::Result) {
    let mut shown = String::new();
    render(&mut shown).expect("a string takes everything");
    done(shown);
}

fn as_text(plan: &Plan) {
    write(|out| text::plan(out, plan, &PlanView::default(), &Style::default()));
}

fn summarize(plan: &Plan) {
    let mut summary = Summary::expecting(plan, "apply");
    for change in &plan.changes {
        let (address, id) = (change.address.clone(), change.id.clone());
        let elapsed = Duration::from_secs(1);
        summary.note(&Event::Done { address, verb: Verb::Create, id, object: None, elapsed });
    }
    write(|out| summary.text(out, Duration::from_secs(60), &Style::default()));
}
