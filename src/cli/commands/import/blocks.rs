//! Writes unmanaged objects as configuration blocks that read back as the same objects.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::config::write::{self, YamlBlock};
use crate::config::{self, Config, LoadOptions};
use crate::model::{Address, Marker, Object, Status, Value};
use crate::planner::recognise::takeover;
use crate::planner::recognise::takeover::IdsByAddress;

/// Why an object gets no block.
pub enum NoBlockReason {
    /// A sindri project created it.
    Marked(Marker),
    /// A pod created by a sindri project mounts it.
    MountedByMarked { pod: String },
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
    pub volumes: Vec<YamlBlock>,
    pub pods: Vec<YamlBlock>,
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
    /// Sets aside objects of other projects: marked pods, and the volumes that they mount.
    pub fn without_marked(&mut self, unmanaged: Vec<&'o Object>) -> Vec<&'o Object> {
        let mounts: BTreeMap<&str, &str> = unmanaged
            .iter()
            .filter(|object| object.marker.is_some())
            .filter_map(|pod| Some((pod.attributes.get("network_volume")?.as_text()?, pod.id.as_str())))
            .collect();
        let mut own = Vec::new();
        for object in unmanaged {
            match (&object.marker, mounts.get(object.id.as_str())) {
                (Some(marker), _) => self.skipped.push((object, NoBlockReason::Marked(marker.clone()))),
                (None, Some(pod)) => {
                    self.skipped.push((object, NoBlockReason::MountedByMarked { pod: (*pod).to_owned() }))
                }
                (None, None) => own.push(object),
            }
        }
        own
    }

    /// Writes a block for each object, or the reason why there is none. `taken` are addresses in use.
    pub fn write(&mut self, unmanaged: &[&'o Object], taken: &BTreeSet<Address>, checks: &Checks<'_>) {
        let of_kind =
            |kind: &str| unmanaged.iter().copied().filter(move |object| object.kind == kind).collect::<Vec<_>>();
        let mut ids = IdsByAddress::new();
        let mut keys = taken_keys(taken, "network_volume");
        for object in of_kind("network_volume") {
            let key = write::key(&object.name, "volume", &keys);
            let block = write::volume(&key, object);
            let text = write::document(checks.name, checks.dialect, std::slice::from_ref(&block), &[]);
            let address = Address::new(object.kind, &key);
            match fields(checks, &text, &address, object, &ids).map(|fields| fields.join(", ")) {
                Ok(fields) if fields.is_empty() => {
                    keys.insert(key);
                    ids.insert(address.clone(), object.id.clone());
                    self.volumes.push(block);
                    self.objects.push((address, object));
                }
                Ok(fields) => {
                    let problem = format!("its {fields} cannot be written so that it reads back");
                    self.skipped.push((object, NoBlockReason::Undeclarable { problem }));
                }
                Err(problem) => self.skipped.push((object, NoBlockReason::Undeclarable { problem })),
            }
        }
        let mut keys = taken_keys(taken, "pod");
        for object in of_kind("pod") {
            if let Some(status) = object.status.as_ref().filter(|_| takeover::is_broken(object)) {
                self.skipped.push((object, NoBlockReason::Broken { status: status.to_string() }));
                continue;
            }
            // On v1, a pod that is still being placed does not show its hardware.
            let placed = ["gpu_types", "cpu_flavors"].iter().any(|name| object.attributes.contains_key(*name));
            if object.status == Some(Status::Creating) && !placed {
                let problem =
                    "it is being created, and RunPod does not show its hardware yet; try again in a minute".to_owned();
                self.skipped.push((object, NoBlockReason::Undeclarable { problem }));
                continue;
            }
            let key = write::key(&object.name, "pod", &keys);
            match self.pod(object, &key, &ids, checks) {
                Ok(block) => {
                    self.objects.push((Address::new(object.kind, &key), object));
                    keys.insert(key);
                    self.pods.push(block);
                }
                Err(problem) => self.skipped.push((object, NoBlockReason::Undeclarable { problem })),
            }
        }
    }

    fn pod(&self, object: &Object, key: &str, ids: &IdsByAddress, checks: &Checks<'_>) -> Result<YamlBlock, String> {
        let mounted = object.attributes.get("network_volume").and_then(Value::as_text);
        let volume = ids.iter().find(|(_, id)| Some(id.as_str()) == mounted).map(|(address, _)| address.name.as_str());
        let below: Vec<YamlBlock> =
            self.volumes.iter().filter(|block| Some(block.key.as_str()) == volume).cloned().collect();
        let address = Address::new(object.kind, key);
        let with = |ignored: &[String]| {
            let block = write::pod(key, object, volume, ignored);
            let text = write::document(checks.name, checks.dialect, &below, std::slice::from_ref(&block));
            fields(checks, &text, &address, object, ids).map(|fields| (block, fields))
        };
        let (block, fields) = with(&[])?;
        if fields.is_empty() {
            return Ok(block);
        }
        // Attributes that a file cannot express are kept, because they are never compared.
        let (block, rest) = with(&fields)?;
        if rest.is_empty() { Ok(block) } else { Err(format!("its {} cannot be written", rest.join(", "))) }
    }
}

fn taken_keys(taken: &BTreeSet<Address>, kind: &str) -> BTreeSet<String> {
    taken.iter().filter(|address| address.kind == kind).map(|address| address.name.clone()).collect()
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
    Ok(takeover::differing(&config.resources, address, object, ids))
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
