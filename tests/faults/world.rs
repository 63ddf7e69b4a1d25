//! One misbehaving emulated RunPod, one state, and applies that may fail. Messages are tested as much as effects.

use std::cell::Cell;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sindri::apply::refresh::{RefreshContext, refresh_and_recheck};
use sindri::apply::{self, Event, Job, Report, recover};
use sindri::catalog::Catalog;
use sindri::emulator::{Emulator, EmulatorOptions, InProcess, World as Inside, faults};
use sindri::kind::Kind;
use sindri::model::{
    Address, Change, Dialect, DriftReport, Entry, Marker, Object, Observed, Outcome, Plan, Record, Replay, Resource,
    State, Verb,
};
use sindri::observe::{inquire, observe};
use sindri::planner::decide::feasible;
use sindri::planner::drift::report;
use sindri::planner::drift::report::Scope;
use sindri::planner::drift::survey::accepted;
use sindri::planner::{self, Input, PlanOptions};
use sindri::render::{Style, Summary};
use sindri::runpod::credential::ApiKey;
use sindri::runpod::{Api, Client};
use sindri::store::{self, Holder, Identity, LockedState, Paths};
use sindri::transport::clock::Clock;
use sindri::transport::{Method, Request, Transport};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::support::Desired;

const IDENTITY: Identity<'static> = Identity { environment: "default", api: "sandbox" };

pub struct World {
    pub emulator: Arc<Emulator>,
    dialect: Dialect,
    clock: Clock,
    client: Client,
    folder: TempDir,
    /// Limit on concurrent requests.
    pub parallelism: usize,
    /// Seed for the next apply's operations, because no two applies may draw the same ids.
    seed: Cell<u64>,
}

/// The effects and messages of an apply.
pub struct Applied {
    pub plan: Plan,
    pub report: Report,
    pub events: Vec<Event>,
    /// The final summary as shown to people.
    pub text: String,
    /// Requests that may change something, such as `POST /v2/pods`.
    pub requests: Vec<String>,
}

impl World {
    /// Must be called in a tokio runtime.
    pub fn with(options: &EmulatorOptions, dialect: Dialect) -> Self {
        let (emulator, start) = options.open().expect("a world in memory");
        let clock = Clock::starting_at(start);
        let transport = Arc::new(InProcess::new(Arc::clone(&emulator), clock));
        let client = Client::new(transport, ApiKey::emulator(), dialect).with_seed(7);
        Self {
            emulator,
            dialect,
            clock,
            client,
            folder: TempDir::new().expect("a folder"),
            parallelism: 10,
            seed: Cell::new(7),
        }
    }

    pub fn new(dialect: Dialect) -> Self {
        Self::with(&EmulatorOptions::default(), dialect)
    }

    /// Adds one rule, such as `createPod, times: 1` with an effect.
    pub fn fault(&self, when: &str, effect: &str) {
        let rules = format!("[{{ match: {{ operation: {when} }}, effect: {{ {effect} }} }}]");
        self.emulator.set_faults(faults::parse(&rules, "test").expect("valid rules"));
    }

    pub fn calm(&self) {
        self.emulator.set_faults(Vec::new());
    }

    pub fn modify<R>(&self, act: impl FnOnce(&mut Inside, jiff::Timestamp) -> R) -> R {
        self.emulator.modify(act)
    }

    /// Whether the state has a pending delete of this pod.
    pub fn is_being_deleted(&self, id: &str) -> bool {
        let replay = store::read(&self.paths(), &IDENTITY).expect("a readable state");
        replay.pending.iter().any(|intent| intent.verb == Verb::Delete && intent.id.as_deref() == Some(id))
    }

    /// Another program creates this object; returns its id.
    pub async fn makes(&self, kind: &'static Kind, resource: &Resource, marker: Option<&Marker>) -> String {
        self.client.create(kind, &resource.inputs, marker).await.expect("what it asked for").id
    }

    /// Writes a journal that an earlier run could have left.
    pub fn put_journal(&self, text: &str) {
        std::fs::write(self.paths().journal, text).expect("a writable folder");
    }

    pub fn journal(&self) -> String {
        std::fs::read_to_string(self.paths().journal).unwrap_or_default()
    }

    /// Edits the state file, like a merge or a person.
    pub fn edit_state(&self, edit: impl FnOnce(&mut State)) {
        let path = self.paths().state;
        let mut state = store::parse_state(&std::fs::read(&path).expect("a state"), &path).expect("a sound one");
        edit(&mut state);
        let known: Vec<Address> = state.resources.keys().cloned().collect();
        state.resources.values_mut().for_each(|record| record.depends_on.retain(|address| known.contains(address)));
        std::fs::write(&path, store::state_bytes(&state)).expect("a writable folder");
    }

