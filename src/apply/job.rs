//! The input of an apply, and its result.

use std::collections::BTreeSet;

use tokio::sync::watch;

use super::{Event, Events};
use crate::kind::Kind;
use crate::model::{Address, Double, Observed, Orphan, Plan};
use crate::runpod::Api;
use crate::store::LockedState;
use crate::transport::clock::Clock;

/// How to apply.
#[derive(Clone, Debug)]
pub struct ApplyOptions {
    /// Limit on concurrent requests; waiting for readiness does not count.
    pub parallelism: usize,
    /// Seed for the ids of operations; `None` draws them at random.
    pub seed: Option<u64>,
}

impl Default for ApplyOptions {
    fn default() -> Self {
        Self { parallelism: 10, seed: None }
    }
}

/// Everything that an apply needs.
pub struct Job<'a> {
    pub plan: &'a Plan,
    /// The objects from which the plan was made.
    pub observed: &'a Observed,
    pub api: &'a dyn Api,
    pub store: &'a LockedState,
    pub clock: Clock,
    pub options: ApplyOptions,
    pub events: Events<'a>,
    /// Becomes true when no new operations may start and waits must end.
    pub interrupt: watch::Receiver<bool>,
}

/// The result of an apply. Details are in the events.
#[derive(Debug, Default)]
pub struct Report {
    pub done: usize,
    pub failed: usize,
    pub skipped: usize,
    pub interrupted: bool,
    /// Whether every failure was due to missing stock.
    pub only_capacity: bool,
    /// Marked pods that are in no state, found after creates.
    pub orphans: Vec<Orphan>,
    /// Duplicates created from other states of the same project, found after creates.
    pub doubles: Vec<Double>,
    pub last_lists: LastLists,
}

/// Lists that were requested after the last change to objects of their kinds, so that they need not be requested again.
#[derive(Debug, Default)]
pub struct LastLists {
    objects: Observed,
    kinds: BTreeSet<&'static str>,
}

impl LastLists {
    /// The objects of all these kinds.
    pub fn of(objects: Observed, kinds: impl Iterator<Item = &'static Kind>) -> Self {
        Self { objects, kinds: kinds.map(|kind| kind.name).collect() }
    }

    pub fn add(&mut self, kind: &'static str, objects: Observed) {
        self.kinds.insert(kind);
        self.objects.append(objects);
    }

    /// Whether the objects of this kind are included.
    pub fn shows(&self, kind: &Kind) -> bool {
        self.kinds.contains(kind.name)
    }

    pub fn objects(&self) -> &Observed {
        &self.objects
    }
}

/// Reports that an operation is not started.
pub(super) fn skipped(job: &Job<'_>, index: usize, because: String) {
    let operation = &job.plan.operations[index];
    (job.events)(Event::Skipped { address: reporting_address(&operation.address), verb: operation.verb, because });
}

/// The address used in an operation's events. Operations on a deposed object use its successor's address.
pub fn reporting_address(address: &Address) -> Address {
    address.successor().unwrap_or_else(|| address.clone())
}
