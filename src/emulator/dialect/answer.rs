//! Answering a call.

use jiff::Timestamp;

use super::call::{ApiVersion, Call, CallReply};
use super::{v1, v2, v2_2026_08};
use crate::emulator::state::world::World;

impl World {
    /// Answers one call at virtual time `now`. If `now` is earlier than before, no time passes.
    pub fn answer(&mut self, call: &Call, now: Timestamp) -> CallReply {
        let now = self.advance_to(now);
        self.touched.clear();
        if call.tweaks.spend_limit.is_some() {
            self.set_account(None, Some(call.tweaks.spend_limit), now);
        }
        let mut reply = match call.dialect {
            ApiVersion::V1 => v1::answer::answer(self, call, now),
            ApiVersion::V2 if call.tweaks.v2_2026_08 => v2_2026_08::answer(self, call, now),
            ApiVersion::V2 => v2::answer::answer(self, call, now),
        };
        reply.tweak(&call.tweaks);
        let touched = std::mem::take(&mut self.touched);
        // The pod in the path, or the one that the call created.
        let created = touched.last().filter(|id| self.pods.get(id).is_some());
        self.follow_up(&call.tweaks, call.id.as_ref().or(created).map(String::as_str), now);
        reply.into_answer(touched)
    }
}
