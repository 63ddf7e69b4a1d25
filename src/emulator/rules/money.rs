//! Checks of the balance and the spend limit, and the effect of an empty balance.

use jiff::Timestamp;

use super::pod_spec::PodSpec;
use super::prices::storage;
use super::refusal::RequestRefusal;
use crate::emulator::state::ledger::{Rate, nanos};
use crate::emulator::state::pod::{Phase, Pod, Storage};
use crate::emulator::state::world::World;

impl World {
    pub(in crate::emulator) fn check_money(&self, spec: &PodSpec, now: Timestamp) -> Result<(), RequestRefusal> {
        let price = spec.hardware.first().map_or(0.0, |hardware| hardware.price(spec.cloud));
        let persistent = if let Storage::Persistent { size } = spec.storage { size } else { 0 };
        let wanted = Rate { compute: nanos(price), storage: storage(spec.disk + persistent, 0.10) };
        if !self.ledger.affords(wanted, now) {
            return Err(RequestRefusal::NoBalance);
        }
        if !self.ledger.within_limit(wanted) {
            return Err(RequestRefusal::rule("spend limit exceeded"));
        }
        Ok(())
    }

    /// Sets the balance, the spend limit, or both, in USD. Pods that an empty balance stopped stay stopped.
    pub fn set_account(&mut self, balance: Option<f64>, spend_limit: Option<Option<f64>>, now: Timestamp) {
        self.now = self.advance_to(now);
        if let Some(balance) = balance {
            self.ledger.set_balance(balance, self.now);
            self.step_all_endpoints();
        }
        if let Some(limit) = spend_limit {
            self.ledger.set_spend_limit(limit);
        }
        self.advance_to(self.now);
    }

    /// Stops pods with a network volume and deletes the others with their data (contract, section 12.10).
    pub(in crate::emulator) fn run_out_of_money(&mut self) {
        self.ledger.settle(self.now);
        self.ledger.is_exhausted = true;
        let ids: Vec<String> = self.pods.newest_first().map(|pod| pod.id.clone()).collect();
        for id in ids {
            match self.pods.get(&id) {
                Some(Pod { storage: Storage::Network { .. }, phase, .. }) => {
                    if matches!(phase, Phase::Started { .. }) {
                        self.stop(&id, "System");
                    }
                }
                _ => self.delete_pod(&id, self.now, self.now),
            }
        }
        self.step_all_endpoints();
    }
}
