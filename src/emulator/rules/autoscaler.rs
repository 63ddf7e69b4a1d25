//! The workers of an endpoint over time: jobs, scaling, rollouts and the lowering of `workers.max`.
//!
//! Nothing runs in the background. Each endpoint has the time of its next step in a queue, and a step does all that is
//! due at that time.

use jiff::Timestamp;

use crate::emulator::state::endpoint::{EndpointScaling, ServerlessEndpoint};
use crate::emulator::state::endpoint_worker::WorkerStatus;
use crate::emulator::state::moment::{after_millis, after_seconds};
use crate::emulator::state::world::World;

const SECONDS_PER_DAY: u64 = 86_400;

/// Days without a request, and the `workers.max` that RunPod allows from then on (documented).
const LOWERED: [(u64, u32); 2] = [(3, 2), (7, 0)];

/// Seconds until a worker without a host looks for one again.
const RETRY_SECONDS: u64 = 60;

impl World {
    /// Removes and returns the earliest step of an endpoint due by `now`.
    pub(super) fn take_endpoint_step(&mut self, now: Timestamp) -> Option<(Timestamp, String)> {
        let earliest = self.endpoint_steps.first().filter(|(at, _)| *at <= now)?.clone();
        self.endpoint_steps.remove(&earliest);
        Some(earliest)
    }

    pub(super) fn step_all_endpoints(&mut self) {
        let ids: Vec<String> = self.endpoints.objects.newest_first().map(|endpoint| endpoint.id.clone()).collect();
        for id in ids {
            self.step_endpoint(&id);
        }
    }

    /// Does all that is due for an endpoint at the world's time, and schedules its next step.
    pub(super) fn step_endpoint(&mut self, id: &str) {
        let Some(mut endpoint) = self.endpoints.objects.get(id).cloned() else { return };
        self.finish_jobs(&mut endpoint);
        self.lower_workers(&mut endpoint);
        self.replace_stale_workers(&mut endpoint);
        self.place_waiting_workers(&mut endpoint);
        self.start_jobs(&mut endpoint);
        self.scale(&mut endpoint);
        let next = self.next_step(&endpoint);
        if let Some(earlier) = endpoint.next_step {
            self.endpoint_steps.remove(&(earlier, id.to_owned()));
        }
        self.endpoint_steps.extend(next.map(|at| (at, id.to_owned())));
        endpoint.next_step = next;
        self.endpoints.objects.insert(endpoint);
    }

    fn finish_jobs(&mut self, endpoint: &mut ServerlessEndpoint) {
        for worker in &mut endpoint.fleet {
            if let Some((until, fails)) = worker.busy_until
                && until <= self.now
            {
                worker.busy_until = None;
                worker.idle_since = until;
                let counts = &mut endpoint.finished;
                *(if fails { &mut counts.failed } else { &mut counts.completed }) += 1;
            }
        }
    }

    /// RunPod lowers `workers.max` of an endpoint without requests, and leaves it there.
    fn lower_workers(&self, endpoint: &mut ServerlessEndpoint) {
        let workers = &mut endpoint.settings.workers;
        for (days, most) in LOWERED.into_iter().filter(|_| self.settings.lowers_idle_endpoints) {
            if after_seconds(endpoint.active_at, days * SECONDS_PER_DAY) <= self.now {
                workers.max = workers.max.min(most);
            }
        }
    }

    /// Removes workers of an older version that are not busy: all at once, or one per step of the rollout.
    fn replace_stale_workers(&mut self, endpoint: &mut ServerlessEndpoint) {
        let version = endpoint.version;
        let pause = self.settings.rollout_seconds_per_worker;
        let waits = endpoint.replaces_at.is_some_and(|at| self.now < at);
        while !waits
            && let Some(index) =
                endpoint.fleet.iter().position(|worker| worker.version != version && worker.busy_until.is_none())
        {
            self.remove_worker(endpoint, index);
            if pause > 0 {
                endpoint.replaces_at = Some(after_seconds(self.now, pause));
                return;
            }
        }
    }

    fn remove_worker(&mut self, endpoint: &mut ServerlessEndpoint, index: usize) {
        let worker = endpoint.fleet.remove(index);
        self.release_worker(&worker);
    }

    fn place_waiting_workers(&mut self, endpoint: &mut ServerlessEndpoint) {
        for index in 0..endpoint.fleet.len() {
            if endpoint.fleet[index].placement.is_none() {
                let mut worker = endpoint.fleet[index].clone();
                self.place_worker(endpoint, &mut worker);
                endpoint.fleet[index] = worker;
            }
        }
    }

