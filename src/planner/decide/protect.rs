//! Protection against destroying objects: `preventDestroy`, which no flag overrides, and the default protection of a
//! kind, which a flag lifts ([`kind::Protection`]).
//!
//! The state records `preventDestroy` as last applied, so it protects even if the block was removed or the file cannot
//! be read. A block that sets it takes effect immediately.

use std::collections::BTreeMap;

use crate::graph::ResourceGraph;
use crate::kind::{self, Kind};
use crate::model::{Address, Change, Note, Position, Record, Refusal, RefusalCode, Resource, State};
use crate::planner::input::Input;
use crate::resource::inventory::live_object;

/// Whether `preventDestroy` protects an object that is undeclared or covered by `sindri destroy`.
pub fn prevents(record: Option<&Record>, declared: Option<&Resource>) -> bool {
    let recorded = record.is_some_and(|record| record.prevent_destroy);
    recorded || declared.is_some_and(|resource| resource.lifecycle.prevent_destroy)
}

/// Like [`prevents`], for a predecessor replaced by `successor`. A block without `preventDestroy` allows the
/// replacement.
pub fn prevents_end(record: Option<&Record>, successor: &Resource) -> bool {
    prevents(record, None) && successor.lifecycle.prevent_destroy
}

/// Refuses to destroy a resource with `preventDestroy`.
pub fn prevented(address: &Address, declared: Option<&Resource>) -> Refusal {
    let help = match declared {
        Some(_) => "set `lifecycle.preventDestroy: false` on it and apply that first".to_owned(),
        None => format!(
            "restore its block without `preventDestroy` and apply that first, or forget it with `{}`, which keeps \
             the object",
            forget(address)
        ),
    };
    Refusal {
        code: RefusalCode::PreventDestroy,
        message: format!("`{address}` has `preventDestroy` and would be destroyed"),
        help,
        position: declared.and_then(position),
    }
}

/// Refuses to destroy a named resource of a protected kind.
pub fn protected(address: &Address, kind: &Kind) -> Refusal {
    Refusal {
        code: RefusalCode::Protected,
        message: format!("`{address}` is protected and cannot be destroyed by name alone"),
        help: format!("pass `{}` to delete it with its {}", flag(kind), holds(kind)),
        position: None,
    }
}

/// Resources that are not to be kept for their own sake, but that a protected resource needs which stays: the registry
/// credential of an endpoint. Each with that resource.
///
/// A template is not needed: what was made from it has its fields.
pub fn needed_by_protected(
    input: &Input<'_>,
    desired: &BTreeMap<Address, Resource>,
    prior: &State,
    graph: &ResourceGraph,
) -> BTreeMap<Address, Address> {
    let stays = |(address, record): &(&Address, &Record)| {
        let kind = kind::find(&record.kind);
        // The kind comes first: a fleet has few protected resources, and looking up every address takes long.
        kind.is_some_and(|kind| !input.options.permits_deleting(kind))
            && !desired.contains_key(*address)
            && address.successor().is_none()
            && live_object(input.observed, record).is_some()
    };
    let mut needed = BTreeMap::new();
    for (protected, _) in prior.resources.iter().filter(stays) {
        let mut open = vec![protected];
        while let Some(address) = open.pop() {
            for need in graph.dependencies(address) {
                let is_copied = kind::find(&need.kind).is_some_and(|kind| kind.is_merged_into_users);
                if !is_copied && needed.insert(need.clone(), protected.clone()).is_none() {
                    open.push(need);
                }
            }
        }
    }
    needed
}

/// Refuses to destroy a named resource that a protected one needs.
pub fn needed(address: &Address, by: &Address) -> Refusal {
    let flag = kind::find(&by.kind).map_or("", flag);
    Refusal {
        code: RefusalCode::Protected,
        message: format!("`{address}` cannot be destroyed while `{by}` needs it, which is protected"),
        help: format!("destroy `{by}` too, with `{flag}`"),
        position: None,
    }
}

/// The flag that permits deleting objects of a kind.
fn flag(kind: &Kind) -> &'static str {
    kind.protection.map_or("", |protection| protection.flag)
}

/// The loss in deleting an object of a kind.
fn holds(kind: &Kind) -> &'static str {
    kind.protection.map_or("data", |protection| protection.holds)
}

/// Refuses to replace a resource with `preventDestroy`.
pub fn replaced(resource: &Resource) -> Refusal {
    Refusal {
        code: RefusalCode::PreventDestroy,
        message: format!("`{}` has `preventDestroy` and would be replaced", resource.address),
        help: "undo the change, or set `lifecycle.preventDestroy: false` to replace it on purpose".into(),
        position: position(resource),
    }
}

fn position(resource: &Resource) -> Option<Position> {
    resource.positions.get("lifecycle").or(resource.position.as_ref()).cloned()
}

/// Explains that an undeclared object is kept, what it costs, and how to delete it.
pub fn note(change: &Change, record: Option<&Record>, declared: Option<&Resource>, destroy: bool) -> String {
    let kind = kind::find(&change.address.kind);
    let title = kind.map_or("resource", |kind| kind.title);
    let id = record.map_or("", |record| record.id.as_str());
    let monthly = change.hourly_after.of_one_monthly();
    if prevents(record, declared) {
        let help = prevented(&change.address, declared).help;
        return format!(
            "{title} `{id}` has `preventDestroy` and is kept; it still costs {monthly}. To delete it, {help}"
        );
    }
    let (flag, holds) = (kind.map_or("", flag), kind.map_or("data", holds));
    let how = if destroy {
        format!("`sindri destroy {flag}` deletes it with its {holds}")
    } else {
        format!("`sindri apply {flag}` deletes it with its {holds}, `sindri state rm` forgets it")
    };
    format!("{title} `{id}` is protected and kept; it still costs {monthly}. {how}")
}

/// The command that forgets one resource. Some shells expand unquoted brackets.
fn forget(address: &Address) -> String {
    let quote = if address.index.is_some() { "'" } else { "" };
    format!("sindri state rm {quote}{address}{quote}")
}

/// Maximum number of addresses named in a note; the others are counted.
const NAMED: usize = 3;

/// Reports which `preventDestroy` settings the state adds and drops. Other changes of the same plan may send requests.
pub fn corrections(prior: &State, records: &BTreeMap<Address, Option<Record>>) -> Vec<Note> {
    let changed = |to: bool| {
        let differs = move |(address, record): &(&Address, &Option<Record>)| {
            let before = prior.resources.get(*address).map(|record| record.prevent_destroy);
            let after = record.as_ref().map(|record| record.prevent_destroy);
            before.zip(after) == Some((!to, to))
        };
        records.iter().filter(differs).map(|(address, _)| address)
    };
    let note = |to: bool, verb: &str| {
        let addresses: Vec<&Address> = changed(to).collect();
        let named = addresses.iter().take(NAMED).map(|address| format!("`{address}`")).collect::<Vec<_>>().join(", ");
        let more = addresses.len().saturating_sub(NAMED);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let message =
            format!("apply {verb} `preventDestroy` of {named}{more} in the state; this correction sends no request");
        (!addresses.is_empty()).then_some(Note { address: None, message })
    };
    note(true, "records").into_iter().chain(note(false, "drops")).collect()
}
