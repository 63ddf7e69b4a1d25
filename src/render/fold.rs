//! Groups changes for display: members (the ports of a pod) are shown in the line of their parent, and replicas with
//! equal changes are shown together.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Action, Address, Change, Plan};
use crate::resource::members;

/// One change, with the members that its request changes too.
#[derive(Clone, Debug)]
pub struct PlanRow<'a> {
    pub change: &'a Change,
    pub members: Vec<&'a Change>,
}

/// The plan's changes in order. A member that changes without its parent gets its own row.
pub fn rows(plan: &Plan) -> Vec<PlanRow<'_>> {
    let actions: BTreeMap<&Address, Action> =
        plan.changes.iter().map(|change| (&change.address, change.action)).collect();
    let folds_into = |change: &Change| {
        let parent = members::parent_of(&change.address)?;
        let action = *actions.get(&parent)?;
        (action != Action::NoOp || change.action == Action::NoOp).then_some(parent)
    };
    let mut members: BTreeMap<Address, Vec<&Change>> = BTreeMap::new();
    let mut own = Vec::new();
    for change in &plan.changes {
        match folds_into(change) {
            Some(parent) => members.entry(parent).or_default().push(change),
            None => own.push(change),
        }
    }
    own.into_iter()
        .map(|change| PlanRow { change, members: members.remove(&change.address).unwrap_or_default() })
        .collect()
}

/// The number of rows with an action, and whether any of them loses precious data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub rows: usize,
    pub loses_data: bool,
}

/// A tally for every action that occurs.
pub fn tally(rows: &[PlanRow<'_>]) -> BTreeMap<Action, Tally> {
    let mut tallies: BTreeMap<Action, Tally> = BTreeMap::new();
    for PlanRow { change, .. } in rows {
        let tally = tallies.entry(change.action).or_default();
        tally.rows += 1;
        tally.loses_data |= loses_data(change);
    }
    tallies
}

pub fn loses_data(change: &Change) -> bool {
    change.losses.iter().any(|loss| loss.precious)
}

/// Numbers as inclusive ranges: `0..3,5`.
pub fn ranges(numbers: &BTreeSet<u32>) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for &number in numbers {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let words: Vec<String> = runs
        .into_iter()
        .map(|(first, last)| match last - first {
            0 => first.to_string(),
            1 => format!("{first},{last}"),
            _ => format!("{first}..{last}"),
        })
        .collect();
    words.join(",")
}

/// `pod.trainer[0..3]` for replicas of one name; a single address stays as it is.
pub fn group_address(addresses: &[&Address]) -> String {
    match addresses {
        [] => String::new(),
        [only] => only.to_string(),
        [first, ..] => {
            let numbers = addresses.iter().filter_map(|address| address.index).collect();
            let member = first.member.as_ref().map(|member| format!(":{member}")).unwrap_or_default();
            format!("{}.{}[{}]{member}", first.kind, first.name, ranges(&numbers))
        }
    }
}

/// The longest list of replica numbers that a title repeats, in characters.
const LONGEST_NUMBERS: usize = 40;

/// The title of a group with a long list of numbers cut: `pod.trainer[0,2,4,...]`.
pub fn shortened(title: &str) -> String {
    let parts = title.split_once('[').and_then(|(name, rest)| Some((name, rest.split_once(']')?)));
    match parts {
        Some((name, (numbers, member))) if numbers.len() > LONGEST_NUMBERS && is_numbers(numbers) => {
            let end = numbers[..LONGEST_NUMBERS].rfind(',').unwrap_or(LONGEST_NUMBERS);
            format!("{name}[{},...]{member}", &numbers[..end])
        }
        _ => title.to_owned(),
    }
}

/// Whether a text is a list of replica numbers; it is ASCII then.
fn is_numbers(text: &str) -> bool {
    text.chars().all(|character| character.is_ascii_digit() || matches!(character, ',' | '.'))
}

/// Addresses in order, with replicas of one name combined: `pod.trainer[0..3]`, `pod.notebook`.
pub fn group_addresses(addresses: Vec<&Address>) -> Vec<String> {
    let mut groups: Vec<Vec<&Address>> = Vec::new();
    let mut places = BTreeMap::new();
    for address in addresses {
        let place = address.index.map(|_| (&address.kind, &address.name, &address.member));
        let group = match place {
            Some(key) => *places.entry(key).or_insert(groups.len()),
            None => groups.len(),
        };
        match groups.get_mut(group) {
            Some(group) => group.push(address),
            None => groups.push(vec![address]),
        }
    }
    groups.iter().map(|group| group_address(group)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_ranges() {
        for (numbers, text) in [(vec![4], "4"), (vec![0, 1, 2, 3], "0..3"), (vec![0, 1, 3, 4, 5, 7], "0,1,3..5,7")] {
            assert_eq!(ranges(&numbers.into_iter().collect()), text);
        }
    }
}
