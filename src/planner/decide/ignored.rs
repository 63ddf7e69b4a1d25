//! `ignoreChanges`: the recorded values of attributes that are never compared.
//!
//! The file's values of these attributes are not applied to an existing object, so recording them would show up as
//! drift in every later plan. Instead, the record keeps the values that were applied or have been set outside sindri
//! since.

use std::collections::BTreeSet;

use crate::kind::Kind;
use crate::model::{Attributes, FieldChange, Record, Value, ValueMap};
use crate::planner::drift::survey::accept;
use crate::resource::difference::{Readings, difference, ignored};

/// Replaces the declared values of ignored attributes in `record` with the actual ones.
///
/// `before` is the state's record. `applied` are its inputs with members and references resolved, like `seen`.
pub fn keep(
    record: &mut Record,
    kind: &'static Kind,
    ignore: &BTreeSet<String>,
    before: &Record,
    applied: &Attributes,
    seen: &Attributes,
) {
    for path in ignore {
        copy(&mut record.inputs, &before.inputs, path);
    }
    let fields = difference(&Readings::of_record(kind, applied, seen)).all();
    for field in fields.into_iter().filter(|field| ignored(&field.path, ignore)) {
        accept(&mut record.inputs, &field.path, field.before);
    }
}

/// Removes from `record` the values that remain unknown: neither the object's record nor the API has them, and no
/// change in `applied` sets them.
pub fn forget_unknown(record: &mut Record, before: &Record, seen: &Attributes, applied: &[FieldChange]) {
    let changes = |name: &str| {
        applied.iter().any(|field| field.path.split('.').next() == Some(name)) //
    };
    record.inputs.retain(|name, _| before.inputs.contains_key(name) || seen.contains_key(name) || changes(name));
}

fn copy(to: &mut Attributes, from: &Attributes, path: &str) {
    let (name, key) = path.split_once('.').map_or((path, None), |(name, key)| (name, Some(key)));
    let (Some(target), Some(source)) = (to.get_mut(name), from.get(name)) else { return };
    let Some(key) = key else {
        target.clone_from(source);
        return;
    };
    if target.is_null() {
        *target = Value::Map(ValueMap::new());
    }
    let Value::Map(target) = target else { return };
    match source.as_map().and_then(|source| source.get(key)) {
        Some(value) => target.insert(key.to_owned(), value.clone()),
        None => target.remove(key),
    };
}
