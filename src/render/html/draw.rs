//! The graph as a picture: columns from left to right, each box right of all that it stands on; what stands alone in rows
//! below. Placing is whole numbers only, so that the same plan gives the same picture everywhere.

use std::collections::BTreeSet;
use std::fmt;

use super::graph::{Graph, Node};
use super::markup::{class, escaped, shortened};

const WIDTH: usize = 272;
const HEIGHT: usize = 48;
const GAP_X: usize = 64;
const GAP_Y: usize = 14;
const MARGIN: usize = 8;
/// Boxes of a column; the next ones stand in another column beside it.
const TALL: usize = 24;
/// Characters of a box: 12 px of a monospaced font are a bit more than 7 px wide.
const TITLE: usize = 30;
const WHAT: usize = 37;

/// Where a box is: its upper left corner.
type Place = (usize, usize);

/// Writes the picture.
pub fn svg(out: &mut dyn fmt::Write, graph: &Graph) -> fmt::Result {
    let places = places(graph);
    let right = places.iter().map(|(x, _)| x + WIDTH).max().unwrap_or(0) + MARGIN;
    let bottom = places.iter().map(|(_, y)| y + HEIGHT).max().unwrap_or(0) + MARGIN;
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {right} {bottom}\" width=\"{right}\" height=\"{bottom}\" \
         role=\"group\" aria-label=\"The graph of resources\">\n<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" \
         markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path class=\"tip\" d=\"M0 0 L8 4 L0 8 z\"/></marker></defs>"
    )?;
    for &(from, to) in &graph.edges {
        edge(out, places[from], places[to])?;
    }
    graph.nodes.iter().zip(&places).try_for_each(|(node, place)| boxed(out, node, *place))?;
    out.write_str("</svg>\n")
}

fn edge(out: &mut dyn fmt::Write, from: Place, to: Place) -> fmt::Result {
    let (x1, y1, x2, y2) = (from.0 + WIDTH, from.1 + HEIGHT / 2, to.0, to.1 + HEIGHT / 2);
    let bend = GAP_X / 2;
    // A circle has an edge that leads back; it runs on all the same.
    let before = x2.saturating_sub(bend);
    writeln!(
        out,
        "<path class=\"edge\" d=\"M{x1} {y1} C{} {y1} {before} {y2} {x2} {y2}\" marker-end=\"url(#arrow)\"/>",
        x1 + bend
    )
}

fn boxed(out: &mut dyn fmt::Write, node: &Node, (x, y): Place) -> fmt::Result {
    let loses = if node.loses_data { " loses" } else { "" };
    // An svg of its own cuts off what wide characters push over the border.
    write!(
        out,
        "<a href=\"#c{}\"><title>{}</title><svg x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" class=\"node \
         {}{loses}\"><rect x=\"1\" y=\"1\" width=\"{}\" height=\"{}\" rx=\"5\"/>",
        node.anchor,
        escaped(&node.tip),
        class(node.ink).unwrap_or_default(),
        WIDTH - 2,
        HEIGHT - 2,
    )?;
    let what = if node.loses_data { format!("DATA IS LOST: {}", node.what) } else { node.what.clone() };
    writeln!(
        out,
        "<text class=\"title\" x=\"10\" y=\"20\">{} {}</text><text class=\"what\" x=\"10\" y=\"37\">{}</text></svg></a>",
        escaped(node.symbol),
        escaped(&shortened(&node.title, TITLE)),
        escaped(&shortened(&what, WHAT)),
    )
}

/// The corner of every box.
fn places(graph: &Graph) -> Vec<Place> {
    let mut needs = vec![Vec::new(); graph.nodes.len()];
    for &(from, to) in &graph.edges {
        needs[to].push(from);
    }
    let joined: BTreeSet<usize> = graph.edges.iter().flat_map(|(from, to)| [*from, *to]).collect();
    let depths = depths(graph);
    let x_of = |column: usize| MARGIN + column * (WIDTH + GAP_X);
    let y_of = |row: usize| row * (HEIGHT + GAP_Y);
    let mut places = vec![(MARGIN, MARGIN); graph.nodes.len()];
    let (mut bottom, mut columns) = (MARGIN, 0);
    for depth in 0..joined.iter().map(|node| depths[*node] + 1).max().unwrap_or(0) {
        // At the height of what it stands on, as far as the ones above leave room.
        let wish = |node: usize| {
            let sum: usize = needs[node].iter().map(|from| places[*from].1).sum();
            sum.checked_div(needs[node].len()).unwrap_or(MARGIN)
        };
        let mut here: Vec<(usize, usize)> =
            joined.iter().filter(|node| depths[**node] == depth).map(|node| (wish(*node), *node)).collect();
        here.sort_unstable();
        let single = here.len() <= TALL;
        for nodes in here.chunks(TALL) {
            let mut top = MARGIN;
            for &(wish, node) in nodes {
                let y = if single { top.max(wish) } else { top };
                places[node] = (x_of(columns), y);
                top = y + HEIGHT + GAP_Y;
            }
            bottom = bottom.max(top);
            columns += 1;
        }
    }
    let alone: Vec<usize> = (0..graph.nodes.len()).filter(|node| !joined.contains(node)).collect();
    let in_row = columns.max(3).max(alone.len().div_ceil(TALL));
    for (number, node) in alone.into_iter().enumerate() {
        places[node] = (x_of(number % in_row), bottom + y_of(number / in_row));
    }
    places
}

/// How many boxes stand below each, at the longest. What is in a circle ends where the circle was entered.
fn depths(graph: &Graph) -> Vec<usize> {
    let number = graph.nodes.len();
    let mut depths = vec![0; number];
    for _ in 0..number {
        let mut settled = true;
        for &(from, to) in &graph.edges {
            if depths[to] <= depths[from] && depths[from] + 1 < number {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(nodes: usize, edges: &[(usize, usize)]) -> Graph {
        let node = |anchor: usize| Node {
            title: format!("pod.p{anchor}"),
            what: "create".into(),
            tip: String::new(),
            symbol: "+",
            ink: crate::render::style::Ink::Good,
            loses_data: false,
            anchor,
        };
        Graph { nodes: (0..nodes).map(node).collect(), edges: edges.iter().copied().collect(), caption: "" }
    }

    #[test]
    fn boxes_stand_right_of_what_they_need_and_never_on_each_other() {
        for (nodes, edges) in [
            (3, vec![(0, 1), (1, 2)]),
            (9, vec![(0, 1), (0, 2), (0, 3), (4, 3), (3, 5)]),
            (60, (1..40).map(|to| (0, to)).collect()),
            (200, (1..150).map(|to| (to % 3, to + 3)).collect()),
            (5, vec![]),
        ] {
            let graph = graph(nodes, &edges);
            let places = places(&graph);
            for (from, to) in edges {
                assert!(places[from].0 + WIDTH < places[to].0, "{from} -> {to}: {places:?}");
            }
            for (number, (x, y)) in places.iter().enumerate() {
                let apart = |other: &Place| x.abs_diff(other.0) >= WIDTH || y.abs_diff(other.1) >= HEIGHT;
                assert!(places[..number].iter().all(apart), "{number}: {places:?}");
            }
        }
    }

    #[test]
    fn a_circle_is_drawn_all_the_same() {
        let mut out = String::new();
        svg(&mut out, &graph(3, &[(0, 1), (1, 2), (2, 0)])).unwrap();
        assert_eq!(out.matches("class=\"edge\"").count(), 3);
    }
}
