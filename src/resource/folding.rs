//! Folds journal entries into a state one by one, each with all its consequences.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use super::references::{RecordChanges, completed_with, needs};
use crate::kind;
use crate::model::{Address, Entry, Outcome, Record, Replay, State};

/// A replay that entries are folded into.
///
/// It finds the records that depend on a lost one without searching the state. Otherwise destroying a fleet would take
/// a search of the whole fleet for each of its volumes.
#[derive(Debug)]
pub struct Folding {
    known: Replay,
    /// Made when the first entry needs it.
    dependents: Option<Dependents>,
}

/// The addresses of the records that refer to each resource.
#[derive(Debug, Default)]
struct Dependents(BTreeMap<Address, BTreeSet<Address>>);

impl Folding {
    pub fn of(known: Replay) -> Self {
        Self { known, dependents: None }
    }

    pub fn into_replay(self) -> Replay {
        self.known
    }

    /// Folds one entry, and returns it with all consequences.
    pub fn fold(&mut self, entry: Entry) -> Entry {
        let entry = match entry {
            Entry::Outcome(Outcome { operation, records }) => {
                Entry::Outcome(Outcome { operation, records: self.completed(records) })
            }
            other => other,
        };
        self.fold_complete(&entry);
        entry
    }

    /// Folds an entry that [`Self::fold`] has returned.
    pub fn fold_complete(&mut self, entry: &Entry) {
        if let (Some(dependents), Entry::Outcome(outcome)) = (&mut self.dependents, entry) {
            for (address, record) in &outcome.records {
                let before = self.known.state.resources.get(address);
                dependents.replace(address, before, record.as_ref());
            }
        }
        self.known.fold(entry);
    }

    /// Makes the state continue another lineage.
    pub fn continue_lineage(&mut self, lineage: &str) {
        lineage.clone_into(&mut self.known.state.lineage);
    }

    fn completed(&mut self, changes: RecordChanges) -> RecordChanges {
        let (state, dependents) = (&self.known.state, &mut self.dependents);
        completed_with(state, changes, |lost| {
            let dependents = dependents.get_or_insert_with(|| Dependents::of(state));
            lost.keys().flat_map(|lost| dependents.0.get(lost).into_iter().flatten()).cloned().collect()
        })
    }
}

impl Deref for Folding {
    type Target = Replay;

    fn deref(&self) -> &Replay {
        &self.known
    }
}

impl Dependents {
    fn of(state: &State) -> Self {
        let mut dependents = Self::default();
        for (address, record) in &state.resources {
            dependents.replace(address, None, Some(record));
        }
        dependents
    }

    /// Follows a change of the record at `address`.
    fn replace(&mut self, address: &Address, before: Option<&Record>, after: Option<&Record>) {
        let referred = |record: Option<&Record>| -> BTreeSet<Address> {
            record.into_iter().flat_map(needs).filter(|to| kind::has_dependents(&to.kind)).cloned().collect()
        };
        let (before, after) = (referred(before), referred(after));
        for gone in before.difference(&after) {
            if let Some(dependents) = self.0.get_mut(gone) {
                dependents.remove(address);
            }
        }
        for new in after.difference(&before) {
            self.0.entry(new.clone()).or_default().insert(address.clone());
        }
    }
}
