//! Recovers a lost state from markers on pods, the identity of volumes, and the volumes that pods mount.
//!
//! From the declared, recorded and observed resources it returns the recoverable records and the objects that cannot be
//! adopted, with reasons. Sends no requests and destroys nothing. A plan decides the same way: both read the claims of
//! [`claim`].

use std::collections::BTreeMap;

use crate::model::{Address, Object, Record, State};
use crate::planner::input::Input;
use crate::planner::recognise::claim::{self, Claims, Lineages};
use crate::planner::recognise::moves::{self, Moves};
use crate::resource::inventory::{live_object, orphans};
use crate::resource::records::imported;

/// A search for the objects of a lost state. The input is that of a plan.
pub struct Search<'a> {
    pub input: Input<'a>,
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
        let Input { name, prior, observed, .. } = self.input;
        let mut lineages = BTreeMap::new();
        for (_, marker) in orphans(Some(name), prior, observed) {
            if marker.same_project(name, &prior.environment) {
                *lineages.entry(marker.lineage.clone()).or_insert(0) += 1;
            }
        }
        lineages
    }

    /// All objects of `lineage`, and the volumes that belong to it.
    pub fn of(&self, lineage: &str) -> Discovery<'a> {
        let Input { prior, desired, moved, .. } = self.input;
        let state = moves::followed(prior, moved, desired).state.into_owned();
        let state = State { lineage: lineage.to_owned(), ..state };
        let claims = claim::claims(&self.input, &state, desired, Lineages::Own);
        let moves = Moves::new(moved);
        let mut found = Discovery::default();
        for (address, claim) in claims.iter() {
            let by = match (&claim.object.marker, &claim.mounted_by) {
                (Some(_), _) => RecognisedBy::Marker,
                (None, Some(_)) => RecognisedBy::Mount,
                (None, None) => RecognisedBy::Identity,
            };
            match desired.contains_key(address) {
                true => found.adopt(address.clone(), claim.object, by),
                false => self.skip_marked(claim.object, (&claims, &moves), &mut found),
            }
        }
        for object in claims.unclaimed() {
            self.skip_marked(object, (&claims, &moves), &mut found);
        }
        for address in desired.keys() {
            for object in claims.ambiguous(address) {
                found.skip(address.clone(), object, SkipReason::Ambiguous);
            }
        }
        let adopted: Vec<(Address, &Object)> =
            found.adopted.iter().map(|adopted| (adopted.address.clone(), adopted.object)).collect();
        found.records = imported(desired, &adopted, prior);
        found
    }

    /// Reports a marked object that no declared address adopts.
    fn skip_marked(&self, object: &'a Object, (claims, moves): (&Claims<'a>, &Moves<'a>), found: &mut Discovery<'a>) {
        let Some(marker) = &object.marker else { return };
        let Input { prior, desired, observed, .. } = self.input;
        let address = moves.destination(&marker.address).unwrap_or_else(|| marker.address.clone());
        let recorded = || prior.resources.get(&address).and_then(|record| live_object(observed, record));
        let holder = claims.get(&address).map(|claim| claim.object).or_else(recorded);
        let why = match holder.filter(|holder| holder.id != object.id) {
            Some(holder) => SkipReason::Duplicate { of: holder.id.clone() },
            None if !desired.contains_key(&address) => SkipReason::Undeclared,
            None => SkipReason::Ambiguous,
        };
        found.skip(address, object, why);
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
