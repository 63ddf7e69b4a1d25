//! Pods: one container on a rented machine.

mod attributes;
mod price;
mod table;
mod words;

pub use table::POD;
