//! The picture of a configuration: replicas are one box, and ports count with their pods.

use std::collections::{BTreeMap, BTreeSet};

use super::picture::{LEGIBLE, Node, Picture};
use crate::graph::{ResourceGraph, parent_of};
use crate::kind;
use crate::model::Address;
use crate::render::style::Ink;
use crate::render::{fold, words};

/// The reason why resources share a box: kind and name, kind and needs, or the kind alone.
type Key = (String, Vec<String>);

/// The key of a resource at one level of folding.
type KeyOf<'a> = &'a dyn Fn(&Address) -> Key;

/// The picture of a graph of declared resources.
pub fn declared(graph: &ResourceGraph) -> Picture {
    let owners: Vec<&Address> = graph.order().iter().filter(|address| parent_of(address).is_none()).collect();
    let by_name = |address: &Address| (address.kind.clone(), vec![address.name.clone()]);
    let by_needs = |address: &Address| {
        let needs: BTreeSet<String> = graph.dependencies(address).map(|needed| needed.name.clone()).collect();
        (address.kind.clone(), needs.into_iter().collect())
    };
    let by_kind = |address: &Address| (address.kind.clone(), Vec::new());
    let levels: [(KeyOf<'_>, &str); 3] = [
        (&by_name, "Replicas of one name are one box."),
        (&by_needs, "Resources of one kind that need the same are one box."),
        (&by_kind, "Too many to draw: all resources of one kind are one box."),
    ];
    let legible = |key: KeyOf<'_>| owners.iter().map(|address| key(address)).collect::<BTreeSet<_>>().len() <= LEGIBLE;
    let (key, caption) = levels.iter().find(|(key, _)| legible(key)).unwrap_or(&levels[2]);
    grouped(graph, &owners, key, caption)
}

fn grouped(
    graph: &ResourceGraph,
    owners: &[&Address],
    key: &dyn Fn(&Address) -> Key,
    caption: &'static str,
) -> Picture {
    let mut places: BTreeMap<Key, usize> = BTreeMap::new();
    let mut groups: Vec<Vec<&Address>> = Vec::new();
    for address in owners {
        let place = *places.entry(key(address)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(address),
            None => groups.push(vec![address]),
        }
    }
    let place_of = |address: &Address| {
        let owner = parent_of(address).unwrap_or_else(|| address.clone());
        places.get(&key(&owner)).copied()
    };
    let mut edges = BTreeSet::new();
    let mut members: BTreeMap<usize, BTreeMap<&str, usize>> = BTreeMap::new();
    for address in graph.order() {
        let Some(place) = place_of(address) else { continue };
        edges.extend(graph.dependencies(address).filter_map(|needed| Some((place_of(needed)?, place))));
        if parent_of(address).is_some() {
            *members.entry(place).or_default().entry(&address.kind).or_default() += 1;
        }
    }
    edges.retain(|(from, to)| from != to);
    let none = BTreeMap::new();
    let nodes = groups.iter().enumerate().map(|(place, group)| node(group, members.get(&place).unwrap_or(&none)));
    Picture { nodes: nodes.collect(), edges, caption }
}

fn node(group: &[&Address], members: &BTreeMap<&str, usize>) -> Node {
    let title_of = |kind: &str| kind::find(kind).map_or(kind.to_owned(), |kind| kind.title.to_owned());
    let Some(first) = group.first() else { return empty() };
    let kind = title_of(&first.kind);
    let same_name = group.iter().all(|address| address.name == first.name);
    let title = if same_name { fold::group_address(group) } else { words::count(group.len(), &kind) };
    let mut facts: Vec<String> = match (group.len(), same_name) {
        (1, _) => vec![kind],
        (number, true) => vec![words::count(number, &kind)],
        // The title says it.
        (_, false) => Vec::new(),
    };
    facts.extend(members.iter().map(|(kind, number)| words::count(*number, &title_of(kind))));
    let what = facts.join(", ");
    let tip = format!("{title}: {what}");
    Node { kind: first.kind.clone(), title, what, tip, symbol: "", ink: Ink::Plain, loses_data: false, anchor: None }
}

fn empty() -> Node {
    Node {
        kind: String::new(),
        title: String::new(),
        what: String::new(),
        tip: String::new(),
        symbol: "",
        ink: Ink::Plain,
        loses_data: false,
        anchor: None,
    }
}
