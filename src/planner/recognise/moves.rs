//! `moved` entries: records that continue under another address.
//!
//! Entries form chains in any order: with `a -> b` and `b -> c`, the record of `a` moves to `c`. Validation already
//! refused cycles and entries with the same source or target. An entry whose target is already recorded or not declared
//! cannot be followed. The record then keeps its address, and plans refuse to continue while the object is live.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::config::Move;
use crate::kind;
use crate::model::{Address, Change, Note, Position, Record, Refusal, RefusalCode, Resource, State};
use crate::planner::input::Input;
use crate::planner::review::identity::root;
use crate::resource;
use crate::resource::inventory::live_object;

/// The entries by source, so that following all of them takes one pass over the records.
pub struct Moves<'m> {
    by_source: BTreeMap<&'m Address, &'m Move>,
}

impl<'m> Moves<'m> {
    pub fn new(moved: &'m [Move]) -> Self {
        // Validation refuses a second entry with the same source.
        Self { by_source: moved.iter().map(|step| (&step.from, step)).collect() }
    }

    /// The final address of a chain of entries; `None` if no entry names `address`, or if its chain never ends.
    pub fn destination(&self, address: &Address) -> Option<Address> {
        Chains::new(self, &|_| false).end(address).map(|end| end.destination)
    }

    /// The entry that moves `address`, and where to. An entry between two keys does not move replicas if `alone` says
    /// that the key itself is recorded.
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

/// Chains of entries. Each address is followed once, even if many chains lead through it.
struct Chains<'c, 'm> {
    moves: &'c Moves<'m>,
    /// See [`Moves::step`].
    alone: &'c dyn Fn(&Address) -> bool,
    /// The ends of the chains from all addresses followed so far; `None` if a chain never ends.
    known: BTreeMap<Address, Option<ChainEnd<'m>>>,
}

/// The end of a chain.
#[derive(Clone)]
struct ChainEnd<'m> {
    destination: Address,
    last: &'m Move,
}

impl<'c, 'm> Chains<'c, 'm> {
    fn new(moves: &'c Moves<'m>, alone: &'c dyn Fn(&Address) -> bool) -> Self {
        Self { moves, alone, known: BTreeMap::new() }
    }

    /// The end of the chain from `address`; `None` if no entry names it, or if the chain never ends.
    fn end(&mut self, address: &Address) -> Option<ChainEnd<'m>> {
        let (mut here, mut path, mut last) = (address.clone(), Vec::new(), None);
        let end = loop {
            if let Some(known) = self.known.get(&here) {
                break known.clone();
            }
            let Some((step, next)) = self.moves.step(&here, self.alone) else {
                break last.map(|last| ChainEnd { destination: here, last });
            };
            if path.len() == self.moves.by_source.len() {
                break None;
            }
            path.push(here);
            (here, last) = (next, Some(step));
        };
        self.known.extend(path.into_iter().map(|address| (address, end.clone())));
        end
    }

    /// The sources of all entries in the chains from `addresses`.
    fn entries<'a>(&self, addresses: impl Iterator<Item = &'a Address>) -> BTreeSet<&'m Address> {
        let (mut entries, mut seen) = (BTreeSet::new(), BTreeSet::new());
        for address in addresses {
            let mut here = address.clone();
            while let Some((step, next)) = self.moves.step(&here, self.alone) {
                if !seen.insert(here) {
                    break;
                }
                entries.insert(&step.from);
                here = next;
            }
        }
        entries
    }
}

/// The state after applying moves.
pub struct MovedState<'s> {
    pub state: Cow<'s, State>,
    /// Every address that changed, including members and predecessors, from old to new.
    pub done: Vec<(Address, Address)>,
    /// Recorded addresses whose entries could not be followed.
    pub blocked: Vec<Blocked>,
    /// Entries whose source and target are both missing from the state.
    pub idle: Vec<Move>,
}

