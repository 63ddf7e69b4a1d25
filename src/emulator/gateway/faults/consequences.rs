//! The consequences of a rule's effects: a replaced response, faults inside the world, later events.

use super::effects::{Effects, ErrorStatus, ExtraMembers, Garbage, Maintenance, OWN_HOST, RateLimited, Truncate};
use crate::emulator::rules::tweaks::{EventScope, FollowUp, Tweaks};
use crate::emulator::state::events::PodEvent;

/// How a fault interferes with the response to a call.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Interference {
    #[default]
    None,
    Before(Substitute),
    After(Substitute),
    Cut(Truncate),
}

/// A replacement for the real response.
#[derive(Clone, Debug, PartialEq)]
pub enum Substitute {
    Status(ErrorStatus),
    Garbage(Garbage),
    RateLimited(RateLimited),
    Cloudflare,
    Reset,
}

impl Effects {
    /// The effects on the response. A valid rule has at most one.
    pub(in crate::emulator) fn interferences(&self) -> Vec<Interference> {
        use Interference::{After, Before, Cut};
        let mut found = Vec::new();
        found.extend(self.status.clone().map(|status| Before(Substitute::Status(status))));
        found.extend(self.status_after_effect.clone().map(|status| After(Substitute::Status(status))));
        found.extend(self.reset_before_effect.then_some(Before(Substitute::Reset)));
        found.extend(self.reset_after_effect.then_some(After(Substitute::Reset)));
        found.extend(self.truncate.clone().map(Cut));
        found.extend(self.garbage.clone().map(|garbage| Before(Substitute::Garbage(garbage))));
        found.extend(self.rate_limited.clone().map(|limit| Before(Substitute::RateLimited(limit))));
        found.extend(self.cloudflare1010.then_some(Before(Substitute::Cloudflare)));
        found
    }

    /// The effects inside the world.
    pub(in crate::emulator) fn tweaks(&self) -> Tweaks {
        Tweaks {
            ghost: self.ghost,
            no_capacity: self.no_capacity,
            not_found_after_create_seconds: self.not_found_after_create.as_ref().map(|lag| lag.seconds),
            appear_lag_seconds: self.list_lag.as_ref().map(|lag| lag.appear),
            disappear_lag_seconds: self.list_lag.as_ref().map(|lag| lag.disappear),
            delete_ignored: self.delete_ignored,
            delete_slow_seconds: self.delete_slow.as_ref().map(|lag| lag.seconds),
            stale_read_seconds: self.stale_read.as_ref().map(|lag| lag.seconds),
            patch_drops_field: self.patch_drops_field.clone(),
            resume_refused: self.resume_refused,
            zero_gpu: self.zero_gpu,
            extra_members: self.extra_members.clone().map_or_else(Vec::new, ExtraMembers::names),
            missing_members: self.missing_members.clone(),
            new_status: self.new_status.clone(),
            echo_args: self.echo_args,
            v2_2026_08: self.v2_2026_08,
            object_mounts_bug: self.object_mounts_bug,
            duplicate_name: self.duplicate_name,
            balance: self.balance,
            spend_limit: self.spend_limit,
            follow_ups: self.follow_ups(),
        }
    }

    /// The events that the call triggers.
    fn follow_ups(&self) -> Vec<FollowUp> {
        let to_called = |seconds, event| FollowUp { seconds, scope: EventScope::Called, event };
        let mut found = Vec::new();
        found.extend(self.preempt.as_ref().map(|preempt| FollowUp {
            seconds: preempt.seconds,
            scope: if preempt.all_spot { EventScope::Spot } else { EventScope::Called },
            event: PodEvent::Preempt,
        }));
        found.extend(self.crash_loop.then(|| to_called(0, PodEvent::Crash)));
        let to_host = |host: &Option<String>, event| {
            let scope = match host.as_deref() {
                None => EventScope::Called,
                Some(OWN_HOST) => EventScope::Neighbors,
                Some(pattern) => EventScope::Host(pattern.to_owned()),
            };
            FollowUp { seconds: 0, scope, event }
        };
        found.extend(
            self.host_down.as_ref().map(|down| to_host(&down.host, PodEvent::HostDown { seconds: down.seconds })),
        );
        found.extend(self.maintenance.as_ref().map(|window| {
            let Maintenance { starts_in, seconds, host } = window;
            to_host(host, PodEvent::Maintenance { starts_in: *starts_in, seconds: *seconds })
        }));
        found.extend(self.migrate.as_ref().map(|lag| to_called(lag.seconds, PodEvent::Migrate)));
        found
    }
}
