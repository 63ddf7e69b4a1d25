//! Compares two readings of one resource and returns the differing attributes, each with the effect of changing it.
//!
//! Knows the kind's table but no other resources; references arrive resolved.

use std::collections::{BTreeMap, BTreeSet};

use crate::kind::{Attribute, Compare, Kind};
use crate::model::{
    Attributes, DifferenceOrigin, Effect, FieldChange, Object, Position, Resource, Secret, Value, ValueMap,
};

/// The readings to compare.
pub struct Readings<'a> {
    pub kind: &'static Kind,
    /// The desired attributes. References are resolved to ids; unknown ones stay references.
    pub wanted: &'a Attributes,
    /// The attributes applied last. For maps with managed keys, they determine which keys are ours.
    pub recorded: Option<&'a Attributes>,
    /// The observed attributes. For an attribute that the API does not return, the recorded value counts.
    pub seen: &'a Attributes,
    /// `lifecycle.ignoreChanges`.
    pub ignored: &'a BTreeSet<String>,
    pub positions: &'a BTreeMap<String, Position>,
}

impl<'a> Readings<'a> {
    /// The readings of a declared resource and its object; `wanted` and `recorded` already include their members.
    pub fn of_resource(
        kind: &'static Kind,
        resource: &'a Resource,
        object: &'a Object,
        (wanted, recorded): (&'a Attributes, Option<&'a Attributes>),
    ) -> Self {
        let (ignored, positions) = (&resource.lifecycle.ignore_changes, &resource.positions);
        Self { kind, wanted, recorded, seen: &object.attributes, ignored, positions }
    }

    /// Readings that do not involve a configuration.
    pub fn of_record(kind: &'static Kind, recorded: &'a Attributes, seen: &'a Attributes) -> Self {
        static NOTHING: BTreeSet<String> = BTreeSet::new();
        static NOWHERE: BTreeMap<String, Position> = BTreeMap::new();
        Self { kind, wanted: recorded, recorded: Some(recorded), seen, ignored: &NOTHING, positions: &NOWHERE }
    }
}

/// The differences, and the changes that are impossible.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Difference {
    pub fields: Vec<FieldChange>,
    /// Changes that the kind's table refuses, with the reason.
    pub refused: Vec<(FieldChange, &'static str)>,
}

impl Difference {
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.refused.is_empty()
    }

    /// All differing attributes, whether they can be changed or not.
    pub fn all(self) -> Vec<FieldChange> {
        self.fields.into_iter().chain(self.refused.into_iter().map(|(field, _)| field)).collect()
    }
}

/// Every attribute in which `seen` does not satisfy `wanted`.
pub fn difference(readings: &Readings<'_>) -> Difference {
    let mut difference = Difference::default();
    // For an attribute supplied by something else (a template), any value is accepted.
    let own = readings.kind.attributes.iter().filter(|attribute| {
        attribute.compare != Compare::WriteOnly && attribute.supplier(readings.wanted).is_none() //
    });
    let mut has_new_version = false;
    for attribute in own {
        for (path, before, after) in attribute_changes(attribute, readings) {
            if ignored(&path, readings.ignored) {
                continue;
            }
            let (effect, refusal) = match (attribute.effect)(&before, &after) {
                Ok(effect) => (effect, None),
                // No request can make this change, so it has no effect.
                Err(reason) => (Effect::InPlace, Some(reason)),
            };
            let field = FieldChange {
                after_unknown: !after.references().is_empty(),
                position: position(&path, readings.positions),
                rule: attribute.rule.to_owned(),
                origin: origin(attribute, &path, readings),
                path,
                before,
                after,
                effect,
            };
            has_new_version |= attribute.compare == Compare::Version;
            match refusal {
                Some(reason) => difference.refused.push((field, reason)),
                None => difference.fields.push(field),
            }
        }
    }
    if has_new_version {
        difference.fields.extend(written_again(readings));
    }
    difference
}

/// The write-only values, which a new version sends again. Nothing is known about the old ones.
fn written_again(readings: &Readings<'_>) -> impl Iterator<Item = FieldChange> {
    readings.kind.write_only().filter(|attribute| !ignored(attribute.name, readings.ignored)).filter_map(|attribute| {
        let (before, after) = (Value::Secret(Secret::unknown()), readings.wanted.get(attribute.name)?.clone());
        Some(FieldChange {
            path: attribute.name.to_owned(),
            effect: (attribute.effect)(&before, &after).ok()?,
            rule: attribute.rule.to_owned(),
            after_unknown: false,
            origin: Some(DifferenceOrigin::Declared),
            position: position(attribute.name, readings.positions),
            before,
            after,
        })
    })
}

