//! Finding a host for a pod, and the availability that the catalog reports.
//!
//! Stock is unlimited unless a rule limits it: when all hosts are full, a new one opens. A cloud that does not offer a
//! type has no stock of it.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::market::{LISTS, MarketDataCenter, market};
use super::pod_spec::{PodSpec, disk_limit};
use super::refusal::RequestRefusal;
use crate::emulator::state::hardware::{Hardware, HostCloud};
use crate::emulator::state::host::{Host, Machine};
use crate::emulator::state::rng::Rng;
use crate::emulator::state::stock::Stock;

/// CPU pods that fit on one host.
const CPU_PODS_PER_HOST: u32 = 16;

/// Availability in the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StockLevel {
    None,
    Low,
    Medium,
    High,
}

impl StockLevel {
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
        }
    }
}

impl Stock {
    /// The availability of `count` GPUs on one host.
    pub fn gpu_level(&self, gpu: &str, count: u32, cloud: Option<HostCloud>, center: &str) -> StockLevel {
        let clouds = cloud.map_or(vec![HostCloud::Secure, HostCloud::Community], |cloud| vec![cloud]);
        let sold = market().gpu(gpu).is_some_and(|gpu| clouds.iter().any(|&cloud| gpu.max_count(cloud) >= count));
        if sold { self.level(gpu, count, center) } else { StockLevel::None }
    }

    /// The availability of a CPU flavor, or of a GPU type that the cloud offers.
    pub fn level(&self, hardware: &str, count: u32, center: &str) -> StockLevel {
        match self.free(hardware, center) {
            Some(free) if free < count => StockLevel::None,
            Some(..=4) => StockLevel::Low,
            Some(..=20) => StockLevel::Medium,
            _ => StockLevel::High,
        }
    }

    /// Puts a pod on a host with the first hardware of the spec that is free. `volume_center` limits the choice of data
    /// center.
    pub fn place(
        &mut self,
        spec: &PodSpec,
        volume_center: Option<&str>,
        rng: &mut Rng,
        now: Timestamp,
    ) -> Result<(Hardware, Machine), RequestRefusal> {
        for hardware in &spec.hardware {
            if !fits(hardware, spec) {
                continue;
            }
            let centers = self.centers(hardware, spec, volume_center);
            let center = match centers.len() {
                0 => continue,
                _ if spec.data_centers_in_order => centers[0],
                count => centers[rng.below(count as u64) as usize],
            };
            return Ok((hardware.clone(), self.put(hardware, center, spec, rng, now)));
        }
        Err(RequestRefusal::NoCapacity)
    }

    /// Data centers where this hardware is free, in the order of the request.
    fn centers(
        &self,
        hardware: &Hardware,
        spec: &PodSpec,
        volume_center: Option<&str>,
    ) -> Vec<&'static MarketDataCenter> {
        let asked: Vec<&'static MarketDataCenter> = if spec.data_centers.is_empty() {
            market().listed_centers().collect()
        } else {
            spec.data_centers.iter().filter_map(|id| market().center(id)).collect()
        };
        let count = if let Hardware::Gpu { count, .. } = hardware { *count } else { 1 };
        asked
            .into_iter()
            .filter(|center| volume_center.is_none_or(|id| id == center.id))
            .filter(|center| spec.countries.is_empty() || spec.countries.contains(&center.country_code))
            .filter(|center| !spec.global_networking || center.offer.global_network)
            .filter(|center| self.free(hardware.id(), &center.id).is_none_or(|free| free >= count))
            .collect()
    }

    fn put(
        &mut self,
        hardware: &Hardware,
        center: &MarketDataCenter,
        spec: &PodSpec,
        rng: &mut Rng,
        now: Timestamp,
    ) -> Machine {
        let pool = format!("{} / {} / {}", hardware.id(), center.id, spec.cloud.word());
        let (size, slots, nvidia) = match hardware {
            Hardware::Gpu { id, count, .. } => {
                let gpu = market().gpu(id);
                let slots = gpu.map_or(*count, |gpu| gpu.max_count(spec.cloud));
                (*count, slots, gpu.is_some_and(|gpu| gpu.is_nvidia()))
            }
            Hardware::Cpu { .. } => (1, CPU_PODS_PER_HOST, false),
        };
        let suits = |host: &Host| {
            (!spec.public_ip || host.ip.is_some())
                && host.cuda.as_deref().is_none_or(|version| spec.cuda.accepts(version))
        };
        let (index, host) = self.assign(&pool, size, now, suits, || Host::open(slots, nvidia, spec, rng));
        let (vcpu_count, memory_gb) = resources(hardware);
        Machine {
            id: host.id.clone(),
            pool,
            host: index,
            data_center: center.id.clone(),
            ip: host.ip.clone(),
            inner_ip: host.inner_ip.clone(),
            cuda: host.cuda.clone(),
            vcpu_count,
            memory_gb,
            ssh_suffix: host.ssh_suffix.clone(),
        }
    }
}