    /// Gives waiting jobs to idle workers of the current version.
    fn start_jobs(&mut self, endpoint: &mut ServerlessEndpoint) {
        let (now, version, timeout) = (self.now, endpoint.version, endpoint.settings.timeout);
        let idle = endpoint.fleet.iter_mut().filter(|worker| worker.version == version);
        for worker in idle.filter(|worker| worker.status(now) == WorkerStatus::Idle) {
            let Some(job) = endpoint.queue.pop_front() else { return };
            let end = after_seconds(now, job.seconds);
            let limit = u64::try_from(timeout).ok().filter(|limit| *limit > 0).map(|limit| after_millis(now, limit));
            let failed = limit.filter(|limit| *limit < end);
            worker.busy_until = Some((failed.unwrap_or(end), failed.is_some()));
        }
    }

    /// Adds or removes workers. Without money there are none.
    fn scale(&mut self, endpoint: &mut ServerlessEndpoint) {
        while self.ledger.is_exhausted && !endpoint.fleet.is_empty() {
            self.remove_worker(endpoint, 0);
        }
        let busy_stale = |endpoint: &ServerlessEndpoint| {
            let stale = endpoint.fleet.iter().filter(|worker| worker.version != endpoint.version);
            stale.filter(|worker| worker.busy_until.is_some()).count()
        };
        let count = |endpoint: &ServerlessEndpoint| (endpoint.fleet.len() - busy_stale(endpoint)) as u32;
        let wanted = self.wanted_workers(endpoint, count(endpoint));
        while count(endpoint) < wanted {
            self.add_worker(endpoint);
        }
        let floor = self.floor(endpoint);
        let kept_for = if endpoint.settings.has_idle_timeout() { endpoint.settings.workers.idle_timeout } else { 0 };
        let most = endpoint.settings.workers.max;
        while count(endpoint) > floor.max(endpoint.jobs().min(most as usize) as u32) {
            let above_max = count(endpoint) > most;
            let removable = endpoint.fleet.iter().position(|worker| {
                let is_over = above_max || after_seconds(worker.idle_since, kept_for) <= self.now;
                worker.busy_until.is_none() && is_over
            });
            let Some(index) = removable else { return };
            self.remove_worker(endpoint, index);
        }
    }

    /// Workers that stay without any job.
    fn floor(&self, endpoint: &ServerlessEndpoint) -> u32 {
        let bounds = endpoint.settings.workers;
        let standby = if bounds.min == 0 { self.settings.hidden_standby_workers } else { 0 };
        if self.ledger.is_exhausted { 0 } else { bounds.min.max(standby).min(bounds.max) }
    }

    /// The number of workers that the autoscaler asks for, if there are `count`.
    fn wanted_workers(&self, endpoint: &mut ServerlessEndpoint, count: u32) -> u32 {
        let floor = self.floor(endpoint);
        if self.ledger.is_exhausted {
            return 0;
        }
        let wanted = match endpoint.settings.scaling {
            EndpointScaling::RequestCount(each) => (endpoint.jobs() as u64).div_ceil(each.max(1)) as u32,
            EndpointScaling::QueueDelay(_) if endpoint.queue.is_empty() => count.min(endpoint.jobs() as u32),
            EndpointScaling::QueueDelay(_) if count == 0 => 1,
            EndpointScaling::QueueDelay(_)
                if count < endpoint.settings.workers.max && delayed_at(endpoint).is_some_and(|at| at <= self.now) =>
            {
                endpoint.scaled_at = self.now;
                count + 1
            }
            EndpointScaling::QueueDelay(_) => count,
        };
        wanted.clamp(floor, endpoint.settings.workers.max.max(floor))
    }

    /// When the workers change next without a request.
    fn next_step(&self, endpoint: &ServerlessEndpoint) -> Option<Timestamp> {
        let now = self.now;
        let mut moments = Vec::new();
        for worker in &endpoint.fleet {
            moments.extend(worker.busy_until.map(|(until, _)| until));
            moments.extend(worker.up_at());
            if worker.placement.is_none() {
                moments.push(after_seconds(now, RETRY_SECONDS));
            }
            if endpoint.settings.has_idle_timeout() {
                moments.push(after_seconds(worker.idle_since, endpoint.settings.workers.idle_timeout));
            }
        }
        moments.extend(delayed_at(endpoint));
        moments.extend(endpoint.replaces_at);
        if self.settings.lowers_idle_endpoints {
            let lowers = LOWERED.into_iter().filter(|(_, most)| endpoint.settings.workers.max > *most);
            moments.extend(lowers.map(|(days, _)| after_seconds(endpoint.active_at, days * SECONDS_PER_DAY)));
        }
        moments.into_iter().filter(|moment| *moment > now).min()
    }
}

/// When the oldest waiting job has waited too long for the workers that there are.
fn delayed_at(endpoint: &ServerlessEndpoint) -> Option<Timestamp> {
    let EndpointScaling::QueueDelay(delay) = endpoint.settings.scaling else { return None };
    let since = endpoint.queue.front()?.queued_at.max(endpoint.scaled_at);
    Some(after_millis(since, (delay * 1000.0) as u64))
}
