//! The searches through many seeds.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::simulation::commands::{self, Company};
use crate::simulation::sabotage::Sabotage;
use crate::simulation::schedule::{Verdict, run};

/// Number of schedules per test run; `SINDRI_SIM_SEEDS` overrides it.
const SEEDS: u64 = 2_000;

#[test]
fn one_plain_apply_puts_everything_right_after_any_faults() {
    let seeds: u64 = std::env::var("SINDRI_SIM_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SEEDS);
    let only: Option<u64> = std::env::var("SINDRI_SIM_SEED").ok().and_then(|text| text.parse().ok());
    let range = only.map_or(0..seeds, |seed| seed..seed + 1);
    let mut tally = Verdict::default();
    let mut failed = Vec::new();
    for seed in range {
        match catch_unwind(AssertUnwindSafe(|| run(seed, Sabotage::None))) {
            Ok(verdict) => tally.add(&verdict),
            Err(_) => {
                eprintln!("replay: SINDRI_SIM_SEED={seed} cargo test --test simulation -- --nocapture");
                failed.push(seed);
            }
        }
        assert!(failed.len() < 10, "the first failing seeds are {failed:?}");
    }
    println!("{tally:?}");
    assert!(failed.is_empty(), "failing seeds: {failed:?}");
    if only.is_none() {
        // A search that never meets these conditions proves nothing.
        assert!(tally.kills > 0 && tally.lost_disks > 0 && tally.outside_changes > 0 && tally.faults > 0, "{tally:?}");
        assert!(tally.neighbors > 0 && tally.shared > 0, "{tally:?}");
    }
}

/// Number of schedules of single commands per test run; `SINDRI_SIM_SEEDS` overrides it.
const COMMAND_SEEDS: u64 = 420;

#[test]
fn after_every_command_the_state_is_true_and_one_refresh_makes_it_equal_to_the_world() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let only = number("SINDRI_SIM_SEED");
    let first = number("SINDRI_SIM_FIRST").unwrap_or(0);
    let range = first..first + number("SINDRI_SIM_SEEDS").unwrap_or(COMMAND_SEEDS);
    let range = only.map_or(range, |seed| seed..seed + 1);
    let mut tally = commands::Tally::default();
    let mut failed = Vec::new();
    for seed in range {
        match catch_unwind(AssertUnwindSafe(|| commands::run(seed, Company::of(seed), Sabotage::None))) {
            Ok(one) => tally.add(&one),
            Err(_) => {
                eprintln!("replay: SINDRI_SIM_SEED={seed} cargo test --test simulation after_every -- --nocapture");
                failed.push(seed);
            }
        }
        assert!(failed.len() < 10, "the first failing seeds are {failed:?}");
    }
    println!("{tally:?}");
    assert!(failed.is_empty(), "failing seeds: {failed:?}");
    if only.is_none() {
        // A search that never meets these conditions proves nothing.
        let commands::Tally { imports, moves, saved, stale, partial, kills, outside_changes, .. } = tally;
        let commands::Tally { policy, neighbors, settled, .. } = tally;
        let met = [imports, moves, saved, stale, partial, kills, outside_changes, policy, neighbors, settled];
        assert!(met.iter().all(|count| *count > 0), "{tally:?}");
    }
}

#[test]
fn the_search_notices_every_kind_of_false_state() {
    for sabotage in [Sabotage::DeclaredRecords, Sabotage::LeftMembers, Sabotage::LeftReferences, Sabotage::NobodyWaits]
    {
        let lies =
            |seed: &u64| catch_unwind(AssertUnwindSafe(|| commands::run(*seed, Company::of(*seed), sabotage))).is_err();
        let noticed = (0..COMMAND_SEEDS).find(lies);
        assert!(noticed.is_some(), "{sabotage:?} passes {COMMAND_SEEDS} schedules");
        println!("{sabotage:?}: noticed by seed {}", noticed.unwrap_or_default());
    }
}

#[test]
fn the_search_notices_every_missing_safeguard() {
    for sabotage in [Sabotage::NoMarkers, Sabotage::NoIntents, Sabotage::BlindRetry, Sabotage::AnyMarker] {
        let noticed = (0..SEEDS).find(|seed| catch_unwind(AssertUnwindSafe(|| run(*seed, sabotage))).is_err());
        assert!(noticed.is_some(), "{sabotage:?} passes {SEEDS} schedules");
        println!("{sabotage:?}: noticed by seed {}", noticed.unwrap_or_default());
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in 0..50 {
        assert_eq!(run(seed, Sabotage::None).trace, run(seed, Sabotage::None).trace, "seed {seed}");
    }
}
