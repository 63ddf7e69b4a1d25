//! Advancing virtual time: due events happen, and an empty balance takes effect.

use jiff::Timestamp;

use super::tweaks::{EventScope, FollowUp, Tweaks};
use crate::emulator::state::events::{DueEvent, ScheduledEvent};
use crate::emulator::state::moment::after_seconds;
use crate::emulator::state::world::World;

impl World {
    /// Advances to `now` in whole milliseconds, or stays where time already is. Runs due events and applies an empty
    /// balance on the way. Returns the time reached.
    pub(in crate::emulator) fn advance_to(&mut self, now: Timestamp) -> Timestamp {
        let whole = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
        let now = whole.max(self.now);
        self.run_due(now);
        if !self.ledger.is_exhausted && self.ledger.balance_at(now) <= 0 && self.ledger.is_spending() {
            self.now = now;
            self.run_out_of_money();
        }
        now
    }

    /// Runs all events and steps of endpoints due by `now`, in the order of their times.
    fn run_due(&mut self, now: Timestamp) {
        loop {
            // Events of pods come first where both are due at the same moment.
            let next_step = self.endpoint_steps.first().map_or(Timestamp::MAX, |(at, _)| *at);
            if let Some(due) = self.due_events.take_due(now.min(next_step)) {
                self.run_due_event(due);
            } else if let Some((at, id)) = self.take_endpoint_step(now) {
                self.now = self.now.max(at);
                self.step_endpoint(&id);
            } else {
                return;
            }
        }
    }

    /// Applies the follow-up effects of a call to its pod and to the account.
    pub(in crate::emulator) fn follow_up(&mut self, tweaks: &Tweaks, pod: Option<&str>, now: Timestamp) {
        if tweaks.balance.is_some() {
            self.set_account(tweaks.balance, None, now);
        }
        for FollowUp { seconds, scope, event } in &tweaks.follow_ups {
            let (pod, host) = match scope {
                EventScope::Called => (pod.map(str::to_owned), None),
                EventScope::Neighbors => (None, pod.and_then(|pod| self.host_of(pod)).map(str::to_owned)),
                EventScope::Host(pattern) => (None, Some(pattern.clone())),
                EventScope::Spot => (None, None),
            };
            if pod.is_some() || host.is_some() || *scope == EventScope::Spot {
                let event = ScheduledEvent::Event(event.clone());
                self.due_events.add(DueEvent { at: after_seconds(now, *seconds), pod, host, event });
            }
        }
        self.advance_to(now);
    }

    /// Runs an event, unless it has become impossible because the pod is gone or stopped.
    pub(in crate::emulator) fn run_due_event(&mut self, due: DueEvent) {
        let at = due.at.max(self.now);
        if let (Some(host), ScheduledEvent::Event(event)) = (&due.host, &due.event) {
            return drop(self.host_event(host, event, at));
        }
        let ids = match due.pod {
            Some(id) => vec![id],
            None => self.pods.newest_first().filter(|pod| pod.interruptible).map(|pod| pod.id.clone()).collect(),
        };
        for id in ids {
            match &due.event {
                ScheduledEvent::Event(event) => drop(self.apply_pod_event(&id, event, at)),
                ScheduledEvent::MaintenanceBegins => self.begin_maintenance(&id, at),
                ScheduledEvent::MaintenanceEnds => self.end_maintenance(&id, at),
            }
        }
    }
}
