//! Compares the configurations of two environments block by block, independent of existing objects.
//!
//! The replicas of a block are alike, so one represents all, with their number as a field. Names at RunPod that differ
//! only by environment and number are ignored. Secrets are compared by name only, never by value.

use std::collections::{BTreeMap, BTreeSet};

use crate::kind::{self, Compare};
use crate::model::{Address, Attributes, Power, Resource, Updates, Value};
use crate::resource::difference::satisfies;
use crate::resource::members;

/// One environment.
#[derive(Clone, Copy)]
pub struct ComparedEnvironment<'a> {
    pub environment: &'a str,
    pub resources: &'a BTreeMap<Address, Resource>,
}

/// A field that differs between the sides; `Null` if it is not set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparisonRow {
    pub path: String,
    pub left: Value,
    pub right: Value,
}

/// All differences between the two sides.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    pub differing: Vec<(Address, Vec<ComparisonRow>)>,
    /// Blocks that the other side lacks, with a description.
    pub only_left: Vec<(Address, String)>,
    pub only_right: Vec<(Address, String)>,
    pub same: usize,
}

/// Compares the blocks of two environments.
pub fn compare(left: ComparedEnvironment<'_>, right: ComparedEnvironment<'_>) -> Comparison {
    let (ours, theirs) = (blocks(left), blocks(right));
    let mut comparison = Comparison::default();
    for (address, our) in &ours {
        match theirs.get(address).map(|their| rows(&address.kind, our, their)) {
            None => comparison.only_left.push((address.clone(), our.description.clone())),
            Some(rows) if rows.is_empty() => comparison.same += 1,
            Some(rows) => comparison.differing.push((address.clone(), rows)),
        }
    }
    let missing = theirs.into_iter().filter(|(address, _)| !ours.contains_key(address));
    comparison.only_right = missing.map(|(address, their)| (address, their.description)).collect();
    comparison
}

/// Rows for settings outside the blocks that differ.
pub fn differing<'p>(pairs: impl IntoIterator<Item = (&'p str, Value, Value)>) -> Vec<ComparisonRow> {
    let differ = |(path, left, right): (&str, Value, Value)| {
        (left != right).then(|| ComparisonRow { path: path.to_owned(), left, right })
    };
    pairs.into_iter().filter_map(differ).collect()
}

/// The declared contents of one block.
struct DeclaredBlock {
    fields: Attributes,
    description: String,
}

fn blocks(side: ComparedEnvironment<'_>) -> BTreeMap<Address, DeclaredBlock> {
    let members = members::by_parent(side.resources.keys());
    let mut counts: BTreeMap<Address, i64> = BTreeMap::new();
    let mut blocks = BTreeMap::new();
    for (address, resource) in side.resources.iter().filter(|(address, _)| !members::is_member(address)) {
        let block = Address { index: None, ..address.clone() };
        if address.index.is_some() {
            *counts.entry(block.clone()).or_insert(0) += 1;
        }
        // The first replica represents all of them.
        blocks.entry(block).or_insert_with(|| {
            let own = members.get(address).map_or(&[][..], Vec::as_slice);
            let mut fields = members::fold_members(address, &resource.inputs, own);
            let name = kind::find(&address.kind).and_then(|kind| fields.get_mut(kind.name_attribute?));
            if let Some(Value::Text(name)) = name {
                *name = plain_name(name, address, side.environment).into();
            }
            fields.extend(lifecycle_settings(resource));
            let describe = |kind: &'static kind::Kind| (kind.describe)(&resource.inputs, &BTreeMap::new()).to_string();
            DeclaredBlock { fields, description: kind::find(&address.kind).map(describe).unwrap_or_default() }
        });
    }
    for (address, count) in counts {
        if let Some(block) = blocks.get_mut(&address) {
            block.fields.insert("replicas".to_owned(), Value::Int(count));
        }
    }
    blocks
}

/// The name without the suffixes for environment and number.
fn plain_name(name: &str, address: &Address, environment: &str) -> String {
    let name = name.strip_suffix(&format!("-{environment}")).unwrap_or(name);
    let number = address.index.map(|index| format!("-{index}")).unwrap_or_default();
    name.strip_suffix(&number).unwrap_or(name).to_owned()
}

/// Lifecycle rules as ordinary fields.
fn lifecycle_settings(resource: &Resource) -> Attributes {
    let lifecycle = &resource.lifecycle;
    let updates = match lifecycle.updates {
        Updates::Recreate => "recreate",
        Updates::InPlace => "in-place",
    };
    let power = resource.power.map(|power| match power {
        Power::Running => "running",
        Power::Stopped => "stopped",
    });
    let seconds = |duration: std::time::Duration| Value::Int(i64::try_from(duration.as_secs()).unwrap_or(i64::MAX));
    [
        ("power", power.map_or(Value::Null, Value::text)),
        ("lifecycle.updates", Value::text(updates)),
        ("lifecycle.createBeforeDestroy", lifecycle.create_before_destroy.into()),
        ("lifecycle.preventDestroy", lifecycle.prevent_destroy.into()),
        ("lifecycle.ignoreChanges", Value::texts(lifecycle.ignore_changes.iter().map(String::as_str))),
        ("timeouts.create", seconds(resource.timeouts.create)),
        ("timeouts.delete", seconds(resource.timeouts.delete)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

fn rows(kind: &str, left: &DeclaredBlock, right: &DeclaredBlock) -> Vec<ComparisonRow> {
    let mut rows = Vec::new();
    for name in left.fields.keys().chain(right.fields.keys()).collect::<BTreeSet<_>>() {
        let at = |block: &DeclaredBlock| block.fields.get(name).cloned().unwrap_or_default();
        let compare =
            kind::find(kind).and_then(|kind| kind.attribute(name)).map_or(Compare::Exact, |known| known.compare);
        split(name.to_string(), at(left), at(right), compare, &mut rows);
    }
    rows
}

/// Maps are compared key by key.
fn split(path: String, left: Value, right: Value, compare: Compare, rows: &mut Vec<ComparisonRow>) {
    if let (Value::Map(_) | Value::Null, Value::Map(_)) | (Value::Map(_), Value::Null) = (&left, &right) {
        let keys: BTreeSet<String> = [&left, &right]
            .into_iter()
            .filter_map(Value::as_map)
            .flat_map(|map| map.keys().map(ToString::to_string))
            .collect();
        for key in keys {
            let at = |value: &Value| value.as_map().and_then(|map| map.get(&key)).cloned();
            match (at(&left), at(&right)) {
                (Some(Value::Secret(_)), Some(Value::Secret(_))) => {}
                (left, right) if left == right => {}
                (left, right) => rows.push(ComparisonRow {
                    path: format!("{path}.{key}"),
                    left: left.unwrap_or_default(),
                    right: right.unwrap_or_default(),
                }),
            }
        }
        return;
    }
    // Sets have no order; all other values are compared exactly.
    let how = if compare == Compare::Set { Compare::Set } else { Compare::Exact };
    if !satisfies(how, &left, &right) {
        rows.push(ComparisonRow { path, left, right });
    }
}
