//! Thousands of addresses and their losses in a few characters each, by writing common parts once.
//!
//! Addresses that differ in one number share a pattern (`pod.worker-#`), and neighbours with equal losses become a
//! range.

use std::collections::BTreeMap;

use super::super::safe;
use super::super::style::harmless;
use super::super::words;
use super::fit::FittedRow;
use crate::kind::{self, loss};
use crate::model::{Address, Change, Loss};

/// Characters of a row, without its line end.
const WIDTH: usize = 110;
/// Real addresses are far shorter. Longer ones must not crowd out the others.
const LONGEST_ADDRESS: usize = 200;
const LONGEST_HEAD: usize = 400;
/// A pattern for fewer addresses saves no space.
const WORTH_A_PATTERN: usize = 3;

/// The common properties of the addresses in one list.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct SharedProperties<'a> {
    word: &'static str,
    kind: &'a str,
    /// The precious data that is lost, with its mount path but without its size.
    losses: Vec<(&'a str, Option<&'a str>)>,
}

type Sizes = Vec<Option<i64>>;
/// Addresses with the same fate, each with its sizes.
type List<'a> = Vec<(&'a Address, Sizes)>;

/// All changes grouped by fate, in order of first appearance.
pub fn rows<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Vec<FittedRow> {
    let mut groups: BTreeMap<SharedProperties<'a>, (usize, List<'a>)> = BTreeMap::new();
    for (place, change) in changes.into_iter().enumerate() {
        let (properties, sizes) = properties(change);
        groups.entry(properties).or_insert_with(|| (place, Vec::new())).1.push((&change.address, sizes));
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, (place, _))| *place);
    groups.iter().flat_map(|(properties, (_, list))| list_of(properties, list)).collect()
}

fn properties(change: &Change) -> (SharedProperties<'_>, Sizes) {
    let precious = || change.losses.iter().filter(|loss| loss.precious);
    let losses = precious().map(|loss| (loss.what.as_str(), loss.mount_path.as_deref())).collect();
    let word = words::action(change.action);
    (SharedProperties { word, kind: &change.address.kind, losses }, precious().map(|loss| loss.size_gb).collect())
}

fn shown(text: &str, longest: usize) -> String {
    safe::cut(&harmless(text), longest)
}

fn list_of(properties: &SharedProperties<'_>, list: &[(&Address, Sizes)]) -> Vec<FittedRow> {
    let alike = list.iter().all(|(_, sizes)| *sizes == list[0].1);
    let title = kind::find(properties.kind).map_or(properties.kind, |kind| kind.title);
    let each = if list.len() == 1 { "with" } else { "each with" };
    let loss = |(place, (what, path)): (usize, &(&str, Option<&str>))| {
        let size_gb = list[0].1[place].filter(|_| alike);
        let (what, mount_path) = ((*what).to_owned(), path.map(str::to_owned));
        loss::listed(&Loss { what, names: Vec::new(), size_gb, mount_path, precious: true })
    };
    let losses: Vec<String> = properties.losses.iter().enumerate().map(loss).collect();
    let what = match losses.as_slice() {
        [] => ", no volume is lost".to_owned(),
        losses => format!(", {each} its {}", losses.join(" and ")),
    };
    let word = if losses.is_empty() { properties.word.to_owned() } else { properties.word.to_uppercase() };
    let legend = if alike { "" } else { " (GB after each colon)" };
    let head = format!("{word} {}{what}{legend}:", words::count(list.len(), title));
    let mut rows = vec![FittedRow { text: format!("- {}\n", shown(&head, LONGEST_HEAD)), items: 0 }];
    for (pattern, items) in patterns(list) {
        rows.extend(wrapped(&pattern, &runs(items, alike)));
    }
    rows
}

/// One address under its pattern: the text that replaces `#`.
struct FactoredItem<'a> {
    label: String,
    sizes: &'a Sizes,
}

/// Addresses under patterns in which `#` replaces the last number. Addresses that would be alone in a pattern get none.
fn patterns<'a>(list: &'a [(&Address, Sizes)]) -> Vec<(String, Vec<FactoredItem<'a>>)> {
    let mut patterns: BTreeMap<(String, String), Vec<FactoredItem<'a>>> = BTreeMap::new();
    for (address, sizes) in list {
        let (before, label, after) = split(address);
        patterns.entry((before, after)).or_default().push(FactoredItem { label, sizes });
    }
    let mut alone = Vec::new();
    let mut found = Vec::new();
    for ((before, after), mut items) in patterns {
        if items.len() < WORTH_A_PATTERN {
            let whole =
                |item: FactoredItem<'a>| FactoredItem { label: format!("{before}{}{after}", item.label), ..item };
            alone.extend(items.into_iter().map(whole));
        } else {
            items.sort_by(|a, b| (a.label.len(), &a.label).cmp(&(b.label.len(), &b.label)));
            found.push((format!("{before}#{after}  "), items));
        }
    }
    if !alone.is_empty() {
        found.push(shared_beginning(alone));
    }
    found
}

