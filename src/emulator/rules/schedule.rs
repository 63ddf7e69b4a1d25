//! Letting virtual time pass: what is due happens, and what nobody pays for stops.

use jiff::Timestamp;

use super::tweaks::{Aftermath, Tweaks, Whose};
use crate::emulator::state::events::{Due, Happening};
use crate::emulator::state::moment::after_seconds;
use crate::emulator::state::world::World;

impl World {
    /// The moment that counts, in whole milliseconds, after what was due and what the empty purse did on the way there.
    pub(in crate::emulator) fn arrive(&mut self, now: Timestamp) -> Timestamp {
        let whole = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
        let now = whole.max(self.now);
        while let Some(due) = self.next_due(now) {
            self.happen(due);
        }
        if !self.ledger.broke && self.ledger.balance_at(now) <= 0 && self.ledger.is_spending() {
            self.now = now;
            self.run_out_of_money();
        }
        now
    }

    /// What the call sets off, to the pod that it is about and to the account.
    pub(in crate::emulator) fn follow_up(&mut self, tweaks: &Tweaks, pod: Option<&str>, now: Timestamp) {
        if tweaks.balance.is_some() {
            self.set_account(tweaks.balance, None, now);
        }
        for Aftermath { seconds, whose, event } in &tweaks.aftermath {
            let (pod, host) = match whose {
                Whose::Called => (pod.map(str::to_owned), None),
                Whose::Neighbors => (None, pod.and_then(|pod| self.host_of(pod)).map(str::to_owned)),
                Whose::Host(pattern) => (None, Some(pattern.clone())),
                Whose::Spot => (None, None),
            };
            if pod.is_some() || host.is_some() || *whose == Whose::Spot {
                let happening = Happening::Event(event.clone());
                self.due.push(Due { at: after_seconds(now, *seconds), pod, host, happening });
            }
        }
        self.arrive(now);
    }

    /// Takes the first of what is due by `now`.
    pub(in crate::emulator) fn next_due(&mut self, now: Timestamp) -> Option<Due> {
        let (index, first) = self.due.iter().enumerate().min_by_key(|(_, due)| due.at)?;
        (first.at <= now).then(|| self.due.remove(index))
    }

    /// Lets it happen. What has become impossible meanwhile (the pod is gone, or stopped) does not happen.
    pub(in crate::emulator) fn happen(&mut self, due: Due) {
        let at = due.at.max(self.now);
        if let (Some(host), Happening::Event(event)) = (&due.host, &due.happening) {
            return drop(self.host_event(host, event, at));
        }
        let ids = match due.pod {
            Some(id) => vec![id],
            None => self.pods.newest_first().filter(|pod| pod.interruptible).map(|pod| pod.id.clone()).collect(),
        };
        for id in ids {
            match &due.happening {
                Happening::Event(event) => drop(self.happen_to_pod(&id, event, at)),
                Happening::MaintenanceBegins => self.begin_maintenance(&id, at),
                Happening::MaintenanceEnds => self.end_maintenance(&id, at),
            }
        }
    }
}
