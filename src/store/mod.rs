//! The data that sindri keeps on disk: one state file, one journal and one lock per environment.
//!
//! The journal has an entry before each request (its intent) and one after it (its outcome). Opening a path gives a
//! [`Snapshot`] (for reading) or a [`LockedState`] (for commands that change anything). Recorded entries are durable
//! when the call returns. `model::journal` defines their meaning; this module knows nothing of RunPod.
//!
//! The guarantees depend on one order: an entry is durable in the journal before it counts, then the state file is
//! replaced as a whole, and only then is the journal emptied. Applying an entry to a state (folding) is idempotent, so
//! a kill between any two steps loses nothing.

pub mod error;
pub mod file;
mod format;
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

pub use error::{DamagedFile, FileProblem, StoreError};
pub use file::{parse_state, state_bytes};
pub use holder::Holder;
pub use journal::parse_journal;
pub use lock::{running, unlock};
pub use locked::LockedState;
pub use paths::{Identity, Paths};
pub use read::{FoundState, Snapshot, found_in, made_for, read, verify};

#[cfg(test)]
mod tests;