    pub fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    /// The same project in another folder, with its own state, on the same account.
    pub fn clone_of(&self) -> Self {
        let transport = Arc::new(InProcess::new(Arc::clone(&self.emulator), self.clock));
        let client = Client::new(transport, ApiKey::emulator(), self.dialect).with_seed(8);
        Self {
            emulator: Arc::clone(&self.emulator),
            dialect: self.dialect,
            clock: self.clock,
            client,
            folder: TempDir::new().expect("a folder"),
            parallelism: 10,
            seed: Cell::new(70_000),
        }
    }

    fn paths(&self) -> Paths {
        Paths::of_state(&self.folder.path().join("default.json"))
    }

    pub fn state(&self) -> State {
        store::read(&self.paths(), &IDENTITY).expect("a readable state").state
    }

    pub fn record(&self, name: &str) -> Record {
        self.state().resources[&Address::new("pod", name)].clone()
    }

    /// The result of `sindri drift` in another process: without the lock, with its own client.
    pub async fn report(&self, unmanaged: bool) -> DriftReport {
        let paths = self.paths();
        let place = RefreshContext { api: &self.client, paths: &paths, identity: IDENTITY, clock: &self.clock };
        let refresh = refresh_and_recheck(place, |_| ()).await.expect("lists");
        report::report(&Scope {
            name: "test",
            prior: &refresh.state,
            observed: &refresh.observed,
            catalog: Catalog::embedded(),
            unsettled: &refresh.unsettled,
            expected: &refresh.expected,
            unmanaged,
            now: self.clock.now(),
        })
    }

    /// Creates a pod like another user; the body is that of REST v2.
    pub async fn create(&self, body: serde_json::Value) -> String {
        self.post("pods", body).await
    }

    /// Creates an object in any collection of REST v2, like another user.
    pub async fn post(&self, collection: &str, body: serde_json::Value) -> String {
        let request = Request {
            method: Method::Post,
            path: format!("/v2/{collection}"),
            headers: vec![("authorization".into(), "Bearer rpa_other".into()), ("user-agent".into(), "curl/8".into())],
            body: Some(body.to_string().into()),
        };
        let reply = InProcess::new(Arc::clone(&self.emulator), self.clock).send(request).await.expect("an answer");
        let pod: serde_json::Value = serde_json::from_slice(&reply.body).expect("JSON");
        pod["id"].as_str().unwrap_or_else(|| panic!("{pod}")).to_owned()
    }

    /// Deletes an object in any collection of REST v2, like another user.
    pub async fn delete(&self, collection: &str, id: &str) {
        let request = Request {
            method: Method::Delete,
            path: format!("/v2/{collection}/{id}"),
            headers: vec![("authorization".into(), "Bearer rpa_other".into()), ("user-agent".into(), "curl/8".into())],
            body: None,
        };
        let reply = InProcess::new(Arc::clone(&self.emulator), self.clock).send(request).await.expect("an answer");
        assert_eq!(reply.status, 204, "{:?}", reply.body);
    }

    /// The plan with RunPod's answers about its creates, like `sindri plan`.
    pub async fn examined(&self, desired: &Desired) -> Plan {
        let mut plan = self.plan(desired).await;
        let answers = inquire(&self.client, &plan).await;
        feasible::judge(&mut plan, &answers);
        plan
    }

    /// Writes one entry, like a command that holds the lock.
    pub async fn write(&self, entry: Entry) {
        let store =
            LockedState::acquire(&self.paths(), &IDENTITY, Holder::new("test"), Duration::ZERO).expect("a lock");
        store.record(entry).await.expect("a disk");
        store.checkpoint().expect("a disk");
    }

    /// The content of state and journal for a command that holds the lock.
    pub fn known(&self) -> Replay {
        let store =
            LockedState::acquire(&self.paths(), &IDENTITY, Holder::new("test"), Duration::ZERO).expect("a lock");
        store.snapshot()
    }

    /// Does the same as `sindri refresh`.
    pub async fn refresh(&self) {
        let store =
            LockedState::acquire(&self.paths(), &IDENTITY, Holder::new("test"), Duration::ZERO).expect("a lock");
        let observed = recover::recover(&self.client, &store, &self.clock, &|_| ()).await.expect("lists");
        let records = accepted(&store.snapshot().state, &observed);
        let outcome = Outcome { operation: "refresh".into(), records };
        store.record(Entry::Outcome(outcome)).await.expect("a disk");
        store.checkpoint().expect("a disk");
    }

    /// Runs the first step of every command that takes the lock; returns its messages about pending intents.
    pub async fn recover(&self) -> String {
        let store =
            LockedState::acquire(&self.paths(), &IDENTITY, Holder::new("test"), Duration::ZERO).expect("a lock");
        let recorded = Mutex::new(String::new());
        let note = |event: Event| {
            if let Event::Recovered { how, .. } = event {
                recorded.lock().expect("no panic").push_str(&how);
            }
        };
        recover::recover(&self.client, &store, &self.clock, &note).await.expect("lists");
        store.checkpoint().expect("a disk");
        recorded.into_inner().expect("no panic")
    }

    pub async fn observe(&self) -> Observed {
        observe(&self.client).await.expect("lists")
    }

