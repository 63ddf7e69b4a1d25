//! One shared list poll for all waiting operations: waiting for N pods costs one request per poll, not N.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use crate::kind::Kind;
use crate::model::{Object, Observed};
use crate::runpod::{Api, ApiError};

/// Pauses between polls, restarted by each new waiter. They grow like those in section 13 of the contract (1, 2, 4, 8,
/// then every 10 s), but in smaller steps: an object that is ready is seen after little more than half the time that it
/// took, for two more requests in the first half minute.
const GAPS: [Duration; 7] = [
    Duration::from_secs(1),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(3),
    Duration::from_secs(5),
    Duration::from_secs(8),
    Duration::from_secs(10),
];

/// The pause before poll number `step`.
pub(super) fn gap(step: usize) -> Duration {
    GAPS[step.min(GAPS.len() - 1)]
}

/// Time between polls while other requests are queued, because requests are limited.
const BUSY_GAP: Duration = Duration::from_secs(15);

/// A container whose uptime fell this often is in a crash loop. One fall may be our own update, which recreates it.
const CRASHES: u32 = 2;

/// Pause between the last of those requests and a postponed poll.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// One list, decoded once and shared by all waiting operations.
pub struct ListSnapshot {
    /// When its request was sent.
    asked: Instant,
    kind: &'static Kind,
    objects: Observed,
    /// The ids of marked objects, by the operation that created them. Only deletes need it.
    by_operation: OnceLock<BTreeMap<String, Vec<String>>>,
}

impl ListSnapshot {
    fn new(asked: Instant, kind: &'static Kind, listed: Vec<Object>) -> Self {
        Self { asked, kind, objects: listed.into_iter().collect(), by_operation: OnceLock::new() }
    }

    pub fn get(&self, id: &str) -> Option<&Object> {
        self.objects.get(self.kind.name, id)
    }

    /// The listed objects whose markers name `operation`.
    pub fn created_by(&self, operation: &str) -> impl Iterator<Item = &Object> {
        let ids = self.by_operation.get_or_init(|| self.index()).get(operation);
        ids.into_iter().flatten().filter_map(|id| self.get(id))
    }

    fn index(&self) -> BTreeMap<String, Vec<String>> {
        let mut by_operation: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for object in self.objects.iter() {
            if let Some(marker) = &object.marker {
                by_operation.entry(marker.operation.clone()).or_default().push(object.id.clone());
            }
        }
        by_operation
    }
}

/// Polls the list of one kind while an operation waits for it.
pub struct Watch<'a> {
    api: &'a dyn Api,
    kind: &'static Kind,
    waiting: AtomicUsize,
    /// Reset to zero by every new waiter.
    step: AtomicUsize,
    arrived: Notify,
    /// The last list, and the number of lists before it.
    latest: Mutex<(u64, Option<Arc<ListSnapshot>>)>,
    /// Wakes all waiters in the order of their arrival, so that the same world gives the same run.
    renewed: Notify,
    /// Each container's uptime at the last poll, and how often it had fallen by then.
    uptimes: Mutex<BTreeMap<String, (u64, u32)>>,
    /// Called once with each pod in a crash loop.
    crashing: &'a (dyn Fn(&Object) + Send + Sync),
    /// The last failure. Polling continues, because a failed list says nothing about the objects.
    failed: Mutex<Option<ApiError>>,
    /// Number of operations that could start but wait for their turn.
    queued: &'a AtomicUsize,
}

impl<'a> Watch<'a> {
    pub fn new(
        api: &'a dyn Api,
        kind: &'static Kind,
        queued: &'a AtomicUsize,
        crashing: &'a (dyn Fn(&Object) + Send + Sync),
    ) -> Self {
        Self {
            api,
            kind,
            waiting: AtomicUsize::new(0),
            step: AtomicUsize::new(0),
            arrived: Notify::new(),
            latest: Mutex::default(),
            renewed: Notify::new(),
            uptimes: Mutex::new(BTreeMap::new()),
            crashing,
            failed: Mutex::new(None),
            queued,
        }
    }

    /// Polls forever; dropped when the apply ends.
    pub async fn run(&self) {
        loop {
            while self.waiting.load(Ordering::SeqCst) == 0 {
                self.arrived.notified().await;
            }
            self.pause().await;
            if self.waiting.load(Ordering::SeqCst) == 0 {
                continue;
            }
            let asked = Instant::now();
            match self.api.list(self.kind).await {
                Ok(objects) => {
                    objects.iter().for_each(|object| self.note_uptime(object));
                    let snapshot = Arc::new(ListSnapshot::new(asked, self.kind, objects));
                    let mut latest = self.latest();
                    *latest = (latest.0 + 1, Some(snapshot));
                    drop(latest);
                    self.renewed.notify_waiters();
                    *self.failed.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = None;
                }
                Err(error) => *self.failed.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(error),
            }
        }
    }

    /// A crash loop does not show in the status, only in a falling uptime (quirk Q15).
    fn note_uptime(&self, object: &Object) {
        let Some(uptime) = object.computed.uptime_seconds else { return };
        let mut uptimes = self.uptimes.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let Some((last, falls)) = uptimes.get_mut(&object.id) else {
            uptimes.insert(object.id.clone(), (uptime, 0));
            return;
        };
        if uptime < *last {
            *falls += 1;
            if *falls == CRASHES {
                (self.crashing)(object);
            }
        }
        *last = uptime;
    }

    /// Waits until the next poll.
    async fn pause(&self) {
        let mut waited = gap(self.step.fetch_add(1, Ordering::SeqCst));
        sleep(waited).await;
        while waited < BUSY_GAP && self.queued.load(Ordering::SeqCst) > 0 {
            sleep(LOOK_AGAIN).await;
            waited += LOOK_AGAIN;
        }
    }

    /// Calls `check` with every list requested from now on, until it returns something or `deadline` passes.
    pub async fn until<T>(&self, deadline: Instant, mut check: impl FnMut(&ListSnapshot) -> Option<T>) -> Option<T> {
        let from = Instant::now();
        let mut seen = self.latest().0;
        let _waiting = Waiting::enter(self);
        loop {
            let renewed = self.renewed.notified();
            let (number, sighting) = self.latest().clone();
            if number == seen {
                if tokio::time::timeout_at(deadline, renewed).await.is_err() {
                    return None;
                }
                continue;
            }
            seen = number;
            if let Some(sighting) = sighting.filter(|sighting| sighting.asked >= from)
                && let Some(found) = check(&sighting)
            {
                return Some(found);
            }
        }
    }

    /// The objects of the last list, unless it was requested before `since`.
    pub fn into_last_list(self, since: Option<Instant>) -> Option<Observed> {
        let (_, last) = self.latest.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
        let last = Arc::into_inner(last?)?;
        since.is_none_or(|since| last.asked >= since).then_some(last.objects)
    }

    fn latest(&self) -> MutexGuard<'_, (u64, Option<Arc<ListSnapshot>>)> {
        self.latest.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The error of the last poll, if it failed.
    pub fn last_failure(&self) -> Option<ApiError> {
        self.failed.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }
}

/// Counts one waiter for as long as it lives.
struct Waiting<'w, 'a>(&'w Watch<'a>);

impl<'w, 'a> Waiting<'w, 'a> {
    fn enter(watch: &'w Watch<'a>) -> Self {
        watch.step.store(0, Ordering::SeqCst);
        watch.waiting.fetch_add(1, Ordering::SeqCst);
        watch.arrived.notify_one();
        Self(watch)
    }
}

impl Drop for Waiting<'_, '_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}
