//! A project in an emulated account, called in process or over loopback.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sindri::apply::{self, Job};
use sindri::config::Config;
use sindri::emulator::{self, EPOCH, Emulator, InProcess, Settings, World};
use sindri::model::{Dialect, Plan};
use sindri::observe::observe;
use sindri::planner::PlanOptions;
use sindri::runpod::{ApiKey, Client};
use sindri::store::{self, Holder, Identity, LockedState, Paths};
use sindri::transport::Transport;
use sindri::transport::clock::Clock;
use sindri::transport::http::{HttpTransport, REQUEST_TIMEOUT};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::large_fleet::{self, Fleet};

const HERE: Identity<'_> = Identity { environment: "default", api: "sandbox" };

/// An emulated account with a project in it.
pub struct Account {
    pub config: Config,
    pub folder: TempDir,
    paths: Paths,
    pub emulator: Arc<Emulator>,
    client: Client,
    clock: Clock,
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

impl Account {
    /// Called directly, in tokio's time.
    pub fn in_process(fleet: &Fleet) -> Self {
        let emulator = emulator();
        let clock = Clock::starting_at(EPOCH);
        let transport = Arc::new(InProcess::new(Arc::clone(&emulator), clock));
        Self::new(fleet, emulator, clock, transport)
    }

    /// Served by a separate thread, which ends with the process.
    pub fn over_loopback(fleet: &Fleet) -> Self {
        let emulator = emulator();
        let (tell, told) = mpsc::channel();
        let served = Arc::clone(&emulator);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
                tell.send(listener.local_addr().expect("an address")).expect("somebody who waits for it");
                emulator::serve(listener, served).await.expect("a world without a file");
            });
        });
        let origin = format!("http://{}", told.recv().expect("an address"));
        let transport = Arc::new(HttpTransport::new(&origin, REQUEST_TIMEOUT).expect("an HTTP client"));
        Self::new(fleet, emulator, Clock::wall(), transport)
    }

    fn new(fleet: &Fleet, emulator: Arc<Emulator>, clock: Clock, transport: Arc<dyn Transport>) -> Self {
        let (config, folder) = fleet.config();
        let announced = Arc::<Mutex<Vec<_>>>::default();
        let note = Arc::clone(&announced);
        let note =
            move |wait, reason: &str| note.lock().expect("no panic while noting").push((wait, reason.to_owned()));
        let client = Client::new(transport, ApiKey::emulator(), Dialect::V2).with_seed(7).with_notify(Arc::new(note));
        let paths = Paths::of_state(&folder.path().join("default.json"));
        Self { config, folder, paths, emulator, client, clock, announced }
    }

    /// Answered requests since entry `since`, such as `GET /v2/pods`.
    pub fn asked(&self, since: u64) -> Vec<String> {
        let path = |path: &str| path.split('?').next().unwrap_or_default().to_owned();
        let entries = self.emulator.journal(since);
        entries.iter().map(|entry| format!("{} {}", entry.method, path(&entry.path))).collect()
    }

    /// Number of requests answered with 429.
    pub fn refused(&self) -> usize {
        self.emulator.journal(0).iter().filter(|entry| entry.status == Some(429)).count()
    }

    pub fn answered(&self) -> u64 {
        self.emulator.journal(0).last().map_or(0, |entry| entry.number)
    }

    pub async fn plan(&self) -> Plan {
        let snapshot = store::read(&self.paths, &HERE).expect("a readable state");
        let observed = observe(&self.client).await.expect("lists");
        large_fleet::plan(&self.config, &snapshot.state, &observed, PlanOptions::default())
    }

    pub async fn apply(&self, options: PlanOptions) -> Cost {
        let store =
            LockedState::acquire(&self.paths, &HERE, Holder::new("apply"), Duration::ZERO).expect("a free lock");
        let observed = observe(&self.client).await.expect("lists");
        let plan = large_fleet::plan(&self.config, &store.snapshot().state, &observed, options);
        let before = self.answered();
        let (_stop, interrupt) = watch::channel(false);
        let job = Job {
            plan: &plan,
            observed: &observed,
            api: &self.client,
            store: &store,
            clock: self.clock,
            options: apply::ApplyOptions { seed: Some(7), ..apply::ApplyOptions::default() },
            events: &|_| {},
            interrupt,
        };
        let report = apply::run(&job).await.expect("a working store");
        assert_eq!((report.done, report.failed, report.skipped), (plan.operations.len(), 0, 0));
        let asked = self.asked(before);
        let count = |method: &str| asked.iter().filter(|request| request.starts_with(method)).count();
        Cost { bytes: store.bytes_written(), fsyncs: store.fsyncs(), creates: count("POST"), reads: count("GET") }
    }
}

/// An account with unlimited stock and money, and without quotas.
fn emulator() -> Arc<Emulator> {
    let settings = Settings { balance_usd: 1e9, spend_limit_usd: None, volume_quota: 10_000, ..Settings::default() };
    Arc::new(Emulator::new(World::new(settings, EPOCH), EPOCH))
}
