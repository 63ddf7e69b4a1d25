//! Control calls under `/_emu/`, which inspect and change the emulator. Served only on loopback, without a credential.
//!
//! | Call | Effect |
//! | --- | --- |
//! | `GET`, `PUT /_emu/state` | the world with its clock, as in a world file |
//! | `POST /_emu/reset {seed?}` | an empty world; resets the journal, quotas and counts of fault rules |
//! | `GET`, `POST /_emu/clock {advance?, scale?}` | virtual seconds; scale 0 stops the clock |
//! | `GET`, `PUT`, `DELETE /_emu/faults` | a list of rules, or `{"scenario": "flaky"}` |
//! | `PUT /_emu/capacity` | a list of `{gpu, dataCenter, free}` |
//! | `GET /_emu/journal?since=n` | requests after number n |
//! | `POST /_emu/pods/{id}/event`, `/_emu/volumes/{id}/event` | an event such as `{"event": "preempt"}` |
//! | `POST /_emu/endpoints/{id}/event` | jobs, age, edit or delete |
//! | `POST /_emu/hosts/{id}/event` | `hostDown` or `maintenance` for all pods on the matching hosts |
//! | `GET`, `PUT /_emu/settings` | the settings; PUT changes the members that it names |
//! | `GET`, `PUT /_emu/account {balance?, spendLimit?}` | USD, and USD per hour |

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::emulator::{Emulator, Inner};
use super::faults;
use super::faults::Faults;
use super::journal::RequestJournal;
use super::world_file::SavedWorld;
use crate::emulator::dialect::world_change::WorldChange;
use crate::emulator::state::settings::Settings;
use crate::emulator::state::world::World;
use crate::transport::{Method, Reply, Request};

/// The prefix of control paths.
pub const MOUNT: &str = "/_emu/";

/// The status and text of a failed control call.
struct ControlError(u16, String);

