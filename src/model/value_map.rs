//! Values by name: the attributes of a resource, and the maps among their values.

use std::convert::Infallible;
use std::fmt;
use std::ops::Index;

use ecow::{EcoString, EcoVec};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Value;
use super::reading::{read_text, unique_entries};
use super::shared::shared;

/// Values by name, sorted by name.
///
/// A map has few entries, so a sorted table is smaller and faster than a tree. Clones share the table until one of them
/// changes: a fleet of equal pods, and the stages that pass their attributes on, hold each value once.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ValueMap {
    entries: EcoVec<(EcoString, Value)>,
}

/// The inputs of a resource by attribute name.
pub type Attributes = ValueMap;

/// Number of entries of a table that is searched from its start; a pod has fewer attributes.
const SMALL: usize = 32;

impl ValueMap {
    pub const fn new() -> Self {
        Self { entries: EcoVec::new() }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The index of a name, or the index at which it would be inserted.
    fn position(&self, name: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|(key, _)| key.as_str().cmp(name))
    }

    /// The index of a name. In a small table, comparing lengths first finds it without comparing many texts.
    fn index_of(&self, name: &str) -> Option<usize> {
        if self.entries.len() > SMALL {
            return self.position(name).ok();
        }
        self.entries.iter().position(|(key, _)| key.len() == name.len() && key == name)
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.index_of(name).map(|at| &self.entries[at].1)
    }

    /// Copies the table if it is shared.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        let at = self.index_of(name)?;
        self.entries.make_mut().get_mut(at).map(|(_, value)| value)
    }

    pub fn contains_key(&self, name: &str) -> bool {
        self.index_of(name).is_some()
    }

    /// Returns the value that it replaces.
    pub fn insert(&mut self, name: impl AsRef<str> + Into<EcoString>, value: Value) -> Option<Value> {
        match self.position(name.as_ref()) {
            Ok(at) => self.entries.make_mut().get_mut(at).map(|(_, old)| std::mem::replace(old, value)),
            Err(at) => {
                self.entries.insert(at, (name.into(), value));
                None
            }
        }
    }

    /// The value of a name, which is `default` if there is none yet.
    pub fn get_or_insert(&mut self, name: &str, default: Value) -> &mut Value {
        let at = self.position(name).unwrap_or_else(|at| {
            self.entries.insert(at, (shared(name), default));
            at
        });
        &mut self.entries.make_mut()[at].1
    }

    pub fn remove(&mut self, name: &str) -> Option<Value> {
        self.index_of(name).map(|at| self.entries.remove(at).1)
    }

    /// Keeps the entries for which `keep` is true. Copies the table only if it is shared and an entry goes.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &Value) -> bool) {
        if !self.iter().all(|(name, value)| keep(name, value)) {
            self.entries.retain(|(name, value)| keep(name, value));
        }
    }

    pub fn clear(&mut self) {
        self.entries.clear();
    }

    pub fn iter(&self) -> Iter<'_> {
        self.entries.iter().map(|(name, value)| (name, value))
    }

    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &EcoString> + ExactSizeIterator {
        self.entries.iter().map(|(name, _)| name)
    }

    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Value> + ExactSizeIterator {
        self.entries.iter().map(|(_, value)| value)
    }

    /// Changes every value, also inside lists and maps, for which `due` holds. A table without any stays shared.
    pub fn change(&mut self, due: &impl Fn(&Value) -> bool, change: &impl Fn(&mut Value)) {
        if self.values().any(|value| value.any(due)) {
            self.values_mut().for_each(|value| value.change(due, change));
        }
    }

    /// Copies the table if it is shared.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&EcoString, &mut Value)> {
        self.entries.make_mut().iter_mut().map(|(name, value)| (&*name, value))
    }

    /// Copies the table if it is shared.
    pub fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Value> {
        self.entries.make_mut().iter_mut().map(|(_, value)| value)
    }
}

