//! Stopping, starting and recreating the container of a pod.

use jiff::Timestamp;

use super::boot::StartKind;
use super::refusal::RequestRefusal;
use super::tweaks::Tweaks;
use crate::emulator::state::hardware::Hardware;
use crate::emulator::state::moment::{after_millis, after_seconds};
use crate::emulator::state::pod::{Phase, Pod, StaleCopy, StalePorts, StatusChange};
use crate::emulator::state::settings::{BootPace, ResumeWithoutGpu};
use crate::emulator::state::world::World;

/// An action of a user on a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodAction {
    Start,
    Stop,
    Restart,
    /// v1 only: recreates the container.
    Reset,
}

impl PodAction {
    pub fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Reset => "reset",
        }
    }
}

impl World {
    /// Performs an action if the status and the lock allow it.
    pub(in crate::emulator) fn act(
        &mut self,
        id: &str,
        action: PodAction,
        tweaks: &Tweaks,
        now: Timestamp,
    ) -> Result<(), RequestRefusal> {
        let pod = self.find_pod(id, now)?;
        let status = self.status_of(pod, now);
        // v2's table has no reset; it has the same conditions as a restart.
        let needed = if action == PodAction::Reset { PodAction::Restart } else { action };
        if !status.actions().contains(&needed.word()) {
            let text = format!("action '{}' is not valid for pod status {}", action.word(), status.word());
            return Err(RequestRefusal::Conflict(text));
        }
        if pod.locked && matches!(action, PodAction::Stop | PodAction::Reset) {
            return Err(RequestRefusal::Conflict("pod is locked".to_owned()));
        }
        match action {
            PodAction::Start => self.start(id, tweaks, now),
            PodAction::Stop => {
                self.now = now;
                self.change_pod(id, |pod| {
                    let old = pod.clone();
                    Self::keep_stale_copy(pod, &old, tweaks.stale_read_seconds, now);
                });
                self.stop(id, "User");
                Ok(())
            }
            PodAction::Restart | PodAction::Reset => {
                self.now = now;
                self.recreate(id, action == PodAction::Reset);
                Ok(())
            }
        }
    }

    pub(in crate::emulator) fn stop(&mut self, id: &str, by: &str) {
        let now = self.now;
        let stolen = self.rng.chance(self.settings.steal_on_stop);
        let stolen_at = stolen.then(|| after_seconds(now, self.settings.steal_after_seconds));
        self.change_pod(id, |pod| {
            pod.phase = Phase::Stopped { since: now };
            pod.stolen_at = stolen_at;
            pod.last_change = StatusChange { event: "Exited".to_owned(), by: by.to_owned(), at: now };
        });
    }

    pub(in crate::emulator) fn start(
        &mut self,
        id: &str,
        tweaks: &Tweaks,
        now: Timestamp,
    ) -> Result<(), RequestRefusal> {
        let pod = self.find_pod(id, now)?;
        if self.ledger.is_exhausted {
            return Err(RequestRefusal::NoBalance);
        }
        let center = pod.machine.as_ref().map_or("", |machine| machine.data_center.as_str());
        let free = self.stock.free(pod.hardware.id(), center);
        let wanted = if let Hardware::Gpu { count, .. } = pod.hardware { count } else { 1 };
        let full = pod.stolen_at.is_some_and(|at| at <= now) || free.is_some_and(|free| free < wanted);
        let zero = tweaks.zero_gpu || (full && self.settings.resume_without_gpu == ResumeWithoutGpu::Zero);
        if tweaks.resume_refused || pod.is_serviced() || (full && !zero) {
            return Err(RequestRefusal::HostFull);
        }
        let (old, mut next) = (pod.clone(), pod.clone());
        self.now = now;
        Self::keep_stale_copy(&mut next, &old, tweaks.stale_read_seconds, now);
        next.phase =
            self.start_container(StartKind::Resume, next.machine.as_ref(), &next.image, next.registry.as_deref());
        next.started_at = now;
        next.global_networking.enabled = next.global_networking.wanted;
        next.last_change = StatusChange { event: "Resumed".to_owned(), by: "User".to_owned(), at: now };
        if let Hardware::Gpu { count, attached, .. } = &mut next.hardware {
            *attached = if zero { 0 } else { *count };
        }
        self.publish_ports(&mut next);
        if self.settings.pace == BootPace::Realistic {
            next.stale_ports = Some(StalePorts { until: after_seconds(now, 90), ports: old.tcp_ports });
        }
        self.change_pod(id, |pod| *pod = next);
        Ok(())
    }

    /// Replaces the container on the same host.
    pub(in crate::emulator) fn recreate(&mut self, id: &str, new_ports: bool) {
        let Some(pod) = self.pods.get(id) else { return };
        let mut next = pod.clone();
        let old_placing = match pod.phase {
            Phase::Started { placed, .. } if placed > self.now => Some(placed),
            _ => None,
        };
        next.phase =
            self.start_container(StartKind::Recreate, next.machine.as_ref(), &next.image, next.registry.as_deref());
        if let (Some(earliest), Phase::Started { placed, pulled, up, .. }) = (old_placing, &mut next.phase) {
            // The pod still waits for its host, so all steps start after that.
            let delay = earliest.duration_since(*placed).as_millis().try_into().unwrap_or(0);
            (*placed, *pulled, *up) = (earliest, after_millis(*pulled, delay), after_millis(*up, delay));
        } else {
            next.started_at = self.now;
        }
        next.global_networking.enabled = next.global_networking.wanted;
        if new_ports {
            self.publish_ports(&mut next);
        }
        self.change_pod(id, |pod| *pod = next);
    }

    /// Makes reads show the old pod for `seconds` (Q14).
    pub(in crate::emulator) fn keep_stale_copy(pod: &mut Pod, old: &Pod, seconds: Option<u64>, now: Timestamp) {
        if let Some(seconds) = seconds {
            let old = Pod { stale_copy: None, ..old.clone() };
            pod.stale_copy = Some(Box::new(StaleCopy { until: after_seconds(now, seconds), pod: old }));
        }
    }
}
