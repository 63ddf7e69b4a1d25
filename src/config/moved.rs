//! Reads and checks the `moved` entries of a configuration, first individually and then together.

use std::collections::{BTreeMap, BTreeSet};

use super::configuration::Move;
use super::document::YamlNode;
use super::problem::Findings;
use super::source::Span;
use crate::catalog::nearest;
use crate::kind;
use crate::model::{Address, ProblemCode, Resource};

/// An entry with the positions of both ends.
struct MovedEntry {
    step: Move,
    from: Span,
    to: Span,
}

/// Reads all entries and reports those that cannot be followed.
pub(super) fn moved(root: &YamlNode, resources: &BTreeMap<Address, Resource>, findings: &mut Findings) -> Vec<Move> {
    let declared = DeclaredResources::of(resources);
    let items = root.get("moved").map(YamlNode::items).unwrap_or_default();
    let entries: Vec<MovedEntry> = items.iter().filter_map(|node| entry(node, &declared, findings)).collect();
    let single = duplicates(&entries, findings) && cycles(&entries, findings);
    if single {
        undeclared(&entries, &declared, findings);
    }
    entries.into_iter().map(|entry| entry.step).collect()
}

/// The declared resources and their keys.
struct DeclaredResources<'r> {
    resources: &'r BTreeMap<Address, Resource>,
    keys: BTreeSet<Address>,
}

impl<'r> DeclaredResources<'r> {
    /// The declared address of the same kind that is most similar.
    fn nearest(&self, to: &Address) -> Option<String> {
        let of_kind = self.resources.keys().filter(|address| address.kind == to.kind);
        let known: Vec<String> = of_kind.map(ToString::to_string).collect();
        nearest(&to.to_string(), known.iter().map(String::as_str)).map(str::to_owned)
    }

    fn of(resources: &'r BTreeMap<Address, Resource>) -> Self {
        Self { resources, keys: resources.keys().map(key).collect() }
    }

    /// Whether an end of `step` is declared; a key includes its replicas.
    fn has(&self, step: &Move, address: &Address) -> bool {
        self.resources.contains_key(address) || (step.is_of_keys() && self.keys.contains(address))
    }
}

fn key(address: &Address) -> Address {
    Address { index: None, ..address.clone() }
}

/// One entry, if it is valid on its own.
fn entry(node: &YamlNode, declared: &DeclaredResources<'_>, findings: &mut Findings) -> Option<MovedEntry> {
    let (from, to) = (end(node, "from", findings), end(node, "to", findings));
    let ((from, from_span), (to, to_span)) = from.zip(to)?;
    let step = Move { from, to, position: Some(findings.sources.position(from_span)) };
    let Move { from, to, .. } = &step;
    if from.kind != to.kind {
        findings
            .error(ProblemCode::BadMove, to_span, format!("a {} cannot become a {}", from.kind, to.kind))
            .help("both addresses must be of the same kind");
    } else if from == to {
        findings.error(ProblemCode::BadMove, to_span, format!("`{from}` moves to itself")).help("remove the entry");
    } else if declared.has(&step, from) {
        findings
            .error(ProblemCode::BadMove, from_span, format!("`{from}` is still declared, so it has not moved"))
            .help("also rename its block, or remove the move");
    } else {
        return Some(MovedEntry { step, from: from_span, to: to_span });
    }
    None
}

/// The address at one end of an entry.
fn end(node: &YamlNode, field: &'static str, findings: &mut Findings) -> Option<(Address, Span)> {
    let Some(end) = node.get(field) else {
        findings
            .missing(&["from", "to"], ProblemCode::MissingField, node.span, format!("the move has no `{field}`"))
            .help("write it as `{ from: pod.train, to: pod.trainer }`");
        return None;
    };
    let Ok(address) = end.text().unwrap_or_default().parse::<Address>() else {
        findings
            .error(ProblemCode::BadAddress, end.span, format!("`{field}` is not an address"))
            .help("addresses look like `pod.trainer`, `pod.trainer[3]` or `network_volume.datasets`");
        return None;
    };
    let known = kind::find(&address.kind);
    if known.is_none() {
        let names = || kind::listed().map(|kind| kind.name);
        let accepted = names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let close = findings.may_search().then(|| nearest(&address.kind, names())).flatten();
        findings
            .error(ProblemCode::BadAddress, end.span, format!("there is no kind `{}`", address.kind))
            .nearest(close, format!("accepted: {accepted}"));
    } else if address.member.is_some() || known.is_some_and(|kind| kind.member_of.is_some()) {
        findings
            .error(ProblemCode::BadMove, end.span, format!("`{address}` is part of another resource"))
            .help("move that resource; its parts move with it");
    } else {
        return Some((address, end.span));
    }
    None
}

