//! Which requests the changes take, and in which order.

pub mod operations;
pub mod partial;
