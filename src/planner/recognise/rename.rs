//! Finds probable renames: a resource that would be destroyed or left behind because its block was removed, and a new
//! resource that matches it.
//!
//! Takes finished decisions and returns pairs, without changing any decision. The pairs are reported, and the user
//! either adds a `moved` entry or confirms that it is not a rename.

use std::collections::{BTreeMap, BTreeSet};

use crate::kind::{self, Compare, Kind};
use crate::model::{Action, Address, Attributes, Cause, Effect, Rename, Resource, Status, Updates, Value};
use crate::planner::decide::change::{Decision, DecisionContext, Decisions};
use crate::resource::difference::{Difference, Readings, difference, satisfies};
use crate::resource::members;
use crate::resource::resolved;

/// Pairs of addresses that look like the same resource, per kind, in the order of the old addresses.
pub fn renames(context: &DecisionContext<'_>, decided: &Decisions<'_>) -> Vec<Rename> {
    let options = &context.input.options;
    if options.destroy || options.no_renames {
        return Vec::new();
    }
    let members = members::by_parent(context.prior.resources.keys());
    let mut found: Vec<Rename> = Vec::new();
    // Kinds depend on each other in this order, so resources that mount a renamed volume are compared as if it had
    // moved.
    for kind in kind::listed() {
        let of_kind = || decided.by_address.values().filter(|decision| decision.kind.name == kind.name);
        let leaving: Vec<RemovedCandidate<'_>> =
            of_kind().filter_map(|decision| RemovedCandidate::of(context, decision, &members)).collect();
        if leaving.is_empty() {
            continue;
        }
        let renamed: BTreeMap<&Address, &str> = found.iter().map(|rename| (&rename.to, rename.id.as_str())).collect();
        let coming: Vec<DeclaredCandidate<'_>> =
            of_kind().filter_map(|decision| DeclaredCandidate::of(decision, decided, &renamed)).collect();
        found.extend(pairs(kind, &leaving, &coming, options.updates));
    }
    found.sort_by(|left, right| left.from.cmp(&right.from));
    found
}

/// An existing object whose block was removed.
struct RemovedCandidate<'d> {
    address: &'d Address,
    id: &'d str,
    seen: &'d Attributes,
    recorded: Attributes,
    identity_key: Vec<Value>,
}

impl<'d> RemovedCandidate<'d> {
    fn of(
        context: &DecisionContext<'_>,
        decision: &'d Decision<'_>,
        members: &BTreeMap<Address, Vec<&Address>>,
    ) -> Option<Self> {
        let (record, object, address) = (decision.record.as_ref()?, decision.object?, &decision.change.address);
        // A broken object would be replaced under any address.
        let usable =
            !matches!(object.status, Some(Status::Error | Status::ZeroGpu)) && (!record.tainted || object.ready);
        if !usable || !decision.change.causes.contains(&Cause::Undeclared) {
            return None;
        }
        let members = members.get(address).map_or(&[][..], Vec::as_slice);
        let id_of = |target: &Address| context.prior.id_of(target);
        let recorded = resolved(members::fold_members(address, &record.inputs, members), &id_of);
        let identity_key = identity_key(decision.kind, |name| object.attributes.get(name).or(recorded.get(name)));
        Some(Self { address, id: &object.id, seen: &object.attributes, recorded, identity_key })
    }
}

/// A declared resource with neither a record nor an object.
struct DeclaredCandidate<'d> {
    address: &'d Address,
    resource: &'d Resource,
    wanted: Attributes,
    identity_key: Vec<Value>,
}

