//! Every fault on record, and its result for the user: one test per effect of the emulator's fault list, through
//! client, planner and engine, in virtual time. `tests/simulation` covers random mixtures of them.

mod drift;
mod feasible;
#[path = "../planner/fleet.rs"]
#[allow(dead_code)]
mod fleet;
mod journal;
mod lies;
mod lost;
mod moved;
mod noise;
mod older;
mod others;
mod partial;
mod refused;
mod scenarios;
mod unready;
mod world;

use std::collections::BTreeMap;
use std::future::Future;

use fleet::{Fleet, Pod};
use sindri::model::{Address, Dialect, Resource};

pub type Desired = BTreeMap<Address, Resource>;

/// Runs with a clock that stands still while any task can run.
pub fn in_virtual_time<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(future)
}

/// One pod, `pod.main`.
pub fn one(pod: Pod) -> Desired {
    Fleet::default().with_pod("main", pod).resources(Dialect::V2)
}