/// Splits at the last number: `pod.worker-`, `0012`, `` for `pod.worker-0012`; `pod.trainer[`, `3`, `]`. Without a
/// number, the first part is the whole address.
fn split(address: &Address) -> (String, String, String) {
    let text = shown(&address.to_string(), LONGEST_ADDRESS);
    let end = match address.index {
        Some(_) => text.find(']').unwrap_or(text.len()),
        None => text.rfind(|character: char| character.is_ascii_digit()).map_or(0, |last| last + 1),
    };
    let start = text[..end]
        .rfind(|character: char| !character.is_ascii_digit())
        .map_or(0, |last| last + text[last..].chars().next().map_or(0, char::len_utf8));
    if start >= end {
        return (text, String::new(), String::new());
    }
    (text[..start].to_owned(), text[start..end].to_owned(), text[end..].to_owned())
}

/// Writes the common beginning of single addresses once, if that saves space.
fn shared_beginning(mut items: Vec<FactoredItem<'_>>) -> (String, Vec<FactoredItem<'_>>) {
    items.sort_by(|a, b| a.label.cmp(&b.label));
    let (first, last) = (&items[0].label, &items[items.len() - 1].label);
    // The texts are sorted, so the first and the last have the shortest common beginning.
    let same = first.chars().zip(last.chars()).take_while(|(a, b)| a == b);
    let shared: String = same.map(|(character, _)| character).collect();
    if items.len() < WORTH_A_PATTERN || shared.len() < WORTH_A_PATTERN || shared.len() == first.len() {
        return (String::new(), items);
    }
    for item in &mut items {
        item.label.drain(..shared.len());
    }
    (format!("{shared}#  "), items)
}

/// Labels with the number of addresses that each represents: `0001:101`, `0002..0009:100`.
fn runs(items: Vec<FactoredItem<'_>>, alike: bool) -> Vec<(String, usize)> {
    let mut words: Vec<(String, usize)> = Vec::new();
    let mut items = items.into_iter().peekable();
    while let Some(first) = items.next() {
        let (mut last, mut number) = (first.label.clone(), 1);
        while let Some(next) = items.next_if(|next| next.sizes == first.sizes && follows(&last, &next.label)) {
            (last, number) = (next.label, number + 1);
        }
        let labels = match number {
            1 => first.label,
            2 => format!("{},{last}", first.label),
            _ => format!("{}..{last}", first.label),
        };
        let size = |size: &Option<i64>| size.map_or_else(|| "?".to_owned(), |size| size.to_string());
        let sizes: Vec<String> = first.sizes.iter().map(size).collect();
        words.push((if alike { labels } else { format!("{labels}:{}", sizes.join("+")) }, number));
    }
    words
}

/// Whether `next` is the following number, with the same number of digits.
fn follows(number: &str, next: &str) -> bool {
    let Ok(value) = number.parse::<u64>() else { return false };
    let Some(after) = value.checked_add(1) else { return false };
    format!("{after:0width$}", width = number.len()) == next
}

/// Wraps labels into rows. A row repeats the pattern only at its beginning.
fn wrapped(pattern: &str, words: &[(String, usize)]) -> Vec<FittedRow> {
    let mut rows: Vec<FittedRow> = Vec::new();
    let mut row = FittedRow { text: format!("-   {pattern}"), items: 0 };
    for (word, number) in words {
        if row.items > 0 && row.text.len() + 1 + word.len() > WIDTH {
            row.text.push('\n');
            rows.push(std::mem::replace(&mut row, FittedRow { text: "-     ".to_owned(), items: 0 }));
        }
        if row.items > 0 {
            row.text.push(' ');
        }
        row.text.push_str(word);
        row.items += number;
    }
    row.text.push('\n');
    rows.push(row);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(addresses: &[(&str, i64)]) -> String {
        let list: Vec<(Address, Sizes)> =
            addresses.iter().map(|(text, size)| (text.parse().unwrap(), vec![Some(*size)])).collect();
        let list: Vec<(&Address, Sizes)> = list.iter().map(|(address, sizes)| (address, sizes.clone())).collect();
        let properties = SharedProperties { word: "destroy", kind: "pod", losses: vec![("pod volume", Some("/w"))] };
        list_of(&properties, &list).into_iter().map(|row| row.text).collect()
    }

    #[test]
    fn common_parts_of_addresses_are_written_once() {
        let names = ["pod.w-08", "pod.w-09", "pod.w-10", "pod.w-12", "pod.alice", "pod.bob"];
        assert_eq!(
            said(&names.map(|name| (name, 5))),
            "- DESTROY 6 pods, each with its pod volume 5 GB at /w:\n-   pod.w-#  08..10 12\n-   pod.alice pod.bob\n"
        );
        assert_eq!(
            said(&[("pod.t[9]", 1), ("pod.t[10]", 1), ("pod.t[11]", 2), ("pod.t[12]", 3)]),
            "- DESTROY 4 pods, each with its pod volume at /w (GB after each colon):\n-   pod.t[#]  9,10:1 11:2 \
             12:3\n"
        );
        assert_eq!(
            said(&[("pod.team-a", 1), ("pod.team-b", 1), ("pod.team-c", 1)]),
            "- DESTROY 3 pods, each with its pod volume 1 GB at /w:\n-   pod.team-#  a b c\n"
        );
        assert_eq!(said(&[("pod.a", 7)]), "- DESTROY 1 pod, with its pod volume 7 GB at /w:\n-   pod.a\n");
    }
}
