//! Finding objects as calls see them.

use jiff::Timestamp;

use super::refusal::RequestRefusal;
use super::tweaks::Tweaks;
use crate::emulator::state::graveyard::{ListEntry, with_deleted};
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

    /// The pods that a list of v2 shows, newest first, if they were created before `serial`.
    pub(in crate::emulator) fn listed_pods(
        &self,
        serial: u64,
        tweaks: &Tweaks,
        now: Timestamp,
    ) -> impl Iterator<Item = &Pod> {
        let appears = move |pod: &Pod| tweaks.lists(pod.visible, pod.created_at, now);
        listed(with_deleted(&self.pods, &self.deleted_pods, serial), appears, tweaks, now)
    }

    /// The volumes that a list shows, newest first.
    pub(in crate::emulator) fn listed_volumes(&self, tweaks: &Tweaks, now: Timestamp) -> impl Iterator<Item = &Volume> {
        let appears = move |volume: &Volume| tweaks.lists(volume.visible, volume.created_at, now);
        listed(with_deleted(&self.volumes, &self.deleted_volumes, u64::MAX), appears, tweaks, now)
    }
}

/// The items that a list shows: those that appear in lists, and the deleted ones that are still there.
pub(super) fn listed<'world, T: 'world>(
    entries: impl Iterator<Item = ListEntry<'world, T>>,
    appears: impl Fn(&T) -> bool,
    tweaks: &Tweaks,
    now: Timestamp,
) -> impl Iterator<Item = &'world T> {
    let lag_seconds = tweaks.disappear_lag_seconds;
    entries.filter_map(move |entry| match entry {
        ListEntry::Existing(item) => appears(item).then_some(item),
        ListEntry::Deleted(tombstone) => tombstone.is_listed(lag_seconds, now).then_some(&tombstone.item),
    })
}
