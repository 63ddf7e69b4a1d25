//! Host maintenance: a pod is stopped when it begins and started again when it ends.

use jiff::Timestamp;

use super::tweaks::Tweaks;
use crate::emulator::state::world::World;

impl World {
    pub(in crate::emulator) fn begin_maintenance(&mut self, id: &str, at: Timestamp) {
        self.now = at;
        let runs = self.pods.get(id).is_some_and(|pod| !pod.is_stopped());
        if runs {
            self.stop(id, "System");
        }
        self.change_pod(id, |pod| {
            if let Some(window) = &mut pod.maintenance {
                (window.under_way, window.resumes) = (true, runs);
            }
        });
    }

    pub(in crate::emulator) fn end_maintenance(&mut self, id: &str, at: Timestamp) {
        self.now = at;
        let mut resumes = false;
        self.change_pod(id, |pod| {
            resumes = pod.maintenance.take().is_some_and(|window| window.resumes) && pod.is_stopped();
        });
        if resumes {
            // A pod that cannot be started stays stopped.
            let _ = self.start(id, &Tweaks::default(), at);
        }
    }
}