/// A recorded address whose move is blocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    pub from: Address,
    pub to: Address,
    pub why: MoveRefusal,
    /// Position of the entry to correct.
    pub position: Option<Position>,
}

/// Why a move cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoveRefusal {
    /// This recorded address blocks it: the target itself, or another source that moves there too.
    Taken(Address),
    /// The target is not declared, so the next plan would destroy the object there.
    Undeclared,
}

/// Applies every move from a recorded address to a free one, even if it is undeclared. For manual corrections.
pub fn renamed<'s>(prior: &'s State, moved: &[Move]) -> MovedState<'s> {
    follow_where(prior, moved, &|_| true)
}

/// The state that a plan starts from: applies every move from a recorded address to a free and `declared` one. Members
/// and predecessors follow their resource.
pub fn followed<'s>(prior: &'s State, moved: &[Move], declared: &BTreeMap<Address, Resource>) -> MovedState<'s> {
    follow_where(prior, moved, &|address| declared.contains_key(address))
}

fn follow_where<'s>(prior: &'s State, moved: &[Move], is_declared: &dyn Fn(&Address) -> bool) -> MovedState<'s> {
    let mut result =
        MovedState { state: Cow::Borrowed(prior), done: Vec::new(), blocked: Vec::new(), idle: Vec::new() };
    if moved.is_empty() {
        return result;
    }
    let moves = Moves::new(moved);
    let is_recorded = |address: &Address| prior.resources.contains_key(address);
    // `state mv` may name a predecessor by its own address; all other parts follow their resource.
    let source =
        |address: &Address| if moves.by_source.contains_key(address) { address.clone() } else { root(address) };
    let roots: BTreeSet<Address> = prior.resources.keys().map(source).collect();
    let mut chains = Chains::new(&moves, &is_recorded);
    let led: BTreeMap<&Address, ChainEnd<'_>> =
        roots.iter().filter_map(|root| Some((root, chains.end(root)?))).collect();
    result.blocked = blocked(prior, &chains, &led, is_declared);
    result.idle = idle(&moves, moved, &roots, &chains.entries(led.keys().copied()));
    let stays: BTreeSet<&Address> = result.blocked.iter().map(|blocked| &blocked.from).collect();
    let renames: BTreeMap<&Address, &Address> =
        led.iter().filter(|(from, _)| !stays.contains(*from)).map(|(from, end)| (*from, &end.destination)).collect();
    if !renames.is_empty() {
        (result.state, result.done) = carried_out(prior, &renames);
    }
    result
}

/// Sources whose target is recorded, shared with another source, or undeclared.
fn blocked(
    prior: &State,
    chains: &Chains<'_, '_>,
    led: &BTreeMap<&Address, ChainEnd<'_>>,
    is_declared: &dyn Fn(&Address) -> bool,
) -> Vec<Blocked> {
    let mut sources: BTreeMap<&Address, Vec<&Address>> = BTreeMap::new();
    for (from, end) in led {
        sources.entry(&end.destination).or_default().push(from);
    }
    let mut blocked = Vec::new();
    for (from, ChainEnd { destination: to, last }) in led {
        let rival = || sources[to].iter().find(|other| *other != from).copied();
        let taken = prior.resources.contains_key(to).then_some(to).or_else(rival);
        // The first entry of a chain names the source, the last one the target.
        let first = || chains.moves.step(from, chains.alone).map(|(first, _)| first);
        let (why, entry) = match taken {
            Some(by) => (MoveRefusal::Taken(by.clone()), first()),
            None if !is_declared(to) => (MoveRefusal::Undeclared, Some(*last)),
            None => continue,
        };
        let position = entry.and_then(|entry| entry.position.clone());
        blocked.push(Blocked { from: (*from).clone(), to: to.clone(), why, position });
    }
    blocked
}

