//! Deleting a pod, and how long it stays visible.

use jiff::Timestamp;

use super::boot::BootStep;
use super::refusal::RequestRefusal;
use super::tweaks::Tweaks;
use crate::emulator::state::moment::{after_millis, after_seconds};
use crate::emulator::state::pod::StatusChange;
use crate::emulator::state::tombstone::Tombstone;
use crate::emulator::state::world::World;

impl World {
    /// Deletes a pod and its pod volume.
    pub(in crate::emulator) fn terminate(
        &mut self,
        id: &str,
        tweaks: &Tweaks,
        now: Timestamp,
    ) -> Result<(), RequestRefusal> {
        let pod = self.find_pod(id, now)?;
        if pod.locked && self.settings.lock_blocks_delete {
            return Err(RequestRefusal::Conflict("pod is locked".to_owned()));
        }
        if tweaks.delete_ignored {
            return Ok(());
        }
        self.now = now;
        let shown = match tweaks.delete_slow_seconds {
            Some(seconds) => after_seconds(now, seconds),
            None => after_millis(now, self.step(BootStep::Vanish)),
        };
        let listed = after_seconds(now, tweaks.disappear_lag_seconds.unwrap_or(0));
        self.delete_pod(id, listed, shown);
        Ok(())
    }

    /// Deletes a pod now. Lists and reads may lag behind.
    pub(in crate::emulator) fn delete_pod(&mut self, id: &str, listed_until: Timestamp, shown_until: Timestamp) {
        let now = self.now;
        if let Some(mut item) = self.remove_pod(id) {
            item.last_change = StatusChange { event: "Terminated".to_owned(), by: "User".to_owned(), at: now };
            self.deleted_pods.bury(Tombstone { item, at: now, listed_until, shown_until });
        }
    }
}
