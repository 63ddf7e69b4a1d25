//! The picture of a plan: one box per change, or per group of changes where there are too many to look at.

use std::collections::{BTreeMap, BTreeSet};

use super::picture::{LEGIBLE, Node, Picture};
use crate::graph::parent_of;
use crate::kind;
use crate::model::{Action, Address, Cause, Change, Plan};
use crate::render::fold::{self, Row};
use crate::render::style::Ink;
use crate::render::text::block::{self, Block};
use crate::render::text::{Context, PlanView};
use crate::render::words;

/// The picture of a plan, for a file of its own: its boxes lead nowhere.
pub fn of_plan(plan: &Plan, view: &PlanView) -> Picture {
    let context = Context { plan, by_address: plan.by_address(), view };
    let rows = fold::rows(plan);
    let blocks = block::without_attributes(&context, &rows.iter().collect::<Vec<_>>());
    let mut picture = of(&rows, &blocks);
    picture.nodes.iter_mut().for_each(|node| node.anchor = None);
    picture
}

/// The graph of the plan's blocks, whose order gives their anchors.
pub fn of(rows: &[Row<'_>], blocks: &[Block<'_>]) -> Picture {
    let by_itself = |number: usize, _: &Change| (String::new(), String::new(), Action::NoOp, false, number);
    let by_name = |_: usize, change: &Change| {
        (change.address.kind.clone(), change.address.name.clone(), change.action, fold::loses_data(change), 0)
    };
    // A box that claims a loss holds only what loses data.
    let by_kind = |_: usize, change: &Change| {
        (change.address.kind.clone(), String::new(), change.action, fold::loses_data(change), 0)
    };
    let names: BTreeSet<_> = blocks.iter().map(|block| by_name(0, block.changes[0])).collect();
    match (blocks.len(), names.len()) {
        (..=LEGIBLE, _) => grouped(rows, blocks, by_itself, "Replicas that change alike are one box."),
        (_, ..=LEGIBLE) => grouped(rows, blocks, by_name, "Replicas of one name with the same action are one box."),
        _ => grouped(rows, blocks, by_kind, "Too many to draw: all of one kind with the same action are one box."),
    }
}

fn grouped<K: Ord>(
    rows: &[Row<'_>],
    blocks: &[Block<'_>],
    key: impl Fn(usize, &Change) -> K,
    caption: &'static str,
) -> Picture {
    let mut members: BTreeMap<K, Vec<usize>> = BTreeMap::new();
    for (number, block) in blocks.iter().enumerate() {
        members.entry(key(number, block.changes[0])).or_default().push(number);
    }
    // In the order of the changes below the picture.
    let mut groups: Vec<Vec<usize>> = members.into_values().collect();
    groups.sort();
    let ports: BTreeMap<&Address, usize> = rows.iter().map(|row| (&row.change.address, row.members.len())).collect();
    let nodes = groups.iter().map(|group| node(blocks, group, &ports)).collect();
    let mut places: BTreeMap<&Address, usize> = BTreeMap::new();
    for (place, group) in groups.iter().enumerate() {
        for number in group {
            places.extend(blocks[*number].changes.iter().map(|change| (&change.address, place)));
        }
    }
    let needs = Needs::of(rows);
    let mut edges = BTreeSet::new();
    for row in rows {
        for needed in needs.by(row.change) {
            if let (Some(from), Some(to)) = (places.get(&needed), places.get(&row.change.address)) {
                edges.insert((*from, *to));
            }
        }
    }
    edges.retain(|(from, to)| from != to);
    Picture { nodes, edges, caption }
}

fn node(blocks: &[Block<'_>], group: &[usize], ports: &BTreeMap<&Address, usize>) -> Node {
    let changes: Vec<&Change> = group.iter().flat_map(|number| blocks[*number].changes.iter().copied()).collect();
    let first = &blocks[group[0]];
    let Change { address, action, .. } = changes[0];
    let kind = kind::find(&address.kind).map_or(address.kind.as_str(), |kind| kind.title);
    let same_name = changes.iter().all(|change| change.address.name == address.name);
    let title = match (group, same_name) {
        ([_], _) => first.title.clone(),
        (_, true) => format!("{}.{}", address.kind, address.name),
        (_, false) => words::count(changes.len(), kind),
    };
    let word = if *action == Action::NoOp { "unchanged" } else { words::action(*action) };
    let mut facts = vec![word.to_owned()];
    // Boxes of several names say it in their titles.
    if changes.len() > 1 && same_name {
        facts.push(words::count(changes.len(), kind));
    }
    let exposed: usize = changes.iter().filter_map(|change| ports.get(&change.address)).sum();
    if exposed > 0 {
        facts.push(words::count(exposed, "port"));
    }
    let losses: BTreeSet<String> = changes.iter().flat_map(|change| &change.losses).map(block::loss).collect();
    let mut tip = match group {
        [_] => first.headline(0).spans().into_iter().map(|(_, text)| text).collect(),
        _ => format!("{title}: {}", facts.join(", ")),
    };
    if !losses.is_empty() && losses.len() <= 3 && action.destroys() {
        tip.push_str(&format!("; destroys {}", losses.into_iter().collect::<Vec<_>>().join(", ")));
    }
    Node {
        kind: address.kind.clone(),
        title,
        what: facts.join(", "),
        tip,
        symbol: action.symbol(),
        ink: group.iter().map(|number| blocks[*number].ink()).max_by_key(|ink| *ink == Ink::Bad).unwrap_or_default(),
        loses_data: changes.iter().any(|change| fold::loses_data(change)),
        anchor: Some(group[0]),
    }
}

/// What changes stand on, by references, by ids and by reasons.
struct Needs<'a> {
    by_id: BTreeMap<&'a str, &'a Address>,
}

impl<'a> Needs<'a> {
    fn of(rows: &[Row<'a>]) -> Self {
        let ids = rows.iter().filter_map(|row| Some((row.change.id.as_deref()?, &row.change.address)));
        Self { by_id: ids.filter(|(id, _)| !id.is_empty()).collect() }
    }

    fn by(&self, change: &Change) -> BTreeSet<Address> {
        let mut found: BTreeSet<Address> = parent_of(&change.address).into_iter().collect();
        for value in change.after.values().chain(change.before.values()) {
            found.extend(value.references().into_iter().cloned());
            // What exists is referred to by its id.
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
