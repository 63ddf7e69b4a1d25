//! Every stage that decides or writes: for twice the fleet, twice the allocations and comparisons.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sindri::apply::Event;
use sindri::catalog::Catalog;
use sindri::config::Config;
use sindri::model::{Action, Address, Object, Observed, Plan, Replay, State, Verb};
use sindri::planner::drift::report::{Scope, report};
use sindri::planner::drift::survey;
use sindri::planner::recognise::discover::Search;
use sindri::planner::recognise::takeover::takeover;
use sindri::planner::review::check::{flaws, violations};
use sindri::planner::review::saved::SavedPlan;
use sindri::planner::{Input, PlanOptions, by_hand};
use sindri::render::{PlanView, Style, Summary, discovery, drift, graph, html, json, markdown, status, text};
use sindri::store::merge::{FileVersion, merge};
use sindri::store::{parse_state, state_bytes};
use tempfile::TempDir;

use super::count::{Work, work};
use crate::support::large_fleet::{self, Keys, LargeFleet, Layout};

/// Twice the fleet may take this many times the work per resource.
const GROWTH: f64 = 1.1;

/// Twice the fleet may take this many times the comparisons of sorted maps per resource. The logarithm of so small a
/// fleet grows by a seventh, and a tree grows in steps.
const GROWTH_SORTED: f64 = 1.45;

/// Twice the fleet may take this many times the comparisons of texts per resource. Some are steps in sorted maps.
const GROWTH_TEXTS: f64 = 1.3;

/// A fleet that was applied, and the next configuration.
struct World {
    folder: TempDir,
    config: Config,
    state: State,
    observed: Observed,
    /// The observed objects as if people had made them: without markers.
    unmarked: Observed,
}

impl World {
    /// Applies `before` and declares `after`.
    fn of(before: LargeFleet, after: LargeFleet) -> Self {
        let (config, folder) = before.config();
        let plan = large_fleet::plan(&config, &large_fleet::nothing(), &Observed::default(), PlanOptions::default());
        let (state, observed) = large_fleet::applied(&plan);
        let (config, folder) = if before.yaml() == after.yaml() { (config, folder) } else { after.config() };
        let unmarked = observed.iter().map(|object| Object { marker: None, ..object.clone() }).collect();
        Self { folder, config, state, observed, unmarked }
    }

    fn plan(&self, options: PlanOptions) -> Plan {
        large_fleet::plan(&self.config, &self.state, &self.observed, options)
    }

    fn input<'a>(&'a self, state: &'a State, observed: &'a Observed) -> Input<'a> {
        let Config { name, resources, moved, .. } = &self.config;
        Input { moved, ..Input::new(name, resources, state, observed) }
    }

    /// The plan that destroys everything, volumes too.
    fn end(&self) -> Plan {
        let permits = BTreeSet::from(["--include-volumes".to_owned()]);
        self.plan(PlanOptions { destroy: true, permits, ..PlanOptions::default() })
    }
}

/// The drift report of `prior` and `observed` in all formats.
fn drifted(prior: &State, observed: &Observed) {
    let report = report(&Scope {
        name: "fleet",
        prior,
        observed,
        catalog: Catalog::embedded(),
        unsettled: &BTreeMap::new(),
        expected: &BTreeSet::new(),
        unmanaged: true,
        now: jiff::Timestamp::UNIX_EPOCH,
    });
    written(|out| drift::text(out, &report, &Style::default()));
    written(|out| drift::markdown(out, &report));
    drop(json::drift_json(&report));
}

fn written(write: impl FnOnce(&mut String) -> std::fmt::Result) {
    write(&mut String::new()).expect("a string takes everything");
}

fn full() -> PlanView {
    PlanView { full: true, ..PlanView::default() }
}

/// Merges two versions of a state in which each side changed every pod, and one side only.
fn merged(world: &World) {
    let changed = |change: fn(&mut sindri::model::Record)| {
        let mut state = world.state.clone();
        state.resources.values_mut().filter(|record| record.kind == "pod").for_each(change);
        state_bytes(&state)
    };
    let base = state_bytes(&world.state);
    let (ours, theirs) = (changed(|record| record.prevent_destroy = true), changed(|record| record.tainted = true));
    let version = |bytes| FileVersion { path: "default.json".as_ref(), bytes };
    let pods = world.state.resources.values().filter(|record| record.kind == "pod").count();
    for (ours, conflicts) in [(&ours, pods), (&base, 0)] {
        let merged = merge(&version(&base), &version(ours), &version(&theirs)).expect("valid states");
        assert_eq!(merged.conflicts.len(), conflicts);
    }
}

