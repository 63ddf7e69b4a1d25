//! Drift: differences between observed objects and the state, and the state that accepts them.

pub mod report;
pub mod survey;
