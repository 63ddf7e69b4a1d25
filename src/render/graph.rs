//! The graph of resources as a picture: of a configuration, or of a plan with its actions. One picture is drawn as SVG, in
//! Graphviz's language or in Mermaid's; arrows lead from what is needed to what needs it in all of them.

mod declared;
mod folding;
mod layout;
mod picture;
mod planned;
mod svg;
mod text;

pub use declared::declared;
pub use picture::{Node, Picture};
pub use planned::{of as planned, of_plan};
pub use svg::{document, svg};
pub use text::{dot, mermaid};
