//! A collection ordered by creation with lookup by id. It is saved as a plain list.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::steps::look_at;

/// An item of an [`OrderedStore`].
pub trait Keyed {
    /// Increases with every creation and is never reused.
    fn serial(&self) -> u64;
    fn id(&self) -> &str;
}

#[derive(Clone)]
pub struct OrderedStore<T> {
    by_serial: BTreeMap<u64, T>,
    by_id: BTreeMap<String, u64>,
}

impl<T> Default for OrderedStore<T> {
    fn default() -> Self {
        Self { by_serial: BTreeMap::new(), by_id: BTreeMap::new() }
    }
}

impl<T: Keyed> OrderedStore<T> {
    pub fn insert(&mut self, entry: T) {
        self.by_id.insert(entry.id().to_owned(), entry.serial());
        self.by_serial.insert(entry.serial(), entry);
    }

    pub fn remove(&mut self, id: &str) -> Option<T> {
        self.by_serial.remove(&self.by_id.remove(id)?)
    }

    pub fn get(&self, id: &str) -> Option<&T> {
        self.by_serial.get(self.by_id.get(id)?)
    }

    pub fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.by_serial.get_mut(self.by_id.get(id)?)
    }

    /// All items, oldest first.
    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.by_serial.values_mut().map(look_at)
    }

    /// Items created before `serial`, newest first.
    pub fn older_than(&self, serial: u64) -> impl Iterator<Item = &T> {
        self.by_serial.range(..serial).rev().map(|(_, entry)| look_at(entry))
    }

    /// All items, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &T> {
        self.older_than(u64::MAX)
    }

    pub fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.by_serial.retain(|_, entry| keep(look_at(entry)));
        self.by_id.retain(|_, serial| self.by_serial.contains_key(serial));
    }

    pub fn len(&self) -> usize {
        self.by_serial.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_serial.is_empty()
    }
}

impl<T: Serialize> Serialize for OrderedStore<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.by_serial.values())
    }
}

impl<'de, T: Keyed + Deserialize<'de>> Deserialize<'de> for OrderedStore<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut store = Self::default();
        for entry in Vec::<T>::deserialize(deserializer)? {
            if store.by_id.contains_key(entry.id()) || store.by_serial.contains_key(&entry.serial()) {
                return Err(serde::de::Error::custom(format!("`{}` appears twice", entry.id())));
            }
            store.insert(entry);
        }
        Ok(store)
    }
}
