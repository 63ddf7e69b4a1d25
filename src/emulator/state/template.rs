//! Templates: stored container settings that a create can refer to by id.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ordered_store::Keyed;

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    pub serial: u64,
    pub id: String,
    pub name: String,
    pub image: String,
    /// The stored form of the command (contract, section 3.4).
    pub args: String,
    /// Container disk, GB.
    pub disk: u64,
    pub ports: Vec<String>,
    pub env: BTreeMap<String, String>,
    pub registry: Option<String>,
    pub volume: Option<TemplateVolume>,
    /// For serverless workers; pods cannot use it.
    pub serverless: bool,
    pub public: bool,
    pub category: String,
    pub start_ssh: bool,
    pub start_jupyter: bool,
    pub cuda_versions: Vec<String>,
}

/// The pod volume of a template.
#[derive(Clone, Serialize, Deserialize)]
pub struct TemplateVolume {
    /// GB.
    pub size: u64,
    pub path: String,
}

impl Keyed for Template {
    fn serial(&self) -> u64 {
        self.serial
    }

    fn id(&self) -> &str {
        &self.id
    }
}