impl<'d> DeclaredCandidate<'d> {
    /// `renamed` has the ids of probable renames by their new address.
    fn of(decision: &'d Decision<'_>, decided: &Decisions<'_>, renamed: &BTreeMap<&Address, &str>) -> Option<Self> {
        let new = decision.change.action == Action::Create
            && matches!(decision.change.causes.as_slice(), [Cause::New { .. }]);
        let resource = decision.resource.filter(|_| new)?;
        let id_of = |target: &Address| {
            let moved = renamed.get(target).map(|id| (*id).to_owned());
            moved.or_else(|| {
                let there = decided.by_address.get(target).filter(|there| !there.change.action.destroys())?;
                there.record.as_ref().map(|record| record.id.clone())
            })
        };
        let wanted = resolved(decision.change.after.clone(), &id_of);
        let identity_key = identity_key(decision.kind, |name| wanted.get(name));
        Some(Self { address: &decision.change.address, resource, wanted, identity_key })
    }

    /// A quick check whether it can equal `old`; a negative result is definite.
    fn resembles(&self, old: &RemovedCandidate<'_>) -> bool {
        // Attributes that are ignored or supplied by a template may have any value.
        let supplied = kind::find(&self.address.kind).is_some_and(|kind| kind.supplied(&self.wanted).next().is_some());
        supplied || !self.resource.lifecycle.ignore_changes.is_empty() || self.identity_key == old.identity_key
    }
}

/// The values of attributes that are compared exactly, with all forms of "nothing" normalised.
fn identity_key<'v>(kind: &Kind, attribute: impl Fn(&str) -> Option<&'v Value>) -> Vec<Value> {
    let exact = kind
        .attributes
        .iter()
        .filter(|known| known.compare == Compare::Exact && Some(known.name) != kind.name_attribute);
    let value = |name: &str| attribute(name).filter(|value| !satisfies(Compare::Exact, value, &Value::Null));
    exact.map(|known| value(known.name).cloned().unwrap_or_default()).collect()
}

/// How well two resources match; lower is better.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Distance {
    /// Number of attributes that differ, not counting the name.
    differing: usize,
    /// Whether the replica number changes. Replicas keep their number if possible.
    other_number: bool,
    /// How dissimilar the two names are.
    unlike: usize,
}

