//! RunPod's offer: GPU types, pools, CPU flavors, data centers and prices, from a dated snapshot in the binary.
//!
//! The snapshot is `catalog.json`, which names its sources. This module turns it into ids, limits and prices. Prices
//! and stock change, so any value from here must be displayed with [`Catalog::compiled`].

mod gpu;
mod gpu_count;
mod gpu_name;
#[cfg(test)]
mod gpu_tests;
mod gpu_unknown;
mod resolve;

pub use gpu::GpuMatch;
pub use gpu_unknown::{UnknownGpu, UnknownPart};
pub use resolve::{BadInstance, near, nearest};

use std::fmt;
use std::sync::{LazyLock, OnceLock};

use serde::{Deserialize, Deserializer};

use crate::model::Money;

/// The snapshot.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Catalog {
    /// The day of the snapshot, `2026-11-23`.
    pub compiled: String,
    pub gpu_types: Vec<GpuType>,
    #[serde(rename = "gpuPools")]
    pub pools: Vec<Pool>,
    pub cpu_flavors: Vec<CpuFlavor>,
    pub data_centers: Vec<DataCenter>,
    #[serde(rename = "storagePrices")]
    pub storage: StoragePrices,
    pub aliases: Aliases,
    #[serde(skip)]
    names: OnceLock<gpu_name::GpuNames>,
}

/// The cloud: RunPod's own hosts (SECURE) or third-party hosts rented through it (COMMUNITY).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cloud {
    #[default]
    Secure,
    Community,
}

impl Cloud {
    /// Parses `SECURE` or `COMMUNITY` in any case.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Secure, Self::Community].into_iter().find(|cloud| cloud.word().eq_ignore_ascii_case(word))
    }

    /// The API's spelling.
    pub fn word(self) -> &'static str {
        match self {
            Self::Secure => "SECURE",
            Self::Community => "COMMUNITY",
        }
    }
}

impl fmt::Display for Cloud {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// One GPU type that a pod can ask for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GpuType {
    /// The exact id that the API accepts: `NVIDIA L4`.
    pub id: String,
    pub display_name: String,
    pub vram_gb: u32,
    /// The serverless pool that contains it.
    pub pool: Option<String>,
    secure: Option<bool>,
    community: Option<bool>,
    #[serde(default)]
    max_count: Option<MaxCount>,
    #[serde(default, rename = "pricePerHourUsd")]
    prices: Option<CloudPrices>,
    /// Whether REST v1's enumeration of GPU types includes it.
    #[serde(rename = "inV1Enum")]
    pub in_v1: bool,
    #[serde(default)]
    emulator: Option<InferredPrices>,
}

#[derive(Debug, Deserialize)]
struct MaxCount {
    any: Option<u32>,
    secure: Option<u32>,
    community: Option<u32>,
}

#[derive(Debug, Deserialize)]
struct CloudPrices {
    #[serde(default, deserialize_with = "optional_dollars")]
    secure: Option<Money>,
    #[serde(default, deserialize_with = "optional_dollars")]
    community: Option<Money>,
    /// Of one GPU of a serverless worker.
    #[serde(default, deserialize_with = "optional_dollars")]
    serverless: Option<Money>,
}

/// Prices inferred from similar types, for types without a price reading.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct InferredPrices {
    #[serde(default, deserialize_with = "optional_dollars")]
    price_secure: Option<Money>,
    #[serde(default, deserialize_with = "optional_dollars")]
    price_community: Option<Money>,
}

impl GpuType {
    /// Whether the cloud sells it; `None` if no source says.
    pub fn sold_in(&self, cloud: Cloud) -> Option<bool> {
        match cloud {
            Cloud::Secure => self.secure,
            Cloud::Community => self.community,
        }
    }

    /// Maximum number of GPUs of this type per pod in the cloud; `None` if no source says.
    pub fn max_count(&self, cloud: Cloud) -> Option<u32> {
        let counts = self.max_count.as_ref()?;
        let of_cloud = match cloud {
            Cloud::Secure => counts.secure,
            Cloud::Community => counts.community,
        };
        // The catalog also uses 0 if it only knows the total, as for MIG slices.
        [of_cloud, counts.any].into_iter().flatten().find(|count| *count > 0)
    }

    /// Dollars per hour of one GPU: the last reading, otherwise inferred from similar types. `None` if unknown, or if
    /// the cloud does not sell the type.
    pub fn price(&self, cloud: Cloud) -> Option<Money> {
        let (read, inferred) = (self.prices.as_ref(), self.emulator.as_ref());
        let candidates = match cloud {
            Cloud::Secure => [read.and_then(|prices| prices.secure), inferred.and_then(|prices| prices.price_secure)],
            Cloud::Community => {
                [read.and_then(|prices| prices.community), inferred.and_then(|prices| prices.price_community)]
            }
        };
        // A price of 0 means none, and a price may be listed for a type that is not sold (quirk Q29).
        let is_sold = self.sold_in(cloud) != Some(false);
        candidates.into_iter().flatten().find(|price| is_sold && *price > Money::ZERO)
    }
}

