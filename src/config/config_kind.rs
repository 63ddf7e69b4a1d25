//! What the configuration knows about one kind.

use super::context::Project;
use super::document::{MappingEntry, YamlNode};
use super::draft::Declared;
use super::lines::{KnownIds, YamlLines};
use super::problem::Findings;
use super::source::Span;
use super::table::{BlockSchema, Field};
use crate::kind::Kind;
use crate::model::Object;

/// How one kind appears in `sindri.yaml`.
pub struct ConfigKind {
    pub kind: &'static Kind,
    /// The mapping below `providers.runpod` that declares resources of this kind by name: `networkVolumes`.
    pub section: &'static Field,
    /// The fields of one declaration.
    pub block: &'static BlockSchema,
    /// Reads all resources of this kind, with their members. [`Project::declared`] has the kinds before this one.
    pub read: fn(&KindSection<'_>, &Project<'_>, &mut Findings) -> Vec<Declared>,
    /// The name for an object whose own name cannot be one: `volume`.
    pub fallback_name: &'static str,
    /// Why no block can describe an object now, if so.
    pub undeclarable: fn(&Object) -> Option<&'static str>,
    /// Writes the fields of an existing object. Values of environment variables are never written.
    pub write: fn(&mut YamlLines, &Object, &KnownIds),
}

/// The part of a file that declares the resources of one kind.
pub struct KindSection<'a> {
    /// The top of the file.
    pub root: &'a YamlNode,
    /// The value of `providers.runpod`, empty if it is missing, and its place.
    pub runpod: &'a YamlNode,
    pub runpod_span: Span,
    /// The declarations by name; `None` if the file has no such mapping.
    pub entries: Option<&'a [MappingEntry]>,
    /// Whether the file has such a mapping for another kind.
    pub declares_others: bool,
}

impl<'a> KindSection<'a> {
    /// The declarations by name.
    pub fn declarations(&self) -> &'a [MappingEntry] {
        self.entries.unwrap_or_default()
    }
}
