//! Editing a pod, and recreating its container where needed.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::pod_spec::disk_limit;
use super::refusal::RequestRefusal;
use super::tweaks::Tweaks;
use crate::emulator::state::pod::{Pod, Storage};
use crate::emulator::state::world::World;

/// New values. `None` leaves a value unchanged.
#[derive(Default)]
pub struct Changes {
    pub name: Option<String>,
    pub locked: Option<bool>,
    pub image: Option<String>,
    pub args: Option<String>,
    pub disk: Option<u64>,
    pub ports: Option<Vec<String>>,
    pub env: Option<BTreeMap<String, String>>,
    pub registry: Option<Option<String>>,
    pub volume_size: Option<u64>,
    pub mount_path: Option<String>,
    pub global_networking: Option<bool>,
    /// Recreates the container even if no value differs (v1).
    pub resets: bool,
}

impl World {
    /// Applies new values. Recreates a running container if one of its own settings differs.
    pub(in crate::emulator) fn edit(
        &mut self,
        id: &str,
        changes: Changes,
        tweaks: &Tweaks,
        now: Timestamp,
    ) -> Result<(), RequestRefusal> {
        let pod = self.find_pod(id, now)?;
        if let Some(image) = &changes.image {
            self.check_image(image)?;
        }
        self.check_registry(changes.registry.as_ref().and_then(Option::as_deref))?;
        if changes.disk.zip(disk_limit(&pod.hardware)).is_some_and(|(disk, limit)| disk > limit) {
            return Err(RequestRefusal::NoCapacity);
        }
        if let (Storage::Persistent { size }, Some(wanted)) = (&pod.storage, changes.volume_size)
            && wanted < *size
        {
            return Err(RequestRefusal::rule("volume size cannot be reduced"));
        }
        let (old, mut next) = (pod.clone(), pod.clone());
        changes.apply(&mut next);
        let differs = !next.same_container(&old);
        let is_noop = !differs && next.same_labels(&old);
        let resets = differs || changes.resets || (is_noop && self.settings.noop_patch_restarts);
        if is_noop && !resets {
            return Ok(());
        }
        self.now = now;
        let new_ports = next.ports != old.ports || changes.resets;
        Self::keep_stale_copy(&mut next, &old, tweaks.stale_read_seconds, now);
        self.change_pod(id, |pod| *pod = next);
        // A stopped pod keeps the new values for its next start.
        if resets && !old.is_stopped() {
            self.recreate(id, new_ports);
        }
        Ok(())
    }
}

impl Changes {
    fn apply(&self, pod: &mut Pod) {
        fn set<T: Clone>(target: &mut T, value: &Option<T>) {
            if let Some(value) = value {
                target.clone_from(value);
            }
        }
        set(&mut pod.name, &self.name);
        set(&mut pod.locked, &self.locked);
        set(&mut pod.image, &self.image);
        set(&mut pod.args, &self.args);
        set(&mut pod.disk, &self.disk);
        set(&mut pod.ports, &self.ports);
        set(&mut pod.env, &self.env);
        set(&mut pod.registry, &self.registry);
        set(&mut pod.mount_path, &self.mount_path);
        set(&mut pod.global_networking.wanted, &self.global_networking);
        if let (Storage::Persistent { size }, Some(wanted)) = (&mut pod.storage, self.volume_size) {
            *size = wanted;
        }
    }
}

impl Pod {
    /// Whether all settings that require a new container are equal.
    fn same_container(&self, other: &Self) -> bool {
        self.image == other.image
            && self.args == other.args
            && self.disk == other.disk
            && self.ports == other.ports
            && self.env == other.env
            && self.registry == other.registry
            && self.storage == other.storage
            && self.mount_path == other.mount_path
    }

    /// Whether all settings that can change under a running container are equal.
    fn same_labels(&self, other: &Self) -> bool {
        self.name == other.name && self.locked == other.locked && self.global_networking == other.global_networking
    }
}