/// Pairs each resource at most once: equal ones first, then slightly different ones without a rival.
fn pairs(
    kind: &'static Kind,
    leaving: &[RemovedCandidate<'_>],
    coming: &[DeclaredCandidate<'_>],
    updates: Option<Updates>,
) -> Vec<Rename> {
    let mut chosen = Chosen::default();
    // Pairs a renamed fleet by replica number, which avoids comparing all attributes of all pairs.
    let same_number = |old: &RemovedCandidate<'_>, new: &DeclaredCandidate<'_>| {
        old.address.index == new.address.index && new.resembles(old)
    };
    chosen.take_equal(&chosen.fits(kind, leaving, coming, updates, &same_number));
    chosen.take_equal(&chosen.fits(kind, leaving, coming, updates, &|old, new| new.resembles(old)));
    chosen.take_alike(&chosen.fits(kind, leaving, coming, updates, &|_, _| true));
    chosen.renames
}

#[derive(Default)]
struct Chosen {
    from: BTreeSet<Address>,
    to: BTreeSet<Address>,
    renames: Vec<Rename>,
}

impl Chosen {
    /// All pairs of unpaired resources, best match first.
    fn fits(
        &self,
        kind: &'static Kind,
        leaving: &[RemovedCandidate<'_>],
        coming: &[DeclaredCandidate<'_>],
        updates: Option<Updates>,
        considered: &dyn Fn(&RemovedCandidate<'_>, &DeclaredCandidate<'_>) -> bool,
    ) -> Vec<(Distance, Rename)> {
        let old = leaving.iter().filter(|old| !self.from.contains(old.address));
        let new: Vec<&DeclaredCandidate<'_>> = coming.iter().filter(|new| !self.to.contains(new.address)).collect();
        let mut fits: Vec<(Distance, Rename)> = old
            .flat_map(|old| new.iter().map(move |new| (old, *new)))
            .filter(|(old, new)| considered(old, new))
            .filter_map(|(old, new)| fit(kind, old, new, updates))
            .collect();
        fits.sort_by(|(left, left_pair), (right, right_pair)| {
            (left, &left_pair.from, &left_pair.to).cmp(&(right, &right_pair.from, &right_pair.to))
        });
        fits
    }

    fn is_free(&self, rename: &Rename) -> bool {
        !self.from.contains(&rename.from) && !self.to.contains(&rename.to)
    }

    fn take(&mut self, rename: &Rename) {
        self.from.insert(rename.from.clone());
        self.to.insert(rename.to.clone());
        self.renames.push(rename.clone());
    }

    fn take_equal(&mut self, fits: &[(Distance, Rename)]) {
        for (_, rename) in fits.iter().filter(|(_, rename)| rename.differing.is_empty()) {
            if self.is_free(rename) {
                self.take(rename);
            }
        }
    }

    fn take_alike(&mut self, fits: &[(Distance, Rename)]) {
        for equally_good in fits.chunk_by(|(one, _), (other, _)| one == other) {
            let free: Vec<&Rename> =
                equally_good.iter().map(|(_, rename)| rename).filter(|rename| self.is_free(rename)).collect();
            let (mut from, mut to) = (BTreeMap::new(), BTreeMap::new());
            for rename in &free {
                *from.entry(&rename.from).or_insert(0) += 1;
                *to.entry(&rename.to).or_insert(0) += 1;
            }
            // Only a person can choose between rivals.
            free.iter()
                .filter(|rename| from[&rename.from] == 1 && to[&rename.to] == 1)
                .for_each(|rename| self.take(rename));
        }
    }
}

/// The pair, if it is worth reporting: no difference makes it another object, and most attributes are equal.
fn fit(
    kind: &'static Kind,
    old: &RemovedCandidate<'_>,
    new: &DeclaredCandidate<'_>,
    updates: Option<Updates>,
) -> Option<(Distance, Rename)> {
    let resource = new.resource;
    let Difference { fields, refused } = difference(&Readings {
        kind,
        wanted: &new.wanted,
        recorded: Some(&old.recorded),
        seen: old.seen,
        ignored: &resource.lifecycle.ignore_changes,
        positions: &resource.positions,
    });
    let worst = fields.iter().map(|field| field.effect).max().unwrap_or(Effect::InPlace);
    if worst == Effect::Replace || !refused.is_empty() {
        return None;
    }
    let differing: Vec<String> =
        fields.into_iter().map(|field| field.path).filter(|path| Some(&**path) != kind.name_attribute).collect();
    let other: BTreeSet<&str> = differing.iter().map(|path| attribute_of(path)).collect();
    let same: BTreeSet<&str> = resource
        .positions
        .keys()
        .map(|path| attribute_of(path))
        .filter(|name| Some(*name) != kind.name_attribute && kind.attribute(name).is_some() && !other.contains(name))
        .collect();
    // If identity is the only way to recognise a kind, it must be equal.
    let is_another = kind.identity().unwrap_or_default().iter().any(|name| other.contains(name));
    if is_another || same.len() < 2 * other.len() {
        return None;
    }
    let (from, to) = (old.address, new.address);
    let shared = from.name.chars().zip(to.name.chars()).take_while(|(old, new)| old == new).count();
    let unlike = from.name.chars().count().max(to.name.chars().count()) - shared;
    let distance = Distance { differing: other.len(), other_number: from.index != to.index, unlike };
    let in_place = updates.unwrap_or(resource.lifecycle.updates) == Updates::InPlace;
    let keeps = worst == Effect::InPlace || in_place;
    Some((distance, Rename { from: from.clone(), to: to.clone(), id: old.id.to_owned(), differing, keeps }))
}

/// `env` of `env.LOG_LEVEL`.
fn attribute_of(path: &str) -> &str {
    path.split_once('.').map_or(path, |(attribute, _)| attribute)
}
