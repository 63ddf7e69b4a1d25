//! Registry credentials, which pods and templates name by id.

use serde::{Deserialize, Serialize};

use super::ordered_store::Keyed;

/// A registry credential. User name and password are checked but not stored, because no route returns them.
#[derive(Clone, Serialize, Deserialize)]
pub struct Registry {
    pub serial: u64,
    pub id: String,
    pub name: String,
}

impl Keyed for Registry {
    fn serial(&self) -> u64 {
        self.serial
    }

    fn id(&self) -> &str {
        &self.id
    }
}
