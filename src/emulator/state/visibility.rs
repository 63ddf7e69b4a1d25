//! When an object appears in reads by id and in lists.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ordered_store::Keyed;

/// When an object becomes readable by id and when it appears in lists.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Visibility {
    pub found: Timestamp,
    pub listed: Timestamp,
}

/// Objects in world files of format 1 that lack the member are visible.
impl Default for Visibility {
    fn default() -> Self {
        Self { found: Timestamp::UNIX_EPOCH, listed: Timestamp::UNIX_EPOCH }
    }
}

/// An object that reads and lists can miss for a while after its create.
pub trait Visible: Keyed {
    fn visible(&self) -> Visibility;
    fn created_at(&self) -> Timestamp;
}
