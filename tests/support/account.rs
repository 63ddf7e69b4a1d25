//! A RunPod account: the emulator in process, in virtual time.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use sindri::emulator::{EPOCH, Emulator, EmulatorOptions, InProcess, Settings, World, faults};
use sindri::model::Dialect;
use sindri::runpod::{ApiKey, Client};
use sindri::transport::clock::Clock;
use sindri::transport::{Method, Reply, Request, Transport};

/// An account that any number of sessions share. Clones are the same account.
#[derive(Clone)]
pub struct Account {
    pub emulator: Arc<Emulator>,
    pub clock: Clock,
}

impl Account {
    /// An empty account. Must be called in a tokio runtime.
    pub fn new() -> Self {
        Self::with(&EmulatorOptions::default())
    }

    /// An account that draws its ids and delays with this seed.
    pub fn seeded(seed: u64) -> Self {
        Self::with(&EmulatorOptions { seed, ..EmulatorOptions::default() })
    }

    pub fn with(options: &EmulatorOptions) -> Self {
        let (emulator, start) = options.open().expect("a world in memory");
        Self { emulator, clock: Clock::starting_at(start) }
    }

    /// An account with its own stock, money and quotas.
    pub fn with_settings(settings: Settings) -> Self {
        let emulator = Arc::new(Emulator::new(World::new(settings, EPOCH), EPOCH));
        Self { emulator, clock: Clock::starting_at(EPOCH) }
    }

    pub fn transport(&self) -> InProcess {
        InProcess::new(Arc::clone(&self.emulator), self.clock)
    }

    /// A connection to the account. The seed determines its pauses between retries.
    pub fn client(&self, dialect: Dialect, seed: u64) -> Client {
        Client::new(Arc::new(self.transport()), ApiKey::emulator(), dialect).with_seed(seed)
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Sets one fault rule: the operation, with other conditions if needed (`createPod, times: 1`), and the effect.
    pub fn fault(&self, when: &str, effect: &str) {
        let rules = format!("[{{ match: {{ operation: {when} }}, effect: {{ {effect} }} }}]");
        self.emulator.set_faults(faults::parse(&rules, "test").expect("valid rules"));
    }

    /// Ends all faults.
    pub fn calm(&self) {
        self.emulator.set_faults(Vec::new());
    }

    /// Changes objects from outside, without a request.
    pub fn modify<R>(&self, act: impl FnOnce(&mut World, Timestamp) -> R) -> R {
        self.emulator.modify(act)
    }

    /// Number of requests so far.
    pub fn answered(&self) -> u64 {
        self.emulator.journal(0).last().map_or(0, |entry| entry.number)
    }

    /// Requests since request number `since` that may have changed something, such as `POST /v2/pods`.
    pub fn changes(&self, since: u64) -> Vec<String> {
        let journal = self.emulator.journal(since);
        let changing = journal.iter().filter(|entry| entry.changes_world());
        changing.map(|entry| format!("{} {}", entry.method, entry.path)).collect()
    }

    /// Creates an object in a collection of REST v2, like another user. Returns its id.
    pub async fn post(&self, collection: &str, body: Value) -> String {
        let reply = self.send(Method::Post, format!("/v2/{collection}"), Some(body)).await;
        let object: Value = serde_json::from_slice(&reply.body).expect("JSON");
        object["id"].as_str().unwrap_or_else(|| panic!("{object}")).to_owned()
    }

    /// Deletes an object in a collection of REST v2, like another user.
    pub async fn delete(&self, collection: &str, id: &str) {
        let reply = self.send(Method::Delete, format!("/v2/{collection}/{id}"), None).await;
        assert_eq!(reply.status, 204, "{:?}", reply.body);
    }

    async fn send(&self, method: Method, path: String, body: Option<Value>) -> Reply {
        let headers = [("authorization", "Bearer rpa_other"), ("user-agent", "curl/8")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let request = Request { method, path, headers, body: body.map(|body| body.to_string().into()) };
        self.transport().send(request).await.expect("an answer")
    }
}
