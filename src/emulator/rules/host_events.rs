//! Events of a whole host. They affect every pod on it and keep new pods away while they last.

use jiff::Timestamp;

use crate::emulator::state::events::PodEvent;
use crate::emulator::state::moment::after_seconds;
use crate::emulator::state::pattern::matches_pattern;
use crate::emulator::state::world::World;

impl World {
    /// Applies an event to every pod on the hosts whose id matches `pattern`, and skips pods it cannot apply to. The
    /// error says why it is impossible.
    pub fn host_event(&mut self, pattern: &str, event: &PodEvent, now: Timestamp) -> Result<(), String> {
        let now = self.advance_to(now);
        let (from, until) = match event {
            PodEvent::HostDown { seconds } => (now, after_seconds(now, *seconds)),
            PodEvent::Maintenance { starts_in, seconds } => {
                let start = after_seconds(now, *starts_in);
                (start, after_seconds(start, *seconds))
            }
            _ => return Err("only `hostDown` and `maintenance` happen to a host".to_owned()),
        };
        if !self.stock.close(pattern, from, until) {
            return Err(format!("no host `{pattern}`"));
        }
        let on_it: Vec<String> = self.pods_on(pattern).map(str::to_owned).collect();
        for id in on_it {
            let _ = self.apply_pod_event(&id, event, now);
        }
        self.now = now;
        Ok(())
    }

    fn pods_on(&self, pattern: &str) -> impl Iterator<Item = &str> {
        let on_it = move |id: &str| matches_pattern(pattern, id);
        let pods = self.pods.newest_first();
        pods.filter(move |pod| pod.machine.as_ref().is_some_and(|machine| on_it(&machine.id)))
            .map(|pod| pod.id.as_str())
    }
}
