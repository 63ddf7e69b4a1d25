//! The first replacement of an apply goes alone: nothing else is destroyed for a successor until RunPod has accepted a create.
//!
//! A limit of the account or a request that RunPod refuses shows only when a create is sent. Without the trial, a fleet that
//! is replaced side by side would be gone before the first refusal arrives.

use std::collections::BTreeSet;

use crate::model::{Operation, Verb};

/// Which deletes that make room for a successor may start.
#[derive(Debug, Default)]
pub(super) struct Trial {
    accepted: bool,
    /// The delete that went first, with the create of its successor.
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

/// What the end of an operation means for those that wait.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// These may start now.
    Start(BTreeSet<usize>),
    /// The successor was refused: nothing further is destroyed for another one.
    Keep(BTreeSet<usize>),
}

impl Trial {
    /// Whether an operation may start now; if not, it is kept until [`Self::ended`] or [`Self::accepted`] names it.
    pub fn admits(&mut self, index: usize, operation: &Operation) -> bool {
        let Some(successor) = operation.replaced_by.filter(|_| !self.accepted) else { return true };
        if self.running.is_none() {
            self.running = Some((index, successor));
            return true;
        }
        self.held.insert(index);
        false
    }

    /// RunPod accepted a create.
    pub fn accepted(&mut self) -> BTreeSet<usize> {
        self.accepted = true;
        self.running = None;
        std::mem::take(&mut self.held)
    }

    /// An operation ended.
    pub fn ended(&mut self, index: usize, verb: Verb, how: Ended) -> Verdict {
        if verb == Verb::Create && how == Ended::Done {
            return Verdict::Start(self.accepted());
        }
        match (self.running, how) {
            (Some((_, create)), Ended::Failed) if create == index => {
                self.running = None;
                Verdict::Keep(std::mem::take(&mut self.held))
            }
            // Nothing starts any more, and each of them says so itself.
            (Some((_, create)), Ended::Skipped) if create == index => Verdict::Start(self.accepted()),
            // Nothing was destroyed.
            (Some((delete, _)), Ended::Failed | Ended::Skipped) if delete == index => Verdict::Start(self.next()),
            _ => Verdict::Start(BTreeSet::new()),
        }
    }

    /// The next one goes first, because the one before it did not come to its create.
    pub fn next(&mut self) -> BTreeSet<usize> {
        self.running = None;
        self.held.pop_first().into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Address, Attributes, Timeouts};

    /// Three replacements: deletes 0, 1, 2 and creates 3, 4, 5.
    fn delete(index: usize) -> Operation {
        Operation {
            address: Address::new("pod", "a"),
            verb: Verb::Delete,
            id: Some(format!("id{index}")),
            inputs: Attributes::new(),
            candidates: Vec::new(),
            depends_on: Vec::new(),
            record: None,
            members: Default::default(),
            deposes: None,
            wait: true,
            timeouts: Timeouts::default(),
            replaced_by: Some(index + 3),
        }
    }

    fn held() -> Trial {
        let mut trial = Trial::default();
        let admitted: Vec<bool> = (0..3).map(|index| trial.admits(index, &delete(index))).collect();
        assert_eq!(admitted, [true, false, false]);
        trial
    }

    #[test]
    fn the_others_start_once_a_create_is_accepted() {
        assert_eq!(held().accepted(), BTreeSet::from([1, 2]));
        let mut trial = held();
        assert_eq!(trial.ended(0, Verb::Delete, Ended::Done), Verdict::Start(BTreeSet::new()));
        assert_eq!(trial.ended(3, Verb::Create, Ended::Done), Verdict::Start(BTreeSet::from([1, 2])));
        assert!(trial.admits(1, &delete(1)) && trial.admits(2, &delete(2)));
    }

    #[test]
    fn the_others_are_kept_if_the_first_create_is_refused() {
        let mut trial = held();
        trial.ended(0, Verb::Delete, Ended::Done);
        assert_eq!(trial.ended(3, Verb::Create, Ended::Failed), Verdict::Keep(BTreeSet::from([1, 2])));
    }

    #[test]
    fn a_delete_that_fails_destroys_nothing_so_the_next_one_goes_first() {
        let mut trial = held();
        assert_eq!(trial.ended(0, Verb::Delete, Ended::Failed), Verdict::Start(BTreeSet::from([1])));
        assert!(trial.admits(1, &delete(1)));
        assert_eq!(trial.ended(4, Verb::Create, Ended::Failed), Verdict::Keep(BTreeSet::from([2])));
    }

    #[test]
    fn an_interruption_starts_what_then_skips_itself() {
        let mut trial = held();
        assert_eq!(trial.ended(3, Verb::Create, Ended::Skipped), Verdict::Start(BTreeSet::from([1, 2])));
    }
}
