//! Secrets of the account.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ordered_store::Keyed;
use super::visibility::{Visibility, Visible};

/// An account secret. The value is checked but not stored, because no route returns it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountSecret {
    pub serial: u64,
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub created_at: Timestamp,
    pub value_last_updated_at: Timestamp,
    #[serde(default)]
    pub visible: Visibility,
}

impl Keyed for AccountSecret {
    fn serial(&self) -> u64 {
        self.serial
    }

    fn id(&self) -> &str {
        &self.id
    }
}

impl Visible for AccountSecret {
    fn visible(&self) -> Visibility {
        self.visible
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }
}
