//! Creating, changing and deleting serverless endpoints.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::endpoint_changes::diff;
use super::market::market;
use super::refusal::RequestRefusal;
use super::tweaks::Tweaks;
use crate::emulator::state::endpoint::{
    EndpointCompute, EndpointRelease, EndpointSettings, JobCounts, ServerlessEndpoint,
};
use crate::emulator::state::template::{Template, TemplateSettings};
use crate::emulator::state::visibility::Visibility;
use crate::emulator::state::world::World;

impl World {
    /// Creates an endpoint, with its first release and the workers of `workers.min`. Returns its id.
    pub(in crate::emulator) fn create_endpoint(
        &mut self,
        settings: EndpointSettings,
        tweaks: &Tweaks,
        now: Timestamp,
    ) -> Result<String, RequestRefusal> {
        self.check_endpoint(&settings, now)?;
        self.check_worker_quota(0, settings.workers.max)?;
        tweaks.check_create()?;
        if tweaks.duplicate_name {
            self.insert_endpoint(settings.clone(), Visibility { found: now, listed: now }, now);
        }
        let has_name = |other: &ServerlessEndpoint| other.settings.name == settings.name;
        if self.settings.unique_endpoint_names && self.endpoints.objects.newest_first().any(has_name) {
            return Err(RequestRefusal::Conflict("an endpoint with this name already exists".to_owned()));
        }
        let id = self.insert_endpoint(settings, tweaks.visibility(now), now);
        self.touched.push(id.clone());
        tweaks.deny_create().map(|()| id)
    }

    fn insert_endpoint(&mut self, settings: EndpointSettings, visible: Visibility, now: Timestamp) -> String {
        self.now = now;
        let first = EndpointRelease { id: self.rng.id(8), version: 1, created_at: now, diff: Vec::new() };
        let endpoint = ServerlessEndpoint {
            serial: self.take_serial(),
            id: self.rng.id(14),
            settings,
            template_id: self.rng.id(10),
            version: 1,
            releases: vec![first],
            fleet: Vec::new(),
            queue: VecDeque::new(),
            finished: JobCounts::default(),
            active_at: now,
            scaled_at: now,
            replaces_at: None,
            next_step: None,
            created_at: now,
            visible,
        };
        let id = endpoint.id.clone();
        self.endpoints.objects.insert(endpoint);
        self.step_endpoint(&id);
        id
    }

    /// Replaces the settings of an endpoint. A change of what workers run makes a release.
    pub(in crate::emulator) fn change_endpoint(
        &mut self,
        id: &str,
        settings: EndpointSettings,
        now: Timestamp,
    ) -> Result<(), RequestRefusal> {
        let current = self.endpoints.find(id, now)?;
        self.check_endpoint(&settings, now)?;
        self.check_worker_quota(current.settings.workers.max, settings.workers.max)?;
        let diff = diff(&current.settings, &settings);
        let changes_workers = current.settings.workers != settings.workers;
        if current.settings == settings {
            return Ok(());
        }
        self.now = now;
        let release_id = if diff.is_empty() { String::new() } else { self.rng.id(8) };
        if let Some(endpoint) = self.endpoints.objects.get_mut(id) {
            endpoint.settings = settings;
            if changes_workers {
                endpoint.active_at = now;
            }
            if !diff.is_empty() {
                endpoint.version += 1;
                let version = endpoint.version;
                endpoint.releases.push(EndpointRelease { id: release_id, version, created_at: now, diff });
            }
        }
        self.step_endpoint(id);
        self.touched.push(id.to_owned());
        Ok(())
    }