/// The entries of a [`ValueMap`], in the order of their names.
pub type Iter<'m> =
    std::iter::Map<std::slice::Iter<'m, (EcoString, Value)>, fn(&'m (EcoString, Value)) -> (&'m EcoString, &'m Value)>;

impl<'m> IntoIterator for &'m ValueMap {
    type Item = (&'m EcoString, &'m Value);
    type IntoIter = Iter<'m>;

    fn into_iter(self) -> Iter<'m> {
        self.iter()
    }
}

impl IntoIterator for ValueMap {
    type Item = (EcoString, Value);
    type IntoIter = ecow::vec::IntoIter<(EcoString, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

/// The value of a name; [`Value::Null`] if there is none.
impl Index<&str> for ValueMap {
    type Output = Value;

    fn index(&self, name: &str) -> &Value {
        self.get(name).unwrap_or(&Value::Null)
    }
}

/// The last of several values of one name counts.
impl<K: Into<EcoString>> FromIterator<(K, Value)> for ValueMap {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(entries: I) -> Self {
        let mut entries: Vec<(EcoString, Value)> =
            entries.into_iter().map(|(name, value)| (name.into(), value)).collect();
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        entries.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
        Self { entries: entries.into() }
    }
}

impl<K: Into<EcoString>, const N: usize> From<[(K, Value); N]> for ValueMap {
    fn from(entries: [(K, Value); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<K: AsRef<str> + Into<EcoString>> Extend<(K, Value)> for ValueMap {
    fn extend<I: IntoIterator<Item = (K, Value)>>(&mut self, entries: I) {
        for (name, value) in entries {
            self.insert(name, value);
        }
    }
}

impl fmt::Debug for ValueMap {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self).finish()
    }
}

impl Serialize for ValueMap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

impl<'de> Deserialize<'de> for ValueMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MapVisitor)
    }
}

/// Reads a map, and refuses a name that appears twice.
pub(super) struct MapVisitor;

impl<'de> Visitor<'de> for MapVisitor {
    type Value = ValueMap;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<ValueMap, A::Error> {
        let entries = unique_entries(access)?.into_iter().map(|(SharedText(name), value)| (name, value)).collect();
        Ok(ValueMap { entries })
    }
}

/// A text that is shared with equal ones while it is read.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct SharedText(EcoString);

impl fmt::Display for SharedText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl<'de> Deserialize<'de> for SharedText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_text(deserializer, "a string", |text| Ok::<_, Infallible>(Self(shared(text))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_sorted_and_the_last_of_equal_names_counts() {
        let map: ValueMap = [("b", 1.into()), ("a", 2.into()), ("b", 3.into()), ("a", 4.into())].into_iter().collect();
        assert_eq!(
            map.iter().map(|(name, value)| (name.as_str(), value.as_int())).collect::<Vec<_>>(),
            [("a", Some(4)), ("b", Some(3))]
        );
        let mut one_by_one = ValueMap::new();
        one_by_one.extend([("b", Value::Null), ("a", 4.into()), ("b", 3.into())]);
        assert_eq!(one_by_one, map);
        assert_eq!(one_by_one.remove("a"), Some(4.into()));
        assert!(!one_by_one.contains_key("a") && one_by_one.contains_key("b"));
    }

    #[test]
    fn a_change_of_a_clone_leaves_the_original_unchanged() {
        let original: ValueMap = [("image", "one".into())].into();
        let mut clone = original.clone();
        clone.insert("image", "two".into());
        clone.get_or_insert("name", "trainer".into());
        clone.values_mut().for_each(|value| *value = Value::Null);
        assert_eq!(original.get("image").and_then(Value::as_text), Some("one"));
        assert_eq!(original.len(), 1);
    }

    #[test]
    fn a_name_that_appears_twice_is_refused() {
        let error = serde_json::from_str::<ValueMap>(r#"{"b": 1, "a": 2, "b": 3}"#).unwrap_err();
        assert!(error.to_string().contains("the key `b` appears twice"), "{error}");
    }
}