/// Entries that moved no record and whose chain does not end at a recorded address either. `used` has the sources of
/// the entries that moved one.
fn idle(moves: &Moves<'_>, moved: &[Move], roots: &BTreeSet<Address>, used: &BTreeSet<&Address>) -> Vec<Move> {
    let key = |address: &Address| Address { index: None, ..address.clone() };
    let keys: BTreeSet<Address> = roots.iter().map(key).collect();
    let mut chains = Chains::new(moves, &|_| false);
    let mut arrived = |step: &Move| {
        let end = chains.end(&step.from).map_or_else(|| step.to.clone(), |end| end.destination);
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

/// The record changes that turn `before` into `after`.
pub fn corrections(before: &State, after: &State) -> BTreeMap<Address, Option<Record>> {
    let gone = before.resources.keys().filter(|address| !after.resources.contains_key(*address));
    let changed = after.resources.iter().filter(|(address, record)| before.resources.get(*address) != Some(*record));
    gone.map(|address| (address.clone(), None))
        .chain(changed.map(|(address, record)| (address.clone(), Some(record.clone()))))
        .collect()
}

/// Refuses the changes of live resources whose `moved` entry could not be followed.
pub fn refuse(changes: &mut [Change], moved: &MovedState<'_>, input: &Input<'_>) {
    if input.options.destroy || input.options.refresh_only {
        return;
    }
    let blocked: BTreeMap<&Address, &Blocked> = moved.blocked.iter().map(|blocked| (&blocked.from, blocked)).collect();
    for change in changes.iter_mut().filter(|change| change.id.is_some()) {
        if let Some(blocked) = blocked.get(&change.address) {
            change.refusals.push(refusal(blocked, &moved.state, input));
        }
    }
}

/// Why a live resource cannot move to another address.
fn refusal(blocked: &Blocked, state: &State, input: &Input<'_>) -> Refusal {
    let Blocked { from, to, why, position } = blocked;
    let (why, first) = match why {
        MoveRefusal::Taken(by) => taken(from, to, by, state, input),
        MoveRefusal::Undeclared => {
            (format!("`{to}` is not declared"), format!("correct the entry or declare `{to}`")) //
        }
    };
    Refusal {
        code: RefusalCode::MoveBlocked,
        message: format!("moved `{from}` -> `{to}` was not applied: {why}"),
        help: format!("{first}; to destroy `{from}` instead, remove the entry"),
        position: position.clone(),
    }
}

/// The obstacle to the move at `by`, and how to resolve it.
fn taken(from: &Address, to: &Address, by: &Address, state: &State, input: &Input<'_>) -> (String, String) {
    let record = state.resources.get(by);
    let id = record.map_or("", |record| record.id.as_str());
    let alive = record.is_some_and(|record| live_object(input.observed, record).is_some());
    let protection = kind::find(&to.kind).and_then(|kind| kind.protection);
    let flag = protection.map(|protection| format!(" {}", protection.flag)).unwrap_or_default();
    if by != to {
        (format!("`{by}` ({id}) also moves there"), "remove one of the two entries".to_owned())
    } else if alive {
        let command = format!("sindri destroy {}{flag}", quoted(to));
        (format!("`{to}` is already {id}"), format!("to keep `{from}` instead, run `{command}` first"))
    } else {
        let first = "run `sindri refresh` first to forget it".to_owned();
        (format!("`{to}` is recorded as {id}, which no longer exists"), first)
    }
}

/// An address quoted for a shell.
fn quoted(address: &Address) -> String {
    if address.index.is_some() { format!("'{address}'") } else { address.to_string() }
}

/// Maximum number of entries named in a sentence.
const NAMED: usize = 4;

/// Reports entries that have no effect because the state contains neither end. A first apply has nothing to move.
pub fn note(moved: &MovedState<'_>, input: &Input<'_>) -> Option<Note> {
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
    let message = format!("`moved` {noun} {} {verb} no effect: the state has neither address", entries.join(", "));
    Some(Note { address: None, message })
}