    /// The existing pods.
    pub async fn pods(&self) -> Vec<Object> {
        self.observe().await.of_kind("pod").filter(|object| !object.is_leaving()).cloned().collect()
    }

    pub fn plan_from(&self, desired: &Desired, prior: &State, observed: &Observed, options: PlanOptions) -> Plan {
        let input = Input { dialect: self.dialect, options, ..Input::new("test", desired, prior, observed) };
        let plan = planner::plan(&input).expect("no circles");
        assert_eq!(sindri::planner::review::check::violations(&plan), []);
        assert_eq!(sindri::planner::review::check::flaws(prior, &plan), []);
        plan
    }

    pub async fn plan(&self, desired: &Desired) -> Plan {
        self.plan_from(desired, &self.state(), &self.observe().await, PlanOptions::default())
    }

    pub async fn apply(&self, desired: &Desired) -> Applied {
        self.apply_with(desired, PlanOptions::default()).await
    }

    /// Applies without asking.
    pub async fn apply_with(&self, desired: &Desired, options: PlanOptions) -> Applied {
        let since = self.emulator.journal(0).len() as u64;
        let store =
            LockedState::acquire(&self.paths(), &IDENTITY, Holder::new("test"), Duration::ZERO).expect("the lock");
        let events = Mutex::new(Vec::new());
        let note = |event: Event| events.lock().expect("no panic").push(event);
        let observed = recover::recover(&self.client, &store, &self.clock, &note).await.expect("lists");
        let prior = store.snapshot().state;
        let plan = self.plan_from(desired, &prior, &observed, options);
        assert_eq!(plan.all_refusals().count(), 0);
        self.run(&store, events, plan, &observed, since).await
    }

    /// Applies an existing plan.
    pub async fn carry_out(&self, plan: &Plan, observed: &Observed) -> Applied {
        let since = self.emulator.journal(0).len() as u64;
        let store =
            LockedState::acquire(&self.paths(), &IDENTITY, Holder::new("test"), Duration::ZERO).expect("the lock");
        self.run(&store, Mutex::default(), plan.clone(), observed, since).await
    }

    async fn run(
        &self,
        store: &LockedState,
        events: Mutex<Vec<Event>>,
        plan: Plan,
        observed: &Observed,
        since: u64,
    ) -> Applied {
        let note = |event: Event| events.lock().expect("no panic").push(event);
        let (_stop, interrupt) = watch::channel(false);
        let job = Job {
            plan: &plan,
            observed,
            api: &self.client,
            store,
            clock: self.clock,
            options: apply::ApplyOptions {
                seed: Some(self.seed.replace(self.seed.get() + 1)),
                parallelism: self.parallelism,
            },
            events: &note,
            interrupt,
        };
        let report = apply::run(&job).await.expect("a store that can be written");
        let events = events.into_inner().expect("no panic");
        let mut summary = Summary::expecting(&plan, "apply");
        events.iter().for_each(|event| summary.note(event));
        let mut text = String::new();
        summary.text(&mut text, Duration::ZERO, &Style::default()).expect("a string takes everything");
        let journal = self.emulator.journal(since);
        let changing = journal.iter().filter(|entry| entry.changes_world());
        let requests = changing.map(|entry| format!("{} {}", entry.method, entry.path)).collect();
        Applied { plan, report, events, text: on_one_line(&text), requests }
    }

    /// Applies; everything must succeed.
    pub async fn settle(&self, desired: &Desired) -> Applied {
        let applied = self.apply(desired).await;
        assert_eq!((applied.report.failed, applied.report.skipped), (0, 0), "{}", applied.text);
        applied
    }
}

impl Applied {
    /// Fails unless the summary contains all of these texts.
    #[track_caller]
    pub fn says(&self, words: &[&str]) {
        for words in words {
            assert!(self.text.contains(words), "`{words}` is not in: {}", self.text);
        }
    }

    /// Messages about settled creates.
    pub fn settled(&self) -> Vec<&str> {
        let message = |event: &'_ Event| matches!(event, Event::Settled { .. });
        let settled = self.events.iter().filter(|event| message(event));
        settled
            .filter_map(|event| if let Event::Settled { message, .. } = event { Some(&**message) } else { None })
            .collect()
    }

    /// Messages about operations of an earlier run.
    pub fn recovered(&self) -> String {
        let recorded = self.events.iter().filter_map(|event| match event {
            Event::Recovered { address, how, .. } => Some(format!("{address}: {how}\n")),
            _ => None,
        });
        recorded.collect()
    }

    pub fn creates(&self) -> usize {
        self.requests.iter().filter(|request| request.starts_with("POST") && request.ends_with("/pods")).count()
    }
}

/// Joins lines that were wrapped for people.
pub fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The change of a pod.
pub fn change<'p>(plan: &'p Plan, name: &str) -> &'p Change {
    plan.by_address()[&Address::new("pod", name)]
}

/// Waits until lists and reads have caught up.
pub async fn rest() {
    sleep(Duration::from_secs(130)).await;
}
