//! Matches unrecorded objects to addresses: pods by marker, volumes by identity (name, size and region).
//!
//! This prevents duplicates after a lost state, a killed run or an interrupted create.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Address, Cause, Object, Orphan, Resource, State, Value};
use crate::planner::input::Input;
use crate::planner::recognise::lookalikes::alike;
use crate::planner::recognise::moves::Moves;
use crate::planner::recognise::succession::ObjectChooser;
use crate::resource::inventory::{Owner, Owners, live_object, unmanaged};

/// An object that an address adopts.
pub struct Claim<'a> {
    pub object: &'a Object,
    pub cause: Cause,
}

/// Unmanaged objects: those that an address claims, and marked ones that nothing claims.
#[derive(Default)]
pub struct Claims<'a> {
    by_address: BTreeMap<Address, Claim<'a>>,
    /// Addresses that several unmarked objects match, with no way to tell which one is meant.
    ambiguous: BTreeMap<Address, Vec<&'a Object>>,
    orphans: Vec<&'a Object>,
}

impl<'a> Claims<'a> {
    pub fn get(&self, address: &Address) -> Option<&Claim<'a>> {
        self.by_address.get(address)
    }

    /// The objects that match this address if it is unclear which one is meant.
    pub fn ambiguous(&self, address: &Address) -> &[&'a Object] {
        self.ambiguous.get(address).map_or(&[], Vec::as_slice)
    }

    pub fn orphans(&self) -> Vec<Orphan> {
        self.orphans.iter().filter_map(|object| Orphan::of(object)).collect()
    }
}

/// Examines every live object without a record.
pub fn claims<'a>(input: &Input<'a>, prior: &State, desired: &BTreeMap<Address, Resource>) -> Claims<'a> {
    let mut unmanaged = unmanaged(prior, input.observed);
    let (judge, moves) = (ObjectChooser::new(input, prior, desired), Moves::new(input.moved));
    // Moves to an undeclared address are not followed.
    let followed = |address: &Address| moves.destination(address).filter(|to| desired.contains_key(to));
    let destination = |address: &Address| followed(address).unwrap_or_else(|| address.clone());
    let replaced = |object: &Object| {
        let marker = object.marker.as_ref();
        marker.is_some_and(|marker| judge.would_replace(&destination(&marker.address), object))
    };
    // Objects that need no replacement come first, then the oldest, so that among duplicates the first one created
    // is kept.
    unmanaged.sort_by_cached_key(|object| (replaced(object), object.seniority()));

    let alive = |address: &Address| is_alive(input, prior, address);
    let owners = Owners::of(prior, input.observed);
    let mut claims = Claims::default();
    for same_lineage in [true, false] {
        for object in &unmanaged {
            let Some(marker) = &object.marker else { continue };
            if (marker.lineage == prior.lineage) != same_lineage
                || !(same_lineage || marker.same_project(input.name, input.environment))
            {
                continue;
            }
            let address = match owners.find(object) {
                Owner::Recorded(address) if same_lineage => address.clone(),
                Owner::Ambiguous if same_lineage => {
                    claims.orphans.push(object);
                    continue;
                }
                _ => destination(&marker.address),
            };
            // An undeclared recorded object may also have been migrated. It must be destroyed, not forgotten.
            let known = desired.contains_key(&address) || (same_lineage && prior.resources.contains_key(&address));
            let wanted = known && !alive(&address) && !claims.by_address.contains_key(&address);
            let successor = match claims.get(&address) {
                Some(claim) => Some(claim.object),
                None => prior.resources.get(&address).and_then(|record| input.observed.get(&record.kind, &record.id)),
            };
            let free = |address: &Address| !alive(address) && claims.get(address).is_none();
            let predecessor = successor.filter(|_| same_lineage && !wanted);
            let predecessor =
                predecessor.and_then(|successor| moved_predecessor(prior, &address, successor, object, &free));
            if let Some(address) = predecessor {
                let cause = Cause::Marker { id: object.id.clone(), operation: marker.operation.clone(), same_lineage };
                claims.by_address.insert(address.clone(), Claim { object, cause });
            } else if wanted && (same_lineage || !input.options.ignore_existing) {
                let cause = Cause::Marker { id: object.id.clone(), operation: marker.operation.clone(), same_lineage };
                claims.by_address.insert(address, Claim { object, cause });
            } else {
                claims.orphans.push(object);
            }
        }
    }
    if !input.options.ignore_existing {
        claim_lookalikes(&unmanaged, input, prior, desired, &mut claims);
    }
    claims
}