/// Whether `lifecycle.ignoreChanges` contains this path or its whole attribute.
pub fn ignored(path: &str, ignore: &BTreeSet<String>) -> bool {
    ignore.contains(path) || path.split_once('.').is_some_and(|(attribute, _)| ignore.contains(attribute))
}

fn position(path: &str, positions: &BTreeMap<String, Position>) -> Option<Position> {
    let attribute = path.split_once('.').map_or(path, |(attribute, _)| attribute);
    positions.get(path).or_else(|| positions.get(attribute)).cloned()
}

/// The origin of a difference at `path`: drift if the desired value equals the one applied last, otherwise the
/// configuration.
fn origin(attribute: &Attribute, path: &str, readings: &Readings<'_>) -> Option<DifferenceOrigin> {
    let name = attribute.name;
    // An unknown recorded value cannot answer the question.
    let (wanted, recorded) = (readings.wanted.get(name), Some(readings.recorded?.get(name)?));
    if wanted.is_some_and(|wanted| !wanted.references().is_empty()) {
        // The referenced resource is new. The causes of the change show why.
        return None;
    }
    let unchanged = match path.split_once('.').filter(|_| attribute.compare == Compare::ManagedKeys) {
        Some((_, key)) => {
            let at = |value: Option<&Value>| value.and_then(Value::as_map).and_then(|map| map.get(key)).cloned();
            let (wanted, recorded) = (at(wanted), at(recorded));
            if [&wanted, &recorded].into_iter().flatten().any(|value| matches!(value, Value::Secret(_))) {
                return None;
            }
            wanted == recorded
        }
        // A record only knows that a secret exists.
        None if recorded.is_some_and(Value::holds_secret) => return None,
        None => {
            let comparison = against_record(attribute.compare);
            satisfies(comparison, wanted.unwrap_or(&Value::Null), recorded.unwrap_or(&Value::Null))
        }
    };
    Some(if unchanged { DifferenceOrigin::Drift } else { DifferenceOrigin::Declared })
}

fn attribute_changes(attribute: &Attribute, readings: &Readings<'_>) -> Vec<(String, Value, Value)> {
    let name = attribute.name;
    // A configuration covers every attribute. If a record lacks one, it came from an object that did not show it, so
    // there is nothing to compare.
    let Some(wanted) = readings.wanted.get(name) else { return Vec::new() };
    let recorded = readings.recorded.and_then(|recorded| recorded.get(name));
    let seen = match attribute.compare {
        Compare::Recorded | Compare::Version => None,
        _ => readings.seen.get(name),
    };
    if attribute.compare == Compare::ManagedKeys {
        let unknown = seen.is_none() && readings.recorded.is_some() && recorded.is_none();
        return if unknown { Vec::new() } else { map_changes(name, wanted, recorded, seen) };
    }
    // If the API does not return the attribute, use the recorded value, if there is one.
    let Some(before) = seen.or(recorded) else { return Vec::new() };
    let comparison = if seen.is_some() { attribute.compare } else { against_record(attribute.compare) };
    if satisfies(comparison, wanted, before) {
        return Vec::new();
    }
    vec![(name.to_owned(), before.clone(), wanted.clone())]
}

/// A record holds what was requested, not what RunPod chose, so candidate lists are compared as a whole.
fn against_record(compare: Compare) -> Compare {
    match compare {
        Compare::OneOf => Compare::OneOf,
        Compare::Set => Compare::Set,
        Compare::WhenSet => Compare::WhenSet,
        Compare::AtLeast => Compare::AtLeast,
        Compare::Exact | Compare::Recorded | Compare::Version | Compare::WriteOnly | Compare::ManagedKeys => {
            Compare::Exact
        }
    }
}

