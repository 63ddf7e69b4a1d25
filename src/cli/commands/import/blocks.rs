//! Writes unmanaged objects as configuration blocks that read back as the same objects.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::config::kinds::{self, ConfigKind};
use crate::config::write::{self, KnownIds, YamlBlock};
use crate::config::{self, Config, LoadOptions};
use crate::kind;
use crate::model::{Address, Marker, Object};
use crate::planner::recognise::takeover;
use crate::planner::recognise::takeover::IdsByAddress;
use crate::resource;

/// Why an object gets no block.
pub enum NoBlockReason {
    /// A sindri project created it.
    Marked(Box<Marker>),
    /// An object that a sindri project created uses it: `pod 7kq2m9x4ab3c1d`.
    UsedByMarked { user: String },
    /// It is broken, so a plan would replace it.
    Broken { status: String },
    /// No block can describe it.
    Undeclarable { problem: String },
    /// A block with its name exists, and differs.
    Differs { address: Address, fields: Vec<String> },
}

/// Blocks with their objects, and the objects that were left out.
#[derive(Default)]
pub struct Blocks<'o> {
    pub blocks: Vec<YamlBlock>,
    pub objects: Vec<(Address, &'o Object)>,
    pub skipped: Vec<(&'o Object, NoBlockReason)>,
}

/// Context to check single blocks: the name of the project, and how its file is read.
pub struct Checks<'a> {
    pub name: &'a str,
    pub base: &'a Path,
    pub options: &'a LoadOptions<'a>,
    pub dialect: crate::model::Dialect,
}

impl<'o> Blocks<'o> {
    /// Sets aside objects of other projects: those with a marker, and those that they use.
    pub fn without_marked(&mut self, unmanaged: Vec<&'o Object>) -> Vec<&'o Object> {
        let marked = unmanaged.iter().copied().filter(|object| object.marker.is_some());
        let used_by = resource::users(marked);
        let mut own = Vec::new();
        for object in unmanaged {
            match (&object.marker, used_by.get(&(object.kind, object.id.as_str())).and_then(|users| users.last())) {
                (Some(marker), _) => self.skipped.push((object, NoBlockReason::Marked(Box::new(marker.clone())))),
                (None, Some(user)) => {
                    let user = format!("{} {}", user.kind, user.id);
                    self.skipped.push((object, NoBlockReason::UsedByMarked { user }));
                }
                (None, None) => own.push(object),
            }
        }
        own
    }

    /// Writes a block for each object, or the reason why there is none. `taken` are addresses in use.
    pub fn write(&mut self, unmanaged: &[&'o Object], taken: &BTreeSet<Address>, checks: &Checks<'_>) {
        let mut written = WrittenBlocks::default();
        // Kinds may share a section, and then they share its keys.
        let mut keys: BTreeMap<&str, write::FreeKeys> = BTreeMap::new();
        for config in kinds::KINDS.iter() {
            let keys = keys.entry(config.section.name()).or_insert_with(|| write::FreeKeys::of(config));
            let of_kind = taken.iter().filter(|address| address.kind == config.kind.name);
            of_kind.for_each(|address| keys.take(address.name.to_string()));
        }
        for config in kinds::KINDS.iter() {
            let Some(keys) = keys.get_mut(config.section.name()) else { continue };
            for object in unmanaged.iter().copied().filter(|object| object.kind == config.kind.name) {
                let key = keys.free(&object.name, config.fallback_name);
                match written.block(config, object, &key, checks) {
                    Ok(block) => {
                        let address = Address::new(object.kind, &key);
                        written.add(object, &address, &block);
                        keys.take(key);
                        self.blocks.push(block);
                        self.objects.push((address, object));
                    }
                    Err(reason) => self.skipped.push((object, reason)),
                }
            }
        }
    }
}

/// The blocks so far, for those that refer to them.
#[derive(Default)]
struct WrittenBlocks {
    ids: IdsByAddress,
    names: KnownIds,
    blocks: BTreeMap<Address, YamlBlock>,
}

impl WrittenBlocks {
    fn add(&mut self, object: &Object, address: &Address, block: &YamlBlock) {
        if kind::is_referred_to(object.kind) {
            self.ids.insert(address.clone(), object.id.clone());
            self.names.insert(object.kind, &object.id, &address.name);
            self.blocks.insert(address.clone(), block.clone());
        }
    }

    /// The block of one object, if a file with it and with what it refers to declares exactly this object.
    fn block(
        &self,
        config: &ConfigKind,
        object: &Object,
        key: &str,
        checks: &Checks<'_>,
    ) -> Result<YamlBlock, NoBlockReason> {
        if let Some(status) = object.status.as_ref().filter(|_| takeover::is_broken(object)) {
            return Err(NoBlockReason::Broken { status: status.to_string() });
        }
        let undeclarable = |problem: String| NoBlockReason::Undeclarable { problem };
        if let Some(problem) = (config.undeclarable)(object) {
            return Err(undeclarable(problem.to_owned()));
        }
        let used = config.kind.references(&object.attributes).filter_map(|(kind, id)| {
            let name = self.names.name(kind, id)?;
            self.blocks.get(&Address::new(kind, name)).cloned()
        });
        let used: Vec<YamlBlock> = used.collect();
        let address = Address::new(object.kind, key);
        let with = |ignored: &[String]| {
            let block = write::block(config, key, object, &self.names, ignored);
            let text =
                write::document(checks.name, checks.dialect, &[used.as_slice(), std::slice::from_ref(&block)].concat());
            let fields = fields(checks, &text, &address, object, &self.ids);
            fields.map(|fields| (block, fields)).map_err(undeclarable)
        };
        let (block, fields) = with(&[])?;
        if fields.is_empty() {
            return Ok(block);
        }
        // Attributes that a file cannot express are kept, because they are never compared.
        let (block, rest) = with(&fields)?;
        match rest.is_empty() {
            true => Ok(block),
            false => Err(undeclarable(format!("its {} cannot be written", rest.join(", ")))),
        }
    }
}

/// The fields in which the text differs from the object, or the reason why it is not a valid configuration.
fn fields(
    checks: &Checks<'_>,
    text: &str,
    address: &Address,
    object: &Object,
    ids: &IdsByAddress,
) -> Result<Vec<String>, String> {
    let config = checks.config(text)?;
    Ok(takeover::Declarations::new(&config.resources).differing(address, object, ids))
}

impl Checks<'_> {
    /// The configuration in a text, or its first problem.
    pub fn config(&self, text: &str) -> Result<Config, String> {
        config::check_text(self.base, text, self.options).map_err(|problems| {
            let first = problems.iter().next();
            first.map_or_else(String::new, |problem| match &problem.help {
                Some(help) => format!("{problem} ({help})"),
                None => problem.to_string(),
            })
        })
    }
}
