//! Finds probable renames: a resource that would be destroyed or left behind because its block was removed, and a new
//! resource that matches it.
//!
//! Takes finished decisions and returns pairs, without changing any decision. The pairs are reported, and the user
//! either adds a `moved` entry or confirms that it is not a rename.

mod candidates;
mod pairs;
mod traits;

use std::collections::{BTreeMap, BTreeSet};

use self::candidates::{DeclaredCandidate, RemovedCandidate};
use self::pairs::{CandidatePair, CandidatePool};
use crate::kind;
use crate::kind::Kind;
use crate::model::{Address, Effect, Rename, Updates};
use crate::planner::decide::change::{DecisionContext, Decisions};
use crate::resource::difference::{Difference, Readings, difference};
use crate::resource::members;

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

/// How well two resources match; lower is better.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Distance {
    /// Number of attributes that differ, not counting the name.
    differing: usize,
    addresses: AddressDistance,
}

/// How dissimilar two addresses are.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct AddressDistance {
    /// Whether the replica number changes. Replicas keep their number if possible.
    other_number: bool,
    /// How dissimilar the two names are.
    unlike: usize,
}

impl AddressDistance {
    fn between(from: &Address, to: &Address) -> Self {
        let shared = from.name.chars().zip(to.name.chars()).take_while(|(old, new)| old == new).count();
        let unlike = from.name.chars().count().max(to.name.chars().count()) - shared;
        Self { other_number: from.index != to.index, unlike }
    }
}

/// Pairs each resource at most once: equal ones first, then slightly different ones without a rival.
fn pairs(
    kind: &'static Kind,
    leaving: &[RemovedCandidate<'_>],
    coming: &[DeclaredCandidate<'_>],
    updates: Option<Updates>,
) -> Vec<Rename> {
    let pool = CandidatePool::new(kind, leaving, coming);
    let (from, to) = (vec![false; leaving.len()], vec![false; coming.len()]);
    let mut selection = Selection { pool: &pool, updates, from, to, renames: Vec::new() };
    selection.take_equal(pool.may_be_equal());
    let (old, new) = selection.free();
    selection.take_alike(pool.may_be_alike(&old, &new));
    selection.renames
}

/// The pairs chosen so far.
struct Selection<'c> {
    pool: &'c CandidatePool<'c, 'c>,
    updates: Option<Updates>,
    /// Which removed candidates have a partner.
    from: Vec<bool>,
    /// Which declared candidates have a partner.
    to: Vec<bool>,
    renames: Vec<Rename>,
}

impl Selection<'_> {
    /// The indices of the candidates without a partner.
    fn free(&self) -> (Vec<usize>, Vec<usize>) {
        let free = |taken: &[bool]| (0..taken.len()).filter(|index| !taken[*index]).collect();
        (free(&self.from), free(&self.to))
    }

    fn is_free(&self, (old, new): CandidatePair) -> bool {
        !self.from[old] && !self.to[new]
    }

    fn fit(&self, (old, new): CandidatePair) -> Option<(Distance, Rename)> {
        fit(self.pool.kind, &self.pool.leaving[old], &self.pool.coming[new], self.updates)
    }

    fn take(&mut self, (old, new): CandidatePair, rename: Rename) {
        (self.from[old], self.to[new]) = (true, true);
        self.renames.push(rename);
    }

    /// Takes the equal pairs among `pairs`, those with the most similar addresses first.
    fn take_equal(&mut self, pairs: BTreeSet<CandidatePair>) {
        let between = |(old, new): CandidatePair| {
            AddressDistance::between(self.pool.leaving[old].address, self.pool.coming[new].address) //
        };
        let mut nearest: Vec<(AddressDistance, CandidatePair)> =
            pairs.into_iter().map(|pair| (between(pair), pair)).collect();
        nearest.sort();
        for (_, pair) in nearest {
            let rename = self.is_free(pair).then(|| self.fit(pair)).flatten().map(|(_, rename)| rename);
            if let Some(rename) = rename.filter(|rename| rename.differing.is_empty()) {
                self.take(pair, rename);
            }
        }
    }

    /// Takes the best fits among `pairs` that have no rival.
    fn take_alike(&mut self, pairs: BTreeSet<CandidatePair>) {
        let fits =
            pairs.into_iter().filter_map(|pair| self.fit(pair).map(|(distance, rename)| (distance, pair, rename)));
        let mut fits: Vec<(Distance, CandidatePair, Rename)> = fits.collect();
        fits.sort_by(|(left, left_pair, _), (right, right_pair, _)| (left, left_pair).cmp(&(right, right_pair)));
        for equally_good in fits.chunk_by(|(one, ..), (other, ..)| one == other) {
            let free: Vec<&(Distance, CandidatePair, Rename)> =
                equally_good.iter().filter(|(_, pair, _)| self.is_free(*pair)).collect();
            let (mut from, mut to) = (BTreeMap::new(), BTreeMap::new());
            for (_, (old, new), _) in &free {
                *from.entry(*old).or_insert(0) += 1;
                *to.entry(*new).or_insert(0) += 1;
            }
            // Only a person can choose between rivals.
            for (_, pair, rename) in free.into_iter().filter(|(_, (old, new), _)| from[old] == 1 && to[new] == 1) {
                self.take(*pair, rename.clone());
            }
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
    let distance = Distance { differing: other.len(), addresses: AddressDistance::between(from, to) };
    let in_place = updates.unwrap_or(resource.lifecycle.updates) == Updates::InPlace;
    let keeps = worst == Effect::InPlace || in_place;
    Some((distance, Rename { from: from.clone(), to: to.clone(), id: old.id.to_owned(), differing, keeps }))
}

/// `env` of `env.LOG_LEVEL`.
fn attribute_of(path: &str) -> &str {
    path.split_once('.').map_or(path, |(attribute, _)| attribute)
}
