//! Consequences of a change that its fields do not show: differences between the successor and the object it replaces,
//! and intermediate steps.
//!
//! Returns data for the plan and makes no decisions.

use crate::kind::{Compare, Kind};
use crate::model::{
    Attributes, Dialect, DifferenceOrigin, Effect, FieldChange, Loss, Object, Resource, SideEffect, Value,
};
use crate::resource::difference::{Readings, difference, ignored};

const IGNORED: &str = "otherwise ignored; a new object gets the value in the file";
const FIRST: &str = "first of the list";
const ANY: &str = "RunPod chooses from the list";

/// Attributes that will differ in the successor of `object` but are not the reason for the replacement.
pub fn fields(readings: &Readings<'_>, object: &Object, resource: &Resource, dialect: Dialect) -> Vec<SideEffect> {
    let all = difference(&Readings { ignored: &Default::default(), ..*readings });
    let left = all.all().into_iter().filter(|field| ignored(&field.path, readings.ignored)).map(|field| FieldChange {
        effect: Effect::InPlace,
        rule: IGNORED.to_owned(),
        ..field
    });
    let other = readings.kind.attributes.iter().filter(|attribute| attribute.candidates);
    let other = other.filter_map(|attribute| {
        let (wanted, seen) = (resource.inputs.get(attribute.name)?, object.attributes.get(attribute.name)?);
        let (items, shown) = (wanted.text_items(), *seen.text_items().first()?);
        // A value outside the list is already reported as a difference.
        let chosen = items.contains(&shown) && !ignored(attribute.name, readings.ignored);
        let (after, rule) = match (attribute.takes_one_of(dialect), items.as_slice()) {
            (false, [_, _, ..]) => (wanted.clone(), ANY),
            (true, [first, ..]) if *first != shown => (Value::text(*first), FIRST),
            _ => return None,
        };
        chosen.then(|| FieldChange {
            path: attribute.name.to_owned(),
            before: Value::text(shown),
            after,
            after_unknown: false,
            effect: Effect::InPlace,
            rule: rule.to_owned(),
            origin: Some(DifferenceOrigin::Declared),
            position: readings.positions.get(attribute.name).cloned(),
        })
    });
    left.chain(other).map(|field| SideEffect::Field { field }).collect()
}

/// Map keys that exist only at RunPod. A replacement loses them, because no file defines them for the successor.
pub fn undeclared(kind: &Kind, object: &Object, inputs: &[&Attributes]) -> Vec<Loss> {
    let shared = kind.attributes.iter().filter_map(|attribute| Some((attribute, attribute.shared?)));
    let lost = shared.filter_map(|(attribute, shared)| {
        let map = object.attributes.get(attribute.name)?.as_map()?;
        let ours = |key: &str| {
            inputs.iter().any(|inputs| {
                inputs.get(attribute.name).and_then(Value::as_map).is_some_and(|map| map.contains_key(key))
            })
        };
        let made_again = |key: &str| inputs.first().is_some_and(|wanted| (shared.injected)(wanted, key));
        let names: Vec<String> =
            map.keys().filter(|key| !ours(key) && !made_again(key)).map(ToString::to_string).collect();
        (!names.is_empty()).then(|| Loss {
            what: format!("{} not declared", shared.title),
            names,
            size_gb: None,
            mount_path: None,
            precious: false,
        })
    });
    lost.collect()
}

/// `declared` as it applies to an existing object: ignored attributes keep the values in `shown`.
pub fn kept(mut declared: Attributes, kind: &Kind, resource: &Resource, shown: &Attributes) -> Attributes {
    for path in &resource.lifecycle.ignore_changes {
        let (name, key) = path.split_once('.').map_or((path.as_str(), None), |(name, key)| (name, Some(key)));
        // The API does not return every attribute; for the others, only the declared value can be shown.
        let Some(seen) = shown.get(name) else { continue };
        match key {
            None if kind.attribute(name).is_some_and(|attribute| attribute.compare != Compare::Recorded) => {
                declared.insert(name.to_owned(), seen.clone());
            }
            Some(key) => {
                let (Some(Value::Map(map)), Some(seen)) = (declared.get_mut(name), seen.as_map()) else { continue };
                match seen.get(key) {
                    Some(value) => map.insert(key.to_owned(), value.clone()),
                    None => map.remove(key),
                };
            }
            None => {}
        }
    }
    declared
}
