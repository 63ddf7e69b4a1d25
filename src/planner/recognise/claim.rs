//! Matches unrecorded objects to addresses: pods by marker, volumes by identity (name, size and region) or by the pod
//! that mounts them.
//!
//! This prevents duplicates after a lost state, a killed run or an interrupted create.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::kind::{self, Kind};
use crate::model::{Address, Cause, Marker, Object, Orphan, Resource, State};
use crate::planner::input::Input;
use crate::planner::recognise::lookalikes::{Mount, Mounts, pair};
use crate::planner::recognise::moves::Moves;
use crate::planner::recognise::succession::ObjectChooser;
use crate::resource::inventory::{Owner, Owners, live_object, orphans, unmanaged};
use crate::resource::used_in_place;

/// An object that an address adopts.
pub struct Claim<'a> {
    pub object: &'a Object,
    pub cause: Cause,
    /// The address of our object that uses it, if it was recognised by that.
    pub mounted_by: Option<Address>,
}

/// Unmanaged objects: those that an address claims, and marked ones that nothing claims.
#[derive(Default)]
pub struct Claims<'a> {
    by_address: BTreeMap<Address, Claim<'a>>,
    /// Addresses that several unmarked objects match, with no way to tell which one is meant.
    ambiguous: BTreeMap<Address, Arc<[&'a Object]>>,
    orphans: Vec<&'a Object>,
}

/// Whose marked objects may be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lineages {
    /// Those that any state of this project created.
    OfProject,
    /// Those that this state created.
    Own,
}

impl<'a> Claims<'a> {
    pub fn get(&self, address: &Address) -> Option<&Claim<'a>> {
        self.by_address.get(address)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Address, &Claim<'a>)> {
        self.by_address.iter()
    }

    /// The objects that match this address if it is unclear which one is meant.
    pub fn ambiguous(&self, address: &Address) -> &[&'a Object] {
        self.ambiguous.get(address).map_or(&[], |objects| objects)
    }

    /// Marked objects that no address claims.
    pub fn unclaimed(&self) -> &[&'a Object] {
        &self.orphans
    }

    pub fn orphans(&self) -> Vec<Orphan> {
        self.orphans.iter().filter_map(|object| Orphan::of(object)).collect()
    }

    /// If several objects may be the migrated object of a record, report drift for the one that the plan adopts.
    pub fn settle(&self, migrated: &mut BTreeMap<&Address, &'a Object>, moved: &[(Address, Address)]) {
        let moved: BTreeMap<&Address, &Address> = moved.iter().map(|(from, to)| (from, to)).collect();
        for (address, object) in migrated {
            if let Some(claim) = self.get(moved.get(address).copied().unwrap_or(address)) {
                *object = claim.object;
            }
        }
    }
}

/// Examines every live object without a record.
pub fn claims<'a>(
    input: &Input<'a>,
    prior: &State,
    desired: &BTreeMap<Address, Resource>,
    lineages: Lineages,
) -> Claims<'a> {
    let mut search = ClaimSearch::new(input, prior, desired);
    let marked = search.marked();
    search.claim_marked(&marked, true);
    if lineages == Lineages::OfProject {
        search.claim_marked(&marked, false);
    }
    if !input.options.ignore_existing {
        search.claim_lookalikes();
    }
    search.claims
}

struct ClaimSearch<'s, 'a> {
    input: &'s Input<'a>,
    prior: &'s State,
    desired: &'s BTreeMap<Address, Resource>,
    moves: Moves<'a>,
    owners: Owners<'s>,
    /// Deposed addresses by their successor.
    deposed: BTreeMap<Address, Vec<&'s Address>>,
    claims: Claims<'a>,
}

impl<'s, 'a> ClaimSearch<'s, 'a> {
    fn new(input: &'s Input<'a>, prior: &'s State, desired: &'s BTreeMap<Address, Resource>) -> Self {
        let mut deposed: BTreeMap<Address, Vec<&Address>> = BTreeMap::new();
        for (address, successor) in prior.resources.keys().filter_map(|address| Some((address, address.successor()?))) {
            deposed.entry(successor).or_default().push(address);
        }
        let (moves, owners) = (Moves::new(input.moved), Owners::of(prior, input.observed));
        Self { input, prior, desired, moves, owners, deposed, claims: Claims::default() }
    }

    /// The project's unmanaged marked objects. Those that need no replacement come first, then the oldest, so that of
    /// duplicates the first one created is kept.
    fn marked(&self) -> Vec<(&'a Object, &'a Marker)> {
        let chooser = ObjectChooser::new(self.input, self.prior, self.desired);
        let mut marked: Vec<_> = orphans(Some(self.input.name), self.prior, self.input.observed).collect();
        marked.sort_by_cached_key(|(object, marker)| {
            (chooser.would_replace(&self.destination(&marker.address), object), object.seniority())
        });
        marked
    }

    fn claim_marked(&mut self, marked: &[(&'a Object, &'a Marker)], same_lineage: bool) {
        for (object, marker) in marked {
            if (marker.lineage == self.prior.lineage) != same_lineage {
                continue;
            }
            match self.address_of(object, marker, same_lineage) {
                Some(address) => {
                    let (id, operation) = (object.id.clone(), marker.operation.clone());
                    let cause = Cause::Marker { id, operation, same_lineage };
                    self.claims.by_address.insert(address, Claim { object, cause, mounted_by: None });
                }
                None => self.claims.orphans.push(object),
            }
        }
    }

