//! Changes of endpoints made by their users or by time.

use jiff::{SignedDuration, Timestamp};

use super::refusal::describe;
use super::tweaks::Tweaks;
use crate::emulator::state::events::EndpointEvent;
use crate::emulator::state::world::World;

/// The most jobs that one event adds.
const MOST_JOBS: u32 = 10_000;

impl World {
    /// Applies an event to an endpoint. The error says why it is impossible.
    pub(in crate::emulator) fn apply_endpoint_event(
        &mut self,
        id: &str,
        event: &EndpointEvent,
        now: Timestamp,
    ) -> Result<(), String> {
        let now = self.advance_to(now);
        let Some(endpoint) = self.endpoints.objects.get_mut(id) else { return Err(format!("no endpoint `{id}`")) };
        match event {
            EndpointEvent::Jobs { count, .. } if *count > MOST_JOBS => {
                return Err(format!("`count` is at most {MOST_JOBS}"));
            }
            EndpointEvent::Jobs { count, seconds } => drop(self.add_jobs(id, *count, *seconds, now)),
            EndpointEvent::Age { seconds, days } => {
                let seconds = days.saturating_mul(86_400).saturating_add(*seconds);
                let age = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
                endpoint.active_at = endpoint.active_at.checked_sub(age).unwrap_or(Timestamp::MIN);
                self.now = now;
                self.step_endpoint(id);
            }
            // An edit is the body of a request, which only the dialect above can read.
            EndpointEvent::Edit { .. } => return Err("an edit cannot be scheduled".to_owned()),
            EndpointEvent::Delete => {
                let deleted = self.delete_endpoint(id, &Tweaks::default(), now);
                return deleted.map_err(|refusal| describe(&refusal));
            }
        }
        Ok(())
    }
}
