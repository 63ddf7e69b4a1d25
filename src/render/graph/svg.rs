//! A picture as SVG, as a file or within a page.

use std::fmt;

use super::layout::{BoxCorner, GAP_X, HEIGHT, MARGIN, WIDTH, places};
use super::picture::{GraphNode, Picture};
use crate::render::markup::{class, escaped, shortened, shortened_inside};

const STYLE: &str = include_str!("style.css");
/// Maximum number of characters of a line in a box. At 12 px, a monospaced character is a bit more than 7 px wide.
const TITLE: usize = 34;
const WHAT: usize = 42;
/// The width of a character of the caption, rounded up.
const CAPTION_PX: usize = 7;

/// Writes a file with its own colours, for light and dark mode, and a caption.
pub fn document(out: &mut dyn fmt::Write, picture: &Picture) -> fmt::Result {
    out.write_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")?;
    drawn(out, picture, Some(STYLE))
}

/// Writes the picture for a page that defines the colours.
pub fn svg(out: &mut dyn fmt::Write, picture: &Picture) -> fmt::Result {
    drawn(out, picture, None)
}

fn drawn(out: &mut dyn fmt::Write, picture: &Picture, style: Option<&str>) -> fmt::Result {
    let places = places(picture);
    let mut right = places.iter().map(|(x, _)| x + WIDTH).max().unwrap_or(0) + MARGIN;
    let mut bottom = places.iter().map(|(_, y)| y + HEIGHT).max().unwrap_or(0) + MARGIN;
    let caption = style.map(|_| (MARGIN, bottom + MARGIN + MARGIN / 2)).filter(|_| !picture.caption.is_empty());
    if caption.is_some() {
        right = right.max(MARGIN * 2 + picture.caption.chars().count() * CAPTION_PX);
        bottom += MARGIN * 2;
    }
    let style = style.map(|style| format!("<style>\n{style}</style>\n")).unwrap_or_default();
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {right} {bottom}\" width=\"{right}\" height=\"{bottom}\" \
         role=\"group\" aria-label=\"The graph of resources\">\n{style}<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" \
         markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path class=\"tip\" d=\"M0 0 L8 4 L0 8 z\"/></marker></defs>"
    )?;
    for &(from, to) in &picture.edges {
        edge(out, places[from], places[to])?;
    }
    picture.nodes.iter().zip(&places).try_for_each(|(node, place)| boxed(out, node, *place))?;
    if let Some((x, y)) = caption {
        writeln!(out, "<text class=\"what\" x=\"{x}\" y=\"{y}\">{}</text>", escaped(picture.caption))?;
    }
    out.write_str("</svg>\n")
}

fn edge(out: &mut dyn fmt::Write, from: BoxCorner, to: BoxCorner) -> fmt::Result {
    let (x1, y1, x2, y2) = (from.0 + WIDTH, from.1 + HEIGHT / 2, to.0, to.1 + HEIGHT / 2);
    let bend = GAP_X / 2;
    // A cycle has an edge that leads back; it is drawn like any other.
    let before = x2.saturating_sub(bend);
    writeln!(
        out,
        "<path class=\"edge\" d=\"M{x1} {y1} C{} {y1} {before} {y2} {x2} {y2}\" marker-end=\"url(#arrow)\"/>",
        x1 + bend
    )
}

fn boxed(out: &mut dyn fmt::Write, node: &GraphNode, (x, y): BoxCorner) -> fmt::Result {
    let loses = if node.loss.is_some() { " loses" } else { "" };
    let (open, close) = match node.anchor {
        Some(anchor) => (format!("<a href=\"#c{anchor}\">"), "</a>"),
        None => ("<g>".to_owned(), "</g>"),
    };
    // A nested svg element clips wide characters at the border.
    write!(
        out,
        "{open}<title>{}</title><svg x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" class=\"node \
         {}{loses}\"><rect x=\"1\" y=\"1\" width=\"{}\" height=\"{}\" rx=\"5\"/>",
        escaped(&node.tip),
        class(node.tone).unwrap_or_default(),
        WIDTH - 2,
        HEIGHT - 2,
    )?;
    let title = format!("{} {}", node.symbol, shortened_inside(&node.title, TITLE));
    let what = node.loss.map_or_else(|| node.what.clone(), |loss| format!("{loss}: {}", node.what));
    writeln!(
        out,
        "<text class=\"title\" x=\"10\" y=\"20\">{}</text><text class=\"what\" x=\"10\" y=\"37\">{}</text></svg>{close}",
        escaped(title.trim_start()),
        escaped(&shortened(&what, WHAT)),
    )
}