/// Whether the observed value satisfies the desired one.
pub fn satisfies(compare: Compare, wanted: &Value, seen: &Value) -> bool {
    match compare {
        // Nothing is known about a write-only value.
        Compare::WriteOnly => true,
        Compare::Exact | Compare::Recorded | Compare::Version | Compare::ManagedKeys => same(wanted, seen),
        Compare::WhenSet => wanted.is_null() || same(wanted, seen),
        Compare::OneOf => {
            let (wanted, seen) = (wanted.text_items(), seen.text_items());
            wanted.is_empty() || seen.iter().any(|item| wanted.contains(item))
        }
        Compare::Set => sorted(wanted) == sorted(seen),
        Compare::AtLeast => match (wanted.as_int(), seen.as_int()) {
            (Some(wanted), Some(seen)) => seen >= wanted,
            (Some(_), None) => false,
            (None, _) => true,
        },
    }
}

fn sorted(value: &Value) -> Vec<&Value> {
    let mut items: Vec<&Value> = value.as_list().unwrap_or_default().iter().collect();
    items.sort();
    items.dedup();
    items
}

/// Equal values. All forms of "nothing" are equal, and a secret of unknown value equals any secret.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Secret(left), Value::Secret(right)) => {
            left.expose().zip(right.expose()).is_none_or(|(left, right)| left == right)
        }
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        _ => (is_nothing(left) && is_nothing(right)) || left == right,
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) | Value::Int(0) => true,
        Value::Text(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Map(map) => map.is_empty(),
        Value::Bool(true) | Value::Int(_) | Value::Secret(_) | Value::Reference(_) => false,
    }
}

/// Compares a map key by key. Keys that are neither desired nor recorded belong to RunPod or to people and are no
/// difference.
fn map_changes(
    name: &str,
    wanted: &Value,
    recorded: Option<&Value>,
    seen: Option<&Value>,
) -> Vec<(String, Value, Value)> {
    let empty = ValueMap::new();
    let wanted = wanted.as_map().unwrap_or(&empty);
    let recorded = recorded.and_then(Value::as_map).unwrap_or(&empty);
    // A map that the API did not return counts as unchanged from the record.
    let seen = seen.and_then(Value::as_map).unwrap_or(recorded);
    let keys = wanted.keys().chain(recorded.keys().filter(|key| !wanted.contains_key(key)));
    let mut changes = Vec::new();
    for key in keys {
        let (after, before) = (wanted.get(key), seen.get(key));
        if agree(after, before) {
            continue;
        }
        let sensitive = [after, recorded.get(key)].into_iter().flatten().any(|value| matches!(value, Value::Secret(_)));
        let plain = [after, recorded.get(key)].map(|value| value.and_then(Value::as_text));
        let show = |value: Option<&Value>| match value.map(|value| (value, value.expose())) {
            None => Value::Null,
            // Show only values that a file or a record contains in plain text. Any other value was set by someone else
            // and may be a secret.
            Some((_, Some(text))) if !sensitive && plain.contains(&Some(text)) => Value::text(text),
            Some((Value::Null, _)) => Value::Null,
            Some((_, text)) => Value::Secret(text.map_or_else(Secret::unknown, Secret::new)),
        };
        changes.push((format!("{name}.{key}"), show(before), show(after)));
    }
    changes
}

