//! Positions of boxes: one column per kind and depth, each box to the right of its dependencies. Boxes without arrows
//! are in rows below, under the column of their kind. A column with arrows is never split, because arrows would run
//! behind its first half. Uses only integers, so that the same plan gives the same picture everywhere.

use std::collections::{BTreeMap, BTreeSet};

use super::picture::Picture;
use crate::kind;

pub(super) const WIDTH: usize = 304;
pub(super) const HEIGHT: usize = 48;
pub(super) const GAP_X: usize = 64;
pub(super) const GAP_Y: usize = 14;
pub(super) const MARGIN: usize = 8;
/// Maximum number of rows of boxes without arrows; further boxes go into another column beside them.
const TALL: usize = 24;

/// The upper left corner of a box.
pub(super) type BoxCorner = (usize, usize);

/// The corner of every box.
pub(super) fn places(picture: &Picture) -> Vec<BoxCorner> {
    let joined: BTreeSet<usize> = picture.edges.iter().flat_map(|(from, to)| [*from, *to]).collect();
    let mut layers: BTreeMap<usize, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (node, depth) in depths(picture).into_iter().enumerate() {
        let (with_arrows, alone) = layers.entry(depth).or_default();
        if joined.contains(&node) { with_arrows.push(node) } else { alone.push(node) }
    }
    let mut places = vec![(MARGIN, MARGIN); picture.nodes.len()];
    let mut columns: Vec<Vec<usize>> = layers.values().map(|(with_arrows, _)| with_arrows.clone()).collect();
    let mut bottom = MARGIN;
    for (column, nodes) in columns.iter_mut().enumerate() {
        let needed = |node: usize| {
            middle(picture.edges.iter().filter(|(_, to)| *to == node).map(|(from, _)| *from), &places).unwrap_or(MARGIN)
        };
        *nodes = sorted(nodes, needed).into_iter().map(|(_, node)| node).collect();
        bottom = bottom.max(stack(nodes.iter().map(|node| (MARGIN, *node)), column, &mut places));
    }
    // From right to left, so that a box is beside the middle of its dependents.
    for (column, nodes) in columns.iter().enumerate().rev() {
        let needing = |node: usize| {
            let from_it = picture.edges.iter().filter(|(from, _)| *from == node).map(|(_, to)| *to);
            middle(from_it, &places).unwrap_or(places[node].1)
        };
        let wishes = sorted(nodes, needing);
        bottom = bottom.max(stack(wishes.into_iter(), column, &mut places));
    }
    let last = columns.len().saturating_sub(1);
    for (column, (_, alone)) in layers.values().enumerate() {
        let in_row = if column < last { 1 } else { alone.len().div_ceil(TALL).max(3) };
        for (number, node) in alone.iter().enumerate() {
            places[*node] = (x_of(column + number % in_row), bottom + number / in_row * (HEIGHT + GAP_Y));
        }
    }
    places
}

/// The average top of boxes.
fn middle(nodes: impl Iterator<Item = usize>, places: &[BoxCorner]) -> Option<usize> {
    let (sum, number) = nodes.fold((0, 0), |(sum, number), node| (sum + places[node].1, number + 1));
    sum.checked_div(number)
}

/// Boxes with their wanted tops, sorted from the top.
fn sorted(nodes: &[usize], wish: impl Fn(usize) -> usize) -> Vec<(usize, usize)> {
    let mut wishes: Vec<(usize, usize)> = nodes.iter().map(|node| (wish(*node), *node)).collect();
    wishes.sort_unstable();
    wishes
}

/// Stacks boxes in a column at their wanted tops, or lower if the boxes above need the space. Returns the lower end.
fn stack(wishes: impl Iterator<Item = (usize, usize)>, column: usize, places: &mut [BoxCorner]) -> usize {
    let mut top = MARGIN;
    for (wish, node) in wishes {
        let y = top.max(wish);
        places[node] = (x_of(column), y);
        top = y + HEIGHT + GAP_Y;
    }
    top
}

fn x_of(column: usize) -> usize {
    MARGIN + column * (WIDTH + GAP_X)
}

