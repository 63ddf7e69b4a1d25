//! Finding objects as calls see them.

use jiff::Timestamp;

use super::refusal::RequestRefusal;
use super::tweaks::Tweaks;
use crate::emulator::state::moment::after_seconds;
use crate::emulator::state::pod::Pod;
use crate::emulator::state::pod_status::PodStatus;
use crate::emulator::state::volume::Volume;
use crate::emulator::state::world::World;

impl World {
    /// A pod by id, once it is readable after its create.
    pub(in crate::emulator) fn find_pod(&self, id: &str, now: Timestamp) -> Result<&Pod, RequestRefusal> {
        self.pods.get(id).filter(|pod| pod.visible.found <= now).ok_or(RequestRefusal::NotFound)
    }

    pub(in crate::emulator) fn status_of(&self, pod: &Pod, now: Timestamp) -> PodStatus {
        pod.stage(now).status(self.settings.fidelity)
    }

    /// A volume by id, once it is readable after its create.
    pub(in crate::emulator) fn find_volume(&self, id: &str, now: Timestamp) -> Result<&Volume, RequestRefusal> {
        self.volumes.get(id).filter(|volume| volume.visible.found <= now).ok_or(RequestRefusal::NotFound)
    }

    /// The volumes that a list shows, newest first.
    pub(in crate::emulator) fn listed_volumes(&self, tweaks: &Tweaks, now: Timestamp) -> Vec<&Volume> {
        let lag = tweaks.appear_lag_seconds.unwrap_or(0);
        let alive = (self.volumes.newest_first())
            .filter(|volume| volume.visible.listed <= now && after_seconds(volume.created_at, lag) <= now);
        let deleted = (self.deleted_volumes.newest_first())
            .filter(|tombstone| tombstone.is_listed(tweaks.disappear_lag_seconds, now))
            .map(|tombstone| &tombstone.item);
        let mut shown: Vec<&Volume> = alive.chain(deleted).collect();
        shown.sort_by_key(|volume| std::cmp::Reverse(volume.serial));
        shown
    }
}
