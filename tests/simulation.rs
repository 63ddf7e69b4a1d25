//! Applies under adverse conditions: seeded configurations, edits, faults, kills at any await, lost disks, people who
//! make changes, and a second sindri on the same account, in virtual time. Afterwards one plain apply must put
//! everything right.
//!
//! `SINDRI_SIM_SEEDS=100000 cargo test --release --test simulation -- --nocapture` runs a long search. A failing seed
//! prints the command that replays it.

mod support;

mod simulation {
    mod account;
    mod actor;
    mod commands;
    mod found;
    mod ledger;
    mod neighbor;
    mod sabotage;
    mod schedule;
    mod search;
    mod storm;
    mod truth;
}
