//! `moved` entries: records that continue under another address.
//!
//! Entries form chains in any order: with `a -> b` and `b -> c`, a record of `a` continues as `c`. Validation has refused
//! cycles, and two entries with one source or one target. An entry whose target is taken in the state cannot be followed:
//! a plan refuses that as long as its source is alive.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::Input;
use super::identity::root;
use super::refresh::living;
use crate::config::Move;
use crate::graph;
use crate::kind;
use crate::model::{Action, Address, Change, Note, Record, Refusal, State};
use crate::resource;

/// The entries by their source, so that following all of them takes one pass over the records.
pub struct Moves<'m> {
    by_source: BTreeMap<&'m Address, &'m Move>,
}

impl<'m> Moves<'m> {
    pub fn new(moved: &'m [Move]) -> Self {
        // Validation refuses a second entry with the same source.
        Self { by_source: moved.iter().map(|step| (&step.from, step)).collect() }
    }

    /// Where a chain of entries leads `address`; `None` if no entry names it, or if its chain never ends.
    pub fn destination(&self, address: &Address) -> Option<Address> {
        self.follow(address, &|_| false).map(|(destination, _)| destination)
    }

    /// The same with the entries of the chain. An entry between two keys leads no replica while `alone` says that the
    /// key itself is recorded.
    fn follow(&self, address: &Address, alone: &dyn Fn(&Address) -> bool) -> Option<(Address, Vec<&'m Move>)> {
        let mut here = address.clone();
        let mut chain = Vec::new();
        while let Some((step, next)) = self.step(&here, alone) {
            if chain.len() == self.by_source.len() {
                return None;
            }
            chain.push(step);
            here = next;
        }
        (!chain.is_empty()).then_some((here, chain))
    }

    fn step(&self, address: &Address, alone: &dyn Fn(&Address) -> bool) -> Option<(&'m Move, Address)> {
        let exact = self.by_source.get(address).copied();
        let of_key = || {
            address.index?;
            let key = Address { index: None, ..address.clone() };
            self.by_source.get(&key).copied().filter(|_| !alone(&key))
        };
        let step = exact.or_else(of_key)?;
        Some((step, step.target(address)?))
    }
}

/// A state with its moves carried out.
pub struct Moved<'s> {
    pub state: Cow<'s, State>,
    /// Every address that changed, members and predecessors included, from old to new.
    pub done: Vec<(Address, Address)>,
    /// Recorded addresses whose entries could not be followed.
    pub blocked: Vec<Blocked>,
    /// Entries that name nothing in the state, neither before nor after the move.
    pub idle: Vec<Move>,
}

/// A recorded address that cannot continue under another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    pub from: Address,
    pub to: Address,
    /// The recorded address in the way: the target itself, or another source that leads there too.
    pub by: Address,
    /// The entry that names the source.
    pub entry: Move,
}

/// The state with every move carried out that leads a recorded address to a free one. Members and predecessors follow
/// their resource.
pub fn renamed<'s>(prior: &'s State, moved: &[Move]) -> Moved<'s> {
    let mut result = Moved { state: Cow::Borrowed(prior), done: Vec::new(), blocked: Vec::new(), idle: Vec::new() };
    if moved.is_empty() {
        return result;
    }
    let moves = Moves::new(moved);
    let is_recorded = |address: &Address| prior.resources.contains_key(address);
    // `state mv` names a predecessor by its own address; all other parts follow their resource.
    let source =
        |address: &Address| if moves.by_source.contains_key(address) { address.clone() } else { root(address) };
    let roots: BTreeSet<Address> = prior.resources.keys().map(source).collect();
    let led: BTreeMap<&Address, (Address, Vec<&Move>)> =
        roots.iter().filter_map(|root| Some((root, moves.follow(root, &is_recorded)?))).collect();
    result.blocked = blocked(prior, &led);
    result.idle = idle(&moves, moved, &roots, led.values().flat_map(|(_, chain)| chain).copied());
    let stays: BTreeSet<&Address> = result.blocked.iter().map(|blocked| &blocked.from).collect();
    let renames: BTreeMap<&Address, &Address> = led
        .iter()
        .filter(|(from, _)| !stays.contains(*from))
        .map(|(from, (destination, _))| (*from, destination))
        .collect();
    if !renames.is_empty() {
        (result.state, result.done) = carried_out(prior, &renames);
    }
    result
}

/// Sources that lead to a recorded address, or to the same one as another source.
fn blocked(prior: &State, led: &BTreeMap<&Address, (Address, Vec<&Move>)>) -> Vec<Blocked> {
    let mut sources: BTreeMap<&Address, Vec<&Address>> = BTreeMap::new();
    for (from, (destination, _)) in led {
        sources.entry(destination).or_default().push(from);
    }
    let mut blocked = Vec::new();
    for (from, (to, chain)) in led {
        let rival = || sources[to].iter().find(|other| *other != from).copied();
        let taken = prior.resources.contains_key(to).then_some(to).or_else(rival);
        if let Some((by, entry)) = taken.zip(chain.first()) {
            let (from, to, by) = ((*from).clone(), to.clone(), by.clone());
            blocked.push(Blocked { from, to, by, entry: (*entry).clone() });
        }
    }
    blocked
}

