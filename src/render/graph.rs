//! Draws the graph of resources in a configuration, or in a plan with its actions, as SVG, Graphviz or Mermaid. Arrows
//! lead from a dependency to its dependents in all of them.

mod declared;
mod folding;
mod layout;
mod picture;
mod planned;
mod svg;
mod text;

pub use declared::declared;
pub use picture::{GraphNode, Picture};
pub use planned::{of as planned, of_plan};
pub use svg::{document, svg};
pub use text::{dot, mermaid};
