//! Runs a plan's operations concurrently, up to a limit on requests, and each after its dependencies. A failure skips
//! everything that depends on it, a refused replacement stops further ones ([`super::trial`]), and some errors stop
//! everything.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio::time::Instant;

use super::Event;
use super::job::{Job, LastLists, Report, reporting_address, skipped};
use super::operation::{Executor, OperationError};
use super::trial::{Ended, Trials};
use super::watch::Watch;
use crate::catalog::Catalog;
use crate::kind;
use crate::model::{Address, Object, Operation, Orphan, Record, Verb};
use crate::planner::recognise::doubles::doubles;
use crate::resource::{RecordChanges, inventory};
use crate::runpod::ErrorClass;
use crate::store::StoreError;

/// Applies `job.plan`. Returns an error only if the store fails; failed operations are counted in the report.
pub async fn run(job: &Job<'_>) -> Result<Report, StoreError> {
    job.store.correct("corrections", job.plan.records.clone()).await?;
    let queued = AtomicUsize::new(0);
    let crashing = |object: &Object| tell_crash(job, object);
    let watches: BTreeMap<&str, Watch<'_>> = kind::listed_on(job.api.dialect())
        .map(|kind| (kind.name, Watch::new(job.api, kind, &queued, &crashing)))
        .collect();
    let (sender, mut created) = mpsc::unbounded_channel();
    let executor = Executor::new(job, &watches, sender);
    let polls = join_all(watches.values().map(Watch::run));
    let ended = tokio::select! {
        // A fixed order, so that the same world gives the same run.
        biased;
        ended = schedule(job, &executor, &queued, &mut created) => ended,
        _ = polls => unreachable!("polls go on until they are dropped"),
    };
    if ended.is_ok() {
        job.store.correct("corrections", late_needs(job)).await?;
    }
    // Runs after a failed write too: its outcome is only in memory, and the state file or the rescued file may still
    // take it.
    let saved = job.store.checkpoint();
    let mut report = ended?;
    saved?;
    let changed_at = executor.changed_at();
    report.last_lists = last_lists(watches, &changed_at);
    leftovers(job, &mut report).await;
    Ok(report)
}

/// The records that need resources which this run created, see [`crate::model::Plan::late_needs`].
fn late_needs(job: &Job<'_>) -> RecordChanges {
    job.store.read(|known| {
        let recorded = &known.state.resources;
        let late = job.plan.late_needs.iter().filter_map(|(address, needs)| {
            let mut record = recorded.get(address)?.clone();
            let made = needs.iter().filter(|to| recorded.contains_key(to) && !record.depends_on.contains(to));
            let made: Vec<Address> = made.cloned().collect();
            let is_late = !made.is_empty();
            record.depends_on.extend(made);
            record.depends_on.sort();
            is_late.then(|| (address.clone(), Some(record)))
        });
        late.collect()
    })
}

/// The last poll of each kind, if it was requested after the last change to objects of that kind.
fn last_lists(watches: BTreeMap<&'static str, Watch<'_>>, changed_at: &BTreeMap<&'static str, Instant>) -> LastLists {
    let mut lists = LastLists::default();
    for (kind, watch) in watches {
        if let Some(objects) = watch.into_last_list(changed_at.get(kind).copied()) {
            lists.add(kind, objects);
        }
    }
    lists
}

/// Only for pods in our state; other people's pods do not concern this apply.
fn tell_crash(job: &Job<'_>, object: &Object) {
    let address = job.store.read(|known| {
        let is_it = |record: &Record| record.kind == object.kind && record.id == object.id;
        // Usually the address in the marker, unless the record was moved since.
        let marked = object.marker.as_ref().map(|marker| &marker.address);
        let marked = marked.filter(|address| known.state.resources.get(address).is_some_and(is_it));
        marked.or_else(|| known.state.address_of(object.kind, &object.id)).map(reporting_address)
    });
    if let Some(address) = address {
        (job.events)(Event::CrashLoop { address, id: object.id.clone() });
    }
}

/// How an operation ended.
enum OperationEnd {
    Done,
    Failed { fatal: bool, capacity: bool },
    Skipped,
    Store(StoreError),
}

impl OperationEnd {
    fn how(&self) -> Ended {
        match self {
            Self::Done => Ended::Done,
            Self::Failed { .. } => Ended::Failed,
            Self::Skipped | Self::Store(_) => Ended::Skipped,
        }
    }
}

