//! Network volumes, free of dialect.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::emulator::dialect::call::Tweaks;
use crate::emulator::rules::lifecycle::Departed;
use crate::emulator::rules::market::market;
use crate::emulator::rules::money::{Rate, storage};
use crate::emulator::rules::order::Refusal;
use crate::emulator::state::ordered_store::Entry;
use crate::emulator::state::pod::Visible;
use crate::emulator::state::world::{World, after_seconds};

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Volume {
    pub serial: u64,
    pub id: String,
    pub name: String,
    /// GB.
    pub size: u64,
    pub data_center: String,
    /// `STANDARD` or `HIGH_PERFORMANCE`.
    pub tier: String,
    /// Pods that mount it, running or not.
    pub attached: u32,
    pub created_at: Timestamp,
    pub visible: Visible,
}

impl Entry for Volume {
    fn serial(&self) -> u64 {
        self.serial
    }

    fn id(&self) -> &str {
        &self.id
    }
}

impl Volume {
    /// What it costs (contract, section 16).
    pub fn rate(&self) -> Rate {
        let storage = match self.tier.as_str() {
            "HIGH_PERFORMANCE" => storage(self.size, 0.14),
            _ => storage(self.size.min(1000), 0.07) + storage(self.size.saturating_sub(1000), 0.05),
        };
        Rate { compute: 0, storage }
    }
}

impl World {
    /// A volume that calls may name.
    pub(in crate::emulator) fn find_volume(&self, id: &str, now: Timestamp) -> Result<&Volume, Refusal> {
        self.volumes.get(id).filter(|volume| volume.visible.found <= now).ok_or(Refusal::NotFound)
    }

    /// Creates a volume; `tier` none: the first that the center has. Gives its id.
    pub(in crate::emulator) fn create_volume(
        &mut self,
        name: &str,
        size: u64,
        data_center: &str,
        tier: Option<&str>,
        tweaks: &Tweaks,
        now: Timestamp,
    ) -> Result<String, Refusal> {
        let tiers = market().center(data_center).map(|center| center.offer.network_volume_types.as_slice());
        let Some(first) = tiers.and_then(<[String]>::first) else {
            return Err(Refusal::Rule(no_volumes_there(data_center)));
        };
        let tier = tier.unwrap_or(first);
        if !tiers.unwrap_or_default().iter().any(|offered| offered == tier) {
            return Err(Refusal::Rule(format!("network volume type {tier} is not available in {data_center}")));
        }
        if self.volumes.len() >= self.settings.volume_quota as usize {
            return Err(Refusal::rule("network volume quota exceeded"));
        }
        self.now = now;
        let volume = Volume {
            serial: self.serial(),
            id: self.dice.id(10),
            name: name.to_owned(),
            size,
            data_center: data_center.to_owned(),
            tier: tier.to_owned(),
            attached: 0,
            created_at: now,
            visible: Visible {
                found: after_seconds(now, tweaks.not_found_after_create_seconds.unwrap_or(0)),
                listed: after_seconds(now, tweaks.appear_lag_seconds.unwrap_or(0)),
            },
        };
        let id = volume.id.clone();
        self.ledger.change(Rate::default(), volume.rate(), now);
        self.volumes.insert(volume);
        self.touched.push(id.clone());
        Ok(id)
    }

    /// Renames or resizes; the size is taken as it is.
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

    /// Deletes a volume that no pod mounts.
    pub(in crate::emulator) fn delete_volume(
        &mut self,
        id: &str,
        tweaks: &Tweaks,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let volume = self.find_volume(id, now)?;
        if volume.attached > 0 {
            return Err(Refusal::rule("network volume is in use"));
        }
        if !tweaks.delete_ignored {
            self.now = now;
            self.remove_volume(id, after_seconds(now, tweaks.disappear_lag_seconds.unwrap_or(0)));
        }
        Ok(())
    }

    /// Takes a volume out of the world and out of the books.
    pub(in crate::emulator) fn remove_volume(&mut self, id: &str, listed_until: Timestamp) {
        let now = self.now;
        self.departed_volumes.retain(|departed| !departed.is_forgotten(now));
        if let Some(item) = self.volumes.remove(id) {
            self.ledger.change(item.rate(), Rate::default(), now);
            self.departed_volumes.insert(Departed { item, at: now, listed_until, shown_until: now });
            self.touched.push(id.to_owned());
        }
    }

    /// What a list shows, newest first.
    pub(in crate::emulator) fn listed_volumes(&self, tweaks: &Tweaks, now: Timestamp) -> Vec<&Volume> {
        let lag = tweaks.appear_lag_seconds.unwrap_or(0);
        let alive = (self.volumes.newest_first())
            .filter(|volume| volume.visible.listed <= now && after_seconds(volume.created_at, lag) <= now);
        let departed = (self.departed_volumes.newest_first())
            .filter(|departed| departed.is_listed(tweaks.disappear_lag_seconds, now))
            .map(|departed| &departed.item);
        let mut shown: Vec<&Volume> = alive.chain(departed).collect();
        shown.sort_by_key(|volume| std::cmp::Reverse(volume.serial));
        shown
    }
}

/// The refusal that lists the centers that have volumes (contract, section 4).
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
