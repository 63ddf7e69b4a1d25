//! The picture: boxes and arrows, without positions.

use std::collections::BTreeSet;

use crate::render::style::Ink;

/// More boxes than this are not readable as a picture.
pub(super) const LEGIBLE: usize = 60;

/// One box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The kind of what it shows, which decides its column.
    pub kind: String,
    pub title: String,
    /// Below the title: what happens, and what it is.
    pub what: String,
    /// All of it, for whoever points at the box.
    pub tip: String,
    /// The symbol of the planned action; empty where there is no plan.
    pub symbol: &'static str,
    pub ink: Ink,
    pub loses_data: bool,
    /// The number of the change that the box leads to.
    pub anchor: Option<usize>,
}

/// Boxes, and arrows by the numbers of the boxes: from what is needed to what needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    pub nodes: Vec<Node>,
    pub edges: BTreeSet<(usize, usize)>,
    /// How resources were put together, in words for below the picture.
    pub caption: &'static str,
}