async fn schedule(
    job: &Job<'_>,
    executor: &Executor<'_>,
    queued: &AtomicUsize,
    created: &mut mpsc::UnboundedReceiver<usize>,
) -> Result<Report, StoreError> {
    let operations = &job.plan.operations;
    let mut open: Vec<usize> = operations.iter().map(|operation| operation.depends_on.len()).collect();
    let dependents = dependents(operations);
    let permits = Semaphore::new(job.options.parallelism.max(1));
    let stop: Mutex<Option<String>> = Mutex::new(None);
    let start = |index: usize, permit| {
        let stop = &stop;
        async move { (index, one(job, executor, index, permit, stop).await) }
    };
    let mut running: FuturesUnordered<_> = FuturesUnordered::new();
    let mut ready: BTreeSet<usize> = (0..operations.len()).filter(|index| open[*index] == 0).collect();
    // An operation gets its future only when it may send its request.
    let mut line: VecDeque<usize> = VecDeque::new();
    let mut skips: BTreeSet<usize> = BTreeSet::new();
    let mut report = Report { only_capacity: true, ..Report::default() };
    let mut broken_store = None;
    let mut trials = Trials::new(operations);
    loop {
        line.extend(std::mem::take(&mut ready).into_iter().filter(|index| trials.admits(*index)));
        queued.store(line.len(), Ordering::SeqCst);
        if line.is_empty() && running.is_empty() {
            ready = match created.try_recv() {
                Ok(create) => trials.accepted(create),
                Err(_) => match trials.next() {
                    none if none.is_empty() => break,
                    next => next,
                },
            };
            continue;
        }
        let (index, end) = tokio::select! {
            biased;
            // RunPod accepts an object long before it is ready, which is when its create ends.
            Some(create) = created.recv() => {
                ready.extend(trials.accepted(create));
                continue;
            }
            Some(ended) = running.next() => ended,
            permit = permits.acquire(), if !line.is_empty() => {
                running.extend(line.pop_front().map(|index| start(index, permit.ok())));
                continue;
            }
        };
        let released = trials.ended(index, end.how());
        ready.extend(released.start);
        for kept in released.keep {
            report.skipped += 1;
            skipped(
                job,
                kept,
                "the first replacement could not be created, so no other object is destroyed for a replacement".into(),
            );
            skip_dependents(job, kept, &dependents, &mut skips, &mut report);
        }
        match end {
            OperationEnd::Done => {
                // A successful wait changes nothing.
                report.done += usize::from(operations[index].verb != Verb::Wait);
                for dependent in &dependents[index] {
                    open[*dependent] -= 1;
                    if open[*dependent] == 0 && !skips.contains(dependent) {
                        ready.insert(*dependent);
                    }
                }
                continue;
            }
            OperationEnd::Failed { fatal, capacity } => {
                report.failed += 1;
                report.only_capacity &= capacity;
                if fatal {
                    set_stop(&stop, "an earlier failure stopped the apply");
                }
            }
            OperationEnd::Skipped => report.skipped += 1,
            OperationEnd::Store(error) => {
                set_stop(&stop, "the state could not be written");
                broken_store.get_or_insert(error);
            }
        }
        skip_dependents(job, index, &dependents, &mut skips, &mut report);
    }
    report.interrupted = *job.interrupt.borrow();
    report.only_capacity &= report.failed > 0;
    match broken_store {
        Some(error) => Err(error),
        None => Ok(report),
    }
}

/// The operations that depend on each operation.
fn dependents(operations: &[Operation]) -> Vec<Vec<usize>> {
    let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); operations.len()];
    for (index, operation) in operations.iter().enumerate() {
        for need in &operation.depends_on {
            dependents[*need].push(index);
        }
    }
    dependents
}

fn set_stop(stop: &Mutex<Option<String>>, reason: &str) {
    stop.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).get_or_insert_with(|| reason.to_owned());
}

/// Skips everything that depends on a failed operation, directly or indirectly.
fn skip_dependents(
    job: &Job<'_>,
    failed: usize,
    dependents: &[Vec<usize>],
    skips: &mut BTreeSet<usize>,
    report: &mut Report,
) {
    let mut open = dependents[failed].clone();
    while let Some(index) = open.pop() {
        if !skips.insert(index) {
            continue;
        }
        report.skipped += 1;
        let because = match *job.interrupt.borrow() {
            true => "interrupted".to_owned(),
            false => format!("`{}` did not succeed", job.plan.operations[failed].address),
        };
        skipped(job, index, because);
        open.extend(&dependents[index]);
    }
}

async fn one(
    job: &Job<'_>,
    executor: &Executor<'_>,
    index: usize,
    permit: Option<SemaphorePermit<'_>>,
    stop: &Mutex<Option<String>>,
) -> OperationEnd {
    let stopped = stop.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
    let interrupted = job.interrupt.borrow().then(|| "interrupted".to_owned());
    if let Some(because) = stopped.or(interrupted) {
        skipped(job, index, because);
        return OperationEnd::Skipped;
    }
    match executor.carry_out(index, permit).await {
        Ok(()) => OperationEnd::Done,
        Err(OperationError::Store(error)) => OperationEnd::Store(error),
        Err(OperationError::Interrupted) => OperationEnd::Skipped,
        Err(OperationError::Failed(class)) => OperationEnd::Failed {
            capacity: class == Some(ErrorClass::NoCapacity),
            fatal: class.is_some_and(ErrorClass::stops_everything),
        },
    }
}

/// Reports marked pods without a record, and duplicates, after creates. Lists each kind that was created, or is
/// always listed and has markers, unless the last poll still shows its objects. A failed list does not fail the apply.
async fn leftovers(job: &Job<'_>, report: &mut Report) {
    let creates = job.plan.operations.iter().filter(|operation| operation.verb == Verb::Create);
    let created: BTreeSet<&str> = creates.map(|create| &*create.address.kind).collect();
    if created.is_empty() {
        return;
    }
    let looked_for = |kind: &&kind::Kind| created.contains(kind.name) || (kind.is_marked() && kind.always_listed);
    for kind in kind::listed_on(job.api.dialect()).filter(looked_for) {
        if report.last_lists.shows(kind) {
            continue;
        }
        match job.api.list(kind).await {
            Ok(objects) => report.last_lists.add(kind.name, objects.into_iter().collect()),
            Err(error) => (job.events)(Event::NotListed { kind, message: error.to_string() }),
        }
    }
    let observed = report.last_lists.objects();
    (report.orphans, report.doubles) = job.store.read(|known| {
        let orphans = inventory::orphans(None, &known.state, observed).filter_map(|(object, _)| Orphan::of(object));
        (orphans.collect(), doubles(&job.plan.name, &known.state, observed, Catalog::embedded()))
    });
    for orphan in &report.orphans {
        (job.events)(Event::OrphanFound { id: orphan.id.clone(), name: orphan.name.clone(), hourly: orphan.hourly });
    }
    for double in &report.doubles {
        (job.events)(Event::DoubleFound(Box::new(double.clone())));
    }
}