fn summarised(plan: &Plan) {
    let mut summary = Summary::expecting(plan, "apply");
    for change in &plan.changes {
        let (address, id) = (change.address.clone(), change.id.clone());
        summary.note(&Event::Done { address, verb: Verb::Create, id, object: None, elapsed: Duration::from_secs(1) });
    }
    written(|out| summary.text(out, Duration::from_secs(1), &Style::default()));
    drop(summary.json(Duration::from_secs(1)));
}

/// One operation on a world, whose work is counted.
type Stage = (&'static str, fn(&World, &Plan));

const STAGES: &[Stage] = &[
    ("load", |world, _| drop(large_fleet::load(&world.folder))),
    ("plan to create", |world, _| {
        drop(large_fleet::plan(&world.config, &large_fleet::nothing(), &Observed::default(), PlanOptions::default()));
    }),
    ("plan", |world, _| drop(world.plan(PlanOptions::default()))),
    ("plan to destroy", |world, _| {
        let plan = world.end();
        assert_eq!(flaws(&world.state, &plan), []);
    }),
    ("check", |_, plan| assert_eq!(violations(plan), [])),
    ("outcome", |world, plan| assert_eq!(flaws(&world.state, plan), [])),
    ("accept", |world, _| {
        drop(survey::accepted(&world.state, &world.observed));
        drop(survey::accepted(&world.state, &Observed::default()));
    }),
    ("drift", |world, _| {
        drifted(&world.state, &Observed::default());
        drifted(&large_fleet::nothing(), &world.observed);
    }),
    ("text", |_, plan| {
        written(|out| text::plan(out, plan, &PlanView::default(), &Style::default()));
        written(|out| text::plan(out, plan, &full(), &Style::default()));
    }),
    ("markdown", |_, plan| written(|out| markdown::plan(out, plan, &full(), usize::MAX / 2))),
    ("html", |_, plan| written(|out| html::plan(out, plan, &full()))),
    ("graph", |_, plan| {
        let picture = graph::of_plan(plan, &PlanView::default());
        written(|out| graph::document(out, &picture));
        written(|out| graph::mermaid(out, &picture));
    }),
    ("json", |_, plan| drop(json::to_text(&json::plan_json(plan, Some("id")), true))),
    ("saved plan", |world, plan| {
        let input = world.input(&world.state, &world.observed);
        let saved = SavedPlan::of(plan, &input, "sindri.yaml".into());
        assert!(saved.verify().is_ok() && saved.compare(&input, plan).differences.is_empty());
    }),
    ("status", |world, _| {
        written(|out| status::table(out, &world.state, &world.observed, &Default::default(), &Style::default()));
        drop(status::status_json(&world.state, &world.observed, &Default::default()));
        drop(status::Outputs::new(&world.state, &world.observed).json());
    }),
    ("state file", |world, _| {
        let bytes = state_bytes(&world.state);
        assert!(parse_state(&bytes, "default.json".as_ref()).is_ok_and(|state| state == world.state));
    }),
    ("state merge", |world, _| merged(world)),
    ("state mv and rm", |world, _| {
        let known = Replay::new(world.state.clone());
        let pod = known.state.resources.keys().find(|address| address.kind == "pod").expect("a pod");
        assert!(by_hand::moved(&known, pod, &Address::new("pod", "elsewhere")).is_ok());
        assert!(by_hand::forgotten(&known, pod).is_ok());
    }),
    ("import --discover", |world, _| {
        let nothing = large_fleet::nothing();
        let search = Search { input: world.input(&nothing, &world.observed) };
        let found = search.of(&nothing.lineage);
        assert_eq!(search.lineages().len(), 1);
        written(|out| discovery::text(out, &found, ("fleet", "default"), ("", &[]), &Style::default()));
        drop(discovery::json(&found, "", &[]));
    }),
    ("import --all", |world, _| {
        let nothing = large_fleet::nothing();
        let found = takeover(&world.config.resources, (&nothing, &world.unmarked), world.unmarked.iter().collect());
        let all = found.taken.len() + found.differing.len() + found.undeclared.len();
        assert_eq!(all, world.unmarked.iter().count());
    }),
    ("plan without a state", |world, _| {
        let nothing = large_fleet::nothing();
        for observed in [&world.observed, &world.unmarked] {
            drop(large_fleet::plan(&world.config, &nothing, observed, PlanOptions::default()));
        }
    }),
    ("summary", |_, plan| summarised(plan)),
];

/// Runs every stage on worlds with twice and four times as many pods, and compares neighbouring sizes. `action` is the
/// action on most pods.
fn assert_linear(pods: usize, action: Action, world: impl Fn(usize) -> World) {
    let mut before: Option<Vec<Work>> = None;
    for pods in [pods, 2 * pods, 4 * pods] {
        let world = world(pods);
        let plan = world.plan(PlanOptions::default());
        let planned = plan.changes.iter().filter(|change| change.address.kind == "pod" && change.action == action);
        assert!(planned.count() >= pods, "not every pod is planned as {action:?}");
        let now: Vec<Work> = STAGES.iter().map(|(_, stage)| work(|| stage(&world, &plan)).0).collect();
        for ((name, _), (before, now)) in STAGES.iter().zip(before.iter().flatten().zip(&now)) {
            assert_doubled(&format!("{name} of {pods} pods"), *before, *now);
        }
        before = Some(now);
    }
}

/// Fails if twice the fleet takes more than twice the work. A fixed part makes it less.
fn assert_doubled(what: &str, before: Work, now: Work) {
    let growth = [
        (before.allocations, now.allocations, 1_000, GROWTH),
        (before.bytes, now.bytes, 100_000, GROWTH),
        (before.scanned, now.scanned, 3_000, GROWTH),
        (before.sorted, now.sorted, 3_000, GROWTH_SORTED),
        (before.texts, now.texts, 3_000, GROWTH_TEXTS),
        (before.ids, now.ids, 3_000, GROWTH_SORTED),
    ]
    .map(|(before, now, least, limit)| (now as f64 / before.max(least) as f64 / 2.0, limit));
    assert!(
        growth.iter().all(|(growth, limit)| growth < limit),
        "{what} takes {growth:.2?} times as much per resource as half of them: {before:?}, then {now:?}"
    );
}

fn blocks(pods: usize) -> LargeFleet {
    LargeFleet { layout: Layout::Blocks, ..LargeFleet::of(pods) }
}

#[test]
fn no_stage_grows_faster_than_a_fleet_without_changes() {
    assert_linear(60, Action::NoOp, |pods| World::of(LargeFleet::of(pods), LargeFleet::of(pods)));
}

#[test]
fn no_stage_grows_faster_than_a_fleet_with_a_volume_for_each_pod() {
    assert_linear(40, Action::NoOp, |pods| {
        let fleet = LargeFleet { volumes: pods, ..blocks(pods) };
        World::of(fleet, fleet)
    });
}

#[test]
fn no_stage_grows_faster_than_a_fleet_whose_pods_are_all_replaced() {
    assert_linear(40, Action::ReplaceCreateFirst, |pods| {
        let before = LargeFleet { create_before_destroy: true, ..blocks(pods) };
        World::of(before, LargeFleet { image: "ghcr.io/team/train:2", ..before })
    });
}

#[test]
fn no_stage_grows_faster_than_a_fleet_with_a_moved_entry_for_each_pod() {
    assert_linear(40, Action::Update, |pods| World::of(blocks(pods), LargeFleet { keys: Keys::Moved, ..blocks(pods) }));
}

/// The number of probable renames if all keys change, for fleets of so many and of twice as many pods.
fn assert_renames_linear(pods: usize, image: &'static str, fleet: impl Fn(usize) -> LargeFleet) {
    let mut before: Option<Work> = None;
    for pods in [pods, 2 * pods] {
        let world = World::of(fleet(pods), LargeFleet { keys: Keys::Renamed, image, ..fleet(pods) });
        let (now, plan) = work(|| world.plan(PlanOptions::default()));
        let expected: BTreeSet<(Address, Address)> = world.state.resources.keys().filter_map(renamed).collect();
        let found: BTreeSet<(Address, Address)> =
            plan.renames.iter().map(|rename| (rename.from.clone(), rename.to.clone())).collect();
        assert_eq!(found, expected);
        if let Some(before) = before {
            assert_doubled(&format!("a plan of {pods} renamed pods"), before, now);
        }
        before = Some(now);
    }
}

/// A pod with its new address.
fn renamed(address: &Address) -> Option<(Address, Address)> {
    let name = address.name.replace("pod", "moved").into();
    (address.kind == "pod").then(|| (address.clone(), Address { name, ..address.clone() }))
}

const FIRST: &str = "ghcr.io/team/train:1";
const OTHER: &str = "ghcr.io/team/train:2";

#[test]
fn renaming_all_keys_of_different_pods_takes_linear_work_and_finds_every_pair() {
    assert_renames_linear(200, FIRST, blocks);
    assert_renames_linear(200, FIRST, |pods| LargeFleet { volumes: 0, ..blocks(pods) });
    // Each pod still has its own variable.
    assert_renames_linear(200, OTHER, |pods| LargeFleet { volumes: 0, ..blocks(pods) });
}

#[test]
fn renaming_all_keys_of_equal_pods_takes_linear_work_and_finds_every_pair() {
    assert_renames_linear(200, FIRST, |pods| LargeFleet { volumes: 0, layout: Layout::Alike, ..LargeFleet::of(pods) });
    assert_renames_linear(200, FIRST, LargeFleet::of);
    // Replicas still have their numbers.
    assert_renames_linear(200, OTHER, |pods| LargeFleet { volumes: 0, ..LargeFleet::of(pods) });
}