impl Host {
    fn open(slots: u32, nvidia: bool, spec: &PodSpec, rng: &mut Rng) -> Self {
        let cuda = nvidia.then(|| {
            let acceptable = spec.cuda.acceptable();
            // Without a constraint, hosts report a recent version.
            let skip = if spec.cuda.is_any() { LISTS.cuda_versions.len().saturating_sub(5) } else { 0 };
            let choice = rng.below((acceptable.clone().count() - skip).max(1) as u64) as usize;
            acceptable.skip(skip).nth(choice).cloned().unwrap_or_default()
        });
        let network = if rng.chance(0.5) { "198.51.100" } else { "203.0.113" };
        let address = format!("{network}.{}", rng.between(1, 254));
        let has_ip = spec.cloud == HostCloud::Secure || spec.public_ip || rng.chance(0.5);
        Self {
            id: rng.id(12),
            ssh_suffix: rng.hex(),
            ip: has_ip.then_some(address),
            inner_ip: format!("100.65.{}.{}", rng.below(256), rng.between(1, 254)),
            cuda,
            slots,
            assigned: 0,
            closed: None,
            images: BTreeSet::new(),
        }
    }
}

/// vCPUs and GB of memory of a pod.
fn resources(hardware: &Hardware) -> (u32, u32) {
    match hardware {
        Hardware::Gpu { id, count, .. } => {
            market().gpu(id).map_or((1, 1), |gpu| (gpu.offer.vcpu_per_gpu * count, gpu.offer.ram_gb_per_gpu * count))
        }
        Hardware::Cpu { id, vcpu_count } => {
            (*vcpu_count, market().flavor(id).map_or(1, |flavor| flavor.ram_gb_per_vcpu * vcpu_count))
        }
    }
}

/// Whether a host with this hardware could run the pod, regardless of stock.
fn fits(hardware: &Hardware, spec: &PodSpec) -> bool {
    match hardware {
        Hardware::Gpu { id, count, .. } => market().gpu(id).is_some_and(|gpu| {
            (1..=gpu.max_count(spec.cloud)).contains(count)
                && spec.min_ram_per_gpu <= gpu.offer.ram_gb_per_gpu
                && spec.min_vcpu_per_gpu <= gpu.offer.vcpu_per_gpu
                && (!gpu.is_nvidia() || spec.cuda.acceptable().next().is_some())
                && (gpu.is_nvidia() || spec.cuda.is_any())
        }),
        // CPU flavors exist only in Secure Cloud and limit the container disk (contract, section 9).
        Hardware::Cpu { id, vcpu_count } => {
            spec.cloud == HostCloud::Secure
                && market().flavor(id).is_some_and(|flavor| flavor.allows(*vcpu_count))
                && disk_limit(hardware).is_none_or(|limit| spec.disk <= limit)
        }
    }
}
