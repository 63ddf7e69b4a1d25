//! The first replacement of each kind runs alone: no other object of that kind is destroyed for a successor until
//! RunPod has accepted the first successor's create.
//!
//! An account limit or an invalid request shows only when a create is sent. Without the trial, concurrent replacements
//! would destroy a whole fleet before the first refusal arrives. An accepted volume says nothing about pods.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Operation, Verb};

/// The trials of an apply, by kind.
#[derive(Debug)]
pub(super) struct Trials<'p> {
    operations: &'p [Operation],
    kinds: BTreeMap<&'p str, Trial>,
}

/// Controls which deletes of one kind may start if they make room for a successor.
#[derive(Debug, Default)]
struct Trial {
    accepted: bool,
    /// The first delete, with the create of its successor.
    running: Option<(usize, usize)>,
    held: BTreeSet<usize>,
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Done,
    Failed,
    /// Interrupted, or not started because everything stops.
    Skipped,
}

/// The decision about the held operations.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Release {
    /// These may start now.
    pub start: BTreeSet<usize>,
    /// A successor was refused, so these objects are not destroyed for theirs.
    pub keep: BTreeSet<usize>,
}

impl<'p> Trials<'p> {
    pub fn new(operations: &'p [Operation]) -> Self {
        Self { operations, kinds: BTreeMap::new() }
    }

    fn of(&mut self, index: usize) -> &mut Trial {
        self.kinds.entry(&self.operations[index].address.kind).or_default()
    }

    /// Whether an operation may start now. If not, it is held until a later call releases it.
    pub fn admits(&mut self, index: usize) -> bool {
        let Some(successor) = self.operations[index].replaced_by else { return true };
        let trial = self.of(index);
        if trial.accepted {
            return true;
        }
        if trial.running.is_none() {
            trial.running = Some((index, successor));
            return true;
        }
        trial.held.insert(index);
        false
    }

    /// Called when RunPod accepted this create.
    pub fn accepted(&mut self, create: usize) -> BTreeSet<usize> {
        self.of(create).release()
    }

    /// Called when an operation ended.
    pub fn ended(&mut self, index: usize, how: Ended) -> Release {
        let creates = self.operations[index].verb == Verb::Create;
        let trial = self.of(index);
        let start = |start| Release { start, ..Release::default() };
        match (trial.running, how) {
            (_, Ended::Done) if creates => start(trial.release()),
            (Some((_, create)), Ended::Failed) if create == index => {
                trial.running = None;
                Release { keep: std::mem::take(&mut trial.held), ..Release::default() }
            }
            // No more operations start, and each of them reports that itself.
            (Some((_, create)), Ended::Skipped) if create == index => start(trial.release()),
            // The trial ended before its create.
            (Some((delete, _)), Ended::Failed | Ended::Skipped) if delete == index => start(trial.next()),
            _ => Release::default(),
        }
    }

    /// Called when nothing is running and no create has ended. The first successor then needs something that waits for
    /// other deletes too, such as a volume that all of them mount. Releases the next delete of each kind.
    pub fn next(&mut self) -> BTreeSet<usize> {
        self.kinds.values_mut().flat_map(Trial::next).collect()
    }
}

impl Trial {
    fn release(&mut self) -> BTreeSet<usize> {
        self.accepted = true;
        self.running = None;
        std::mem::take(&mut self.held)
    }

    fn next(&mut self) -> BTreeSet<usize> {
        self.running = None;
        self.held.pop_first().into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Address, Attributes, Timeouts};

    /// Three replacements with deletes 0, 1, 2 and creates 3, 4, 5, and the create of a volume, 6.
    fn operations() -> Vec<Operation> {
        let operation = |kind: &str, verb, replaced_by| Operation {
            address: Address::new(kind, "a"),
            verb,
            id: None,
            inputs: Attributes::new(),
            candidates: Vec::new(),
            depends_on: Vec::new(),
            record: None,
            members: Default::default(),
            deposes: None,
            rollout: None,
            wait: true,
            timeouts: Timeouts::default(),
            replaced_by,
        };
        let deletes = (0..3).map(|index| operation("pod", Verb::Delete, Some(index + 3)));
        let creates = (0..3).map(|_| operation("pod", Verb::Create, None));
        deletes.chain(creates).chain([operation("network_volume", Verb::Create, None)]).collect()
    }

    fn held(operations: &[Operation]) -> Trials<'_> {
        let mut trials = Trials::new(operations);
        let admitted: Vec<bool> = (0..3).map(|index| trials.admits(index)).collect();
        assert_eq!(admitted, [true, false, false]);
        trials
    }

    fn start<const N: usize>(indices: [usize; N]) -> Release {
        Release { start: indices.into(), ..Release::default() }
    }

    fn keep<const N: usize>(indices: [usize; N]) -> Release {
        Release { keep: indices.into(), ..Release::default() }
    }

    #[test]
    fn the_other_replacements_start_once_a_create_is_accepted() {
        let operations = operations();
        assert_eq!(held(&operations).accepted(3), BTreeSet::from([1, 2]));
        let mut trials = held(&operations);
        assert_eq!(trials.ended(0, Ended::Done), start([]));
        assert_eq!(trials.ended(3, Ended::Done), start([1, 2]));
        assert!(trials.admits(1) && trials.admits(2));
    }

    #[test]
    fn an_accepted_volume_says_nothing_about_pods() {
        let operations = operations();
        let mut trials = held(&operations);
        assert_eq!(trials.accepted(6), BTreeSet::new());
        assert_eq!(trials.ended(6, Ended::Done), start([]));
        assert_eq!(trials.ended(3, Ended::Failed), keep([1, 2]));
    }

    #[test]
    fn the_other_objects_are_kept_if_the_first_create_is_refused() {
        let operations = operations();
        let mut trials = held(&operations);
        trials.ended(0, Ended::Done);
        assert_eq!(trials.ended(3, Ended::Failed), keep([1, 2]));
    }

    #[test]
    fn after_a_delete_that_fails_the_next_one_goes_first() {
        let operations = operations();
        let mut trials = held(&operations);
        assert_eq!(trials.ended(0, Ended::Failed), start([1]));
        assert!(trials.admits(1));
        assert_eq!(trials.ended(4, Ended::Failed), keep([2]));
    }

    #[test]
    fn after_an_interruption_held_operations_start_and_skip_themselves() {
        let operations = operations();
        assert_eq!(held(&operations).ended(3, Ended::Skipped), start([1, 2]));
    }
}
