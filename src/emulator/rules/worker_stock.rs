//! Placing the workers of endpoints on hosts, and the price of a worker.

use std::collections::BTreeMap;

use super::boot::StartKind;
use super::market::market;
use super::pod_spec::{CudaConstraint, PodSpec};
use crate::emulator::state::endpoint::{EndpointCompute, ServerlessEndpoint};
use crate::emulator::state::endpoint_worker::{EndpointWorker, WorkerPlacement};
use crate::emulator::state::hardware::{Hardware, HostCloud};
use crate::emulator::state::ledger::{Rate, nanos};
use crate::emulator::state::pod::{Phase, Storage};
use crate::emulator::state::world::World;

/// Workers below which only the first pool of an endpoint is used.
const SECOND_POOL_WORKERS: u32 = 5;

impl World {
    /// Starts a worker of the current version. Without stock it waits.
    pub(super) fn add_worker(&mut self, endpoint: &mut ServerlessEndpoint) {
        let now = self.now;
        let mut worker = EndpointWorker {
            id: self.rng.id(14),
            version: endpoint.version,
            image: endpoint.settings.container.image.clone(),
            created_at: now,
            placement: None,
            busy_until: None,
            idle_since: now,
        };
        self.place_worker(endpoint, &mut worker);
        endpoint.fleet.push(worker);
    }

    /// Finds a host for a worker that has none.
    pub(super) fn place_worker(&mut self, endpoint: &ServerlessEndpoint, worker: &mut EndpointWorker) {
        let Some(spec) = self.worker_spec(endpoint) else { return };
        let Ok((hardware, machine)) = self.stock.place(&spec, None, &mut self.rng, self.now) else { return };
        self.stock.take(hardware.id(), &machine.data_center, units(&hardware));
        self.ledger.change(Rate::default(), worker_rate(&hardware), self.now);
        let registry = spec.registry.as_deref();
        let phase = self.start_container(StartKind::Create, Some(&machine), &worker.image, registry);
        if let Phase::Started { up, .. } = phase {
            worker.idle_since = up;
        }
        worker.placement = Some(WorkerPlacement { hardware, machine, phase });
    }

    /// Gives back the host of a worker and ends its cost.
    pub(super) fn release_worker(&mut self, worker: &EndpointWorker) {
        if let Some(WorkerPlacement { hardware, machine, .. }) = &worker.placement {
            self.ledger.change(worker_rate(hardware), Rate::default(), self.now);
            self.stock.give_back(hardware.id(), &machine.data_center, units(hardware));
            self.stock.release(machine, hardware);
        }
    }

    /// The pod that corresponds to a worker; `None` if no data center has all that it needs.
    fn worker_spec(&self, endpoint: &ServerlessEndpoint) -> Option<PodSpec> {
        let settings = &endpoint.settings;
        let (hardware, cuda) = self.worker_hardware(endpoint);
        let volumes = settings.network_volumes.iter().filter_map(|id| self.volumes.get(id));
        let mut data_centers: Vec<String> = volumes.map(|volume| volume.data_center.clone()).collect();
        if data_centers.is_empty() {
            data_centers.clone_from(&settings.data_centers);
        } else if !settings.data_centers.is_empty() {
            data_centers.retain(|center| settings.data_centers.contains(center));
            data_centers.first()?;
        }
        Some(PodSpec {
            name: String::new(),
            hardware,
            cloud: HostCloud::Secure,
            data_centers,
            data_centers_in_order: false,
            countries: Vec::new(),
            cuda,
            min_ram_per_gpu: 0,
            min_vcpu_per_gpu: 0,
            public_ip: false,
            image: settings.container.image.clone(),
            args: String::new(),
            disk: settings.container.disk,
            storage: Storage::None,
            mount_path: String::new(),
            ports: Vec::new(),
            env: BTreeMap::new(),
            registry: settings.container.registry.clone(),
            template: None,
            global_networking: false,
            locked: false,
            interruptible: false,
            start_ssh: false,
            start_jupyter: false,
        })
    }

    /// The hardware that a worker can have, in order of preference.
    fn worker_hardware(&self, endpoint: &ServerlessEndpoint) -> (Vec<Hardware>, CudaConstraint) {
        match &endpoint.settings.compute {
            EndpointCompute::Cpu(choices) => {
                let choices = choices.iter();
                let choices = choices.map(|(id, vcpu_count)| Hardware::Cpu { id: id.clone(), vcpu_count: *vcpu_count });
                (choices.collect(), CudaConstraint::default())
            }
            EndpointCompute::Gpu { pools, excluded_types, count, allowed_cuda, min_cuda } => {
                let few = endpoint.settings.workers.max < SECOND_POOL_WORKERS;
                let one_pool = few && self.settings.second_pool_needs_five_workers && self.settings.observed();
                let usable = if one_pool { 1 } else { pools.len() };
                let types = pools.iter().take(usable).flat_map(|pool| market().pool(pool));
                let types = types.filter(|gpu| !excluded_types.contains(&gpu.id));
                let gpu = |id: &str| Hardware::Gpu { id: id.to_owned(), count: *count, attached: *count };
                let cuda = CudaConstraint { allowed: allowed_cuda.clone(), minimum: min_cuda.clone() };
                (types.map(|found| gpu(&found.id)).collect(), cuda)
            }
        }
    }
}

/// Stock that a worker occupies.
fn units(hardware: &Hardware) -> u32 {
    if let Hardware::Gpu { count, .. } = hardware { *count } else { 1 }
}

/// The cost of a worker while it exists. Storage of serverless workers is not charged here.
pub fn worker_rate(hardware: &Hardware) -> Rate {
    let price = match hardware {
        Hardware::Gpu { id, count, .. } => {
            market().gpu(id).and_then(|gpu| gpu.serverless_price()).unwrap_or(0.0) * f64::from(*count)
        }
        Hardware::Cpu { .. } => hardware.price(HostCloud::Secure),
    };
    Rate { compute: nanos(price), storage: 0 }
}
