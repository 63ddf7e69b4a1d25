//! Events from the console, which can include an edit in the form of a v2 PATCH.

use jiff::Timestamp;

use super::v2::endpoints::apply_endpoint_patch;
use super::v2::pods::apply_patch;
use crate::emulator::rules::refusal::describe;
use crate::emulator::rules::tweaks::Tweaks;
use crate::emulator::state::events::{EndpointEvent, PodEvent};
use crate::emulator::state::world::World;

impl World {
    /// Applies an event to a pod, ignoring locks and waiting times. The error says why it is impossible.
    pub fn pod_event(&mut self, id: &str, event: &PodEvent, now: Timestamp) -> Result<(), String> {
        let PodEvent::Edit { changes } = event else { return self.apply_pod_event(id, event, now) };
        let now = self.advance_to(now);
        self.pods.get(id).ok_or_else(|| format!("no pod `{id}`"))?;
        apply_patch(self, id, Some(changes), &Tweaks::default(), now).map_err(|refusal| describe(&refusal))
    }

    /// Applies an event to an endpoint. The error says why it is impossible.
    pub fn endpoint_event(&mut self, id: &str, event: &EndpointEvent, now: Timestamp) -> Result<(), String> {
        let EndpointEvent::Edit { changes } = event else { return self.apply_endpoint_event(id, event, now) };
        let now = self.advance_to(now);
        let patched = apply_endpoint_patch(self, id, Some(changes), &Tweaks::default(), now);
        patched.map_err(|refusal| describe(&refusal))
    }
}
