//! Events that will happen, in the order of their time.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::events::DueEvent;

/// Scheduled events by time, and events of the same moment in the order they were added. It is saved as a plain list.
#[derive(Clone, Default)]
pub struct EventQueue {
    by_time: BTreeMap<(Timestamp, u64), DueEvent>,
    added: u64,
}

impl EventQueue {
    pub fn add(&mut self, event: DueEvent) {
        self.by_time.insert((event.at, self.added), event);
        self.added += 1;
    }

    /// Removes and returns the earliest event due by `now`.
    pub fn take_due(&mut self, now: Timestamp) -> Option<DueEvent> {
        let earliest = self.by_time.first_entry().filter(|entry| entry.get().at <= now)?;
        Some(earliest.remove())
    }

    pub fn is_empty(&self) -> bool {
        self.by_time.is_empty()
    }
}

impl Serialize for EventQueue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.by_time.values())
    }
}

impl<'de> Deserialize<'de> for EventQueue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut queue = Self::default();
        Vec::deserialize(deserializer)?.into_iter().for_each(|event| queue.add(event));
        Ok(queue)
    }
}
