//! What sindri remembers, on disk: one state file, its journal and its lock, per environment.
//!
//! A path goes in, a [`Snapshot`] (for reading) or a [`LockedState`] (for whatever changes the world) comes out; entries
//! go in and come back durable. What entries mean is `model::journal`'s; nothing here knows RunPod.
//!
//! Everything rests on one order: an entry is durable in the journal before it counts, the state file is replaced whole,
//! and only then the journal is emptied. Folding is idempotent, so a kill between any two of these steps loses nothing.

pub mod error;
pub mod file;
mod holder;
pub mod journal;
pub mod locked;
pub mod lock;
pub mod merge;
pub mod migrate;
mod outline;
mod paths;
mod plain;
pub mod read;

pub use error::{Damage, Problem, StoreError};
pub use file::{parse_state, state_bytes};
pub use holder::Holder;
pub use journal::parse_journal;
pub use lock::{running, unlock};
pub use locked::LockedState;
pub use paths::{Identity, Paths};
pub use read::{Found, Snapshot, found_in, made_for, read, verify};

#[cfg(test)]
mod tests;
