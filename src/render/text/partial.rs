//! The scope of a partial plan, and the pending changes that it leaves out.

use std::collections::BTreeMap;

use super::super::fold;
use super::super::style::{Line, Tone};
use super::super::words;
use super::cap::{self, NAMED};
use crate::model::{Action, Address, Partial, Plan, Refusal};

/// Other pending changes, for a plan that covers only some resources.
pub fn section(plan: &Plan, full: bool) -> Vec<Line> {
    let Some(partial) = &plan.partial else { return Vec::new() };
    let mut lines =
        vec![Line::new(0).tone(Tone::Change, "Partial plan").text(format!(": {}", scope(partial))).hanging(0)];
    lines.extend(pending(partial, full).into_iter().map(|(_, line)| line));
    lines
}

/// The scope of a partial plan, and whether it leaves anything out.
pub fn scope(partial: &Partial) -> String {
    let names = fold::group_addresses(partial.targets.iter().collect());
    let more = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let names =
        names.iter().take(NAMED).map(|name| format!("`{}`", fold::shortened(name))).collect::<Vec<_>>().join(", ");
    let rest = match !partial.leaves_out() {
        true => "nothing else is pending",
        false => "also pending, but not in this plan:",
    };
    format!("only {names}{more} and dependencies; {rest}")
}

/// The changes that are left out: one line per action and per refusal, with the number of resources.
pub fn pending(partial: &Partial, full: bool) -> Vec<(usize, Line)> {
    let mut by_action: BTreeMap<Action, Vec<&Address>> = BTreeMap::new();
    for (address, action) in &partial.left_out {
        by_action.entry(*action).or_default().push(address);
    }
    let line = |(action, addresses): (Action, Vec<&Address>)| {
        let number = addresses.len();
        let names = cap::names(addresses, full);
        let line = Line::new(4).tone(Tone::Change, format!("{:3} ", action.symbol())).text(words::action(action));
        (number, line.text(format!("  {names}")).hanging(8))
    };
    let names = cap::names(partial.not_ready.iter().collect(), full);
    let not_ready = Line::new(4).tone(Tone::Change, "... ").text(format!("not ready  {names}")).hanging(8);
    let not_ready = (!partial.not_ready.is_empty()).then_some((partial.not_ready.len(), not_ready));
    by_action.into_iter().map(line).chain(refused(partial)).chain(not_ready).collect()
}

/// The first few reasons why left-out changes could not be applied.
fn refused(partial: &Partial) -> impl Iterator<Item = (usize, Line)> {
    let line = |(_, refusal): &(Address, Refusal)| {
        Line::new(4).tone(Tone::Bad, "!   ").text(format!("refused  {}", refusal.message)).hanging(8) //
    };
    let more = partial.refused.len().saturating_sub(NAMED);
    let rest = (more > 0).then(|| (more, Line::of(8, format!("and {}", words::count(more, "more refusal")))));
    partial.refused.iter().take(NAMED).map(move |refused| (1, line(refused))).chain(rest)
}
