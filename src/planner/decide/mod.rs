//! Decides what happens to each resource, and which changes to refuse.

pub mod answer;
pub(super) mod budget;
pub mod change;
pub mod feasible;
pub(super) mod ignored;
pub mod in_use;
pub mod lock;
pub(super) mod member;
pub(super) mod peak;
pub mod power;
pub mod protect;
pub mod replace;
pub(super) mod side_effects;
pub mod users;
