//! Templates: stored container settings that a create can refer to by id.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::container::ContainerSettings;
use super::ordered_store::Keyed;
use super::visibility::{Visibility, Visible};

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    pub serial: u64,
    pub id: String,
    #[serde(flatten)]
    pub settings: TemplateSettings,
    #[serde(default)]
    pub created_at: Timestamp,
    #[serde(default)]
    pub visible: Visibility,
}

/// All that a request can set.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TemplateSettings {
    pub name: String,
    #[serde(flatten)]
    pub container: ContainerSettings,
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
#[derive(Clone, PartialEq, Serialize, Deserialize)]
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

impl Visible for Template {
    fn visible(&self) -> Visibility {
        self.visible
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }
}
