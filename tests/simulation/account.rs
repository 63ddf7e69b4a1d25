//! The shared account, and the people who change it from outside.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use fastrand::Rng;
use serde_json::{Value, json};
use sindri::emulator::{DeliveryResult, PodEvent, VolumeEvent};
use sindri::transport::{Method, Request};

use crate::simulation::truth::Truth;
use crate::support::{Account, world};

pub struct World {
    pub account: Account,
    /// Every value that each object ever had.
    pub truth: Arc<Truth>,
}

impl World {
    pub fn new(seed: u64) -> Self {
        Self { account: Account::seeded(seed), truth: Arc::default() }
    }

    /// A digest of the requests, their times and their answers.
    pub fn trace(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        // Bodies contain lineages, which are random.
        let journal = self.account.emulator.journal(0);
        journal.iter().for_each(|entry| (entry.time, entry.method, &entry.path, entry.status).hash(&mut hasher));
        hasher.finish()
    }

    /// Makes the change; returns whether it was possible.
    pub fn change_outside(&self, change: &OutsideChange) -> bool {
        let pick = change.pick;
        if let Some(edit) = &change.edit {
            return self.edit(edit, pick);
        }
        self.account.emulator.modify(|world, now| {
            let pods: Vec<String> = world.pod_ids().map(str::to_owned).collect();
            let volumes: Vec<String> = world.volume_ids().map(str::to_owned).collect();
            if !volumes.is_empty() && pick.is_multiple_of(7) {
                return world
                    .volume_event(&volumes[pick % volumes.len()], &VolumeEvent::Rename { name: "meddled".into() }, now)
                    .is_ok();
            }
            !pods.is_empty() && world.pod_event(&pods[pick % pods.len()], &change.event, now).is_ok()
        })
    }
}

impl World {
    /// Sends one request, like another client.
    fn edit(&self, edit: &Edit, pick: usize) -> bool {
        let emulator = &self.account.emulator;
        let ids = world::ids_in(emulator, edit.kind);
        let Some(id) = (!ids.is_empty()).then(|| &ids[pick % ids.len()]) else { return false };
        let collection = world::collection(edit.kind);
        let headers = [("authorization", "Bearer rpa_other"), ("user-agent", "curl/8")];
        let request = Request {
            method: edit.method,
            path: format!("{collection}/{id}"),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            body: edit.body.as_ref().map(|body| body.to_string().into()),
        };
        let delivery = emulator.handle(&request, self.account.now());
        matches!(delivery.outcome, DeliveryResult::Reply(reply) if reply.status < 300)
    }
}

/// Someone else deletes, stops, edits or migrates something.
pub struct OutsideChange {
    event: PodEvent,
    pick: usize,
    /// Replaces the event.
    edit: Option<Edit>,
}

/// A request about an object of another kind than pods and volumes.
struct Edit {
    kind: &'static str,
    method: Method,
    body: Option<Value>,
}

impl OutsideChange {
    pub fn draw(dice: &mut Rng) -> Self {
        let event = match dice.u8(..6) {
            0 => PodEvent::Delete,
            1 => PodEvent::Stop,
            2 => PodEvent::Edit { changes: json!({ "image": "meddled:1" }) },
            3 => PodEvent::Preempt,
            4 => PodEvent::Migrate,
            _ => PodEvent::Edit { changes: json!({ "ports": ["9999/http"] }) },
        };
        Self { event, pick: dice.usize(..1000), edit: None }
    }

    /// The same for a project with objects of all kinds: half of the changes are to those.
    pub fn of_any_kind(self, dice: &mut Rng) -> Self {
        if dice.bool() {
            return self;
        }
        let patch = |kind, body| Edit { kind, method: Method::Patch, body: Some(body) };
        let delete = |kind| Edit { kind, method: Method::Delete, body: None };
        let edit = match dice.u8(..10) {
            0 | 1 => patch("secret", json!({ "value": "rotated" })),
            2 => patch("secret", json!({ "description": "meddled" })),
            3 => delete("secret"),
            4 => delete("registry"),
            5 => patch("template", json!({ "image": "meddled:1" })),
            6 => delete("template"),
            // As RunPod does after three days without a request.
            7 => patch("endpoint", json!({ "workers": { "max": 2 } })),
            8 => patch("endpoint", json!({ "image": "meddled:1" })),
            _ => delete("endpoint"),
        };
        Self { edit: Some(edit), ..self }
    }

    pub fn moves(&self) -> bool {
        self.event == PodEvent::Migrate
    }
}
