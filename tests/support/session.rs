//! A user of sindri: a state in a folder of its own, and a connection to an account.

use std::cell::Cell;
use std::fs;
use std::time::Duration;

use sindri::apply::{ApplyOptions, Event, Job};
use sindri::emulator::PodEvent;
use sindri::kind::Kind;
use sindri::model::{Address, Dialect, Entry, Marker, Object, Observed, Plan, Record, Replay, Resource, State, Verb};
use sindri::observe::{KindNames, observe};
use sindri::runpod::{Api, Client};
use sindri::store::{self, Holder, Identity, LockedState, Paths, Snapshot};
use tempfile::TempDir;
use tokio::sync::watch;

use super::account::Account;

/// Applies of [`super::applying`] and plans of [`super::planning`] are methods of it too.
pub struct Session {
    pub account: Account,
    pub client: Client,
    pub dialect: Dialect,
    /// Limit on concurrent requests.
    pub parallelism: usize,
    /// The configuration's `name`.
    pub name: &'static str,
    environment: &'static str,
    folder: TempDir,
    /// Seed for the next apply's operations, because no two applies may draw the same ids.
    seed: Cell<u64>,
    interrupt: watch::Sender<bool>,
}

impl Session {
    /// On an empty account of its own. Must be called in a tokio runtime.
    pub fn new(dialect: Dialect) -> Self {
        Self::on(&Account::new(), dialect)
    }

    pub fn on(account: &Account, dialect: Dialect) -> Self {
        Self::connected(account, account.client(dialect, 7))
    }

    /// With another client than the account's.
    pub fn connected(account: &Account, client: Client) -> Self {
        // In memory if possible: the tests make thousands of states, and none has to survive a power failure.
        let folder = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).expect("a temporary folder");
        Self {
            account: account.clone(),
            dialect: client.dialect(),
            client,
            parallelism: ApplyOptions::default().parallelism,
            name: "test",
            environment: "default",
            folder,
            seed: Cell::new(7),
            interrupt: watch::Sender::new(false),
        }
    }

    /// As another project.
    pub fn of_project(self, name: &'static str, environment: &'static str) -> Self {
        Self { name, environment, ..self }
    }

    /// The same project on the same account in another folder, with its own state.
    pub fn another_clone(&self) -> Self {
        let client = self.account.client(self.dialect, 8);
        Self { seed: Cell::new(70_000), ..Self::connected(&self.account, client) }
    }

    /// Uses another dialect for the same account and state from now on.
    pub fn speak(&mut self, dialect: Dialect) {
        self.dialect = dialect;
        self.client = self.account.client(dialect, 7);
    }

    pub fn identity(&self) -> Identity<'static> {
        Identity { environment: self.environment, api: "sandbox" }
    }

    pub fn paths(&self) -> Paths {
        Paths::of_state(&self.folder.path().join("default.json"))
    }

    fn snapshot(&self) -> Snapshot {
        store::read(&self.paths(), &self.identity()).expect("a readable state")
    }

    pub fn state(&self) -> State {
        self.snapshot().state
    }

    /// The record of a pod.
    pub fn record(&self, name: &str) -> Record {
        self.state().resources[&Address::new("pod", name)].clone()
    }

    /// Whether the state has a pending delete of this pod.
    pub fn is_being_deleted(&self, id: &str) -> bool {
        self.snapshot().pending.iter().any(|intent| intent.verb == Verb::Delete && intent.id.as_deref() == Some(id))
    }

    /// The bytes of the state file, as they would be committed.
    pub fn state_file(&self) -> Option<Vec<u8>> {
        fs::read(self.paths().state).ok()
    }

    /// Edits the state file, like a merge or a person.
    pub fn edit_state(&self, edit: impl FnOnce(&mut State)) {
        let path = self.paths().state;
        let mut state = store::parse_state(&fs::read(&path).expect("a state"), &path).expect("a sound one");
        edit(&mut state);
        let known: Vec<Address> = state.resources.keys().cloned().collect();
        state.resources.values_mut().for_each(|record| record.depends_on.retain(|address| known.contains(address)));
        fs::write(&path, store::state_bytes(&state)).expect("a writable folder");
    }

    /// A new disk with the committed state file, and no journal.
    pub fn restore(&self, committed: Option<Vec<u8>>) {
        let paths = self.paths();
        let _ = fs::remove_file(&paths.journal);
        match committed {
            Some(bytes) => fs::write(&paths.state, bytes).expect("a writable folder"),
            None => drop(fs::remove_file(&paths.state)),
        }
    }

    pub fn journal(&self) -> String {
        fs::read_to_string(self.paths().journal).unwrap_or_default()
    }

    /// Writes a journal that an earlier run could have left.
    pub fn put_journal(&self, text: &str) {
        fs::write(self.paths().journal, text).expect("a writable folder");
    }

    pub fn lock(&self) -> LockedState {
        LockedState::acquire(&self.paths(), &self.identity(), Holder::new("test"), Duration::ZERO).expect("the lock")
    }

    /// State and journal for a command that holds the lock.
    pub fn known(&self) -> Replay {
        self.lock().snapshot()
    }

    /// Writes one entry, like a command that holds the lock.
    pub async fn write(&self, entry: Entry) {
        let store = self.lock();
        store.record(entry).await.expect("a disk");
        store.checkpoint().expect("a disk");
    }

    /// What exists at the account.
    pub async fn observe(&self) -> Observed {
        observe(&self.client, &KindNames::new(), &Replay::new(self.state())).await.expect("lists")
    }

    /// The existing pods.
    pub async fn pods(&self) -> Vec<Object> {
        self.observe().await.of_kind("pod").filter(|object| !object.is_leaving()).cloned().collect()
    }

    /// The pod of an account that has only one.
    pub async fn only_pod(&self) -> Object {
        self.observe().await.of_kind("pod").next().expect("one pod").clone()
    }

    /// Edits a pod from outside.
    pub fn edit_outside(&self, pod: &Object, changes: serde_json::Value) {
        let event = PodEvent::Edit { changes };
        self.account.modify(|world, now| world.pod_event(&pod.id, &event, now)).expect("an edit");
    }

    /// Another program creates this object. Returns its id.
    pub async fn makes(&self, kind: &'static Kind, resource: &Resource, marker: Option<&Marker>) -> String {
        self.client.create(kind, &resource.inputs, marker).await.expect("what it asked for").id
    }

    /// An apply of this plan that nothing interrupts.
    pub fn job<'a>(
        &'a self,
        plan: &'a Plan,
        observed: &'a Observed,
        store: &'a LockedState,
        events: &'a (dyn Fn(Event) + Send + Sync),
    ) -> Job<'a> {
        let seed = self.seed.replace(self.seed.get() + 1);
        Job {
            plan,
            observed,
            api: &self.client,
            store,
            clock: self.account.clock,
            options: ApplyOptions { seed: Some(seed), parallelism: self.parallelism },
            events,
            interrupt: self.interrupt.subscribe(),
        }
    }
}
