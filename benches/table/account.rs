//! An account without limits, served by an emulator in another process.

use std::time::Duration;

use serde_json::{Value, json};

use crate::process;
use crate::support::{self, Emulator};

pub struct Account {
    emulator: Emulator,
    /// The account before anything was created.
    empty: Value,
}

impl Account {
    pub fn start() -> Self {
        let emulator = Emulator::start();
        let mut empty = emulator.get("/_emu/state");
        empty["world"]["settings"]["volumeQuota"] = json!(1_000_000);
        let account = Self { emulator, empty };
        account.reset();
        account
    }

    pub fn url(&self) -> &str {
        &self.emulator.url
    }

    /// Everything that exists in the account.
    pub fn world(&self) -> Value {
        self.emulator.get("/_emu/state")
    }

    pub fn reset(&self) {
        self.restore(&self.empty);
    }

    /// Replaces what exists. The clock continues, because clients use the system's clock.
    pub fn restore(&self, world: &Value) {
        let mut world = world.clone();
        world["clock"] = json!(jiff::Timestamp::now());
        self.put("/_emu/state", world);
        self.put("/_emu/account", json!({ "balance": 1e9, "spendLimit": null }));
    }

    /// Delays every request.
    pub fn set_latency(&self, latency: Duration) {
        let effect = json!({ "latency": { "seconds": latency.as_secs_f64() } });
        self.emulator.faults(json!([support::fault(json!({}), effect)]));
    }

    fn put(&self, path: &str, body: Value) {
        let (status, reply) = self.emulator.ask("PUT", path, Some(body));
        assert_eq!(status, 200, "PUT {path}: {reply}");
    }

    /// When each create took effect, by the emulator's clock.
    pub fn creates(&self) -> Vec<jiff::Timestamp> {
        let journal = self.emulator.get("/_emu/journal");
        let entries = journal["entries"].as_array().expect("entries");
        let creates = entries.iter().filter(|entry| entry["method"] == "POST");
        creates.map(|entry| entry["time"].as_str().and_then(|time| time.parse().ok()).expect("a time")).collect()
    }

    /// Processor time of the emulator so far.
    pub fn cpu(&self) -> Option<Duration> {
        process::cpu_of(self.emulator.pid())
    }
}
