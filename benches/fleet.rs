//! How long a fleet takes. Run by hand, on a machine that does nothing else: `cargo bench --bench fleet`.
//!
//! Requests go over loopback to an emulator in a thread of its own, without quotas. What was measured stands in
//! `docs/performance.md`; that work grows no faster than the fleet is the business of `tests/scale`.

use std::sync::LazyLock;

use divan::Bencher;
use sindri::model::{Observed, Plan};
use sindri::planner::PlanOptions;
use sindri::planner::review::check::violations;
use sindri::render::{PlanView, Style, json, text};
use tokio::runtime::{Builder, Runtime};

#[path = "../tests/support/mod.rs"]
mod support;

use support::large_fleet::{self, LargeFleet, Layout};
use support::measured::Measured;

/// As the command line has it.
static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_all().build().expect("a runtime"));

fn main() {
    divan::main();
}

fn as_text(plan: &Plan) -> String {
    let mut shown = String::new();
    text::plan(&mut shown, plan, &PlanView::default(), &Style::default()).expect("a string takes everything");
    shown
}

/// `sindri validate` with one block of 2,000 replicas, and with 2,000 blocks.
#[divan::bench(args = [Layout::Replicas, Layout::Blocks])]
fn validate_2000_pods(bencher: Bencher<'_, '_>, layout: Layout) {
    let (_, folder) = LargeFleet { volumes: 1, layout, ..LargeFleet::of(2_000) }.config();
    bencher.bench_local(|| large_fleet::load(&folder));
}

/// `sindri plan` when nothing changed: file, state, lists, plan, check, text.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn plan_without_changes_2000_pods(bencher: Bencher<'_, '_>) {
    let measured = Measured::over_loopback(&LargeFleet::of(2_000));
    RUNTIME.block_on(measured.apply(PlanOptions::default()));
    bencher.bench_local(|| {
        let config = large_fleet::load(&measured.folder);
        let plan = RUNTIME.block_on(measured.plan());
        assert!(plan.is_empty() && violations(&plan).is_empty());
        (config, as_text(&plan))
    });
}

/// `sindri apply` on an empty account, until the last pod is ready.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn apply_2000_pods(bencher: Bencher<'_, '_>) {
    bencher
        .with_inputs(|| Measured::over_loopback(&LargeFleet::of(2_000)))
        .bench_local_refs(|measured| RUNTIME.block_on(measured.apply(PlanOptions::default())).creates);
}

/// `sindri destroy` of the same fleet.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn destroy_2000_pods(bencher: Bencher<'_, '_>) {
    let applied = || {
        let measured = Measured::over_loopback(&LargeFleet::of(2_000));
        RUNTIME.block_on(measured.apply(PlanOptions::default()));
        measured
    };
    let options = PlanOptions { destroy: true, ..PlanOptions::default() };
    bencher.with_inputs(applied).bench_local_refs(|measured| RUNTIME.block_on(measured.apply(options.clone())).fsyncs);
}

/// A fleet of 20,000 resources where every pod gets another image, without requests.
struct Changed {
    config: sindri::config::Config,
    state: sindri::model::State,
    observed: Observed,
}

impl Changed {
    fn new() -> Self {
        let before = LargeFleet::of_resources(20_000);
        let plan = large_fleet::plan(
            &before.config().0,
            &large_fleet::nothing(),
            &Observed::default(),
            PlanOptions::default(),
        );
        let (state, observed) = large_fleet::applied(&plan);
        let (config, _) = LargeFleet { image: "ghcr.io/team/train:2", ..before }.config();
        Self { config, state, observed }
    }

    fn plan(&self) -> Plan {
        large_fleet::plan(&self.config, &self.state, &self.observed, PlanOptions::default())
    }
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn plan_20000_resources(bencher: Bencher<'_, '_>) {
    let changed = Changed::new();
    bencher.bench_local(|| changed.plan());
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn text_of_20000_resources(bencher: Bencher<'_, '_>) {
    let plan = Changed::new().plan();
    bencher.bench_local(|| as_text(&plan));
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn json_of_20000_resources(bencher: Bencher<'_, '_>) {
    let plan = Changed::new().plan();
    bencher.bench_local(|| json::to_text(&json::plan_json(&plan, None), true));
}
