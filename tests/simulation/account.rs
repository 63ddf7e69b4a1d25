//! The account that everybody shares, and the people who meddle with it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use fastrand::Rng;
use serde_json::json;
use sindri::emulator::{Emulator, EmulatorOptions, PodEvent, VolumeEvent};
use sindri::transport::clock::Clock;

use crate::truth::Truth;

pub struct World {
    pub emulator: Arc<Emulator>,
    pub clock: Clock,
    /// What was so of every object, at one time or another.
    pub truth: Arc<Truth>,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let options = EmulatorOptions { seed, ..EmulatorOptions::default() };
        let (emulator, start) = options.open().expect("a world in memory");
        Self { emulator, clock: Clock::starting_at(start), truth: Arc::default() }
    }

    /// What was asked, when, and how it was answered.
    pub fn trace(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        // Bodies hold lineages, which are drawn anew.
        let journal = self.emulator.journal(0);
        journal.iter().for_each(|entry| (entry.time, entry.method, &entry.path, entry.status).hash(&mut hasher));
        hasher.finish()
    }

    /// Whether it could be done.
    pub fn meddle(&self, meddling: &Meddling) -> bool {
        let pick = meddling.pick;
        self.emulator.meddle(|world, now| {
            let pods: Vec<String> = world.pod_ids().map(str::to_owned).collect();
            let volumes: Vec<String> = world.volume_ids().map(str::to_owned).collect();
            if !volumes.is_empty() && pick.is_multiple_of(7) {
                return world
                    .volume_event(&volumes[pick % volumes.len()], &VolumeEvent::Rename { name: "meddled".into() }, now)
                    .is_ok();
            }
            !pods.is_empty() && world.pod_event(&pods[pick % pods.len()], &meddling.event, now).is_ok()
        })
    }
}

/// Somebody else deletes, stops, edits or moves something.
pub struct Meddling {
    event: PodEvent,
    pick: usize,
}

impl Meddling {
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
