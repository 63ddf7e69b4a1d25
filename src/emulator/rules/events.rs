//! Changes made from the console, by hosts or by the market. They cause all drift.

use jiff::Timestamp;

use super::refusal::describe;
use super::tweaks::Tweaks;
use crate::emulator::state::events::{DueEvent, PodEvent, ScheduledEvent, VolumeEvent};
use crate::emulator::state::hardware::Hardware;
use crate::emulator::state::moment::after_seconds;
use crate::emulator::state::pod::{MaintenanceWindow, Phase, Pod, StartOutcome};
use crate::emulator::state::world::World;

impl World {
    /// Applies an event to a pod, ignoring locks and waiting times. The error says why it is impossible.
    pub(in crate::emulator) fn apply_pod_event(
        &mut self,
        id: &str,
        event: &PodEvent,
        now: Timestamp,
    ) -> Result<(), String> {
        let now = self.advance_to(now);
        let pod = self.pods.get(id).ok_or_else(|| format!("no pod `{id}`"))?;
        let must_run = |pod: &Pod| if pod.is_stopped() { Err(format!("pod `{id}` is stopped")) } else { Ok(()) };
        match event {
            PodEvent::Preempt => {
                must_run(pod)?;
                self.now = now;
                self.stop(id, "System");
            }
            PodEvent::Stop => {
                must_run(pod)?;
                self.now = now;
                self.stop(id, "User");
            }
            PodEvent::Start => {
                if !pod.is_stopped() {
                    return Err(format!("pod `{id}` is not stopped"));
                }
                self.start(id, &Tweaks::default(), now).map_err(|refusal| describe(&refusal))?;
            }
            PodEvent::Crash => self.set_outcome(id, StartOutcome::CrashLoop, now)?,
            PodEvent::Fail => self.set_outcome(id, StartOutcome::Failed, now)?,
            // An edit is the body of a request, which only the dialect above can read.
            PodEvent::Edit { .. } => return Err("an edit cannot be scheduled".to_owned()),
            PodEvent::Delete => {
                self.now = now;
                self.delete_pod(id, now, now);
            }
            PodEvent::Migrate => self.migrate(id, now)?,
            PodEvent::ZeroGpu => {
                if !matches!(pod.hardware, Hardware::Gpu { .. }) {
                    return Err(format!("pod `{id}` has no GPU"));
                }
                self.now = now;
                self.change_pod(id, |pod| {
                    if let Hardware::Gpu { attached, .. } = &mut pod.hardware {
                        *attached = 0;
                    }
                });
            }
            PodEvent::HostDown { seconds } => {
                self.now = now;
                self.change_pod(id, |pod| pod.down_until = Some(after_seconds(now, *seconds)));
            }
            PodEvent::Maintenance { starts_in, seconds } => {
                self.now = now;
                let start = after_seconds(now, *starts_in);
                let end = after_seconds(start, *seconds);
                let window = MaintenanceWindow { start, end, under_way: false, resumes: false };
                self.change_pod(id, |pod| pod.maintenance = Some(window));
                for (at, event) in [(start, ScheduledEvent::MaintenanceBegins), (end, ScheduledEvent::MaintenanceEnds)]
                {
                    self.due_events.add(DueEvent { at, pod: Some(id.to_owned()), host: None, event });
                }
                self.advance_to(now);
            }
        }
        Ok(())
    }

    /// Gives the current container another outcome.
    fn set_outcome(&mut self, id: &str, to: StartOutcome, now: Timestamp) -> Result<(), String> {
        if self.pods.get(id).is_none_or(Pod::is_stopped) {
            return Err(format!("pod `{id}` is stopped"));
        }
        self.now = now;
        self.change_pod(id, |pod| {
            if let Phase::Started { up, outcome, .. } = &mut pod.phase {
                *outcome = to;
                // A container that is already up restarts now. One that is still starting comes up first.
                if *up <= now {
                    *up = now;
                }
            }
        });
        Ok(())
    }

    /// Applies an event to a network volume. A delete also takes it from pods that mount it.
    pub fn volume_event(&mut self, id: &str, event: &VolumeEvent, now: Timestamp) -> Result<(), String> {
        let now = self.advance_to(now);
        self.volumes.get(id).ok_or_else(|| format!("no network volume `{id}`"))?;
        match event {
            VolumeEvent::Resize { size } => self.change_volume(id, None, Some(*size), now),
            VolumeEvent::Rename { name } => self.change_volume(id, Some(name), None, now),
            VolumeEvent::Delete => {
                self.now = now;
                self.remove_volume(id, now);
            }
        }
        Ok(())
    }
}
