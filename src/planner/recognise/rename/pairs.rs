//! Which pairs of removed and declared resources to compare.
//!
//! Few resources are all compared with each other. The number of such pairs grows with the square of a fleet, so of a
//! renamed fleet only those pairs are compared that have enough in common.

use std::collections::{BTreeMap, BTreeSet};

use super::candidates::{DeclaredCandidate, RemovedCandidate};
use super::traits::{Trait, TraitValue, forget_unknown};
use crate::kind::Kind;

/// The number of pairs up to which all are compared.
const FEW: usize = 64 * 64;

/// The number of pairs with equal traits up to which all are compared. Of more, only neighbours are.
const FEW_EQUAL: usize = 32 * 32;

/// How far apart the places of two neighbours may be, each in the address order of its side.
const DISTANCE: usize = 4;

/// The number of pairs with one trait or number in common up to which all are compared. If more resources share it, it
/// does not tell them apart.
const FEW_ALIKE: usize = 8 * 8;

/// The number of different exemptions that are considered in a renamed fleet.
const MOST_EXEMPTIONS: usize = 16;

/// The indices of a removed and of a declared candidate.
pub(super) type CandidatePair = (usize, usize);

/// Candidates with a property in common, as indices in address order.
type Group = (Vec<usize>, Vec<usize>);

/// The candidates of one kind, in address order.
pub(super) struct CandidatePool<'c, 'd> {
    pub kind: &'static Kind,
    pub leaving: &'c [RemovedCandidate<'d>],
    pub coming: &'c [DeclaredCandidate<'d>],
    old: Vec<Vec<Trait<'c>>>,
    new: Vec<Vec<Trait<'c>>>,
    /// For each declared candidate.
    exemptions: Vec<BTreeSet<String>>,
}

impl<'c, 'd> CandidatePool<'c, 'd> {
    pub fn new(kind: &'static Kind, leaving: &'c [RemovedCandidate<'d>], coming: &'c [DeclaredCandidate<'d>]) -> Self {
        let mut old: Vec<_> = leaving.iter().map(|candidate| candidate.traits(kind)).collect();
        let mut new: Vec<_> = coming.iter().map(|candidate| candidate.traits(kind)).collect();
        forget_unknown(&mut [&mut old, &mut new]);
        let exemptions = coming.iter().map(|candidate| candidate.exemptions(kind)).collect();
        Self { kind, leaving, coming, old, new, exemptions }
    }

    /// The pairs that may be equal.
    pub fn may_be_equal(&self) -> BTreeSet<CandidatePair> {
        let (old, new): Group = ((0..self.leaving.len()).collect(), (0..self.coming.len()).collect());
        if is_few((&old, &new), FEW) {
            return all(&old, &new).filter(|pair| self.resemble(*pair)).collect();
        }
        let mut by_exemptions: BTreeMap<&BTreeSet<String>, Vec<usize>> = BTreeMap::new();
        for new in new {
            by_exemptions.entry(&self.exemptions[new]).or_default().push(new);
        }
        let mut pairs = BTreeSet::new();
        for (exemptions, new) in by_exemptions.into_iter().take(MOST_EXEMPTIONS) {
            let decisive = |traits: &[Trait<'c>]| -> Vec<Trait<'c>> {
                traits.iter().filter(|one| !one.is_exempt(exemptions)).copied().collect()
            };
            let old = old.iter().map(|old| (*old, decisive(&self.old[*old])));
            let new = new.into_iter().map(|new| (new, decisive(&self.new[new])));
            for (old, new) in grouped(old, new) {
                // Replicas keep their numbers if possible.
                let old_numbers = old.iter().map(|old| (*old, self.leaving[*old].address.index));
                let new_numbers = new.iter().map(|new| (*new, self.coming[*new].address.index));
                for (old, new) in grouped(old_numbers, new_numbers).into_iter().chain([(old.clone(), new.clone())]) {
                    pairs.extend(all_or_neighbours(&old, &new));
                }
            }
        }
        pairs
    }

    /// A quick check whether two candidates can be equal; a negative result is definite.
    fn resemble(&self, (old, new): CandidatePair) -> bool {
        let attributes = |traits: &'_ Vec<Trait<'c>>| -> Vec<Trait<'c>> {
            traits.iter().filter(|one| matches!(one.value, TraitValue::Attribute(_))).copied().collect()
        };
        !self.exemptions[new].is_empty() || attributes(&self.old[old]) == attributes(&self.new[new])
    }

    /// The pairs among these candidates that may be alike.
    pub fn may_be_alike(&self, old: &[usize], new: &[usize]) -> BTreeSet<CandidatePair> {
        if is_few((old, new), FEW) {
            return all(old, new).collect();
        }
        let number = |index: Option<u32>| index.is_some().then_some(index);
        let old_numbers = old.iter().filter_map(|old| Some((*old, number(self.leaving[*old].address.index)?)));
        let new_numbers = new.iter().filter_map(|new| Some((*new, number(self.coming[*new].address.index)?)));
        let by_number = grouped(old_numbers, new_numbers);
        let old_traits = old.iter().flat_map(|old| self.old[*old].iter().map(|one| (*old, *one)));
        let new_traits = new.iter().flat_map(|new| self.new[*new].iter().map(|one| (*new, *one)));
        let by_trait = grouped(old_traits, new_traits);
        let groups = by_number.into_iter().chain(by_trait);
        groups
            .filter(|(old, new)| is_few((old, new), FEW_ALIKE))
            .flat_map(|(old, new)| all(&old, &new).collect::<Vec<_>>())
            .collect()
    }
}

fn is_few((old, new): (&[usize], &[usize]), few: usize) -> bool {
    old.len().saturating_mul(new.len()) <= few
}

fn all(old: &[usize], new: &[usize]) -> impl Iterator<Item = CandidatePair> {
    old.iter().flat_map(move |old| new.iter().map(move |new| (*old, *new)))
}

/// All pairs of two small sides. Of two large ones, each candidate with those at about the same place.
fn all_or_neighbours(old: &[usize], new: &[usize]) -> Vec<CandidatePair> {
    if is_few((old, new), FEW_EQUAL) {
        return all(old, new).collect();
    }
    let near = |(place, old): (usize, &usize)| {
        let from = place.saturating_sub(DISTANCE).min(new.len());
        let to = (place + DISTANCE + 1).min(new.len());
        let old = *old;
        new[from..to].iter().map(move |new| (old, *new))
    };
    old.iter().enumerate().flat_map(near).collect()
}

/// Groups the candidates of both sides by a key. Groups with only one side are left out.
fn grouped<K: Ord>(old: impl Iterator<Item = (usize, K)>, new: impl Iterator<Item = (usize, K)>) -> Vec<Group> {
    let mut groups: BTreeMap<K, Group> = BTreeMap::new();
    for (old, key) in old {
        groups.entry(key).or_default().0.push(old);
    }
    for (new, key) in new {
        if let Some(group) = groups.get_mut(&key) {
            group.1.push(new);
        }
    }
    groups.into_values().filter(|(_, new)| !new.is_empty()).collect()
}
