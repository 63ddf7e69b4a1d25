//! How each kind appears in `sindri.yaml`: a folder per kind, and a line in [`KINDS`].
//!
//! The types that a kind needs are re-exported here.

pub(super) mod network_volume;
pub(super) mod pod;
pub(super) mod registry;
pub mod template;

pub use super::config_kind::{ConfigKind, KindSection};
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
pub static KINDS: KindRegistry<ConfigKind> =
    KindRegistry::new(&[&network_volume::NETWORK_VOLUME, &template::TEMPLATE, &pod::POD]);

/// The fields of `providers.runpod` that declare resources.
pub(super) fn sections() -> Vec<&'static Field> {
    KINDS.iter().map(|config| config.section).collect()
}