/// Whether two values of one key agree. A desired secret of unknown value agrees with any value. An observed secret of
/// unknown value never agrees with a desired plain text.
fn agree(wanted: Option<&Value>, seen: Option<&Value>) -> bool {
    match (wanted, seen) {
        (None, None) => true,
        (Some(wanted), Some(seen)) => match (wanted.expose(), seen.expose()) {
            (Some(wanted), Some(seen)) => wanted == seen,
            (Some(_), None) if matches!(wanted, Value::Text(_)) => false,
            _ => matches!(wanted, Value::Secret(_)) || matches!(seen, Value::Secret(_)),
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::{NETWORK_VOLUME, POD};

    fn attributes(pairs: &[(&str, Value)]) -> Attributes {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()
    }

    fn compare(
        kind: &'static Kind,
        wanted: &Attributes,
        recorded: Option<&Attributes>,
        seen: &Attributes,
    ) -> Difference {
        difference(&Readings { recorded, ..Readings::of_record(kind, wanted, seen) })
    }

    fn paths(difference: &Difference) -> Vec<&str> {
        difference.fields.iter().map(|field| field.path.as_str()).collect()
    }

    fn env(pairs: &[(&str, Value)]) -> Value {
        Value::Map(pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect())
    }

    fn secret(plain: &str) -> Value {
        Value::Secret(Secret::new(plain))
    }

    #[test]
    fn a_choice_of_runpod_within_the_candidates_is_no_difference() {
        let wanted = attributes(&[
            ("gpu_types", Value::texts(["NVIDIA L4", "NVIDIA A40"])),
            ("regions", Value::List(vec![].into())),
            ("min_ram_gb_per_gpu", Value::Int(16)),
        ]);
        let seen = attributes(&[
            ("gpu_types", Value::texts(["NVIDIA A40"])),
            ("regions", Value::texts(["US-CA-2"])),
            ("min_ram_gb_per_gpu", Value::Int(50)),
        ]);
        assert_eq!(paths(&compare(&POD, &wanted, None, &seen)), Vec::<&str>::new());
        let other = attributes(&[("gpu_types", Value::texts(["NVIDIA H200"]))]);
        assert_eq!(paths(&compare(&POD, &wanted, None, &other)), ["gpu_types"]);
    }

    #[test]
    fn undeclared_keys_are_no_difference_but_removed_keys_are() {
        let wanted = attributes(&[("env", env(&[("A", "1".into()), ("TOKEN", secret("x"))]))]);
        let recorded = attributes(&[("env", env(&[("A", "1".into()), ("OLD", "o".into())]))]);
        let seen = attributes(&[(
            "env",
            env(&[("A", secret("2")), ("OLD", secret("o")), ("PUBLIC_KEY", secret("k")), ("TOKEN", secret("y"))]),
        )]);
        let difference = compare(&POD, &wanted, Some(&recorded), &seen);
        assert_eq!(paths(&difference), ["env.A", "env.TOKEN", "env.OLD"]);
        assert_eq!(difference.fields[0].after, "1".into(), "declared in plain sight, so shown");
        assert_eq!(difference.fields[0].before.to_string(), "(sensitive)", "somebody else's, so perhaps a secret");
        assert_eq!(difference.fields[1].before.to_string(), "(sensitive)");
        assert_eq!(difference.fields[2].after, Value::Null);
    }

    #[test]
    fn a_secret_known_only_by_name_agrees_with_any_value_but_not_with_none() {
        let wanted = attributes(&[("env", env(&[("TOKEN", Value::Secret(Secret::unknown()))]))]);
        let there = attributes(&[("env", env(&[("TOKEN", secret("y"))]))]);
        let missing = attributes(&[("env", env(&[]))]);
        assert_eq!(paths(&compare(&POD, &wanted, None, &there)), Vec::<&str>::new());
        assert_eq!(paths(&compare(&POD, &wanted, None, &missing)), ["env.TOKEN"]);
    }

    #[test]
    fn attributes_the_api_omits_are_compared_with_the_record() {
        let wanted = attributes(&[("template", "b".into())]);
        let recorded = attributes(&[("template", "a".into())]);
        assert_eq!(paths(&compare(&POD, &wanted, Some(&recorded), &Attributes::new())), ["template"]);
        assert_eq!(paths(&compare(&POD, &wanted, None, &Attributes::new())), Vec::<&str>::new());
    }

    #[test]
    fn shrinking_a_network_volume_is_refused_with_the_reason() {
        let difference = compare(
            &NETWORK_VOLUME,
            &attributes(&[("size_gb", Value::Int(50))]),
            None,
            &attributes(&[("size_gb", Value::Int(100))]),
        );
        assert!(difference.fields.is_empty());
        assert!(difference.refused[0].1.contains("never shrink"));
    }

    #[test]
    fn ports_are_a_set_and_all_forms_of_nothing_are_equal() {
        let wanted = attributes(&[("ports", Value::texts(["22/tcp", "80/http"])), ("registry_auth", Value::Null)]);
        let seen = attributes(&[("ports", Value::texts(["80/http", "22/tcp"])), ("registry_auth", "".into())]);
        assert_eq!(paths(&compare(&POD, &wanted, None, &seen)), Vec::<&str>::new());
    }

    #[test]
    fn ignored_changes_are_not_compared() {
        let ignored = ["env.A".to_owned(), "image".to_owned()].into();
        let wanted = attributes(&[("env", env(&[("A", "1".into()), ("B", "1".into())])), ("image", "x".into())]);
        let seen = attributes(&[("env", env(&[])), ("image", "y".into())]);
        let readings = Readings { recorded: None, ignored: &ignored, ..Readings::of_record(&POD, &wanted, &seen) };
        assert_eq!(paths(&super::difference(&readings)), ["env.B"]);
    }
}