/// Reports entries with the same source or the same target. Returns whether there are none.
fn duplicates(entries: &[MovedEntry], findings: &mut Findings) -> bool {
    let mut single = true;
    let mut sources: BTreeMap<&Address, &Move> = BTreeMap::new();
    let mut targets: BTreeMap<&Address, &Move> = BTreeMap::new();
    for MovedEntry { step, from, to } in entries {
        if let Some(other) = sources.insert(&step.from, step) {
            let message = format!("`{}` already moves to `{}`{}", step.from, other.to, place(other));
            findings.error(ProblemCode::BadMove, *from, message).help("keep one of the two entries");
            single = false;
        } else if let Some(other) = targets.insert(&step.to, step) {
            let message = format!("`{}` already moves to `{}`{}", other.from, step.to, place(other));
            findings
                .error(ProblemCode::BadMove, *to, message)
                .help("two resources cannot share an address; keep one entry");
            single = false;
        }
    }
    single
}

/// The position of an entry: ` (sindri.yaml:12)`.
fn place(step: &Move) -> String {
    step.position.as_ref().map(|position| format!(" ({position})")).unwrap_or_default()
}

/// Reports chains that lead back to their start. Returns whether there are none.
fn cycles(entries: &[MovedEntry], findings: &mut Findings) -> bool {
    let next = continuations(entries);
    let mut state = vec![VisitProgress::Open; entries.len()];
    let mut none = true;
    for start in 0..entries.len() {
        // The path from `start`: each entry with the number of its continuations already followed.
        let mut path: Vec<(usize, usize)> =
            if state[start] == VisitProgress::Open { vec![(start, 0)] } else { Vec::new() };
        while let Some((here, followed)) = path.last_mut() {
            state[*here] = VisitProgress::OnPath;
            let Some(step) = next[*here].get(*followed).copied() else {
                state[*here] = VisitProgress::Done;
                path.pop();
                continue;
            };
            *followed += 1;
            match state[step] {
                VisitProgress::Open => path.push((step, 0)),
                VisitProgress::OnPath => {
                    let first = path.iter().position(|(entry, _)| *entry == step).unwrap_or(0);
                    refuse_cycle(path[first..].iter().map(|(entry, _)| &entries[*entry]), findings);
                    none = false;
                }
                VisitProgress::Done => {}
            }
        }
    }
    none
}

/// Progress of the cycle search for an entry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum VisitProgress {
    Open,
    OnPath,
    Done,
}

/// For each entry, the entries that may continue from its target. Entries for keys also apply to replicas.
fn continuations(entries: &[MovedEntry]) -> Vec<Vec<usize>> {
    let mut exact: BTreeMap<&Address, usize> = BTreeMap::new();
    let mut replicas: BTreeMap<Address, Vec<usize>> = BTreeMap::new();
    for (index, MovedEntry { step, .. }) in entries.iter().enumerate() {
        exact.insert(&step.from, index);
        if step.from.index.is_some() {
            replicas.entry(key(&step.from)).or_default().push(index);
        }
    }
    let next = |MovedEntry { step, .. }: &MovedEntry| {
        let same = exact.get(&step.to).copied();
        let of_key = || exact.get(&key(&step.to)).copied().filter(|index| entries[*index].step.is_of_keys());
        let of_replicas = replicas.get(&step.to).filter(|_| step.is_of_keys());
        same.or_else(of_key).into_iter().chain(of_replicas.into_iter().flatten().copied()).collect()
    };
    entries.iter().map(next).collect()
}

fn refuse_cycle<'e>(cycle: impl Iterator<Item = &'e MovedEntry> + Clone, findings: &mut Findings) {
    let Some(first) = cycle.clone().next() else { return };
    let path: Vec<String> = cycle.chain([first]).map(|entry| format!("`{}`", entry.step.from)).collect();
    findings.error(ProblemCode::BadMove, first.from, format!("these moves form a cycle: {}", path.join(" -> "))).help(
        "a chain of moves must end; to swap two resources, use `sindri state mv` with a third address in between",
    );
}

/// Warns about chains that end at an undeclared address.
fn undeclared(entries: &[MovedEntry], declared: &DeclaredResources<'_>, findings: &mut Findings) {
    let continued: BTreeSet<usize> = continuations(entries)
        .iter()
        .enumerate()
        .filter(|(_, next)| !next.is_empty())
        .map(|(index, _)| index)
        .collect();
    let last = entries.iter().enumerate().filter(|(index, _)| !continued.contains(index)).map(|(_, entry)| entry);
    for MovedEntry { step, to: span, .. } in last.filter(|entry| !declared.has(&entry.step, &entry.step.to)) {
        let close = findings.may_search().then(|| declared.nearest(&step.to)).flatten();
        findings
            .warn(ProblemCode::UnknownAddress, *span, format!("`{}` is not declared", step.to))
            .nearest(close.as_deref(), "a moved resource needs a block at its new address");
    }
}
