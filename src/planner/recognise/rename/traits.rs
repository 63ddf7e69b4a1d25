//! The values that two equal resources have in common, so that a fleet can be searched for equal ones by value.

use std::collections::BTreeSet;

use crate::kind::{Compare, Kind};
use crate::model::Value;
use crate::resource::difference::{ignored, satisfies};

/// One attribute that is set, or one key of a map that sindri shares with others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Trait<'v> {
    pub attribute: &'static str,
    pub key: Option<&'v str>,
    pub value: TraitValue<'v>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TraitValue<'v> {
    Attribute(&'v Value),
    Key(&'v str),
    /// The value of a key that is not known, such as a secret.
    Unknown,
}

impl Trait<'_> {
    /// Whether the attribute or the key may have any value.
    pub fn is_exempt(&self, exemptions: &BTreeSet<String>) -> bool {
        match self.key {
            None => exemptions.contains(self.attribute),
            Some(key) => ignored(&format!("{}.{key}", self.attribute), exemptions),
        }
    }
}

/// The traits of a resource, in the order of the kind's table. The name is none of them, because every resource has its
/// own. `of` returns the value of an attribute and, for a shared map, a map with the keys that are ours.
pub(super) fn traits<'v>(kind: &Kind, of: impl Fn(&str) -> (Option<&'v Value>, Option<&'v Value>)) -> Vec<Trait<'v>> {
    let mut traits = Vec::new();
    for attribute in kind.attributes.iter().filter(|attribute| Some(attribute.name) != kind.name_attribute) {
        let (value, own) = of(attribute.name);
        match attribute.compare {
            Compare::Exact => {
                // All forms of "nothing" are equal.
                let value = value.filter(|value| !satisfies(Compare::Exact, value, &Value::Null));
                let set = |value| Trait { attribute: attribute.name, key: None, value: TraitValue::Attribute(value) };
                traits.extend(value.map(set));
            }
            Compare::ManagedKeys => {
                let map = value.and_then(Value::as_map);
                traits.extend(own.and_then(Value::as_map).into_iter().flatten().map(|(key, _)| {
                    let value = map.and_then(|map| map.get(key)).and_then(Value::expose);
                    let value = value.map_or(TraitValue::Unknown, TraitValue::Key);
                    Trait { attribute: attribute.name, key: Some(key), value }
                }));
            }
            // Different values of these may satisfy each other.
            Compare::OneOf | Compare::Set | Compare::AtLeast | Compare::WhenSet => {}
            Compare::Recorded | Compare::Version | Compare::WriteOnly => {}
        }
    }
    traits
}

/// Ignores the values of keys that are unknown for any of the resources, because they may be equal.
pub(super) fn forget_unknown<'v>(of_all: &mut [&mut [Vec<Trait<'v>>]]) {
    let unknown: BTreeSet<(&str, Option<&str>)> = of_all
        .iter()
        .flat_map(|side| side.iter().flatten())
        .filter(|one| one.value == TraitValue::Unknown)
        .map(|one| (one.attribute, one.key))
        .collect();
    if unknown.is_empty() {
        return;
    }
    for one in of_all.iter_mut().flat_map(|side| side.iter_mut().flatten()) {
        if unknown.contains(&(one.attribute, one.key)) {
            one.value = TraitValue::Unknown;
        }
    }
}