    /// Deletes an endpoint with its template. Workers end, and jobs that wait or run are cancelled.
    pub(in crate::emulator) fn delete_endpoint(
        &mut self,
        id: &str,
        tweaks: &Tweaks,
        now: Timestamp,
    ) -> Result<(), RequestRefusal> {
        self.endpoints.find(id, now)?;
        if tweaks.delete_ignored {
            return Ok(());
        }
        self.now = now;
        if let Some(endpoint) = self.endpoints.objects.get_mut(id) {
            let workers = std::mem::take(&mut endpoint.fleet);
            endpoint.queue.clear();
            if let Some(step) = endpoint.next_step.take() {
                self.endpoint_steps.remove(&(step, id.to_owned()));
            }
            workers.iter().for_each(|worker| self.release_worker(worker));
        }
        self.endpoints.delete(id, tweaks, now);
        self.touched.push(id.to_owned());
        Ok(())
    }

    /// Checks the objects and the hardware that an endpoint refers to.
    fn check_endpoint(&self, settings: &EndpointSettings, now: Timestamp) -> Result<(), RequestRefusal> {
        self.check_image(&settings.container.image)?;
        check_compute(&settings.compute)?;
        for volume in &settings.network_volumes {
            self.find_volume(volume, now)?;
        }
        self.check_registry(settings.container.registry.as_deref())
    }

    /// Refuses a maximum of workers that exceeds the quota of the account, if it is higher than before.
    fn check_worker_quota(&self, before: u32, after: u32) -> Result<(), RequestRefusal> {
        let all = self.endpoints.objects.newest_first().map(|endpoint| u64::from(endpoint.settings.workers.max));
        let quota = self.settings.worker_quota;
        if after > before && all.sum::<u64>() + u64::from(after - before) > u64::from(quota) {
            let text = format!("Max workers across all endpoints must not exceed your workers quota ({quota}).");
            return Err(RequestRefusal::Rule(text));
        }
        Ok(())
    }

    /// The templates that belong to endpoints, newest first.
    pub(in crate::emulator) fn bound_templates(&self) -> Vec<Template> {
        let endpoints = self.endpoints.objects.newest_first().filter(|_| self.settings.lists_bound_templates);
        endpoints.map(bound_template).collect()
    }
}

fn bound_template(endpoint: &ServerlessEndpoint) -> Template {
    let ServerlessEndpoint { serial, settings, template_id, created_at, visible, .. } = endpoint;
    Template {
        serial: *serial,
        id: template_id.clone(),
        settings: TemplateSettings {
            name: format!("{}__template__{template_id}", settings.name),
            container: settings.container.clone(),
            volume: None,
            serverless: true,
            public: false,
            category: if matches!(settings.compute, EndpointCompute::Cpu(_)) { "CPU" } else { "NVIDIA" }.to_owned(),
            start_ssh: true,
            start_jupyter: true,
            cuda_versions: Vec::new(),
        },
        created_at: *created_at,
        visible: *visible,
    }
}

fn check_compute(compute: &EndpointCompute) -> Result<(), RequestRefusal> {
    match compute {
        EndpointCompute::Cpu(choices) => {
            for (id, vcpu_count) in choices {
                let flavor = market().flavor(id);
                let flavor = flavor.ok_or_else(|| RequestRefusal::Rule(format!("unknown CPU flavor {id}")))?;
                if !flavor.allows(*vcpu_count) {
                    return Err(RequestRefusal::rule("vcpuCount is not valid for the selected CPU flavor"));
                }
            }
            Ok(())
        }
        EndpointCompute::Gpu { pools, excluded_types, .. } => {
            if let Some(unknown) = pools.iter().find(|pool| market().pool(pool).next().is_none()) {
                return Err(RequestRefusal::Rule(format!("unknown GPU pool {unknown}")));
            }
            let is_member = |id: &String| pools.iter().flat_map(|pool| market().pool(pool)).any(|gpu| gpu.id == *id);
            if let Some(stranger) = excluded_types.iter().find(|id| !is_member(id)) {
                let text = format!("excludedTypes: {stranger} is not a GPU type in one of the selected pools");
                return Err(RequestRefusal::Rule(text));
            }
            let mut types = pools.iter().flat_map(|pool| market().pool(pool));
            match types.any(|gpu| !excluded_types.contains(&gpu.id)) {
                true => Ok(()),
                false => Err(RequestRefusal::rule("the GPU selection leaves no GPU type")),
            }
        }
    }
}
