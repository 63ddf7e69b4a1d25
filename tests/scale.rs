//! Twice the fleet takes twice the work. Requests, bytes, flushes and allocations are counted, never time.
//!
//! `benches/fleet.rs` measures work without such counts, for example a search through a list that allocates nothing.

mod support;

mod scale {
    mod apply_memory;
    mod applies;
    mod count;
    mod lists;
    mod stages;
}
