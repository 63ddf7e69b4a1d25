//! An emulated RunPod with its gateway.
//!
//! A request takes two steps, because a fault can delay its effect: [`Emulator::receive`] checks it and applies the
//! fault rules, and [`Emulator::finish`] carries it out. The caller waits in between and afterwards.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::delivery::{Delivery, DeliveryResult};
use super::faults::{CallFacts, FaultRule, Faults, Fired, Interference};
use super::journal::{JournalEntry, RequestJournal};
use super::quota::{QuotaProfile, Quotas};
use super::replies::{Rejection, reply, substituted};
use super::target::RequestTarget;
use super::timeline::Timeline;
use super::world_file::{SavedWorld, WorldFile, WorldFileError};
use crate::emulator::dialect::call::{ApiVersion, Call};
use crate::emulator::dialect::world_change::WorldChange;
use crate::emulator::state::world::World;
use crate::transport::{Reply, Request};

/// An emulated RunPod with its gateway. It can be shared between transports.
pub struct Emulator {
    inner: Mutex<Inner>,
}

pub struct Inner {
    pub world: World,
    /// The seed for the probabilities of fault rules.
    pub seed: u64,
    /// The latest virtual time of any request.
    pub now: Timestamp,
    pub timeline: Timeline,
    pub faults: Faults,
    pub quotas: Quotas,
    pub journal: RequestJournal,
    /// The number of answered requests, from which request ids are derived.
    pub answered: u64,
    pub file: Option<WorldFile>,
}

/// A received request that is rejected or waits for its effect.
pub struct PendingRequest {
    /// Virtual time to wait before calling [`Emulator::finish`].
    pub wait: Duration,
    entry: JournalEntry,
    dialect: ApiVersion,
    /// Headers for a response from the API itself.
    headers: Vec<(String, String)>,
    step: RequestStep,
}

enum RequestStep {
    Refused(Reply),
    Call(Box<(Call, Fired)>),
}

impl Emulator {
    /// An emulator without faults and quotas, with its clock at `now`.
    pub fn new(world: World, now: Timestamp) -> Self {
        let seed = world.settings.seed;
        Self::resume(SavedWorld::new(now, 0, world), now, seed, None)
    }

    pub(in crate::emulator) fn resume(
        saved: SavedWorld<World>,
        now: Timestamp,
        seed: u64,
        file: Option<WorldFile>,
    ) -> Self {
        let inner = Inner {
            seed,
            now,
            timeline: Timeline::starting_at(now),
            faults: Faults::default(),
            quotas: Quotas::default(),
            journal: RequestJournal::default(),
            answered: saved.answered,
            world: saved.world,
            file,
        };
        Self { inner: Mutex::new(inner) }
    }

    pub(in crate::emulator) fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic is reported where it happens. Failing all later requests would only hide it.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Virtual time of the emulator's own clock, which [`super::serve`] uses.
    pub fn now(&self) -> Timestamp {
        self.lock().timeline.now()
    }

    /// Converts a span of virtual time to real time, by the emulator's own clock.
    pub fn real(&self, virtual_time: Duration) -> Duration {
        self.lock().timeline.real(virtual_time)
    }

    /// Reads the world.
    pub fn inspect<R>(&self, inspect: impl FnOnce(&World) -> R) -> R {
        inspect(&self.lock().world)
    }

    /// Changes the world without a request, at the latest time of any request.
    pub fn modify<R>(&self, act: impl FnOnce(&mut World, Timestamp) -> R) -> R {
        let mut inner = self.lock();
        let now = inner.now;
        let result = act(&mut inner.world, now);
        inner.replaced();
        result
    }

    /// Replaces the fault rules and resets their counts.
    pub fn set_faults(&self, rules: Vec<FaultRule>) {
        let mut inner = self.lock();
        inner.faults = Faults::new(rules, inner.seed);
    }

    /// Replaces the quotas and resets their counts.
    pub fn set_quota(&self, profile: QuotaProfile) {
        self.lock().quotas = Quotas::new(profile);
    }

    /// The requests after entry number `since`, oldest first.
    pub fn journal(&self, since: u64) -> Vec<JournalEntry> {
        self.lock().journal.since(since).cloned().collect()
    }

    /// Writes the world to its file if it has one and something changed.
    ///
    /// # Errors
    /// If the file cannot be replaced.
    pub fn save(&self) -> Result<(), WorldFileError> {
        self.lock().save()
    }

    /// Handles a request without waiting: the effect happens at `now`, and all delay comes after it.
    pub fn handle(&self, request: &Request, now: Timestamp) -> Delivery {
        let pending = self.receive(request, now);
        let wait = pending.wait;
        let delivery = self.finish(pending, now);
        Delivery { delay: delivery.delay + wait, ..delivery }
    }

