//! A recently deleted object, for reads and lists that lag.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::moment::after_seconds;
use super::ordered_store::Keyed;

/// A deleted object that is still visible for a while.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tombstone<T> {
    pub item: T,
    pub at: Timestamp,
    /// Lists show it until then.
    pub listed_until: Timestamp,
    /// Reads by id show it as TERMINATED until then.
    pub shown_until: Timestamp,
}

impl<T: Keyed> Keyed for Tombstone<T> {
    fn serial(&self) -> u64 {
        self.item.serial()
    }

    fn id(&self) -> &str {
        self.item.id()
    }
}

impl<T> Tombstone<T> {
    /// Whether a list that lags by `lag_seconds` shows it.
    pub fn is_listed(&self, lag_seconds: Option<u64>, now: Timestamp) -> bool {
        now < self.listed_until || now < after_seconds(self.at, lag_seconds.unwrap_or(0))
    }

    /// Whether no later read or list can show it, with any lag.
    pub fn is_forgotten(&self, now: Timestamp) -> bool {
        const LONGEST_LAG_SECONDS: u64 = 120;
        now >= self.listed_until.max(self.shown_until).max(after_seconds(self.at, LONGEST_LAG_SECONDS))
    }
}
