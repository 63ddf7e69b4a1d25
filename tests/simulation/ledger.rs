//! Ownership of objects, according to the emulator's journal. No project may touch an object of another.

use std::collections::{BTreeMap, BTreeSet};

use sindri::emulator::{Emulator, JournalEntry};

use crate::simulation::actor::Actor;
use crate::support::world;

/// The creator of each object, by id.
#[derive(Default)]
pub struct Ledger {
    makers: BTreeMap<String, String>,
    /// Objects that a user agreed to adopt, or took for their own, with the user.
    takers: BTreeSet<(String, &'static str)>,
    read: u64,
}

impl Ledger {
    /// Continues reading the journal of requests, and checks each one.
    pub fn check(&mut self, emulator: &Emulator, actors: &[&Actor]) {
        for actor in actors {
            let taken = actor.agreed.borrow().iter().cloned().chain(actor.taken_by_looks()).collect::<Vec<_>>();
            self.takers.extend(taken.into_iter().map(|id| (id, actor.project.signature)));
        }
        for entry in emulator.journal(self.read) {
            self.read = entry.number;
            let Some((path, signature)) = entry.path.split_once("?by=") else { continue };
            match world::id_in(path) {
                None => self.made(&entry, signature),
                Some(id) => {
                    let actor = actors.iter().find(|actor| actor.project.signature == signature);
                    self.touched(&entry, id, actor.expect("one of the projects"));
                }
            }
        }
    }

    fn made(&mut self, entry: &JournalEntry, signature: &str) {
        self.makers.extend(entry.touched.iter().map(|id| (id.clone(), signature.to_owned())));
    }

    fn touched(&self, entry: &JournalEntry, id: &str, actor: &Actor) {
        let project = actor.project.signature;
        // A migrated pod has an id that no request contains.
        if let Some(maker) = self.makers.get(id) {
            let agreed = actor.agreed.borrow().contains(id) || actor.taken_by_looks().contains(id);
            assert!(
                maker == project || agreed,
                "`{project}` touches what `{maker}` made: {} {}",
                entry.method,
                entry.path
            );
        }
        let announced = entry.method != "DELETE" || actor.announced.borrow().contains(id);
        assert!(announced, "`{project}` destroys `{id}`, which no plan announced");
    }

    /// Whether `actor` created it, according to requests, and no other project adopted it, which could rename it.
    pub fn is_of(&self, id: &str, actor: &Actor) -> bool {
        let project = actor.project.signature;
        self.makers.get(id).is_some_and(|maker| maker == project)
            && !self.takers.iter().any(|(taken, taker)| taken == id && *taker != project)
    }
}
