//! The emulated RunPod: everything it knows, and one function from (call, virtual time) to an answer.
//!
//! Reads change nothing, so that a saved world stays the same file until something happens in it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::emulator::dialect::account::Secret;
use crate::emulator::dialect::call::{Answer, Call, Dialect, OperationName, Tweaks};
use crate::emulator::dialect::response::Reply;
use crate::emulator::dialect::v1;
use crate::emulator::dialect::v2;
use crate::emulator::dialect::v2_2026_08;
use crate::emulator::rules::events::{Aftermath, Due, Happening, Whose};
use crate::emulator::rules::lifecycle::Departed;
use crate::emulator::rules::money::Ledger;
use crate::emulator::rules::stock::Stock;
use crate::emulator::state::ordered_store::Roll;
use crate::emulator::state::pod::Pod;
use crate::emulator::state::presets::{Registry, Template};
use crate::emulator::state::rng::Dice;
use crate::emulator::state::settings::Settings;
use crate::emulator::state::volume::Volume;

/// Everything, saved as one JSON document.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct World {
    pub settings: Settings,
    /// When something last changed; virtual time never goes back behind it.
    pub(in crate::emulator) now: Timestamp,
    pub(in crate::emulator) dice: Dice,
    pub(in crate::emulator) next_serial: u64,
    pub(in crate::emulator) ledger: Ledger,
    pub(in crate::emulator) stock: Stock,
    pub(in crate::emulator) volumes: Roll<Volume>,
    pub(in crate::emulator) pods: Roll<Pod>,
    /// What was deleted a moment ago, for reads and lists that lag.
    pub(in crate::emulator) departed_volumes: Roll<Departed<Volume>>,
    pub(in crate::emulator) departed_pods: Roll<Departed<Pod>>,
    pub(in crate::emulator) ssh_keys: Vec<String>,
    pub(in crate::emulator) secrets: Roll<Secret>,
    /// What is going to happen to pods, whoever looks or not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::emulator) due: Vec<Due>,
    /// Registry credentials that pods and templates may name.
    #[serde(default)]
    pub(in crate::emulator) registries: Roll<Registry>,
    #[serde(default)]
    pub(in crate::emulator) templates: Roll<Template>,
    /// Ids that the current call created or changed.
    #[serde(skip)]
    pub(in crate::emulator) touched: Vec<String>,
}

/// What somebody else does to a pod: the console, the host, the market.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum PodEvent {
    /// The host takes the GPU back: the pod ends EXITED.
    Preempt,
    /// The container exits again and again.
    Crash,
    /// The container cannot run.
    Fail,
    Stop,
    Start,
    /// The body of a v2 PATCH, done in the console.
    Edit {
        changes: Value,
    },
    Delete,
    /// The pod moves: the old id is gone, a new one has its name and environment.
    Migrate,
    ZeroGpu,
    /// The pod keeps RUNNING, and nothing answers.
    HostDown {
        seconds: u64,
    },
    /// The host is serviced: announced at once (v1 shows it), the pod is stopped meanwhile, and costs nothing.
    Maintenance {
        starts_in: u64,
        seconds: u64,
    },
}

/// What somebody else does to a network volume.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "camelCase")]
pub enum VolumeEvent {
    /// To any size, in GB.
    Resize {
        size: u64,
    },
    Delete,
    Rename {
        name: String,
    },
}

/// Overrides how many GPUs can still be rented. The first rule that matches decides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CapacityRule {
    /// GPU type or CPU flavor id; `*` matches any run of characters.
    #[serde(alias = "cpu")]
    pub gpu: String,
    #[serde(default = "any")]
    pub data_center: String,
    /// What is free: GPUs, or CPU pods. Taken by creates and starts, given back by stops and deletes.
    pub free: u32,
}

fn any() -> String {
    "*".to_owned()
}

/// The account's money. USD.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    pub balance: f64,
    pub spend_limit: Option<f64>,
    /// What everything costs now, per hour.
    pub hourly: f64,
    pub spent_compute: f64,
    pub spent_storage: f64,
}

impl World {
    pub fn new(settings: Settings, now: Timestamp) -> Self {
        Self {
            now,
            dice: Dice::new(settings.seed),
            next_serial: 1,
            ledger: Ledger::new(settings.balance_usd, settings.spend_limit_usd, now),
            stock: Stock::default(),
            volumes: Roll::default(),
            pods: Roll::default(),
            departed_volumes: Roll::default(),
            departed_pods: Roll::default(),
            ssh_keys: Vec::new(),
            secrets: Roll::default(),
            due: Vec::new(),
            registries: Roll::default(),
            templates: Roll::default(),
            touched: Vec::new(),
            settings,
        }
    }

    /// Answers one call at virtual time `now`. Time that runs backwards counts as standing still.
    pub fn answer(&mut self, call: &Call, now: Timestamp) -> Answer {
        let now = self.arrive(now);
        self.touched.clear();
        if call.tweaks.spend_limit.is_some() {
            self.set_account(None, Some(call.tweaks.spend_limit), now);
        }
        let mut reply = match call.dialect {
            Dialect::V1 if self.settings.v1_retired => v1::retired(),
            Dialect::V1 => v1::answer(self, call, now),
            Dialect::V2 if call.tweaks.august_spec => v2_2026_08::answer(self, call, now),
            Dialect::V2 => v2::answer(self, call, now),
        };
        reply.tweak(&call.tweaks);
        let touched = std::mem::take(&mut self.touched);
        let pod = if call.operation == OperationName::CreatePod { touched.last() } else { call.id.as_ref() };
        self.follow_up(&call.tweaks, pod.map(String::as_str), now);
        reply.into_answer(touched)
    }

