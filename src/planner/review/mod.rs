//! The identity of a plan, saved plans, comparison of configurations, and the invariants of a plan.

pub mod check;
pub mod compare;
pub mod identity;
pub mod saved;
