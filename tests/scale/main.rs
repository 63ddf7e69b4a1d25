//! A fleet of ten times the size takes ten times the work: requests, bytes, flushes and allocations are counted, never time.
//!
//! What no count shows (a search through a list that allocates nothing) is measured by `benches/fleet.rs`.

#[path = "../fleet/mod.rs"]
mod fleet;

mod applies;
mod count;
mod stages;