/// The predecessor of `successor` (the live object at `address`) that `object` may be under a new id: one that awaits
/// destruction and no longer exists. A marker names the address its pod was created for, even if the pod was deposed
/// since.
fn moved_predecessor<'p>(
    prior: &'p State,
    address: &Address,
    successor: &Object,
    object: &Object,
    free: &dyn Fn(&Address) -> bool,
) -> Option<&'p Address> {
    let operation = |object: &Object| object.marker.as_ref().map(|marker| marker.operation.clone());
    // An object created by the same request is a duplicate of the successor.
    let is_older = operation(successor) != operation(object);
    let deposed = |candidate: &&Address| candidate.successor().as_ref() == Some(address) && free(candidate);
    prior.resources.keys().find(deposed).filter(|_| is_older)
}

/// Whether the recorded object of an address is live.
fn is_alive(input: &Input<'_>, prior: &State, address: &Address) -> bool {
    prior.resources.get(address).is_some_and(|record| live_object(input.observed, record).is_some())
}

/// Adopts objects that match a declared resource: the one mounted by a pod that is already ours, otherwise a remaining
/// match, unless there are more matches than addresses.
fn claim_lookalikes<'a>(
    unmanaged: &[&'a Object],
    input: &Input<'a>,
    prior: &State,
    desired: &BTreeMap<Address, Resource>,
    claims: &mut Claims<'a>,
) {
    let wanted = desired.iter().filter(|(address, _)| !is_alive(input, prior, address));
    let groups = alike(unmanaged, wanted);
    let mounted = mounted(input, prior, desired, claims);
    for (addresses, mut objects) in groups {
        let mut open = Vec::new();
        for address in addresses {
            let known = mounted.get(address);
            match objects.iter().position(|object| known.is_some_and(|ids| ids.contains(object.id.as_str()))) {
                Some(place) => claims.claim_by_identity(address, objects.remove(place)),
                None => open.push(address),
            }
        }
        if objects.len() <= open.len() {
            open.into_iter().zip(objects).for_each(|(address, object)| claims.claim_by_identity(address, object));
        } else {
            claims.ambiguous.extend(open.into_iter().map(|address| (address.clone(), objects.clone())));
        }
    }
}

impl<'a> Claims<'a> {
    /// If several objects may be the migrated object of a record, report drift for the one that the plan adopts.
    pub fn settle(&self, migrated: &mut BTreeMap<&Address, &'a Object>, moved: &[(Address, Address)]) {
        let moved: BTreeMap<&Address, &Address> = moved.iter().map(|(from, to)| (from, to)).collect();
        for (address, object) in migrated {
            if let Some(claim) = self.get(moved.get(address).copied().unwrap_or(address)) {
                *object = claim.object;
            }
        }
    }

    fn claim_by_identity(&mut self, address: &Address, object: &'a Object) {
        self.by_address.insert(address.clone(), Claim { object, cause: Cause::Lookalike { id: object.id.clone() } });
    }
}

/// For each referenced resource, the ids that our live pods use in its place.
fn mounted<'d>(
    input: &Input<'d>,
    prior: &State,
    desired: &'d BTreeMap<Address, Resource>,
    claims: &Claims<'d>,
) -> BTreeMap<&'d Address, BTreeSet<&'d str>> {
    let mut mounted: BTreeMap<&Address, BTreeSet<&str>> = BTreeMap::new();
    for (address, resource) in desired {
        let recorded = || prior.resources.get(address).and_then(|record| live_object(input.observed, record));
        let Some(object) = claims.get(address).map(|claim| claim.object).or_else(recorded) else { continue };
        for (name, value) in &resource.inputs {
            let seen = object.attributes.get(name).and_then(Value::as_text);
            if let (Value::Reference(target), Some(id)) = (value, seen) {
                mounted.entry(target.as_ref()).or_default().insert(id);
            }
        }
    }
    mounted
}
