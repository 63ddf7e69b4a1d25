//! The settings of a container that templates and endpoints store.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContainerSettings {
    pub image: String,
    /// The stored form of the command (contract, section 3.4).
    pub args: String,
    /// Container disk, GB.
    pub disk: u64,
    pub ports: Vec<String>,
    pub env: BTreeMap<String, String>,
    pub registry: Option<String>,
}

impl ContainerSettings {
    /// Clears a registry credential that no longer exists.
    pub fn forget_registry(&mut self, id: &str) {
        if self.registry.as_deref() == Some(id) {
            self.registry = None;
        }
    }
}
