//! Twice the fleet takes twice the work. Requests, bytes, flushes, allocations and comparisons are counted, never time.
//!
//! `benches/fleet.rs` measures work without such counts, for example a search through a list that compares numbers.

mod support;

mod scale {
    mod apply_memory;
    mod commands;
    mod applies;
    mod count;
    mod large;
    mod lists;
    mod stages;
    mod state_file;
}
