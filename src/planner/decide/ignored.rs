//! `ignoreChanges`: what a record says of attributes that are never compared.
//!
//! What the file says of them was never applied to an object that stays: recorded all the same, it would read as drift in
//! every later plan. So the record goes on saying what was applied, or what somebody else has made of it since.

use std::collections::{BTreeMap, BTreeSet};

use crate::kind::Kind;
use crate::model::{Attributes, FieldChange, Record, Value};
use crate::planner::drift::survey::accept;
use crate::resource::difference::{Readings, difference, ignored};

/// Lays what is there over what `record` declares of ignored attributes.
///
/// `before` is what the state holds, `applied` the same with members and references resolved, as `seen` has them.
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

/// Takes out of `record` what is still not known of the object: neither its record nor the API says it, and nothing that
/// is applied now changes it.
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
        *target = Value::Map(BTreeMap::new());
    }
    let Value::Map(target) = target else { return };
    match source.as_map().and_then(|source| source.get(key)) {
        Some(value) => target.insert(key.to_owned(), value.clone()),
        None => target.remove(key),
    };
}
