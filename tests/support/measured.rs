//! A large fleet on an account without limits, in process, and the cost of its applies.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sindri::apply;
use sindri::config::Config;
use sindri::emulator::{Emulator, Settings};
use sindri::model::{Dialect, Plan};
use sindri::planner::PlanOptions;
use sindri::runpod::{ApiKey, Client};
use sindri::transport::Transport;
use tempfile::TempDir;

use super::account::Account;
use super::large_fleet::{self, LargeFleet};
use super::session::Session;

/// A session with the configuration of a large fleet.
pub struct Measured {
    pub config: Config,
    /// Contains the configuration.
    pub folder: TempDir,
    pub session: Session,
    /// Announced waits, with reasons.
    pub announced: Arc<Mutex<Vec<(Duration, String)>>>,
}

/// The cost of one apply.
pub struct Cost {
    pub bytes: u64,
    pub fsyncs: u64,
    pub creates: usize,
    pub reads: usize,
}

impl Measured {
    /// Called directly, in tokio's time.
    pub fn in_process(fleet: &LargeFleet) -> Self {
        let account = unlimited();
        let transport = Arc::new(account.transport());
        Self::new(fleet, &account, transport)
    }

    fn new(fleet: &LargeFleet, account: &Account, transport: Arc<dyn Transport>) -> Self {
        let (config, folder) = fleet.config();
        let announced = Arc::<Mutex<Vec<_>>>::default();
        let note = Arc::clone(&announced);
        let note =
            move |wait, reason: &str| note.lock().expect("no panic while noting").push((wait, reason.to_owned()));
        let client = Client::new(transport, ApiKey::emulator(), Dialect::V2).with_seed(7).with_notify(Arc::new(note));
        Self { config, folder, session: Session::connected(account, client), announced }
    }

    pub fn emulator(&self) -> &Emulator {
        &self.session.account.emulator
    }

    pub fn answered(&self) -> u64 {
        self.session.account.answered()
    }

    /// Answered requests since entry `since`, such as `GET /v2/pods`.
    pub fn asked(&self, since: u64) -> Vec<String> {
        let path = |path: &str| path.split('?').next().unwrap_or_default().to_owned();
        let entries = self.emulator().journal(since);
        entries.iter().map(|entry| format!("{} {}", entry.method, path(&entry.path))).collect()
    }

    /// Number of requests answered with 429.
    pub fn refused(&self) -> usize {
        self.emulator().journal(0).iter().filter(|entry| entry.status == Some(429)).count()
    }

    /// The plan without checks, which would count as work.
    pub async fn plan(&self) -> Plan {
        let (state, observed) = (self.session.state(), self.session.observe().await);
        large_fleet::plan(&self.config, &state, &observed, PlanOptions::default())
    }

    pub async fn apply(&self, options: PlanOptions) -> Cost {
        let store = self.session.lock();
        let observed = self.session.observe().await;
        let plan = large_fleet::plan(&self.config, &store.snapshot().state, &observed, options);
        let before = self.answered();
        let job = self.session.job(&plan, &observed, &store, &|_| {});
        let report = apply::run(&job).await.expect("a working store");
        assert_eq!((report.done, report.failed, report.skipped), (plan.operations.len(), 0, 0));
        let asked = self.asked(before);
        let count = |method: &str| asked.iter().filter(|request| request.starts_with(method)).count();
        Cost { bytes: store.bytes_written(), fsyncs: store.fsyncs(), creates: count("POST"), reads: count("GET") }
    }
}

/// An account with unlimited stock and money, and without quotas.
fn unlimited() -> Account {
    let settings = Settings { balance_usd: 1e9, spend_limit_usd: None, volume_quota: 10_000, ..Settings::default() };
    Account::with_settings(settings)
}
