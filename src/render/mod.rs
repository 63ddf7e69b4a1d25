//! Renders plans, events and states as text for people and JSON for tools, and plans also as comments and pages.
//!
//! Takes data and writes to `fmt::Write`. Knows no API, no store and no kind by name: facts about a kind come from its
//! table. All displayed text passes through [`style::Line`], which makes hostile values harmless.

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
