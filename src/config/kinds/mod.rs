//! How each kind appears in `sindri.yaml`: a folder per kind, and a line in [`KINDS`].
//!
//! The types that a kind needs are re-exported here.

mod container_fields;
pub(super) mod ecr_delegation;
mod endpoint;
pub(super) mod network_volume;
pub(super) mod pod;
pub(super) mod registry;
pub(super) mod secret;
pub mod template;

pub use super::config_kind::{ConfigKind, FileSection, FileSectionForm, KindSection};
pub use super::context::Project;
pub use super::document::{Data, MappingEntry, Scalar, YamlNode};
pub use super::draft::{Declared, LifecycleSettings, ResourceDraft};
pub use super::lifecycle::{LIFECYCLE, lifecycle};
pub use super::lines::{KnownIds, YamlLines};
pub use super::problem::Findings;
pub use super::source::Span;
pub use super::table::{BlockSchema, Choices, Field, ForeignKeys, ValueShape};
use crate::model::KindRegistry;

/// The kinds that a file can declare, in the order of [`crate::kind::KINDS`]. Ports are declared by their pod.
pub static KINDS: KindRegistry<ConfigKind> = KindRegistry::new(&[
    &network_volume::NETWORK_VOLUME,
    &secret::SECRET,
    &registry::REGISTRY,
    &ecr_delegation::ECR_DELEGATION,
    &template::TEMPLATE,
    &pod::POD,
    &endpoint::ENDPOINT,
]);

/// The fields of `providers.runpod` that declare resources.
pub(super) fn sections() -> Vec<&'static Field> {
    let mut sections: Vec<&'static Field> = Vec::new();
    for field in KINDS.iter().filter_map(|config| config.section.field()) {
        if sections.iter().all(|section| section.name != field.name) {
            sections.push(field);
        }
    }
    sections
}
