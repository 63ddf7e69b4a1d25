//! The words of an address, shared by all addresses that contain them and quick to compare.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::convert::Infallible;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::comparisons;
use super::natural::{NaturalPrefix, natural};
use super::reading::read_text;
use super::shared::Recent;

/// A kind, a name or a member in an address. Ordered by [`natural`]: `worker2` before `worker10`.
///
/// A fleet has thousands of addresses but few names, every map of addresses compares them, and most comparisons are
/// between equal or similar ones. So equal names usually are the same allocation, and a name remembers how it sorts.
#[derive(Clone)]
pub struct AddressPart(Arc<AddressPartText>);

struct AddressPartText {
    text: Box<str>,
    prefix: NaturalPrefix,
}

thread_local! {
    static RECENT: RefCell<Recent<AddressPart>> = const { RefCell::new(Recent::new()) };
}

impl AddressPart {
    /// The part, sharing its memory with an equal one that this thread made recently.
    pub fn new(text: &str) -> Self {
        let made = |text: &str| Self(Arc::new(AddressPartText { text: text.into(), prefix: NaturalPrefix::of(text) }));
        RECENT.with_borrow_mut(|recent| recent.find(text, made))
    }

    pub fn as_str(&self) -> &str {
        &self.0.text
    }
}

impl PartialEq for AddressPart {
    fn eq(&self, other: &Self) -> bool {
        comparisons::scan();
        Arc::ptr_eq(&self.0, &other.0) || (self.0.prefix == other.0.prefix && self.0.text == other.0.text)
    }
}

impl Eq for AddressPart {}

impl Ord for AddressPart {
    fn cmp(&self, other: &Self) -> Ordering {
        comparisons::sort();
        if Arc::ptr_eq(&self.0, &other.0) {
            return Ordering::Equal;
        }
        self.0.prefix.cmp(&other.0.prefix).then_with(|| natural(self, other))
    }
}

impl PartialOrd for AddressPart {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl std::hash::Hash for AddressPart {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Deref for AddressPart {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for AddressPart {
    fn as_ref(&self) -> &str {
        self
    }
}

impl fmt::Debug for AddressPart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), formatter)
    }
}

impl fmt::Display for AddressPart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), formatter)
    }
}

impl From<&str> for AddressPart {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}
impl From<String> for AddressPart {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl Default for AddressPart {
    fn default() -> Self {
        Self::new("")
    }
}

impl Serialize for AddressPart {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for AddressPart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_text(deserializer, "a string", |text| Ok::<_, Infallible>(Self::new(text)))
    }
}

impl PartialEq<str> for AddressPart {
    fn eq(&self, other: &str) -> bool {
        comparisons::scan();
        self.as_str() == other
    }
}
impl PartialEq<&str> for AddressPart {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}
impl PartialEq<String> for AddressPart {
    fn eq(&self, other: &String) -> bool {
        self == other.as_str()
    }
}
impl PartialEq<AddressPart> for str {
    fn eq(&self, other: &AddressPart) -> bool {
        other == self
    }
}
impl PartialEq<AddressPart> for &str {
    fn eq(&self, other: &AddressPart) -> bool {
        other == *self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_naturally() {
        let sorted = ["", "a", "a2", "a10", "a10b", "b", "trainer-of-models-1", "trainer-of-models-2"];
        let mut names: Vec<AddressPart> = sorted.iter().rev().map(|text| AddressPart::new(text)).collect();
        names.sort();
        assert_eq!(names, sorted);
    }

    #[test]
    fn equal_names_share_their_memory() {
        let (one, other) = (AddressPart::new("trainer"), AddressPart::from("trainer".to_owned()));
        assert!(one == other && Arc::ptr_eq(&one.0, &other.0));
    }
}
