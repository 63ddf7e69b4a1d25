//! What the test suites share. `mod support;` at the root of a suite, `tests/NAME.rs`, includes it.
#![allow(dead_code, unused_imports, reason = "each suite uses its part")]

pub mod binary;
pub mod desired;
pub mod fleet;
pub mod generate;
pub mod golden;
pub mod large_fleet;
pub mod measured;
pub mod script;
pub mod time;

pub use binary::{BARE, DEADLINE, Emulator, KEY, PAIR, Project, Said, fault, fleet, sindri, until};
pub use desired::{Desired, one};
pub use time::in_virtual_time;
