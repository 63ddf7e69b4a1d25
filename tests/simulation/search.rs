//! The searches through many seeds.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::simulation::commands::{self, Company};
use crate::simulation::sabotage::Sabotage;
use crate::simulation::schedule::{Scope, Verdict, run};

/// Tries many seeds and names those that fail, with the command that replays each. `SINDRI_SIM_SEEDS` overrides their
/// number, `SINDRI_SIM_FIRST` sets the first one, and `SINDRI_SIM_SEED` tries only one. Returns whether many were tried.
///
/// Every core takes the next seed when it is free, because the seeds do not depend on each other.
fn search(filter: &str, seeds: u64, run: impl Fn(u64) + Sync) -> bool {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let only = number("SINDRI_SIM_SEED");
    let first = only.or_else(|| number("SINDRI_SIM_FIRST")).unwrap_or(0);
    let seeds = only.map_or_else(|| number("SINDRI_SIM_SEEDS").unwrap_or(seeds), |_| 1);
    let (next, failed) = (AtomicU64::new(first), Mutex::new(Vec::new()));
    let failures = || failed.lock().expect("no panic while adding");
    let take_seeds = || {
        while failures().len() < 10 {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + seeds {
                break;
            }
            if catch_unwind(AssertUnwindSafe(|| run(seed))).is_err() {
                eprintln!("replay: SINDRI_SIM_SEED={seed} cargo test --test simulation {filter}-- --nocapture");
                failures().push(seed);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, Into::into) {
            scope.spawn(take_seeds);
        }
    });
    let mut failed = failed.into_inner().expect("no panic while adding");
    failed.sort_unstable();
    assert!(failed.is_empty(), "failing seeds: {failed:?}");
    only.is_none()
}

/// Number of schedules per test run; `SINDRI_SIM_SEEDS` overrides it.
const SEEDS: u64 = 1_400;

#[test]
fn one_plain_apply_puts_everything_right_after_any_faults() {
    let tally = Mutex::new(Verdict::default());
    let is_complete = search("", SEEDS, |seed| {
        let verdict = run(seed, Scope::AllKinds, Sabotage::None);
        tally.lock().expect("no panic while adding").add(&verdict);
    });
    let tally = tally.into_inner().expect("no panic while adding");
    println!("{tally:?}");
    if is_complete {
        // A search that never meets these conditions proves nothing.
        assert!(tally.kills > 0 && tally.lost_disks > 0 && tally.outside_changes > 0 && tally.faults > 0, "{tally:?}");
        assert!(tally.neighbors > 0 && tally.shared > 0, "{tally:?}");
    }
}

/// Number of schedules of single commands per test run; `SINDRI_SIM_SEEDS` overrides it.
const COMMAND_SEEDS: u64 = 280;

#[test]
fn after_every_command_the_state_is_true_and_one_refresh_makes_it_equal_to_the_world() {
    let tally = Mutex::new(commands::Tally::default());
    let is_complete = search("after_every ", COMMAND_SEEDS, |seed| {
        let verdict = commands::run(seed, Company::of(seed), Scope::AllKinds, Sabotage::None);
        tally.lock().expect("no panic while adding").add(&verdict);
    });
    let tally = tally.into_inner().expect("no panic while adding");
    println!("{tally:?}");
    if is_complete {
        // A search that never meets these conditions proves nothing.
        let commands::Tally { imports, moves, saved, stale, partial, kills, outside_changes, .. } = tally;
        let commands::Tally { unmanaged, neighbors, settled, .. } = tally;
        let met = [imports, moves, saved, stale, partial, kills, outside_changes, unmanaged, neighbors, settled];
        assert!(met.iter().all(|count| *count > 0), "{tally:?}");
    }
}

#[test]
fn the_search_notices_every_kind_of_false_state() {
    for sabotage in [Sabotage::DeclaredRecords, Sabotage::LeftMembers, Sabotage::LeftReferences, Sabotage::NobodyWaits]
    {
        let lies = |seed: &u64| {
            catch_unwind(AssertUnwindSafe(|| commands::run(*seed, Company::of(*seed), Scope::PodsAndVolumes, sabotage)))
                .is_err()
        };
        let noticed = (0..COMMAND_SEEDS).find(lies);
        assert!(noticed.is_some(), "{sabotage:?} passes {COMMAND_SEEDS} schedules");
        println!("{sabotage:?}: noticed by seed {}", noticed.unwrap_or_default());
    }
}

#[test]
fn the_search_notices_every_missing_safeguard() {
    for sabotage in [Sabotage::NoMarkers, Sabotage::NoIntents, Sabotage::BlindRetry, Sabotage::AnyMarker] {
        let noticed = (0..SEEDS)
            .find(|seed| catch_unwind(AssertUnwindSafe(|| run(*seed, Scope::PodsAndVolumes, sabotage))).is_err());
        assert!(noticed.is_some(), "{sabotage:?} passes {SEEDS} schedules");
        println!("{sabotage:?}: noticed by seed {}", noticed.unwrap_or_default());
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in 0..50 {
        assert_eq!(
            run(seed, Scope::AllKinds, Sabotage::None).trace,
            run(seed, Scope::AllKinds, Sabotage::None).trace,
            "seed {seed}"
        );
    }
}
