//! Decides which resources share a box, by the same rules in every picture: replicas of one name; in a large graph,
//! resources with the same dependencies; in a huge one, all of a kind. In a plan, resources with different actions
//! never share a box. Boxes are in the order of addresses.

use std::collections::{BTreeMap, BTreeSet};

use super::picture::LEGIBLE;
use crate::kind;
use crate::model::{Address, AddressPart};
use crate::render::{fold, words};

/// A resource that can have a box. Its parts, such as ports, are counted in it.
pub(super) struct GraphItem<'a, T> {
    pub address: &'a Address,
    pub needs: BTreeSet<Address>,
    /// Number of parts, by kind.
    pub parts: BTreeMap<&'a str, usize>,
    /// Resources with different tags never share a box.
    pub tag: T,
}

/// Resources that share a box, by index.
pub(super) struct BoxGroup {
    pub items: Vec<usize>,
    pub title: String,
    /// `4 pods`; empty if the title says it, and only the kind for a single resource.
    pub size: String,
    /// `8 ports`.
    pub parts: Vec<String>,
    /// Some of the addresses, if the title only counts them.
    pub names: Option<String>,
}

/// Boxes and the arrows between them.
pub(super) struct Folded {
    pub groups: Vec<BoxGroup>,
    pub edges: BTreeSet<(usize, usize)>,
    pub level: FoldLevel,
}

/// Why resources share a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FoldLevel {
    AddressPart,
    Needs,
    Kind,
}

impl FoldLevel {
    /// The rule in words, for the caption of a picture of declared resources.
    pub fn of_resources(self) -> &'static str {
        match self {
            Self::AddressPart => "Replicas of one name share one box.",
            Self::Needs => "Resources of one kind with the same dependencies share one box.",
            Self::Kind => "Too many to draw: all resources of one kind share one box.",
        }
    }

    /// The rule in words, for a picture of a plan.
    pub fn of_changes(self) -> &'static str {
        match self {
            Self::AddressPart => "Replicas of one name with the same action share one box.",
            Self::Needs => "Resources of one kind with the same action and dependencies share one box.",
            Self::Kind => "Too many to draw: all resources of one kind with the same action share one box.",
        }
    }

    fn key<T: Clone>(self, item: &GraphItem<'_, T>, needed: &BTreeSet<&Address>) -> Key<T> {
        let Address { kind, name, index, member } = item.address;
        // A single pod is not a replica, even if its name has or had numbers in the same plan.
        let by_name = || vec![name.clone(), index.is_some().to_string().into(), member.clone().unwrap_or_default()];
        let shared = match self {
            Self::AddressPart => by_name(),
            // Otherwise its arrows could no longer distinguish its dependents.
            Self::Needs if needed.contains(item.address) => by_name(),
            Self::Needs => {
                let needs: BTreeSet<&AddressPart> = item.needs.iter().map(|needed| &needed.name).collect();
                needs.into_iter().cloned().collect()
            }
            Self::Kind => Vec::new(),
        };
        (kind.clone(), shared, item.tag.clone())
    }
}

type Key<T> = (AddressPart, Vec<AddressPart>, T);

/// Folds resources until there are few enough boxes to read.
pub(super) fn folded<T: Ord + Clone>(mut items: Vec<GraphItem<'_, T>>) -> (Folded, Vec<GraphItem<'_, T>>) {
    items.sort_by(|one, other| one.address.cmp(other.address));
    let needed: BTreeSet<&Address> = items.iter().flat_map(|item| &item.needs).collect();
    let boxes = |level: &FoldLevel| items.iter().map(|item| level.key(item, &needed)).collect::<BTreeSet<_>>().len();
    let level = [FoldLevel::AddressPart, FoldLevel::Needs]
        .into_iter()
        .find(|level| boxes(level) <= LEGIBLE)
        .unwrap_or(FoldLevel::Kind);
    let mut places: BTreeMap<Key<T>, usize> = BTreeMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut place_of: BTreeMap<&Address, usize> = BTreeMap::new();
    for (number, item) in items.iter().enumerate() {
        let place = *places.entry(level.key(item, &needed)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(number),
            None => groups.push(vec![number]),
        }
        place_of.insert(item.address, place);
    }
    let arrows = items.iter().flat_map(|item| {
        let to = place_of.get(item.address).copied();
        item.needs.iter().filter_map(|needed| place_of.get(needed).copied()).zip(std::iter::repeat(to))
    });
    let arrows = arrows.filter_map(|(from, to)| Some((from, to?)));
    let edges = arrows.filter(|(from, to)| from != to).collect();
    let groups = groups.into_iter().map(|group| described(&items, group)).collect();
    (Folded { groups, edges, level }, items)
}

fn described<T>(items: &[GraphItem<'_, T>], numbers: Vec<usize>) -> BoxGroup {
    let members: Vec<&GraphItem<'_, T>> = numbers.iter().map(|number| &items[*number]).collect();
    let addresses: Vec<&Address> = members.iter().map(|item| item.address).collect();
    let kind = title_of(&addresses[0].kind);
    let same_name = addresses.iter().all(|address| address.name == addresses[0].name);
    let title = if same_name { fold::group_address(&addresses) } else { words::count(addresses.len(), kind) };
    let size = match (addresses.len(), same_name) {
        (1, _) => kind.to_owned(),
        (number, true) => words::count(number, kind),
        (_, false) => String::new(),
    };
    let mut parts: BTreeMap<&str, usize> = BTreeMap::new();
    for (kind, number) in members.iter().flat_map(|item| &item.parts) {
        *parts.entry(kind).or_default() += number;
    }
    let parts = parts.into_iter().map(|(kind, number)| words::count(number, title_of(kind))).collect();
    let names = (!same_name).then(|| words::few(addresses));
    BoxGroup { items: numbers, title, size, parts, names }
}

fn title_of(kind: &str) -> &str {
    kind::find(kind).map_or(kind, |kind| kind.title)
}
