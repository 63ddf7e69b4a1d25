//! Blocks that look renamed: the evidence, and both ways to continue.

use std::collections::{BTreeMap, BTreeSet};

use super::cap;
use crate::model::{Action, Address, Plan, Rename};
use crate::render::style::{Line, Tone};
use crate::render::words;

/// Maximum number of pairs to describe.
const FEW: usize = 6;

/// The section; empty if nothing looks renamed.
pub fn section(plan: &Plan, config: &str, full: bool) -> Vec<Line> {
    let body = body(plan, config, full);
    let heading = (!body.is_empty()).then(|| Line::new(0).tone(Tone::Heading, HEADING));
    heading.into_iter().chain(body).collect()
}

pub const HEADING: &str = "Renamed?";

/// The section without its heading.
pub fn body(plan: &Plan, config: &str, full: bool) -> Vec<Line> {
    if plan.renames.is_empty() {
        return Vec::new();
    }
    let mut lines = Vec::new();
    for rename in plan.renames.iter().take(FEW) {
        lines.push(Line::new(2).tone(Tone::Change, "?").text(format!("   {}", sentence(rename))));
    }
    if plan.renames.len() > FEW {
        lines.push(Line::of(6, format!("... and {} more", plan.renames.len() - FEW)));
    }
    lines.push(Line::of(2, format!("If so, add this to {config}, and the rename destroys nothing:")));
    lines.push(Line::of(4, "moved:"));
    // The list can be pasted only if it is complete.
    let (entries, more) = cap::first(entries(plan), full, 6, "line");
    lines.extend(entries.iter().map(|(from, to)| Line::of(6, words::move_entry(from, to))).chain(more));
    lines.push(Line::of(2, "If not, pass `--no-renames` to keep the plan as shown above."));
    lines
}

/// The entries to paste. If all resources of a key go to one other key with the same numbers, they share one entry.
fn entries(plan: &Plan) -> BTreeSet<(Address, Address)> {
    let key = |address: &Address| Address { index: None, ..address.clone() };
    let mut left: BTreeMap<Address, usize> = BTreeMap::new();
    for change in plan.changes.iter().filter(|change| change.action != Action::Create && change.address.index.is_some())
    {
        *left.entry(key(&change.address)).or_default() += 1;
    }
    let mut together: BTreeMap<(Address, Address), usize> = BTreeMap::new();
    let same_number = |rename: &&Rename| rename.from.index.is_some() && rename.from.index == rename.to.index;
    for rename in plan.renames.iter().filter(same_number) {
        *together.entry((key(&rename.from), key(&rename.to))).or_default() += 1;
    }
    together.retain(|(from, _), number| left.get(from) == Some(number));
    let entry = |rename: &Rename| {
        let keys = (key(&rename.from), key(&rename.to));
        if same_number(&rename) && together.contains_key(&keys) {
            keys
        } else {
            (rename.from.clone(), rename.to.clone())
        }
    };
    plan.renames.iter().map(entry).collect()
}

/// `pod.train (7kq2m9x4) looks renamed to pod.trainer: it is the same but for its name`.
fn sentence(rename: &Rename) -> String {
    let Rename { from, to, id, differing, keeps } = rename;
    let pair = format!("{from} ({id}) appears to be renamed to {to}");
    if differing.is_empty() {
        return format!("{pair}: the same except for its name");
    }
    let after = if *keeps { "" } else { ", which replaces it anyway unless you pass `--updates in-place`" };
    format!("{pair}: the same except for {}{after}", differing.join(", "))
}
