//! Network volumes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ordered_store::Keyed;
use super::visibility::{Visibility, Visible};

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
    /// Number of pods that mount it, running or stopped.
    pub attached: u32,
    pub created_at: Timestamp,
    pub visible: Visibility,
}

impl Keyed for Volume {
    fn serial(&self) -> u64 {
        self.serial
    }

    fn id(&self) -> &str {
        &self.id
    }
}

impl Visible for Volume {
    fn visible(&self) -> Visibility {
        self.visible
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }
}
