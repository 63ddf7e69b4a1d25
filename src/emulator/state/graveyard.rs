//! Recently deleted objects, beside the existing ones.

use std::iter::from_fn;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ordered_store::{Keyed, OrderedStore};
use super::tombstone::Tombstone;

/// The size up to which every delete cleans up.
const SMALL: usize = 64;

/// The tombstones of one kind. It is saved as a plain list.
#[derive(Clone)]
pub struct Graveyard<T> {
    tombstones: OrderedStore<Tombstone<T>>,
    /// The size at which the next delete cleans up.
    full_at: usize,
}

impl<T> Default for Graveyard<T> {
    fn default() -> Self {
        Self { tombstones: OrderedStore::default(), full_at: SMALL }
    }
}

impl<T: Keyed> Graveyard<T> {
    /// Adds a tombstone, and removes those that no read or list can show any more. A small graveyard is cleaned up every
    /// time, a large one when it has doubled, so the average cost is constant.
    pub fn bury(&mut self, tombstone: Tombstone<T>) {
        if self.tombstones.len() < SMALL || self.tombstones.len() >= self.full_at {
            let now = tombstone.at;
            self.tombstones.retain(|tombstone| !tombstone.is_forgotten(now));
            self.full_at = self.tombstones.len() * 2;
        }
        self.tombstones.insert(tombstone);
    }

    pub fn get(&self, id: &str) -> Option<&Tombstone<T>> {
        self.tombstones.get(id)
    }

    pub fn is_empty(&self) -> bool {
        self.tombstones.is_empty()
    }
}

/// An object that exists, or that was deleted recently.
pub enum ListEntry<'world, T> {
    Existing(&'world T),
    Deleted(&'world Tombstone<T>),
}

/// Existing and recently deleted objects created before `serial`, newest first.
pub fn with_deleted<'world, T: Keyed>(
    existing: &'world OrderedStore<T>,
    deleted: &'world Graveyard<T>,
    serial: u64,
) -> impl Iterator<Item = ListEntry<'world, T>> {
    let mut existing = existing.older_than(serial).peekable();
    let mut deleted = deleted.tombstones.older_than(serial).peekable();
    from_fn(move || {
        let (item, tombstone) = (existing.peek().map(|item| item.serial()), deleted.peek().map(|item| item.serial()));
        match tombstone > item {
            true => deleted.next().map(ListEntry::Deleted),
            false => existing.next().map(ListEntry::Existing),
        }
    })
}

impl<T: Serialize> Serialize for Graveyard<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.tombstones.serialize(serializer)
    }
}

impl<'de, T: Keyed + Deserialize<'de>> Deserialize<'de> for Graveyard<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { tombstones: OrderedStore::deserialize(deserializer)?, ..Self::default() })
    }
}
