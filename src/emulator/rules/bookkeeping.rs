//! Accounting for money and stock. Every change is computed here, as the difference between a pod before and after, so
//! that no sequence of calls leaks a GPU or a charge.

use crate::emulator::state::ledger::Rate;
use crate::emulator::state::pod::{Pod, Storage};
use crate::emulator::state::world::World;

impl World {
    /// Adds a pod, with its cost and its share of the stock.
    pub(in crate::emulator) fn add_pod(&mut self, pod: Pod) {
        self.ledger.change(Rate::default(), pod.rate(), self.now);
        if let Some(machine) = &pod.machine {
            self.stock.take(pod.hardware.id(), &machine.data_center, pod.units_taken());
        }
        if let Storage::Network { volume_id } = &pod.storage
            && let Some(volume) = self.volumes.get_mut(volume_id)
        {
            volume.attached += 1;
        }
        self.pods.insert(pod);
    }

    /// Changes a pod, and adjusts cost and stock by the difference.
    pub(in crate::emulator) fn change_pod(&mut self, id: &str, change: impl FnOnce(&mut Pod)) {
        let Some(pod) = self.pods.get_mut(id) else { return };
        let (rate, units) = (pod.rate(), pod.units_taken());
        change(pod);
        self.ledger.change(rate, pod.rate(), self.now);
        if let Some(machine) = &pod.machine {
            let (hardware, center, now_taken) = (pod.hardware.id(), &machine.data_center, pod.units_taken());
            self.stock.give_back(hardware, center, units.saturating_sub(now_taken));
            self.stock.take(hardware, center, now_taken.saturating_sub(units));
        }
        if self.touched.last().is_none_or(|last| last != id) {
            self.touched.push(id.to_owned());
        }
    }

    /// Removes a pod, with its cost and its share of the stock.
    pub(in crate::emulator) fn remove_pod(&mut self, id: &str) -> Option<Pod> {
        let pod = self.pods.remove(id)?;
        self.ledger.change(pod.rate(), Rate::default(), self.now);
        if let Some(machine) = &pod.machine {
            self.stock.give_back(pod.hardware.id(), &machine.data_center, pod.units_taken());
            self.stock.release(machine, &pod.hardware);
        }
        if let Storage::Network { volume_id } = &pod.storage
            && let Some(volume) = self.volumes.get_mut(volume_id)
        {
            volume.attached = volume.attached.saturating_sub(1);
        }
        self.touched.push(id.to_owned());
        Some(pod)
    }
}
