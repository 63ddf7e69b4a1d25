//! The identity of a plan, the plan in a file, the comparison of configurations, and the promises that a plan keeps.

pub mod check;
pub mod compare;
pub mod identity;
pub mod saved;