/// Entries that led no record, and at the end of whose chain nothing is recorded either.
fn idle<'m>(
    moves: &Moves<'m>,
    moved: &'m [Move],
    roots: &BTreeSet<Address>,
    used: impl Iterator<Item = &'m Move>,
) -> Vec<Move> {
    let used: BTreeSet<&Address> = used.map(|step| &step.from).collect();
    let key = |address: &Address| Address { index: None, ..address.clone() };
    let keys: BTreeSet<Address> = roots.iter().map(key).collect();
    let arrived = |step: &Move| {
        let end = moves.destination(&step.from).unwrap_or_else(|| step.to.clone());
        roots.contains(&end) || (end.index.is_none() && keys.contains(&end))
    };
    moved.iter().filter(|step| !used.contains(&step.from) && !arrived(step)).cloned().collect()
}

fn carried_out<'s>(
    prior: &'s State,
    renames: &BTreeMap<&Address, &Address>,
) -> (Cow<'s, State>, Vec<(Address, Address)>) {
    let renames = renames.iter().map(|(from, to)| ((*from).clone(), (*to).clone())).collect();
    let followed =
        prior.resources.keys().map(|address| (address.clone(), resource::renamed_address(&renames, address)));
    let done = followed.filter(|(from, to)| from != to).collect();
    (Cow::Owned(resource::renamed(prior.clone(), &renames)), done)
}

/// What has to be written so that `before` becomes `after`.
pub fn corrections(before: &State, after: &State) -> BTreeMap<Address, Option<Record>> {
    let gone = before.resources.keys().filter(|address| !after.resources.contains_key(*address));
    let changed = after.resources.iter().filter(|(address, record)| before.resources.get(*address) != Some(*record));
    gone.map(|address| (address.clone(), None))
        .chain(changed.map(|(address, record)| (address.clone(), Some(record.clone()))))
        .collect()
}

/// Refuses the changes that would not do what a `moved` entry asks for: its source stays where it is because the target is
/// taken, or it would move to an address that nothing declares and be destroyed there.
pub fn refuse(changes: &mut [Change], moved: &Moved<'_>, input: &Input<'_>) {
    if input.options.destroy || input.options.refresh_only {
        return;
    }
    let blocked: BTreeMap<&Address, &Blocked> = moved.blocked.iter().map(|blocked| (&blocked.from, blocked)).collect();
    let sources: BTreeMap<&Address, &Address> = moved.done.iter().map(|(from, to)| (to, from)).collect();
    for change in changes.iter_mut().filter(|change| change.id.is_some()) {
        if let Some(blocked) = blocked.get(&change.address) {
            change.refusals.push(taken(blocked, &moved.state, input));
        }
        let source = sources.get(&change.address).filter(|_| !graph::is_member(&change.address));
        if let (Action::Delete, None, Some(from)) = (change.action, change.address.successor(), source) {
            change.refusals.push(undeclared(from, &change.address, input));
        }
    }
}

/// Why a living resource cannot take another address.
fn taken(blocked: &Blocked, state: &State, input: &Input<'_>) -> Refusal {
    let Blocked { from, to, by, entry } = blocked;
    let record = state.resources.get(by);
    let id = record.map_or("", |record| record.id.as_str());
    let alive = record.is_some_and(|record| living(input.observed, record).is_some());
    let volumes = kind::find(&to.kind).is_some_and(|kind| kind.protected);
    let flag = if volumes { " --include-volumes" } else { "" };
    let (why, first) = if by != to {
        (format!("`{by}` ({id}) leads there as well"), "remove one of the two entries".to_owned())
    } else if alive {
        let command = format!("sindri destroy {}{flag}", quoted(to));
        (format!("`{to}` is {id} already"), format!("to keep `{from}` in its place, run `{command}` first"))
    } else {
        let first = "run `sindri refresh` first, which forgets it".to_owned();
        (format!("`{to}` is recorded as {id}, which is gone"), first)
    };
    Refusal {
        code: "move_blocked".into(),
        message: format!("moved `{from}` -> `{to}` was not followed: {why}"),
        help: format!("{first}; to let `{from}` go instead, remove the entry"),
        position: entry.position.clone(),
    }
}

/// Why a living resource is not moved to where it would be destroyed.
fn undeclared(from: &Address, to: &Address, input: &Input<'_>) -> Refusal {
    let last = input.moved.iter().find(|step| step.to == *to);
    Refusal {
        code: "move_blocked".into(),
        message: format!("moved `{from}` -> `{to}` would destroy it: `{to}` is not declared"),
        help: format!("correct the entry or declare `{to}`; to destroy `{from}` on purpose, remove the entry"),
        position: last.and_then(|step| step.position.clone()),
    }
}

/// An address as a shell takes it.
fn quoted(address: &Address) -> String {
    if address.index.is_some() { format!("'{address}'") } else { address.to_string() }
}

/// So many entries are named in a sentence.
const NAMED: usize = 4;

/// Says which entries have no effect because the state holds neither end of them. A first apply has nothing to move.
pub fn note(moved: &Moved<'_>, input: &Input<'_>) -> Option<Note> {
    let idle = &moved.idle;
    if idle.is_empty() || input.options.destroy || moved.state.resources.is_empty() {
        return None;
    }
    let mut entries: Vec<String> =
        idle.iter().take(NAMED).map(|step| format!("`{} -> {}`", step.from, step.to)).collect();
    if idle.len() > NAMED {
        entries.push(format!("{} more", idle.len() - NAMED));
    }
    let (noun, verb) = if idle.len() == 1 { ("entry", "has") } else { ("entries", "have") };
    let message = format!("`moved` {noun} {} {verb} no effect: the state holds neither end", entries.join(", "));
    Some(Note { address: None, message })
}