/// A pool of GPU types, as used by serverless endpoints. A pod request takes a single type id, so sindri expands a pool
/// to its members.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pool {
    pub id: String,
    pub vram_gb: u32,
    /// Exact ids, in the order to try them.
    pub members: Vec<String>,
}

/// A family of CPU machines; memory is determined by the vCPUs.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CpuFlavor {
    pub id: String,
    pub name: String,
    pub group: String,
    pub vcpu: VcpuRange,
    pub ram_gb_per_vcpu: i64,
    #[serde(rename = "containerDiskLimitGbPerVcpu")]
    pub disk_limit_gb_per_vcpu: i64,
    #[serde(rename = "pricePerVcpuHourUsd")]
    prices: CloudPrices,
    #[serde(rename = "emulatorPricePerVcpu", default, deserialize_with = "optional_dollars")]
    inferred_price: Option<Money>,
}

/// Allowed vCPUs of a CPU pod: a power of two within this range.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct VcpuRange {
    pub min: i64,
    pub max: i64,
}

impl CpuFlavor {
    /// Dollars per hour of one vCPU: the last reading, otherwise inferred. CPU pods are SECURE only.
    pub fn price_per_vcpu(&self) -> Option<Money> {
        self.prices.secure.or(self.inferred_price)
    }

    pub fn disk_limit_gb(&self, vcpu_count: i64) -> i64 {
        self.disk_limit_gb_per_vcpu * vcpu_count
    }
}

/// A data center.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DataCenter {
    pub id: String,
    pub location: String,
    /// `NORTH_AMERICA`, `EUROPE`, `ASIA`, `OCEANIA`.
    pub region: String,
    pub country_code: String,
    /// Whether REST v1's enumeration of data centers includes it.
    #[serde(rename = "inV1Enum")]
    pub in_v1: bool,
    pub global_networking: bool,
    emulator: CenterState,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CenterState {
    listed: bool,
    network_volume_types: Vec<String>,
}

impl DataCenter {
    /// The tiers of network volumes known to be available; empty if volumes are not known to work there. The sources
    /// disagree (quirk Q17), so use this only for warnings, never to refuse.
    pub fn volume_tiers(&self) -> &[String] {
        &self.emulator.network_volume_types
    }

    /// Whether it is currently in use; the others appear only in old enumerations.
    pub fn is_listed(&self) -> bool {
        self.emulator.listed
    }
}

/// Storage prices in dollars per GB and month.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoragePrices {
    pub container_disk_per_gb_month: PowerPrices,
    pub pod_volume_per_gb_month: PowerPrices,
    pub network_volume_per_gb_month: VolumePrices,
}

/// Prices for a running and a stopped pod.
#[derive(Debug, Deserialize)]
pub struct PowerPrices {
    #[serde(deserialize_with = "dollars")]
    pub running: Money,
    #[serde(deserialize_with = "dollars")]
    pub stopped: Money,
}

/// Prices of network volumes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VolumePrices {
    #[serde(deserialize_with = "dollars")]
    pub standard_first1000_gb: Money,
    #[serde(deserialize_with = "dollars")]
    pub standard_beyond: Money,
    #[serde(deserialize_with = "dollars")]
    pub high_performance: Money,
}

/// Names that people write instead of exact ids.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Aliases {
    pub gpu_types: Vec<GpuAlias>,
    #[serde(rename = "gpuTiers")]
    pub tiers: Vec<Tier>,
}

/// Another spelling of a GPU type.
#[derive(Debug, Deserialize)]
pub struct GpuAlias {
    pub written: String,
    pub api: String,
    /// The types that it could mean, if more than one.
    #[serde(default)]
    pub ambiguous: Vec<String>,
}

/// A name for a pool, such as `gpu-small`.
#[derive(Debug, Deserialize)]
pub struct Tier {
    pub tier: String,
    pub pool: String,
}

impl Catalog {
    /// The snapshot built into this binary.
    pub fn embedded() -> &'static Self {
        static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
            serde_json::from_str(include_str!("catalog.json")).expect("the embedded catalog is read by a test")
        });
        &CATALOG
    }

    /// The GPU type with this exact id.
    pub fn gpu_type(&self, id: &str) -> Option<&GpuType> {
        self.gpu_types.iter().find(|gpu| gpu.id == id)
    }

    /// Dollars per hour of one GPU of a serverless worker in this pool; `None` if unknown. RunPod prices a pool as a whole,
    /// so the price of one member is that of all.
    pub fn serverless_price(&self, pool: &str) -> Option<Money> {
        let members = self.gpu_types.iter().filter(|gpu| gpu.pool.as_deref() == Some(pool));
        members.filter_map(|gpu| gpu.prices.as_ref()?.serverless).max()
    }

    pub fn cpu_flavor(&self, id: &str) -> Option<&CpuFlavor> {
        self.cpu_flavors.iter().find(|flavor| flavor.id == id)
    }

    /// The data center with this exact id.
    pub fn data_center(&self, id: &str) -> Option<&DataCenter> {
        self.data_centers.iter().find(|center| center.id == id)
    }
}

fn dollars<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
    f64::deserialize(deserializer).map(Money::from_dollars)
}

fn optional_dollars<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Money>, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.map(Money::from_dollars))
}