    /// Checks a request in the order of the real service and applies the fault rules.
    pub fn receive(&self, request: &Request, now: Timestamp) -> PendingRequest {
        let inner = &mut *self.lock();
        inner.now = inner.now.max(now);
        let target = RequestTarget::parse(&request.path);
        let dialect = target.dialect.unwrap_or(ApiVersion::V2);
        let mut entry = JournalEntry::new(request, dialect);
        let mut headers = Vec::new();
        let checked = inner.check(request, &target, dialect, &mut entry, &mut headers);
        let (wait, step) = match checked {
            Err(Rejection::Gateway(reply)) => (Duration::ZERO, RequestStep::Refused(reply)),
            Err(Rejection::Api(mut reply)) => {
                reply.headers.append(&mut headers);
                (Duration::ZERO, RequestStep::Refused(reply))
            }
            Ok(call) => {
                let fired = inner.faults.fire(&CallFacts {
                    dialect,
                    method: request.method,
                    operation: call.operation,
                    id: call.id.as_deref(),
                    name: call.id.as_deref().and_then(|id| inner.world.object_name(id)),
                    body: call.body.as_ref(),
                });
                entry.fault = fired.rule;
                (fired.before, RequestStep::Call(Box::new((call, fired))))
            }
        };
        PendingRequest { wait, entry, dialect, headers, step }
    }

    /// Carries out a received request at `now`. Returns what to send and when.
    pub fn finish(&self, pending: PendingRequest, now: Timestamp) -> Delivery {
        let inner = &mut *self.lock();
        inner.now = inner.now.max(now);
        let PendingRequest { wait: _, mut entry, dialect, headers, step } = pending;
        let (delay, outcome) = match step {
            RequestStep::Refused(reply) => (Duration::ZERO, DeliveryResult::Reply(reply)),
            RequestStep::Call(accepted) => {
                let (mut call, fired) = *accepted;
                call.tweaks = fired.tweaks;
                (fired.after, inner.effect(call, fired.interference, dialect, headers, &mut entry))
            }
        };
        entry.time = inner.now;
        entry.status = match &outcome {
            DeliveryResult::Reply(reply) | DeliveryResult::Cut(reply, _) => Some(reply.status),
            DeliveryResult::Reset => None,
        };
        inner.journal.push(entry);
        Delivery { delay, outcome }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // An error cannot be reported here. Callers who need it call `save`.
        let _ = self.lock().save();
    }
}

impl Inner {
    /// Calls the world unless a fault replaces the effect.
    fn effect(
        &mut self,
        call: Call,
        interference: Interference,
        dialect: ApiVersion,
        headers: Vec<(String, String)>,
        entry: &mut JournalEntry,
    ) -> DeliveryResult {
        if let Interference::Before(substitute) = interference {
            return substituted(substitute, dialect, headers);
        }
        let before = self.world.now;
        let answer = self.world.answer(&call, self.now);
        let was_written = entry.changes_world() && (answer.status < 400 || !answer.touched.is_empty());
        // A read can let time pass until an event is due, and a fault can cause events.
        if was_written || self.world.now != before || call.tweaks.changes_world() {
            self.log(|| WorldChange::Call(Box::new(Call { body: entry.body.clone(), ..call })));
        }
        entry.touched = answer.touched;
        let mut reply = reply(answer.status, answer.content_type, answer.body);
        reply.headers.extend(headers.iter().cloned());
        match interference {
            Interference::After(substitute) => substituted(substitute, dialect, headers),
            Interference::Cut(cut) if cut.hang_up => DeliveryResult::Cut(reply, cut.bytes),
            Interference::Cut(cut) => {
                reply.body.truncate(cut.bytes);
                DeliveryResult::Reply(reply)
            }
            Interference::None | Interference::Before(_) => DeliveryResult::Reply(reply),
        }
    }

    /// Saves a change that was applied to the world. After a failure the next change or `save` tries again.
    pub fn log(&mut self, change: impl FnOnce() -> WorldChange) {
        let Self { file, world, now, answered, .. } = self;
        if let Some(file) = file {
            let _ = file.log(&change(), &SavedWorld::new(*now, *answered, world));
        }
    }

    /// Saves a world that was changed otherwise. After a failure the next change or `save` tries again.
    pub fn replaced(&mut self) {
        let Self { file, world, now, answered, .. } = self;
        if let Some(file) = file {
            let _ = file.replace(&SavedWorld::new(*now, *answered, world));
        }
    }

    pub fn save(&mut self) -> Result<(), WorldFileError> {
        let Self { file, world, now, answered, .. } = self;
        match file {
            Some(file) => file.save(&SavedWorld::new(*now, *answered, world)),
            None => Ok(()),
        }
    }
}
