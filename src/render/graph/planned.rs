//! The picture of a plan. Resources share boxes as in the picture of a configuration, if they have the same action.

use std::collections::{BTreeMap, BTreeSet};

use super::folding::{BoxGroup, Folded, GraphItem, folded};
use super::picture::{GraphNode, Picture};
use crate::kind::loss;
use crate::model::{Action, Address, Cause, Change, Plan};
use crate::render::fold::{self, PlanRow};
use crate::render::text::block::{self, ChangeBlock};
use crate::render::text::{Context, PlanView};
use crate::render::words;
use crate::resource::members::parent_of;

/// The picture of a plan for a separate file, where boxes have no links.
pub fn of_plan(plan: &Plan, view: &PlanView) -> Picture {
    let context = Context { plan, by_address: plan.by_address(), view };
    let rows = fold::rows(plan);
    let blocks = block::without_attributes(&context, &rows.iter().collect::<Vec<_>>());
    let mut picture = of(&rows, &blocks);
    picture.nodes.iter_mut().for_each(|node| node.anchor = None);
    picture
}

/// The graph of the plan's blocks. Each box links to the first of its blocks.
pub fn of(rows: &[PlanRow<'_>], blocks: &[ChangeBlock<'_>]) -> Picture {
    let needs = Needs::of(rows);
    let items = rows.iter().map(|row| GraphItem {
        address: &row.change.address,
        needs: needs.by(row.change),
        parts: parts(row),
        // A box that reports data loss contains only resources that lose data.
        tag: (row.change.action, fold::loses_data(row.change)),
    });
    let (Folded { groups, edges, level }, items) = folded(items.collect());
    let places: BTreeMap<&Address, usize> = blocks
        .iter()
        .enumerate()
        .flat_map(|(number, block)| block.changes.iter().map(move |change| (&change.address, number)))
        .collect();
    let shown = |group: &BoxGroup| -> BTreeSet<usize> {
        group.items.iter().filter_map(|item| places.get(items[*item].address).copied()).collect()
    };
    let addresses =
        |group: &BoxGroup| -> BTreeSet<&Address> { group.items.iter().map(|item| items[*item].address).collect() };
    let nodes = groups.iter().map(|group| node(group, &addresses(group), blocks, &shown(group))).collect();
    Picture { nodes, edges, caption: level.of_changes() }
}

/// Number of parts in the row of a change, by kind.
fn parts<'a>(row: &PlanRow<'a>) -> BTreeMap<&'a str, usize> {
    let mut parts = BTreeMap::new();
    for member in &row.members {
        *parts.entry(member.address.kind.as_str()).or_default() += 1;
    }
    parts
}

/// The box of a group, described by the blocks in `shown`, which may contain other resources too.
fn node(
    group: &BoxGroup,
    addresses: &BTreeSet<&Address>,
    blocks: &[ChangeBlock<'_>],
    shown: &BTreeSet<usize>,
) -> GraphNode {
    let BoxGroup { items: _, title, size, parts, names } = group;
    let all = shown.iter().flat_map(|number| &blocks[*number].changes);
    let changes: Vec<&Change> = all.copied().filter(|change| addresses.contains(&change.address)).collect();
    let (first, action) = (shown.first().map(|number| &blocks[*number]), changes.first().map(|change| change.action));
    let action = action.unwrap_or(Action::NoOp);
    let word = if action == Action::NoOp { "unchanged" } else { words::action(action) };
    let mut facts = vec![word.to_owned()];
    // For a single resource, the address contains the kind.
    facts.extend(Some(size.clone()).filter(|size| changes.len() > 1 && !size.is_empty()));
    facts.extend(parts.iter().cloned());
    let losses: BTreeSet<String> = changes.iter().flat_map(|change| &change.losses).map(loss::listed).collect();
    let mut tip = match first {
        Some(block) if block.changes.len() == changes.len() => {
            block.headline(0).spans().into_iter().map(|(_, text)| text).collect()
        }
        _ => {
            let parts = [title.clone(), facts.join(", ")].into_iter().chain(names.clone());
            parts.collect::<Vec<_>>().join(": ")
        }
    };
    if !losses.is_empty() && losses.len() <= 3 && action.destroys() {
        tip.push_str(&format!("; destroys {}", losses.into_iter().collect::<Vec<_>>().join(", ")));
    }
    GraphNode {
        kind: addresses.first().map(|address| address.kind.to_string()).unwrap_or_default(),
        title: title.clone(),
        what: facts.join(", "),
        tip,
        symbol: action.symbol(),
        tone: first.map(ChangeBlock::tone).unwrap_or_default(),
        loss: loss_word(&changes),
        anchor: first.and(shown.first().copied()),
    }
}

/// The losses of the changes, as a warning.
fn loss_word(changes: &[&Change]) -> Option<&'static str> {
    let mut losing = changes.iter().filter(|change| fold::loses_data(change)).peekable();
    losing.peek()?;
    Some(if losing.any(|change| change.risk.loses_data()) { "DATA IS LOST" } else { "CANNOT BE UNDONE" })
}

/// The dependencies of changes, by reference, id and cause.
struct Needs<'a> {
    by_id: BTreeMap<&'a str, &'a Address>,
}

impl<'a> Needs<'a> {
    fn of(rows: &[PlanRow<'a>]) -> Self {
        let ids = rows.iter().filter_map(|row| Some((row.change.id.as_deref()?, &row.change.address)));
        Self { by_id: ids.filter(|(id, _)| !id.is_empty()).collect() }
    }

    fn by(&self, change: &Change) -> BTreeSet<Address> {
        let mut found: BTreeSet<Address> = parent_of(&change.address).into_iter().collect();
        for value in change.after.values().chain(change.before.values()) {
            found.extend(value.references().into_iter().cloned());
            // Existing objects are referred to by id.
            let by_id = value.as_text().and_then(|text| self.by_id.get(text));
            found.extend(by_id.into_iter().map(|address| (*address).clone()));
        }
        for cause in &change.causes {
            if let Cause::Dependency { address, .. } = cause {
                found.insert(address.clone());
            }
        }
        found.remove(&change.address);
        found
    }
}
