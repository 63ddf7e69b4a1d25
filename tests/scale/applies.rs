//! What an apply and a plan ask of RunPod and of the disk.

use std::sync::Arc;
use std::time::Duration;

use sindri::apply::{self, Job};
use sindri::config::Config;
use sindri::emulator::sandbox::EPOCH;
use sindri::emulator::world::{Settings, World};
use sindri::emulator::{Emulator, InProcess};
use sindri::model::{Dialect, Plan};
use sindri::observe::observe;
use sindri::planner::Options;
use sindri::runpod::{ApiKey, Client};
use sindri::store::{self, Holder, Identity, LockedState, Paths};
use sindri::transport::clock::Clock;
use tempfile::TempDir;
use tokio::sync::watch;

use super::fleet::{self, Fleet};

const HERE: Identity<'_> = Identity { environment: "default", api: "sandbox" };

/// An emulated account with a project in it.
struct Account {
    config: Config,
    _folder: TempDir,
    paths: Paths,
    emulator: Arc<Emulator>,
    client: Client,
    clock: Clock,
}

/// What one apply cost.
struct Cost {
    bytes: u64,
    fsyncs: u64,
    creates: usize,
    reads: usize,
}

impl Account {
    /// An account with room and money for everything, and without quotas.
    fn of(fleet: &Fleet) -> Self {
        let (config, folder) = fleet.config();
        let settings =
            Settings { balance_usd: 1e9, spend_limit_usd: None, volume_quota: 10_000, ..Settings::default() };
        let emulator = Arc::new(Emulator::new(World::new(settings, EPOCH), EPOCH));
        let clock = Clock::starting_at(EPOCH);
        let transport = Arc::new(InProcess::new(Arc::clone(&emulator), clock));
        let client = Client::new(transport, ApiKey::emulator(), Dialect::V2).with_seed(7);
        let paths = Paths::of_state(&folder.path().join("default.json"));
        Self { config, _folder: folder, paths, emulator, client, clock }
    }

    /// `GET /v2/pods` and the like since entry `since`, one per request that was answered.
    fn asked(&self, since: u64) -> Vec<String> {
        let path = |path: &str| path.split('?').next().unwrap_or_default().to_owned();
        let entries = self.emulator.journal(since);
        entries.iter().map(|entry| format!("{} {}", entry.method, path(&entry.path))).collect()
    }

    fn answered(&self) -> u64 {
        self.emulator.journal(0).last().map_or(0, |entry| entry.number)
    }

    async fn plan(&self) -> Plan {
        let snapshot = store::read(&self.paths, &HERE).expect("a readable state");
        let observed = observe(&self.client).await.expect("lists");
        fleet::plan(&self.config, &snapshot.state, &observed, Options::default())
    }

    async fn apply(&self, options: Options) -> Cost {
        let store =
            LockedState::acquire(&self.paths, &HERE, Holder::new("apply"), Duration::ZERO).expect("a free lock");
        let observed = observe(&self.client).await.expect("lists");
        let plan = fleet::plan(&self.config, &store.snapshot().state, &observed, options);
        let before = self.answered();
        let (_stop, interrupt) = watch::channel(false);
        let job = Job {
            plan: &plan,
            observed: &observed,
            api: &self.client,
            store: &store,
            clock: self.clock,
            options: apply::Options { seed: Some(7), ..apply::Options::default() },
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

#[tokio::test(start_paused = true)]
async fn a_plan_without_changes_lists_volumes_once_and_pods_once_per_thousand() {
    let fleet = Fleet::of_resources(20_000);
    let account = Account::of(&fleet);
    account.apply(Options::default()).await;
    let before = account.answered();
    let plan = account.plan().await;
    assert_eq!(plan.changes.len(), fleet.resources());
    assert!(plan.is_empty() && plan.drift.is_empty(), "{:?}", plan.counts());

    let mut asked = account.asked(before);
    asked.sort();
    let mut expected = vec!["GET /v2/network-volumes".to_owned()];
    expected.extend(vec!["GET /v2/pods".to_owned(); fleet.pods.div_ceil(1_000)]);
    assert_eq!(asked, expected);
}

#[tokio::test(start_paused = true)]
async fn applying_sends_one_request_each_and_writes_bytes_in_proportion() {
    let mut before: Option<Cost> = None;
    for pods in [500, 1_000, 2_000] {
        let fleet = Fleet::of(pods);
        let account = Account::of(&fleet);
        let cost = account.apply(Options::default()).await;
        let made = fleet.pods + fleet.volumes;
        assert_eq!(cost.creates, made);
        let pages = pods.div_ceil(1_000);
        assert!(cost.reads <= 8 * pages, "{} lists of {pages} pages for {pods} pods", cost.reads);
        // An intent and an outcome each, and ten requests at once to share a flush.
        assert!(cost.fsyncs < made as u64 / 2, "{} flushes for {made} objects", cost.fsyncs);
        if let Some(before) = before {
            let growth = cost.bytes as f64 / before.bytes as f64;
            assert!(growth < 2.1, "{pods} pods write {growth:.2} times the bytes of half as many");
        }
        before = Some(cost);
    }
}
