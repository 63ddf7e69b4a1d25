//! Creating, changing and deleting network volumes.

use jiff::Timestamp;

use super::market::market;
use super::refusal::RequestRefusal;
use super::tweaks::Tweaks;
use crate::emulator::state::endpoint::ServerlessEndpoint;
use crate::emulator::state::ledger::Rate;
use crate::emulator::state::moment::after_seconds;
use crate::emulator::state::tombstone::Tombstone;
use crate::emulator::state::volume::Volume;
use crate::emulator::state::world::World;

impl World {
    /// Creates a volume and returns its id. Without a `tier` it gets the first one that the data center offers.
    pub(in crate::emulator) fn create_volume(
        &mut self,
        name: &str,
        size: u64,
        data_center: &str,
        tier: Option<&str>,
        tweaks: &Tweaks,
        now: Timestamp,
    ) -> Result<String, RequestRefusal> {
        let tiers = market().center(data_center).map(|center| center.offer.network_volume_types.as_slice());
        let Some(first) = tiers.and_then(<[String]>::first) else {
            return Err(RequestRefusal::Rule(no_volumes_there(data_center)));
        };
        let tier = tier.unwrap_or(first);
        if !tiers.unwrap_or_default().iter().any(|offered| offered == tier) {
            return Err(RequestRefusal::Rule(format!("network volume type {tier} is not available in {data_center}")));
        }
        if self.volumes.len() >= self.settings.volume_quota as usize {
            return Err(RequestRefusal::rule("network volume quota exceeded"));
        }
        self.now = now;
        let volume = Volume {
            serial: self.take_serial(),
            id: self.rng.id(10),
            name: name.to_owned(),
            size,
            data_center: data_center.to_owned(),
            tier: tier.to_owned(),
            attached: 0,
            created_at: now,
            visible: tweaks.visibility(now),
        };
        let id = volume.id.clone();
        self.ledger.change(Rate::default(), volume.rate(), now);
        self.volumes.insert(volume);
        self.touched.push(id.clone());
        Ok(id)
    }

    /// Renames or resizes a volume. The size is not checked.
    pub(in crate::emulator) fn change_volume(
        &mut self,
        id: &str,
        name: Option<&str>,
        size: Option<u64>,
        now: Timestamp,
    ) {
        self.now = now;
        let Some(volume) = self.volumes.get_mut(id) else { return };
        let before = volume.rate();
        volume.name = name.unwrap_or(&volume.name).to_owned();
        volume.size = size.unwrap_or(volume.size);
        self.ledger.change(before, volume.rate(), now);
        self.touched.push(id.to_owned());
    }

    /// Deletes a volume that no pod and no endpoint mounts.
    pub(in crate::emulator) fn delete_volume(
        &mut self,
        id: &str,
        tweaks: &Tweaks,
        now: Timestamp,
    ) -> Result<(), RequestRefusal> {
        let volume = self.find_volume(id, now)?;
        let is_mounted = |endpoint: &ServerlessEndpoint| endpoint.settings.network_volumes.iter().any(|it| it == id);
        if volume.attached > 0 || self.endpoints.objects.newest_first().any(is_mounted) {
            return Err(RequestRefusal::rule("network volume is in use"));
        }
        if !tweaks.delete_ignored {
            self.now = now;
            self.remove_volume(id, after_seconds(now, tweaks.disappear_lag_seconds.unwrap_or(0)));
        }
        Ok(())
    }

    /// Removes a volume and its bookings.
    pub(in crate::emulator) fn remove_volume(&mut self, id: &str, listed_until: Timestamp) {
        let now = self.now;
        if let Some(item) = self.volumes.remove(id) {
            self.ledger.change(item.rate(), Rate::default(), now);
            self.deleted_volumes.bury(Tombstone { item, at: now, listed_until, shown_until: now });
            self.touched.push(id.to_owned());
        }
    }
}

/// The error text, which lists the data centers with volumes (contract, section 4).
fn no_volumes_there(data_center: &str) -> String {
    let centers: Vec<&str> = (market().listed_centers())
        .filter(|center| !center.offer.network_volume_types.is_empty())
        .map(|center| center.id.as_str())
        .collect();
    format!(
        "Data center \"{data_center}\" not found or does not support network volumes. Available data centers: {}.",
        centers.join(", ")
    )
}
