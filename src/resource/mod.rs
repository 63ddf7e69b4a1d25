//! What records say of each other: references, parts, predecessors, and what has to hold among all records of one state.
//!
//! Takes states and changes of records, gives states and changes of records. Knows no configuration, no plan and no API.

mod consistency;
pub mod difference;
pub mod inventory;
pub mod members;
pub mod records;
mod references;
mod rename;

pub use consistency::{Fault, Flaw, flaws, follow_parents, mended};
pub use references::{Records, completed, fold, meant_as_before, parts_of, resolved};
pub use rename::{renamed, renamed_address};
