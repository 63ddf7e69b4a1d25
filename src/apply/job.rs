//! What an apply is given, and how it ended.

use tokio::sync::watch;

use super::{Event, Events};
use crate::model::{Address, Double, Observed, Orphan, Plan};
use crate::runpod::Api;
use crate::store::LockedState;
use crate::transport::clock::Clock;

/// How to apply.
#[derive(Clone, Debug)]
pub struct Options {
    /// Requests under way at once; waiting for readiness does not count.
    pub parallelism: usize,
    /// Seeds the ids of operations; `None` draws them at random.
    pub seed: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self { parallelism: 10, seed: None }
    }
}

/// Everything that an apply stands on.
pub struct Job<'a> {
    pub plan: &'a Plan,
    /// What the plan was made from.
    pub observed: &'a Observed,
    pub api: &'a dyn Api,
    pub store: &'a LockedState,
    pub clock: Clock,
    pub options: Options,
    pub events: Events<'a>,
    /// Turns true when nothing new is to start and waits are to be left.
    pub interrupt: watch::Receiver<bool>,
}

/// How it ended. What happened in between went to the events.
#[derive(Debug, Default)]
pub struct Report {
    pub done: usize,
    pub failed: usize,
    pub skipped: usize,
    pub interrupted: bool,
    /// Whether every failure was for want of stock.
    pub only_capacity: bool,
    /// Marked pods in no state, looked for after creates.
    pub orphans: Vec<Orphan>,
    /// What other states of the same project made a second time, looked for after creates.
    pub doubles: Vec<Double>,
}

/// Says that an operation is not started.
pub(super) fn skipped(job: &Job<'_>, index: usize, because: String) {
    let operation = &job.plan.operations[index];
    (job.events)(Event::Skipped { address: reporting_address(&operation.address), verb: operation.verb, because });
}

/// The address under which an operation's events go: those of a deposed predecessor go under its successor's.
pub fn reporting_address(address: &Address) -> Address {
    address.successor().unwrap_or_else(|| address.clone())
}
