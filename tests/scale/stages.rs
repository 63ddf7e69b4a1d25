//! Every stage that decides or writes: for twice the fleet, about twice the allocations.

use std::time::Duration;

use sindri::apply::Event;
use sindri::config::Config;
use sindri::model::{Action, Observed, Plan, State, Verb};
use sindri::planner::PlanOptions;
use sindri::planner::drift::survey;
use sindri::planner::review::check::violations;
use sindri::render::{PlanView, Style, Summary, json, status, text};
use sindri::store::{parse_state, state_bytes};
use tempfile::TempDir;

use super::count::{Work, work};
use crate::support::large_fleet::{self, Keys, LargeFleet, Layout};

/// Twice the fleet may take this many times the work. Sorting takes slightly more than twice.
const GROWTH: f64 = 2.6;

/// A fleet that was applied, and the next configuration.
struct World {
    folder: TempDir,
    config: Config,
    state: State,
    observed: Observed,
}

impl World {
    /// Applies `before` and declares `after`.
    fn of(before: LargeFleet, after: LargeFleet) -> Self {
        let (config, folder) = before.config();
        let plan = large_fleet::plan(&config, &large_fleet::nothing(), &Observed::default(), PlanOptions::default());
        let (state, observed) = large_fleet::applied(&plan);
        let (config, folder) = if before.yaml() == after.yaml() { (config, folder) } else { after.config() };
        Self { folder, config, state, observed }
    }

    fn plan(&self, options: PlanOptions) -> Plan {
        large_fleet::plan(&self.config, &self.state, &self.observed, options)
    }
}

/// One operation on a world, whose allocations are counted.
type Stage = (&'static str, fn(&World, &Plan));

const STAGES: &[Stage] = &[
    ("load", |world, _| drop(large_fleet::load(&world.folder))),
    ("plan to create", |world, _| {
        drop(large_fleet::plan(&world.config, &large_fleet::nothing(), &Observed::default(), PlanOptions::default()));
    }),
    ("plan", |world, _| drop(world.plan(PlanOptions::default()))),
    ("plan to destroy", |world, _| drop(world.plan(PlanOptions { destroy: true, ..PlanOptions::default() }))),
    ("check", |_, plan| assert_eq!(violations(plan), [])),
    ("drift", |world, _| drop(survey::accepted(&world.state, &world.observed))),
    ("text", |_, plan| {
        text::plan(&mut String::new(), plan, &PlanView { full: true, ..PlanView::default() }, &Style::default())
            .expect("a string takes everything");
    }),
    ("json", |_, plan| drop(json::to_text(&json::plan_json(plan, Some("id")), true))),
    ("status", |world, _| {
        status::table(&mut String::new(), &world.state, &world.observed, &Default::default(), &Style::default())
            .expect("a string takes everything");
        drop(status::status_json(&world.state, &world.observed, &Default::default()));
    }),
    ("state file", |world, _| {
        let bytes = state_bytes(&world.state);
        assert!(parse_state(&bytes, "default.json".as_ref()).is_ok_and(|state| state == world.state));
    }),
    ("summary", |_, plan| {
        let mut summary = Summary::expecting(plan, "apply");
        for change in &plan.changes {
            let (address, id) = (change.address.clone(), change.id.clone());
            summary.note(&Event::Done {
                address,
                verb: Verb::Create,
                id,
                object: None,
                elapsed: Duration::from_secs(1),
            });
        }
        summary.text(&mut String::new(), Duration::from_secs(1), &Style::default()).expect("a string takes everything");
    }),
];

/// Runs every stage on worlds of these sizes (in resources, each twice the previous one) in which all pods have the
/// action `action`, and compares neighbouring sizes.
fn assert_linear(sizes: &[usize], action: Action, world: impl Fn(usize) -> World) {
    let mut before: Option<Vec<Work>> = None;
    for size in sizes {
        let world = world(*size);
        let plan = world.plan(PlanOptions::default());
        let pods = plan.changes.iter().filter(|change| change.address.kind == "pod");
        assert!(
            pods.clone().all(|change| change.action == action) && pods.count() > size / 4,
            "not every pod is planned as {action:?}"
        );
        let now: Vec<Work> = STAGES.iter().map(|(_, stage)| work(|| stage(&world, &plan)).0).collect();
        for ((name, _), (before, now)) in STAGES.iter().zip(before.iter().flatten().zip(&now)) {
            let growth = [(before.allocations, now.allocations), (before.bytes, now.bytes)]
                .map(|(before, now)| now as f64 / before.max(1_000) as f64);
            assert!(
                growth.iter().all(|growth| *growth < GROWTH),
                "{name} of {size} resources takes {growth:.1?} times as much as half of them: {before:?}, then {now:?}"
            );
        }
        before = Some(now);
    }
}

#[test]
fn no_stage_is_quadratic_without_changes() {
    assert_linear(&[5_000, 10_000, 20_000], Action::NoOp, |size| {
        World::of(LargeFleet::of_resources(size), LargeFleet::of_resources(size))
    });
}

#[test]
fn no_stage_is_quadratic_if_every_pod_is_different_and_replaced() {
    assert_linear(&[2_500, 5_000], Action::ReplaceCreateFirst, |size| {
        let before =
            LargeFleet { layout: Layout::Blocks, create_before_destroy: true, ..LargeFleet::of_resources(size) };
        World::of(before, LargeFleet { image: "ghcr.io/team/train:2", ..before })
    });
}

#[test]
fn no_stage_is_quadratic_if_every_pod_has_a_moved_entry() {
    assert_linear(&[2_500, 5_000], Action::Update, |size| {
        let before = LargeFleet { layout: Layout::Blocks, ..LargeFleet::of_resources(size) };
        World::of(before, LargeFleet { keys: Keys::Moved, ..before })
    });
}
