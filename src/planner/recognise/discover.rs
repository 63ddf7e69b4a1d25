//! Recovers a lost state from markers on pods, the identity of volumes, and the volumes that pods mount.
//!
//! From the declared, recorded and observed resources it returns the recoverable records and the objects that cannot be
//! adopted, with reasons. Sends no requests and destroys nothing.

use std::collections::BTreeMap;

use crate::config::Move;
use crate::kind;
use crate::model::{Address, Object, Observed, Record, Resource, State, Value};
use crate::planner::recognise::moves::Moves;
use crate::resource::inventory::{live_object, unmanaged};
use crate::resource::records::imported;

/// The available evidence.
pub struct Search<'a> {
    /// The configuration's `name`.
    pub name: &'a str,
    pub declared: &'a BTreeMap<Address, Resource>,
    pub moved: &'a [Move],
    pub prior: &'a State,
    pub observed: &'a Observed,
}

/// How an object was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecognisedBy {
    Marker,
    /// A discovered pod mounts it, as declared in the pod's block.
    Mount,
    /// Name, size and region, for kinds without a marker.
    Identity,
}

/// Why an object was not adopted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// Another object of the same address is older or recorded.
    Duplicate {
        of: String,
    },
    Undeclared,
    /// Several objects match, and nothing shows which one is meant.
    Ambiguous,
}

/// An object that belongs to an address.
pub struct Adoption<'a> {
    pub address: Address,
    pub object: &'a Object,
    pub by: RecognisedBy,
}

/// An object that looks like ours but is not adopted.
pub struct SkippedAdoption<'a> {
    pub address: Address,
    pub object: &'a Object,
    pub why: SkipReason,
}

/// The objects that one lineage left behind.
#[derive(Default)]
pub struct Discovery<'a> {
    pub adopted: Vec<Adoption<'a>>,
    pub skipped: Vec<SkippedAdoption<'a>>,
    pub records: BTreeMap<Address, Option<Record>>,
}

impl<'a> Search<'a> {
    /// The lineages of unmanaged live pods with this project's marker, each with the number of pods.
    pub fn lineages(&self) -> BTreeMap<String, usize> {
        let mut lineages = BTreeMap::new();
        for marker in unmanaged(self.prior, self.observed).into_iter().filter_map(|object| object.marker.as_ref()) {
            if marker.same_project(self.name, &self.prior.environment) {
                *lineages.entry(marker.lineage.clone()).or_insert(0) += 1;
            }
        }
        lineages
    }

    /// All objects of `lineage`, and the volumes that belong to it.
    pub fn of(&self, lineage: &str) -> Discovery<'a> {
        let mut found = Discovery::default();
        let unmanaged = unmanaged(self.prior, self.observed);
        let mut marked: Vec<&Object> = unmanaged.iter().copied().filter(|object| self.is_of(object, lineage)).collect();
        // Oldest first: of duplicates, the first one created is kept.
        marked.sort_by_cached_key(|object| object.seniority());
        let moves = Moves::new(self.moved);
        for object in marked {
            let Some(marker) = &object.marker else { continue };
            let address = moves.destination(&marker.address).unwrap_or_else(|| marker.address.clone());
            match self.holder(&found, &address) {
                Some(of) => found.skip(address, object, SkipReason::Duplicate { of }),
                None if !self.declared.contains_key(&address) => found.skip(address, object, SkipReason::Undeclared),
                None => found.adopt(address, object, RecognisedBy::Marker),
            }
        }
        self.mounted(&unmanaged, &mut found);
        self.alike(&unmanaged, &mut found);
        found.adopted.sort_by(|one, other| one.address.cmp(&other.address));
        let adopted: Vec<(Address, &Object)> =
            found.adopted.iter().map(|adopted| (adopted.address.clone(), adopted.object)).collect();
        found.records = imported(self.declared, &adopted, self.prior);
        found
    }

    fn is_of(&self, object: &Object, lineage: &str) -> bool {
        let ours = |marker: &crate::model::Marker| marker.same_project(self.name, &self.prior.environment);
        object.marker.as_ref().is_some_and(|marker| marker.lineage == lineage && ours(marker))
    }

    /// The id of the live object that an address already has.
    fn holder(&self, found: &Discovery<'_>, address: &Address) -> Option<String> {
        let adopted =
            found.adopted.iter().find(|adopted| adopted.address == *address).map(|adopted| adopted.object.id.clone());
        let record = self.prior.resources.get(address);
        adopted.or_else(|| record.and_then(|record| live_object(self.observed, record)).map(|object| object.id.clone()))
    }

    /// Volumes that discovered pods mount in place of a declared one.
    fn mounted(&self, unmanaged: &[&'a Object], found: &mut Discovery<'a>) {
        let mut mounts: Vec<(Address, String)> = Vec::new();
        for Adoption { address, object, .. } in &found.adopted {
            let Some(resource) = self.declared.get(address) else { continue };
            for (name, value) in &resource.inputs {
                if let (Value::Reference(target), Some(id)) =
                    (value, object.attributes.get(name).and_then(Value::as_text))
                {
                    mounts.push((target.as_ref().clone(), id.to_owned()));
                }
            }
        }
        for (address, id) in mounts {
            let found_object = unmanaged.iter().copied().find(|object| object.kind == address.kind && object.id == id);
            let adopted =
                found.adopted.iter().any(|adopted| adopted.object.kind == address.kind && adopted.object.id == id);
            let Some(object) = found_object.filter(|_| !adopted && self.holder(found, &address).is_none()) else {
                continue;
            };
            found.adopt(address, object, RecognisedBy::Mount);
        }
    }

    /// Objects without markers that match the declared identity.
    fn alike(&self, unmanaged: &[&'a Object], found: &mut Discovery<'a>) {
        for (address, resource) in self.declared {
            let Some(kind) = kind::find(&address.kind).filter(|kind| kind.identity().is_some()) else { continue };
            if self.holder(found, address).is_some() {
                continue;
            }
            let has_identity =
                |object: &Object| object.kind == kind.name && kind.same_identity(&resource.inputs, &object.attributes);
            let free = |object: &&Object| !found.adopted.iter().any(|adopted| std::ptr::eq(adopted.object, *object));
            let alike: Vec<&Object> =
                unmanaged.iter().copied().filter(|object| has_identity(object)).filter(free).collect();
            match alike.as_slice() {
                [] => {}
                [only] => found.adopt(address.clone(), only, RecognisedBy::Identity),
                several => {
                    several.iter().for_each(|object| found.skip(address.clone(), object, SkipReason::Ambiguous));
                }
            }
        }
    }
}

impl<'a> Discovery<'a> {
    fn adopt(&mut self, address: Address, object: &'a Object, by: RecognisedBy) {
        self.adopted.push(Adoption { address, object, by });
    }

    fn skip(&mut self, address: Address, object: &'a Object, why: SkipReason) {
        self.skipped.push(SkippedAdoption { address, object, why });
    }
}
