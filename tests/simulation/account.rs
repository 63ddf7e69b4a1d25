//! The shared account, and the people who change it from outside.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use fastrand::Rng;
use serde_json::json;
use sindri::emulator::{PodEvent, VolumeEvent};

use crate::simulation::truth::Truth;
use crate::support::Account;

pub struct World {
    pub account: Account,
    /// Every value that each object ever had.
    pub truth: Arc<Truth>,
}

impl World {
    pub fn new(seed: u64) -> Self {
        Self { account: Account::seeded(seed), truth: Arc::default() }
    }

    /// A digest of the requests, their times and their answers.
    pub fn trace(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        // Bodies contain lineages, which are random.
        let journal = self.account.emulator.journal(0);
        journal.iter().for_each(|entry| (entry.time, entry.method, &entry.path, entry.status).hash(&mut hasher));
        hasher.finish()
    }

    /// Makes the change; returns whether it was possible.
    pub fn change_outside(&self, change: &OutsideChange) -> bool {
        let pick = change.pick;
        self.account.emulator.modify(|world, now| {
            let pods: Vec<String> = world.pod_ids().map(str::to_owned).collect();
            let volumes: Vec<String> = world.volume_ids().map(str::to_owned).collect();
            if !volumes.is_empty() && pick.is_multiple_of(7) {
                return world
                    .volume_event(&volumes[pick % volumes.len()], &VolumeEvent::Rename { name: "meddled".into() }, now)
                    .is_ok();
            }
            !pods.is_empty() && world.pod_event(&pods[pick % pods.len()], &change.event, now).is_ok()
        })
    }
}

/// Someone else deletes, stops, edits or migrates something.
pub struct OutsideChange {
    event: PodEvent,
    pick: usize,
}

impl OutsideChange {
    pub fn draw(dice: &mut Rng) -> Self {
        let event = match dice.u8(..6) {
            0 => PodEvent::Delete,
            1 => PodEvent::Stop,
            2 => PodEvent::Edit { changes: json!({ "image": "meddled:1" }) },
            3 => PodEvent::Preempt,
            4 => PodEvent::Migrate,
            _ => PodEvent::Edit { changes: json!({ "ports": ["9999/http"] }) },
        };
        Self { event, pick: dice.usize(..1000) }
    }

    pub fn moves(&self) -> bool {
        self.event == PodEvent::Migrate
    }
}
