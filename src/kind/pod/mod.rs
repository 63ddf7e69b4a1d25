//! Pods: one container on a rented machine.

mod table;
mod words;

pub use table::POD;
