//! What the configuration knows about one kind.

use std::borrow::Cow;

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
    /// Where a file declares resources of this kind.
    pub section: FileSection,
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

/// Where a file declares the resources of a kind.
pub struct FileSection {
    pub form: FileSectionForm,
    /// Whether a declaration there is of this kind, if kinds share the section.
    pub holds: fn(&YamlNode) -> bool,
}

/// The form of a section.
pub enum FileSectionForm {
    /// A mapping below `providers.runpod` from names to blocks: `networkVolumes`.
    Mapping(&'static Field),
    /// A list at the top of the file whose items have a `name`: `secrets`. Its field is part of the top block.
    List(&'static str),
}

impl FileSection {
    /// A mapping below `providers.runpod`.
    pub const fn of(field: &'static Field) -> Self {
        Self { form: FileSectionForm::Mapping(field), holds: |_| true }
    }

    /// A list at the top of the file.
    pub const fn list(name: &'static str) -> Self {
        Self { form: FileSectionForm::List(name), holds: |_| true }
    }

    /// The same section, of which only some declarations are of this kind.
    pub const fn only(self, holds: fn(&YamlNode) -> bool) -> Self {
        Self { holds, ..self }
    }

    /// The field below `providers.runpod`, if it is there.
    pub fn field(&self) -> Option<&'static Field> {
        match self.form {
            FileSectionForm::Mapping(field) => Some(field),
            FileSectionForm::List(_) => None,
        }
    }

    /// The key in the file.
    pub fn name(&self) -> &'static str {
        match self.form {
            FileSectionForm::Mapping(field) => field.name,
            FileSectionForm::List(name) => name,
        }
    }

    /// The declarations in a file; `None` if it has no such section.
    fn entries<'a>(&self, root: &'a YamlNode, runpod: &'a YamlNode) -> Option<Cow<'a, [MappingEntry]>> {
        match self.form {
            FileSectionForm::Mapping(field) => {
                let entries = runpod.get(field.name)?.entries();
                let is_own = |entry: &&MappingEntry| (self.holds)(&entry.value);
                Some(match entries.iter().all(|entry| is_own(&entry)) {
                    true => Cow::Borrowed(entries),
                    false => Cow::Owned(entries.iter().filter(is_own).cloned().collect()),
                })
            }
            FileSectionForm::List(name) => {
                let own = root.get(name)?.items().iter().filter(|item| (self.holds)(item));
                let entry = |item: &YamlNode| {
                    let name = item.get("name")?;
                    let key = name.text()?.to_owned();
                    Some(MappingEntry { key, key_span: name.span, value: item.clone() })
                };
                Some(own.filter_map(entry).collect())
            }
        }
    }
}

/// The part of a file that declares the resources of one kind.
pub struct KindSection<'a> {
    /// The top of the file.
    pub root: &'a YamlNode,
    /// The value of `providers.runpod`, empty if it is missing, and its place.
    pub runpod: &'a YamlNode,
    pub runpod_span: Span,
    /// The declarations by name; `None` if the file has no such section.
    pub entries: Option<Cow<'a, [MappingEntry]>>,
    /// Whether the file has a section of another kind below `providers.runpod`.
    pub declares_others: bool,
}

impl<'a> KindSection<'a> {
    /// The section of one kind. `sections` are the fields of all kinds below `providers.runpod`.
    pub(super) fn new(
        config: &ConfigKind,
        root: &'a YamlNode,
        (runpod, runpod_span): (&'a YamlNode, Span),
        sections: &[&'static Field],
    ) -> Self {
        let own = config.section.field().map(|field| field.name);
        let mut others = sections.iter().filter(|section| Some(section.name) != own);
        Self {
            root,
            runpod,
            runpod_span,
            entries: config.section.entries(root, runpod),
            declares_others: others.any(|section| runpod.get(section.name).is_some()),
        }
    }

    /// The declarations by name.
    pub fn declarations(&self) -> &[MappingEntry] {
        self.entries.as_deref().unwrap_or_default()
    }
}
