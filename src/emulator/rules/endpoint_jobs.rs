//! The jobs of an endpoint.

use jiff::Timestamp;

use crate::emulator::state::endpoint::QueuedJob;
use crate::emulator::state::world::World;

impl World {
    /// Queues jobs, each of which keeps a worker busy for `seconds`. Returns an id for them.
    pub(in crate::emulator) fn add_jobs(&mut self, id: &str, count: u32, seconds: u64, now: Timestamp) -> String {
        self.now = now;
        if let Some(endpoint) = self.endpoints.objects.get_mut(id) {
            let job = QueuedJob { queued_at: now, seconds };
            endpoint.queue.extend(std::iter::repeat_n(job, count as usize));
            endpoint.active_at = now;
        }
        let job = format!("{}-u1", self.rng.id(12));
        self.step_endpoint(id);
        job
    }

    /// Removes the jobs that wait, and returns their number.
    pub(in crate::emulator) fn purge_jobs(&mut self, id: &str, now: Timestamp) -> usize {
        self.now = now;
        let waiting = self.endpoints.objects.get_mut(id).map(|endpoint| std::mem::take(&mut endpoint.queue));
        self.step_endpoint(id);
        waiting.map_or(0, |waiting| waiting.len())
    }
}