/// The layer of each box: to the right of its dependencies, and not left of its kind's own layer. Layers in a cycle are
/// limited, so that this ends.
fn depths(picture: &Picture) -> Vec<usize> {
    let most = picture.nodes.len() + KIND_LAYERS;
    let mut depths: Vec<usize> = picture.nodes.iter().map(|node| layer_of(&node.kind, KIND_LAYERS)).collect();
    for _ in 0..picture.nodes.len() {
        let mut settled = true;
        for &(from, to) in &picture.edges {
            if depths[to] <= depths[from] && depths[from] + 1 < most {
                depths[to] = depths[from] + 1;
                settled = false;
            }
        }
        if settled {
            break;
        }
    }
    depths
}

/// Kinds in a longer chain of references share a layer.
const KIND_LAYERS: usize = 8;

/// The longest chain of kinds that a kind can depend on. A pod may mount a volume, so pods are right of all volumes.
fn layer_of(kind: &str, left: usize) -> usize {
    let Some(table) = kind::find(kind).filter(|_| left > 0) else { return 0 };
    let referred = table.attributes.iter().filter_map(|attribute| attribute.refers_to());
    let parent = table.member_of.as_ref().map(|membership| membership.parent);
    let needed = referred.chain(parent).filter(|needed| *needed != kind);
    needed.map(|needed| layer_of(needed, left - 1) + 1).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::graph::picture::GraphNode;

    fn picture(nodes: usize, edges: &[(usize, usize)]) -> Picture {
        let node = |number: usize| GraphNode {
            kind: "pod".into(),
            title: format!("pod.p{number}"),
            what: "create".into(),
            tip: String::new(),
            symbol: "+",
            tone: crate::render::style::Tone::Good,
            loss: None,
            anchor: None,
        };
        Picture { nodes: (0..nodes).map(node).collect(), edges: edges.iter().copied().collect(), caption: "" }
    }

    #[test]
    fn boxes_are_right_of_their_dependencies_and_never_overlap() {
        for (nodes, edges) in [
            (3, vec![(0, 1), (1, 2)]),
            (9, vec![(0, 1), (0, 2), (0, 3), (4, 3), (3, 5)]),
            (60, (1..40).map(|to| (0, to)).collect()),
            (200, (1..150).map(|to| (to % 3, to + 3)).collect()),
            (5, vec![]),
        ] {
            let picture = picture(nodes, &edges);
            let places = places(&picture);
            for (from, to) in edges {
                assert!(places[from].0 + WIDTH < places[to].0, "{from} -> {to}: {places:?}");
            }
            for (number, (x, y)) in places.iter().enumerate() {
                let apart = |other: &BoxCorner| x.abs_diff(other.0) >= WIDTH || y.abs_diff(other.1) >= HEIGHT;
                assert!(places[..number].iter().all(apart), "{number}: {places:?}");
            }
        }
    }

    #[test]
    fn pods_are_right_of_all_volumes_with_arrows_or_without() {
        let mut picture = picture(6, &[(0, 1)]);
        for volume in [0, 2] {
            picture.nodes[volume].kind = "network_volume".into();
        }
        let places = places(&picture);
        assert_eq!(places[2].0, places[0].0);
        for pod in [1, 3, 4, 5] {
            assert!(places[pod].0 > places[0].0 + WIDTH, "{pod}: {places:?}");
        }
    }

    #[test]
    fn boxes_with_the_same_dependency_are_together_and_beside_it() {
        // Two volumes, mounted alternately by pods.
        let mut picture = picture(8, &[(0, 2), (1, 3), (0, 4), (1, 5), (0, 6), (1, 7)]);
        for volume in [0, 1] {
            picture.nodes[volume].kind = "network_volume".into();
        }
        let places = places(&picture);
        let column: Vec<usize> = {
            let mut pods: Vec<usize> = (2..8).collect();
            pods.sort_by_key(|pod| places[*pod].1);
            pods
        };
        assert_eq!(column, [2, 4, 6, 3, 5, 7]);
        assert_eq!((places[0].1, places[1].1), (places[4].1, places[5].1), "the middle of three");
    }
}
