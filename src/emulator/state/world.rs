//! The emulated RunPod account.
//!
//! Reads change nothing, so the saved file stays the same until an object changes.
//!
//! A new kind of object gets a type beside this file and a field here: a [`Collection`] with `#[serde(default)]`. A
//! kind without rules of its own can use `World::create_object` and its neighbors instead.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::collection::Collection;
use super::delegation::EcrDelegation;
use super::endpoint::ServerlessEndpoint;
use super::event_queue::EventQueue;
use super::graveyard::Graveyard;
use super::ledger::{Account, Ledger};
use super::ordered_store::OrderedStore;
use super::pod::Pod;
use super::registry::Registry;
use super::rng::Rng;
use super::secret::AccountSecret;
use super::settings::Settings;
use super::stock::{CapacityRule, Stock};
use super::stored_object::StoredObject;
use super::template::Template;
use super::volume::Volume;

/// The whole account, saved as one JSON document.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct World {
    pub settings: Settings,
    /// The time of the last change. Virtual time never runs back past it.
    pub(in crate::emulator) now: Timestamp,
    #[serde(rename = "dice")]
    pub(in crate::emulator) rng: Rng,
    pub(in crate::emulator) next_serial: u64,
    pub(in crate::emulator) ledger: Ledger,
    pub(in crate::emulator) stock: Stock,
    pub(in crate::emulator) volumes: OrderedStore<Volume>,
    pub(in crate::emulator) pods: OrderedStore<Pod>,
    /// Recently deleted objects, for reads and lists that lag.
    #[serde(rename = "departedVolumes")]
    pub(in crate::emulator) deleted_volumes: Graveyard<Volume>,
    #[serde(rename = "departedPods")]
    pub(in crate::emulator) deleted_pods: Graveyard<Pod>,
    pub(in crate::emulator) ssh_keys: Vec<String>,
    pub(in crate::emulator) secrets: Collection<AccountSecret>,
    /// Events that will happen to pods.
    #[serde(rename = "due", default, skip_serializing_if = "EventQueue::is_empty")]
    pub(in crate::emulator) due_events: EventQueue,
    #[serde(default)]
    pub(in crate::emulator) registries: Collection<Registry>,
    #[serde(default)]
    pub(in crate::emulator) delegations: Collection<EcrDelegation>,
    #[serde(default)]
    pub(in crate::emulator) templates: Collection<Template>,
    /// Names of deleted templates that are still taken, with the time when they become free.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::emulator) held_template_names: BTreeMap<String, Timestamp>,
    #[serde(default)]
    pub(in crate::emulator) endpoints: Collection<ServerlessEndpoint>,
    /// When the workers of endpoints change next, by endpoint.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(in crate::emulator) endpoint_steps: BTreeSet<(Timestamp, String)>,
    /// Objects of kinds without a field of their own, by kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::emulator) other_kinds: BTreeMap<String, Collection<StoredObject>>,
    /// Ids of the objects that the current call created or changed.
    #[serde(skip)]
    pub(in crate::emulator) touched: Vec<String>,
}

impl World {
    pub fn new(settings: Settings, now: Timestamp) -> Self {
        Self {
            now,
            rng: Rng::new(settings.seed),
            next_serial: 1,
            ledger: Ledger::new(settings.balance_usd, settings.spend_limit_usd, now),
            stock: Stock::default(),
            volumes: OrderedStore::default(),
            pods: OrderedStore::default(),
            deleted_volumes: Graveyard::default(),
            deleted_pods: Graveyard::default(),
            ssh_keys: Vec::new(),
            secrets: Collection::default(),
            due_events: EventQueue::default(),
            registries: Collection::default(),
            delegations: Collection::default(),
            templates: Collection::default(),
            held_template_names: BTreeMap::new(),
            endpoints: Collection::default(),
            endpoint_steps: BTreeSet::new(),
            other_kinds: BTreeMap::new(),
            touched: Vec::new(),
            settings,
        }
    }

    pub fn set_capacity(&mut self, rules: Vec<CapacityRule>) {
        self.stock.rules = rules;
    }

    pub fn account(&self, now: Timestamp) -> Account {
        self.ledger.account(now.max(self.now))
    }

    /// The name of an existing object of any kind.
    pub fn object_name(&self, id: &str) -> Option<&str> {
        let pod = self.pods.get(id).map(|pod| pod.name.as_str());
        let volume = || self.volumes.get(id).map(|volume| volume.name.as_str());
        let secret = || self.secrets.objects.get(id).map(|secret| secret.name.as_str());
        let registry = || self.registries.objects.get(id).map(|registry| registry.name.as_str());
        let delegation = || self.delegations.objects.get(id)?.name.as_deref();
        let template = || self.templates.objects.get(id).map(|template| template.settings.name.as_str());
        let endpoint = || self.endpoints.objects.get(id).map(|endpoint| endpoint.settings.name.as_str());
        let other = || self.other_kinds.values().find_map(|stored| stored.objects.get(id)?.member("name")?.as_str());
        let account = || secret().or_else(registry).or_else(delegation).or_else(template).or_else(endpoint);
        pod.or_else(volume).or_else(account).or_else(other)
    }

    /// Ids of all existing pods, newest first.
    pub fn pod_ids(&self) -> impl Iterator<Item = &str> {
        self.pods.newest_first().map(|pod| pod.id.as_str())
    }

    /// Ids of all existing network volumes, newest first.
    pub fn volume_ids(&self) -> impl Iterator<Item = &str> {
        self.volumes.newest_first().map(|volume| volume.id.as_str())
    }

    /// The serial of a new object.
    pub(in crate::emulator) fn take_serial(&mut self) -> u64 {
        self.next_serial += 1;
        self.next_serial - 1
    }

    /// The id of a pod's host.
    pub(in crate::emulator) fn host_of(&self, pod: &str) -> Option<&str> {
        self.pods.get(pod)?.machine.as_ref().map(|machine| machine.id.as_str())
    }
}
