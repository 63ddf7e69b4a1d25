//! Computes a [`Plan`] from desired, prior and observed. Pure: no I/O, no clock, no async, no logging.
//!
//! Reading order: `recognise` matches objects to addresses, `decide` chooses the action for each address, and `order`
//! turns the actions into ordered requests. `drift` compares the state with reality, and `review` names, saves and
//! checks the finished plan. `by_hand` corrects a state without a plan.
//!
//! Terms: a *member* or *part* exists only in its parent's request, such as the ports of a pod. A *predecessor* is the
//! deposed object of a create-before-destroy replacement, which stays until its *successor* is ready.

pub mod by_hand;
pub mod decide;
pub mod drift;
pub mod input;
pub mod order;
mod plan;
pub mod recognise;
pub mod review;

pub use input::{Graphs, Input, PlanOptions};
pub use plan::plan;
