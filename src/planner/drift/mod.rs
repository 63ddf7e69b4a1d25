//! Where reality left the state, and the state that accepts it.

pub mod report;
pub mod survey;
