//! What the test suites share. `mod support;` at the root of a suite, `tests/NAME.rs`, includes it.
//!
//! - In process and in virtual time: an [`Account`] of the emulator, and [`Session`]s of sindri on it.
//! - As processes: the built binary in a [`Project`], and an [`Emulator`] that it reaches over HTTP.
#![allow(dead_code, unused_imports, reason = "each suite uses its part")]

mod account;
mod applying;
mod binary;
mod desired;
pub mod fleet;
pub mod generate;
pub mod golden;
pub mod ids;
pub mod kinds;
pub mod large_fleet;
pub mod measured;
mod planning;
pub mod script;
mod session;
mod time;
pub mod world;

pub use account::Account;
pub use applying::{Applied, on_one_line};
pub use binary::{
    BARE, BINARY, DEADLINE, Emulator, KEY, PAIR, Project, Said, fault, fleet, pipe, side_by_side, signal, sindri, until,
};
pub use desired::{Desired, one, one_in};
pub use planning::{Readings, change, checked_plan};
pub use session::Session;
pub use time::{in_virtual_time, rest};
