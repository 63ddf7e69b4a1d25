//! Turns changes into requests, in order.

pub mod operations;
pub mod partial;
