//! RunPod in the binary: both dialects answered from one world, for tests, rehearsals and every failure on record.
//!
//! The world is a state machine over (call, virtual time, seed). It shares no type with `runpod/`, the client: a misreading
//! shared by both would hide. In front of it stands what a gateway does: checks, quotas, faults, headers.

pub mod call;
pub mod settings;
pub mod world;
mod account;
mod answer;
mod august;
mod boot;
mod command;
mod dice;
pub mod effects;
mod events;
mod host;
mod lifecycle;
mod market;
mod money;
mod order;
mod pod;
mod presets;
mod roll;
mod schema;
mod stock;
mod v1;
mod v2;
mod volume;
pub mod quota;
#[allow(clippy::disallowed_methods, reason = "reads files of rules")]
pub mod faults;
mod firing;
mod scenarios;
pub mod journal;
mod replies;
mod route;
#[allow(clippy::disallowed_methods, reason = "keeps the world in a file")]
pub mod sandbox;
mod timeline;
pub mod front;
mod control;
pub mod options;
mod carry;
pub mod in_process;
mod origin;
pub mod serve;

pub use front::{Delivery, Emulator, Outcome};
pub use in_process::InProcess;
pub use options::{EmulatorOptions, OpenError};
pub use serve::serve;

#[cfg(test)]
mod tests;
