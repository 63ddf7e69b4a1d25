//! Relations between the records of a state: references, parts, predecessors and consistency rules.
//!
//! Works only on states and changes of records; knows no configuration, plan or API.

mod consistency;
pub mod difference;
mod folding;
pub mod inventory;
pub mod members;
pub mod records;
mod references;
mod rename;

pub use consistency::{Flaw, RecordFault, flaws, follow_parents, repaired};
pub use folding::Folding;
pub use references::{
    RecordChanges, Users, completed, meant_as_before, parts_of, referred_id, resolved, used_in_place, users, uses_by,
};
pub use rename::{renamed, renamed_address};