    /// What the call sets off, to the pod that it is about and to the account.
    fn follow_up(&mut self, tweaks: &Tweaks, pod: Option<&str>, now: Timestamp) {
        if tweaks.balance.is_some() {
            self.set_account(tweaks.balance, None, now);
        }
        for Aftermath { seconds, whose, event } in &tweaks.aftermath {
            let (pod, host) = match whose {
                Whose::Called => (pod.map(str::to_owned), None),
                Whose::Neighbors => (None, pod.and_then(|pod| self.host_of(pod)).map(str::to_owned)),
                Whose::Host(pattern) => (None, Some(pattern.clone())),
                Whose::Spot => (None, None),
            };
            if pod.is_some() || host.is_some() || *whose == Whose::Spot {
                let happening = Happening::Event(event.clone());
                self.due.push(Due { at: after_seconds(now, *seconds), pod, host, happening });
            }
        }
        self.arrive(now);
    }

    pub fn set_capacity(&mut self, rules: Vec<CapacityRule>) {
        self.stock.rules = rules;
    }

    pub fn capacity(&self) -> &[CapacityRule] {
        &self.stock.rules
    }

    pub fn account(&self, now: Timestamp) -> Account {
        self.ledger.account(now.max(self.now))
    }

    /// Sets the balance, the spend limit, or both, in USD. What a balance that ran out stopped does not come back.
    pub fn set_account(&mut self, balance: Option<f64>, spend_limit: Option<Option<f64>>, now: Timestamp) {
        self.now = self.arrive(now);
        if let Some(balance) = balance {
            self.ledger.set_balance(balance, self.now);
        }
        if let Some(limit) = spend_limit {
            self.ledger.set_spend_limit(limit);
        }
        self.arrive(self.now);
    }

    /// The name of a living pod, for fault rules that match it.
    pub fn pod_name(&self, id: &str) -> Option<&str> {
        self.pods.get(id).map(|pod| pod.name.as_str())
    }

    /// Ids of all living pods, newest first.
    pub fn pod_ids(&self) -> impl Iterator<Item = &str> {
        self.pods.newest_first().map(|pod| pod.id.as_str())
    }

    /// Ids of all living network volumes, newest first.
    pub fn volume_ids(&self) -> impl Iterator<Item = &str> {
        self.volumes.newest_first().map(|volume| volume.id.as_str())
    }

    /// The moment that counts, in whole milliseconds, after what was due and what the empty purse did on the way there.
    pub(in crate::emulator) fn arrive(&mut self, now: Timestamp) -> Timestamp {
        let whole = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
        let now = whole.max(self.now);
        while let Some(due) = self.next_due(now) {
            self.happen(due);
        }
        if !self.ledger.broke && self.ledger.balance_at(now) <= 0 && self.ledger.is_spending() {
            self.now = now;
            self.run_out_of_money();
        }
        now
    }

    pub(in crate::emulator) fn serial(&mut self) -> u64 {
        self.next_serial += 1;
        self.next_serial - 1
    }
}

/// `now` and so many milliseconds.
pub fn after_millis(now: Timestamp, millis: u64) -> Timestamp {
    let millis = i64::try_from(millis).unwrap_or(i64::MAX);
    now.checked_add(SignedDuration::from_millis(millis)).unwrap_or(Timestamp::MAX)
}

/// `now` and so many seconds.
pub fn after_seconds(now: Timestamp, seconds: u64) -> Timestamp {
    after_millis(now, seconds.saturating_mul(1000))
}

impl OperationName {
    /// Whether the operation can change the world.
    pub fn changes_world(self) -> bool {
        match self {
            Self::CreatePod
            | Self::UpdatePod
            | Self::DeletePod
            | Self::PodAction
            | Self::StartPod
            | Self::StopPod
            | Self::RestartPod
            | Self::ResetPod
            | Self::CreateVolume
            | Self::UpdateVolume
            | Self::DeleteVolume
            | Self::PutSshKeys
            | Self::CreateSecret
            | Self::UpdateSecret
            | Self::DeleteSecret
            | Self::CreateTemplate
            | Self::DeleteTemplate
            | Self::CreateRegistry
            | Self::DeleteRegistry => true,
            Self::ListPods
            | Self::GetPod
            | Self::PodLogs
            | Self::ListVolumes
            | Self::GetVolume
            | Self::ListGpus
            | Self::GetGpu
            | Self::ListCpus
            | Self::GetCpu
            | Self::ListDataCenters
            | Self::GetDataCenter
            | Self::GetSshKeys
            | Self::ListSecrets
            | Self::GetSecret
            | Self::ListTemplates
            | Self::GetTemplate
            | Self::ListRegistries
            | Self::GetRegistry
            | Self::OpenApi => false,
        }
    }
}

/// A reply of either dialect before it is bytes.
pub type Replied = Result<Reply, crate::emulator::rules::order::Refusal>;