impl Emulator {
    /// Answers a control call at the time of the emulator's own clock.
    pub fn control(&self, request: &Request) -> Reply {
        let mut inner = self.lock();
        inner.now = inner.now.max(inner.timeline.now());
        let (status, body) = match inner.control(request) {
            Ok(body) => (200, body),
            Err(ControlError(status, reason)) => (status, json!({ "error": reason, "status": status })),
        };
        let headers = vec![("content-type".into(), "application/json".into())];
        Reply { status, headers, body: body.to_string().into() }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reset {
    seed: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    advance: Option<f64>,
    scale: Option<f64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum FaultsChange {
    Scenario { scenario: String },
    Rules(Vec<Value>),
}

impl Inner {
    fn control(&mut self, request: &Request) -> Result<Value, ControlError> {
        use Method::{Delete, Get, Post, Put};
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let segments: Vec<&str> = path.trim_start_matches(MOUNT).split('/').collect();
        match (request.method, segments.as_slice()) {
            (Get, ["state"]) => to_json(SavedWorld::new(self.now, self.answered, &self.world)),
            (Put, ["state"]) => {
                let saved: SavedWorld<World> = body(request)?;
                self.now = saved.clock;
                self.answered = saved.answered;
                self.world = saved.world;
                self.timeline.set(saved.clock);
                self.replaced();
                Ok(json!({}))
            }
            (Post, ["reset"]) => {
                let Reset { seed } = body(request)?;
                self.reset(seed.unwrap_or_else(|| self.world.settings.seed.wrapping_add(1)));
                self.replaced();
                Ok(json!({}))
            }
            (Get, ["clock"]) => Ok(self.clock()),
            (Post, ["clock"]) => self.change_clock(&body(request)?),
            (Get, ["faults"]) => to_json(self.faults.rules().collect::<Vec<_>>()),
            (Put, ["faults"]) => {
                let rules = match body(request)? {
                    FaultsChange::Scenario { scenario } => faults::scenario(&scenario),
                    FaultsChange::Rules(rules) => faults::from_values(rules, "request body"),
                };
                self.faults = Faults::new(rules.map_err(|error| ControlError(400, error.to_string()))?, self.seed);
                Ok(json!({}))
            }
            (Delete, ["faults"]) => {
                self.faults = Faults::default();
                Ok(json!({}))
            }
            (Put, ["capacity"]) => self.change(WorldChange::Capacity(body(request)?)),
            (Get, ["journal"]) => {
                let since = query.strip_prefix("since=").unwrap_or("0");
                let since = since.parse().map_err(|_| ControlError(400, "`since` is a number".into()))?;
                to_json(json!({ "entries": self.journal.since(since).collect::<Vec<_>>() }))
            }
            (Post, ["pods", id, "event"]) => {
                self.change(WorldChange::PodEvent { id: (*id).to_owned(), event: body(request)? })
            }
            (Post, ["hosts", id, "event"]) => {
                self.change(WorldChange::HostEvent { id: (*id).to_owned(), event: body(request)? })
            }
            (Post, ["volumes", id, "event"]) => {
                self.change(WorldChange::VolumeEvent { id: (*id).to_owned(), event: body(request)? })
            }
            (Get, ["settings"]) => to_json(&self.world.settings),
            (Put, ["settings"]) => self.change_settings(body(request)?),
            (Post, ["endpoints", id, "event"]) => {
                self.change(WorldChange::EndpointEvent { id: (*id).to_owned(), event: body(request)? })
            }
            (Get, ["account"]) => to_json(self.world.account(self.now)),
            (Put, ["account"]) => self.change(WorldChange::Account(body(request)?)),
            _ => Err(ControlError(404, format!("there is no control call {} {path}", request.method.word()))),
        }
    }

    fn change(&mut self, change: WorldChange) -> Result<Value, ControlError> {
        self.world.apply(&change, self.now).map_err(|reason| ControlError(400, reason))?;
        self.log(|| change);
        Ok(json!({}))
    }

    /// Changes the given settings. The seed only takes effect with a reset.
    fn change_settings(&mut self, changes: Map<String, Value>) -> Result<Value, ControlError> {
        let mut settings = to_json(&self.world.settings)?;
        if let Some(members) = settings.as_object_mut() {
            members.extend(changes);
        }
        let changed = serde_json::from_value(settings);
        self.world.settings = changed.map_err(|error| ControlError(400, error.to_string()))?;
        self.replaced();
        to_json(&self.world.settings)
    }

    fn reset(&mut self, seed: u64) {
        let settings = Settings { seed, ..self.world.settings.clone() };
        self.world = World::new(settings, self.now);
        self.seed = seed;
        self.answered = 0;
        self.faults = Faults::new(self.faults.rules().cloned().collect(), seed);
        self.quotas.clear();
        self.journal = RequestJournal::default();
    }

    fn clock(&self) -> Value {
        json!({ "now": self.timeline.now(), "scale": self.timeline.scale() })
    }

    fn change_clock(&mut self, change: &ClockChange) -> Result<Value, ControlError> {
        let ClockChange { advance, scale } = *change;
        if scale.is_some_and(|scale| scale != 0.0 && !(0.001..=1e6).contains(&scale)) {
            return Err(ControlError(400, "`scale` is 0, or between 0.001 and 1000000".into()));
        }
        if advance.is_some_and(|seconds| !(0.0..=1e9).contains(&seconds)) {
            return Err(ControlError(400, "`advance` is between 0 and 1000000000 seconds".into()));
        }
        if let Some(scale) = scale {
            self.timeline.set_scale(scale);
        }
        if let Some(seconds) = advance {
            self.timeline.advance(Duration::from_secs_f64(seconds));
        }
        self.now = self.now.max(self.timeline.now());
        Ok(self.clock())
    }
}

fn body<T: DeserializeOwned>(request: &Request) -> Result<T, ControlError> {
    // A missing body counts as an empty object.
    let text = request.body.as_deref().filter(|body| !body.trim_ascii().is_empty()).unwrap_or(b"{}");
    serde_json::from_slice(text).map_err(|error| ControlError(400, error.to_string()))
}

fn to_json(value: impl serde::Serialize) -> Result<Value, ControlError> {
    serde_json::to_value(value).map_err(|error| ControlError(500, error.to_string()))
}
