//! The picture of a configuration.

use std::collections::BTreeMap;

use super::folding::{BoxGroup, Folded, GraphItem, folded};
use super::picture::{GraphNode, Picture};
use crate::graph::ResourceGraph;
use crate::model::Address;
use crate::render::style::Tone;
use crate::resource::members::parent_of;

/// The picture of a graph of declared resources.
pub fn declared(graph: &ResourceGraph) -> Picture {
    let mut parts: BTreeMap<Address, BTreeMap<&str, usize>> = BTreeMap::new();
    for address in graph.order() {
        if let Some(parent) = parent_of(address) {
            *parts.entry(parent).or_default().entry(&address.kind).or_default() += 1;
        }
    }
    let owners = graph.order().iter().filter(|address| parent_of(address).is_none());
    let items = owners.map(|address| GraphItem {
        address,
        needs: graph.dependencies(address).cloned().collect(),
        parts: parts.remove(address).unwrap_or_default(),
        tag: (),
    });
    let (Folded { groups, edges, level }, items) = folded(items.collect());
    let nodes = groups.into_iter().map(|group| node(items[group.items[0]].address, group)).collect();
    Picture { nodes, edges, caption: level.of_resources() }
}

fn node(first: &Address, group: BoxGroup) -> GraphNode {
    let BoxGroup { items: _, title, size, parts, names } = group;
    let facts: Vec<String> = [size].into_iter().filter(|size| !size.is_empty()).chain(parts).collect();
    let what = facts.join(", ");
    let tip = [title.clone(), what.clone()].into_iter().filter(|part| !part.is_empty()).chain(names);
    let tip = tip.collect::<Vec<_>>().join(": ");
    GraphNode {
        kind: first.kind.to_string(),
        title,
        what,
        tip,
        symbol: "",
        tone: Tone::Plain,
        loss: None,
        anchor: None,
    }
}
