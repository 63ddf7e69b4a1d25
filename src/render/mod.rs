//! Plans, events and states become text that people read and JSON that tools read; plans also comments and pages.
//!
//! Takes data, gives `fmt::Write`. Knows no API, no store and no kind by name: what is particular to a kind comes from its
//! table. Every text that a reader sees passes through [`style::Line`], which keeps hostile values harmless.

pub mod style;
pub mod diagnostic;
mod excerpt;
mod draw;
mod safe;
mod markup;
pub mod words;
pub mod fold;
pub mod text;
pub mod markdown;
pub mod html;
pub mod drift;
pub mod json;
pub mod summary;
pub mod progress;
pub mod status;
pub mod graph;
pub mod discovery;
pub mod comparison;
pub mod takeover;

pub use draw::draw;
pub use progress::{Progress, ProgressKind};
pub use style::Style;
pub use summary::Summary;
pub use text::PlanView;
