//! Everything that changes the world, as data: the world is a state machine over changes and virtual time.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::call::{ApiVersion, Call};
use super::routes::operations;
use crate::emulator::rules::tweaks::Tweaks;
use crate::emulator::state::events::{EndpointEvent, PodEvent, VolumeEvent};
use crate::emulator::state::stock::CapacityRule;
use crate::emulator::state::world::World;

/// A change of the world. Repeating all changes in order, each at its time, leads to the same world.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum WorldChange {
    Call(Box<Call>),
    PodEvent {
        id: String,
        event: PodEvent,
    },
    /// `id` is a pattern of host ids.
    HostEvent {
        id: String,
        event: PodEvent,
    },
    VolumeEvent {
        id: String,
        event: VolumeEvent,
    },
    EndpointEvent {
        id: String,
        event: EndpointEvent,
    },
    Account(AccountChange),
    Capacity(Vec<CapacityRule>),
}

/// A change of the account, in USD and USD per hour.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountChange {
    pub balance: Option<f64>,
    /// `null` removes the limit; an absent member leaves it unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub spend_limit: Option<Option<f64>>,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<f64>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl World {
    /// Applies a change at virtual time `now`. The error says why it is impossible.
    pub(in crate::emulator) fn apply(&mut self, change: &WorldChange, now: Timestamp) -> Result<(), String> {
        match change {
            WorldChange::Call(call) => drop(self.answer(call, now)),
            WorldChange::PodEvent { id, event } => self.pod_event(id, event, now)?,
            WorldChange::HostEvent { id, event } => self.host_event(id, event, now)?,
            WorldChange::VolumeEvent { id, event } => self.volume_event(id, event, now)?,
            WorldChange::EndpointEvent { id, event } => self.endpoint_event(id, event, now)?,
            WorldChange::Account(AccountChange { balance, spend_limit }) => {
                self.set_account(*balance, *spend_limit, now)
            }
            WorldChange::Capacity(rules) => self.set_capacity(rules.clone()),
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Call {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct SavedCall {
            dialect: ApiVersion,
            operation: String,
            id: Option<String>,
            part: Option<String>,
            #[serde(default)]
            query: BTreeMap<String, String>,
            body: Option<Value>,
            #[serde(default)]
            tweaks: Tweaks,
        }
        let SavedCall { dialect, operation, id, part, query, body, tweaks } = Deserialize::deserialize(deserializer)?;
        let known = operations().find(|known| *known == operation);
        let operation = known.ok_or_else(|| D::Error::custom(format!("no operation is called `{operation}`")))?;
        Ok(Self { dialect, operation, id, part, query, body, tweaks })
    }
}
