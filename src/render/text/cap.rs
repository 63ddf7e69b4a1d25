//! Limits on the lists of a plan: its length does not grow with the number of resources. `--full` lifts them.

use super::super::fold;
use super::super::style::Line;
use super::super::words;
use crate::model::Address;

/// Maximum number of entries of one list.
pub const MOST: usize = 20;

/// Maximum number of resources to name in a sentence.
pub const NAMED: usize = 8;

/// The first entries of a list, and a line for the others, in `indent` columns. A full view has every entry.
pub fn first<T>(items: impl IntoIterator<Item = T>, full: bool, indent: usize, noun: &str) -> (Vec<T>, Option<Line>) {
    let mut items: Vec<T> = items.into_iter().collect();
    let more = if full { 0 } else { items.len().saturating_sub(MOST) };
    items.truncate(items.len() - more);
    (items, (more > 0).then(|| rest(indent, &words::count(more, &format!("more {noun}")))))
}

/// `... and 180 more notes; `--full` lists all`.
pub fn rest(indent: usize, what: &str) -> Line {
    Line::of(indent, format!("... and {what}; `--full` lists all")).hanging(indent + 4)
}

/// The title of a group of resources. Without `full`, a long list of numbers is cut.
pub fn title(title: String, full: bool) -> String {
    if full { title } else { fold::shortened(&title) }
}

/// Addresses in a sentence, with the number of those that are left out.
pub fn names(addresses: Vec<&Address>, full: bool) -> String {
    let all = addresses.len();
    let groups = fold::group_addresses(addresses.clone());
    if full || (groups.len() <= NAMED && groups.iter().all(|group| fold::shortened(group) == *group)) {
        return groups.join(", ");
    }
    let named = fold::group_addresses(addresses.into_iter().take(NAMED).collect()).join(", ");
    if all > NAMED { format!("{named} and {} more", all - NAMED) } else { named }
}
