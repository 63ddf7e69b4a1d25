//! Finding objects as calls see them.

use jiff::Timestamp;

use super::refusal::RequestRefusal;
use super::tweaks::Tweaks;
use crate::emulator::state::ordered_store::{Keyed, OrderedStore};
use crate::emulator::state::pod::Pod;
use crate::emulator::state::pod_status::PodStatus;
use crate::emulator::state::tombstone::Tombstone;
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
        let appears = |volume: &Volume| tweaks.lists(volume.visible, volume.created_at, now);
        listed(&self.volumes, &self.deleted_volumes, appears, tweaks, now)
    }
}

/// The items that a list shows, newest first: those that appear in lists, and the deleted ones that are still there.
pub(super) fn listed<'w, T: Keyed>(
    items: &'w OrderedStore<T>,
    deleted: &'w OrderedStore<Tombstone<T>>,
    appears: impl Fn(&T) -> bool,
    tweaks: &Tweaks,
    now: Timestamp,
) -> Vec<&'w T> {
    let existing = items.newest_first().filter(|item| appears(item));
    let deleted = (deleted.newest_first())
        .filter(|tombstone| tombstone.is_listed(tweaks.disappear_lag_seconds, now))
        .map(|tombstone| &tombstone.item);
    let mut shown: Vec<&T> = existing.chain(deleted).collect();
    shown.sort_by_key(|item| std::cmp::Reverse(item.serial()));
    shown
}
