//! The picture: boxes and arrows, without positions.

use std::collections::BTreeSet;

use crate::render::style::Tone;

/// A picture with more boxes is not readable.
pub(super) const LEGIBLE: usize = 60;

/// One box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphNode {
    /// The kind of the resource, which decides the column.
    pub kind: String,
    pub title: String,
    /// Text below the title: the action, and a description.
    pub what: String,
    /// The complete text, shown when the pointer is on the box.
    pub tip: String,
    /// The symbol of the planned action; empty without a plan.
    pub symbol: &'static str,
    pub tone: Tone,
    /// Set if the change loses something that needs consent: `DATA IS LOST`.
    pub loss: Option<&'static str>,
    /// The number of the change to which the box links.
    pub anchor: Option<usize>,
}

/// Boxes, and arrows between their indices, from a dependency to its dependent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    pub nodes: Vec<GraphNode>,
    pub edges: BTreeSet<(usize, usize)>,
    /// The rule by which resources share boxes, for the caption.
    pub caption: &'static str,
}