    /// The address that adopts a marked object; `None` for an orphan.
    fn address_of(&self, object: &Object, marker: &Marker, same_lineage: bool) -> Option<Address> {
        let address = match self.owners.find(object) {
            Owner::Recorded(address) if same_lineage => address.clone(),
            Owner::Ambiguous if same_lineage => return None,
            _ => self.destination(&marker.address),
        };
        // An undeclared recorded object may also have been migrated. It must be destroyed, not forgotten.
        let is_known =
            self.desired.contains_key(&address) || (same_lineage && self.prior.resources.contains_key(&address));
        if is_known && self.is_free(&address) {
            return (same_lineage || !self.input.options.ignore_existing).then_some(address);
        }
        self.predecessor(&address, object).filter(|_| same_lineage).cloned()
    }

    /// The address a marker leads to. Moves to an undeclared address are not followed.
    fn destination(&self, address: &Address) -> Address {
        let followed = self.moves.destination(address).filter(|to| self.desired.contains_key(to));
        followed.unwrap_or_else(|| address.clone())
    }

    /// The predecessor of the live object at `address` that `object` may be under a new id: one that awaits destruction
    /// and no longer exists. A marker names the address its pod was created for, even if the pod was deposed since.
    fn predecessor(&self, address: &Address, object: &Object) -> Option<&'s Address> {
        let recorded = || {
            let record = self.prior.resources.get(address)?;
            self.input.observed.get(&record.kind, &record.id)
        };
        let successor = self.claims.get(address).map(|claim| claim.object).or_else(recorded)?;
        let operation = |object: &Object| object.marker.as_ref().map(|marker| marker.operation.clone());
        // An object created by the same request is a duplicate of the successor.
        let is_older = operation(successor) != operation(object);
        let mut deposed = self.deposed.get(address)?.iter().copied();
        deposed.find(|address| self.is_free(address)).filter(|_| is_older)
    }

    /// Whether nothing has this address: neither a live recorded object nor a claimed one.
    fn is_free(&self, address: &Address) -> bool {
        !self.is_alive(address) && self.claims.get(address).is_none()
    }

    /// Whether the recorded object of an address is live.
    fn is_alive(&self, address: &Address) -> bool {
        self.recorded(address).is_some()
    }

    fn recorded(&self, address: &Address) -> Option<&'a Object> {
        self.prior.resources.get(address).and_then(|record| live_object(self.input.observed, record))
    }

    /// Adopts objects without markers; see [`pair`]. Kinds come in their order, because an identity may hold the id of
    /// an object that is claimed here too.
    fn claim_lookalikes(&mut self) {
        let mut unmanaged = unmanaged(self.prior, self.input.observed);
        unmanaged.sort_by_cached_key(|object| object.seniority());
        for kind in kind::listed().filter(|kind| kind.identity().is_some()) {
            let of_kind: Vec<&Object> = unmanaged.iter().copied().filter(|object| object.kind == kind.name).collect();
            if !of_kind.is_empty() {
                self.claim_lookalikes_of(kind, &of_kind);
            }
        }
    }

    fn claim_lookalikes_of(&mut self, kind: &Kind, unmanaged: &[&'a Object]) {
        let of_kind = self.desired.iter().filter(|(address, _)| address.kind == kind.name);
        let open = of_kind.filter(|(address, _)| !self.is_alive(address));
        let id_of = |address: &Address| {
            let claimed = self.claims.get(address).map(|claim| claim.object.id.clone());
            claimed.or_else(|| self.prior.id_of(address))
        };
        let pairing = pair(unmanaged, open, &self.mounts(), &id_of);
        let (mut claimed, mut ambiguous) = (Vec::new(), Vec::new());
        for found in pairing.pairs {
            let id = found.object.id.clone();
            let cause = match found.mounted_by {
                Some(by) if !found.is_identical => Cause::Mounted { id, by: by.clone() },
                _ => Cause::Lookalike { id },
            };
            let claim = Claim { object: found.object, cause, mounted_by: found.mounted_by.cloned() };
            claimed.push((found.address.clone(), claim));
        }
        ambiguous.extend(pairing.ambiguous.into_iter().map(|(address, objects)| (address.clone(), objects)));
        self.claims.by_address.extend(claimed);
        self.claims.ambiguous.extend(ambiguous);
    }

    /// For each referenced resource, the objects that our live objects use in its place.
    fn mounts(&self) -> Mounts<'s, 'a> {
        let mut mounts = Mounts::new();
        for (address, resource) in self.desired {
            let claimed = self.claims.get(address).map(|claim| claim.object);
            let is_proof = claimed.is_some() && !self.prior.resources.contains_key(address);
            let Some(object) = claimed.or_else(|| self.recorded(address)) else { continue };
            for (target, id) in used_in_place(&resource.inputs, object) {
                mounts.entry(target).or_default().push(Mount { id, by: address, is_proof });
            }
        }
        mounts
    }
}
