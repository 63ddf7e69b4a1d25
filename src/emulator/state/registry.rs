//! Registry credentials, which pods, templates and endpoints name by id.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ordered_store::Keyed;
use super::visibility::{Visibility, Visible};

/// A registry credential. User name and password are checked but not stored, because no route returns them.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Registry {
    pub serial: u64,
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub created_at: Timestamp,
    #[serde(default)]
    pub visible: Visibility,
}

impl Keyed for Registry {
    fn serial(&self) -> u64 {
        self.serial
    }

    fn id(&self) -> &str {
        &self.id
    }
}

impl Visible for Registry {
    fn visible(&self) -> Visibility {
        self.visible
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }
}
