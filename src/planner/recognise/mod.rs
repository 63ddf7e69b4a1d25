//! Matches objects to addresses beyond the records of the state: markers, identities, moves and renames.

pub(super) mod claim;
pub mod discover;
pub mod doubles;
pub(super) mod lookalikes;
pub mod moves;
pub(super) mod rename;
pub(super) mod succession;
pub mod takeover;
