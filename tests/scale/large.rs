//! The work per resource of a fleet of up to 100,000 resources, in process.

use sindri::model::{Observed, State};
use sindri::planner::PlanOptions;
use sindri::store::{parse_state, state_bytes};

use super::count::{PerItem, work};
use crate::support::large_fleet::{self, LargeFleet};

/// The sizes, with equal ratios to powers of two: a text that grows while it is written takes up to twice its size.
const RESOURCES: [usize; 3] = [1_600, 12_800, 102_400];

/// Eight times the fleet may take this many times the work per resource.
const GROWTH: f64 = 1.1;

/// Eight times the fleet may take this many times the comparisons of sorted maps. The logarithm of the first size grows
/// by a quarter, and a tree grows in steps.
const GROWTH_SORTED: f64 = 2.0;

/// Eight times the fleet may take this many times the comparisons of texts, which are part of those of sorted maps: more
/// names are too long to be compared by their prefix alone.
const GROWTH_TEXTS: f64 = 3.0;

/// The stages of a first apply and of a plan after it, with limits on their work per resource. The present work is about
/// a tenth less. Lower the limits of a stage that becomes better.
const LIMITS: [(&str, PerItem); 5] = [
    (
        "reading the configuration",
        PerItem { allocations: 20.0, bytes: 4_300.0, scanned: 5.6, sorted: 105.0, texts: 31.0 },
    ),
    ("planning to create", PerItem { allocations: 21.5, bytes: 8_900.0, scanned: 9.6, sorted: 880.0, texts: 110.0 }),
    ("writing the state", PerItem { allocations: 1.0, bytes: 800.0, scanned: 1.0, sorted: 1.0, texts: 25.0 }),
    ("reading the state", PerItem { allocations: 16.5, bytes: 3_600.0, scanned: 6.4, sorted: 235.0, texts: 340.0 }),
    (
        "planning without changes",
        PerItem { allocations: 33.5, bytes: 11_000.0, scanned: 17.7, sorted: 1_750.0, texts: 1_100.0 },
    ),
];

/// The work per resource of each stage.
fn stages(resources: usize) -> [PerItem; LIMITS.len()] {
    let fleet = LargeFleet::of_resources(resources);
    let folder = fleet.folder();
    let (loading, config) = work(|| large_fleet::load(&folder));
    assert_eq!(config.resources.len(), fleet.resources());
    let plan = |state: &State, observed: &Observed| large_fleet::plan(&config, state, observed, PlanOptions::default());
    let (creating, created) = work(|| plan(&large_fleet::nothing(), &Observed::default()));
    assert_eq!(created.operations.len(), fleet.pods + fleet.volumes);
    let (state, observed) = large_fleet::applied(&created);
    drop(created);
    let (writing, bytes) = work(|| state_bytes(&state));
    let (reading, read) = work(|| parse_state(&bytes, "default.json".as_ref()).expect("a valid state"));
    assert_eq!(read.resources.len(), fleet.resources());
    let (planning, unchanged) = work(|| plan(&read, &observed));
    assert!(unchanged.is_empty() && unchanged.changes.len() == fleet.resources());
    [loading, creating, writing, reading, planning].map(|work| work.per(fleet.resources()))
}

/// Fails if a stage takes more work per resource than its limit, or than for the size before.
fn assert_linear(sizes: &[usize]) {
    let mut before: Option<[PerItem; LIMITS.len()]> = None;
    for resources in sizes {
        let now = stages(*resources);
        for (number, ((stage, limit), now)) in LIMITS.iter().zip(now).enumerate() {
            assert!(now.is_within(*limit), "{stage} of {resources} resources takes {now} each; the limit is {limit}");
            if let Some(before) = before.map(|before| before[number]) {
                let limit = PerItem { texts: GROWTH_TEXTS * before.texts, ..before.times(GROWTH, GROWTH_SORTED) };
                assert!(now.is_within(limit), "{stage} of {resources} resources takes {now} each, before {before}");
            }
        }
        before = Some(now);
    }
}

#[test]
fn a_large_fleet_takes_as_much_work_per_resource_as_a_small_one() {
    assert_linear(&RESOURCES[..2]);
}

#[test]
#[ignore = "a debug build takes more than a minute; cargo test --release --test scale -- --ignored"]
fn a_fleet_of_100_000_resources_takes_as_much_work_per_resource_as_a_small_one() {
    assert_linear(&RESOURCES);
}

#[test]
fn a_configuration_of_100_000_resources_takes_as_much_work_per_resource_as_a_small_one() {
    let (stage, limit) = LIMITS[0];
    let fleet = LargeFleet::of_resources(RESOURCES[2]);
    let folder = fleet.folder();
    let now = work(|| large_fleet::load(&folder)).0.per(fleet.resources());
    assert!(now.is_within(limit), "{stage} takes {now} per resource; the limit is {limit}");
}
