//! Finding, listing and deleting objects as calls see them.

use jiff::Timestamp;

use super::refusal::RequestRefusal;
use super::tweaks::Tweaks;
use crate::emulator::state::collection::Collection;
use crate::emulator::state::graveyard::{Graveyard, ListEntry, with_deleted};
use crate::emulator::state::moment::after_seconds;
use crate::emulator::state::ordered_store::OrderedStore;
use crate::emulator::state::pod::Pod;
use crate::emulator::state::pod_status::PodStatus;
use crate::emulator::state::tombstone::Tombstone;
use crate::emulator::state::visibility::Visible;
use crate::emulator::state::volume::Volume;
use crate::emulator::state::world::World;

impl World {
    /// A pod by id, once it is readable after its create.
    pub(in crate::emulator) fn find_pod(&self, id: &str, now: Timestamp) -> Result<&Pod, RequestRefusal> {
        readable(&self.pods, id, now)
    }

    pub(in crate::emulator) fn status_of(&self, pod: &Pod, now: Timestamp) -> PodStatus {
        pod.stage(now).status(self.settings.fidelity)
    }

    /// A volume by id, once it is readable after its create.
    pub(in crate::emulator) fn find_volume(&self, id: &str, now: Timestamp) -> Result<&Volume, RequestRefusal> {
        readable(&self.volumes, id, now)
    }

    /// The pods that a list of v2 shows, newest first, if they were created before `serial`.
    pub(in crate::emulator) fn listed_pods(
        &self,
        serial: u64,
        tweaks: &Tweaks,
        now: Timestamp,
    ) -> impl Iterator<Item = &Pod> {
        listed(&self.pods, &self.deleted_pods, serial, tweaks, now)
    }

    /// The volumes that a list shows, newest first.
    pub(in crate::emulator) fn listed_volumes(&self, tweaks: &Tweaks, now: Timestamp) -> impl Iterator<Item = &Volume> {
        listed(&self.volumes, &self.deleted_volumes, u64::MAX, tweaks, now)
    }
}

impl<T: Visible> Collection<T> {
    /// An object by id, once it is readable after its create.
    pub(in crate::emulator) fn find(&self, id: &str, now: Timestamp) -> Result<&T, RequestRefusal> {
        readable(&self.objects, id, now)
    }

    /// The objects that a list shows, newest first, if they were created before `serial`.
    pub(in crate::emulator) fn listed(&self, serial: u64, tweaks: &Tweaks, now: Timestamp) -> impl Iterator<Item = &T> {
        listed(&self.objects, &self.deleted, serial, tweaks, now)
    }

    /// Deletes an object. Lists may show it for a while.
    pub(in crate::emulator) fn delete(&mut self, id: &str, tweaks: &Tweaks, now: Timestamp) {
        if let Some(item) = self.objects.remove(id) {
            let listed_until = after_seconds(now, tweaks.disappear_lag_seconds.unwrap_or(0));
            self.deleted.bury(Tombstone { item, at: now, listed_until, shown_until: now });
        }
    }
}

fn readable<'world, T: Visible>(
    existing: &'world OrderedStore<T>,
    id: &str,
    now: Timestamp,
) -> Result<&'world T, RequestRefusal> {
    existing.get(id).filter(|item| item.visible().found <= now).ok_or(RequestRefusal::NotFound)
}

/// The items that a list shows: those that appear in lists, and the deleted ones that are still there.
fn listed<'world, T: Visible>(
    existing: &'world OrderedStore<T>,
    deleted: &'world Graveyard<T>,
    serial: u64,
    tweaks: &Tweaks,
    now: Timestamp,
) -> impl Iterator<Item = &'world T> {
    let lag_seconds = tweaks.disappear_lag_seconds;
    with_deleted(existing, deleted, serial).filter_map(move |entry| match entry {
        ListEntry::Existing(item) => tweaks.lists(item.visible(), item.created_at(), now).then_some(item),
        ListEntry::Deleted(tombstone) => tombstone.is_listed(lag_seconds, now).then_some(&tombstone.item),
    })
}
