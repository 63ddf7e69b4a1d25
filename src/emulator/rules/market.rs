//! The hardware and data centers for rent, read from the embedded catalog independently of the client.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::emulator::state::hardware::HostCloud;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Market {
    pub gpu_types: Vec<MarketGpuType>,
    pub cpu_flavors: Vec<MarketCpuFlavor>,
    pub data_centers: Vec<MarketDataCenter>,
    cuda_versions: CudaVersions,
    v1_enum_oddities: Oddities,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MarketGpuType {
    pub id: String,
    pub display_name: String,
    pub vram_gb: u64,
    pub manufacturer: String,
    pub pool: Option<String>,
    in_v1_enum: bool,
    #[serde(rename = "emulator")]
    pub offer: GpuOffer,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GpuOffer {
    pub secure: bool,
    pub community: bool,
    pub price_secure: f64,
    pub price_community: f64,
    pub max_secure: u32,
    pub max_community: u32,
    pub vcpu_per_gpu: u32,
    pub ram_gb_per_gpu: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MarketCpuFlavor {
    pub id: String,
    pub name: String,
    pub group: String,
    pub vcpu: Range,
    pub ram_gb_per_vcpu: u32,
    #[serde(rename = "emulatorPricePerVcpu")]
    pub price_per_vcpu: f64,
    #[serde(rename = "containerDiskLimitGbPerVcpu")]
    pub disk_gb_per_vcpu: u64,
}

#[derive(Deserialize)]
pub struct Range {
    pub min: u32,
    pub max: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MarketDataCenter {
    pub id: String,
    pub name: String,
    pub region: String,
    pub country_code: String,
    in_v1_enum: bool,
    #[serde(rename = "emulator")]
    pub offer: CenterOffer,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CenterOffer {
    pub listed: bool,
    pub network_volume_types: Vec<String>,
    pub global_network: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CudaVersions {
    v1_enum: Vec<String>,
    seen_beyond: Vec<String>,
}

#[derive(Deserialize)]
struct Oddities {
    ids: Vec<String>,
}

/// USD per GPU and hour of a worker, by pool. `AMPERE_16`, `AMPERE_24`, `ADA_24` and `BLACKWELL_96` have the price of the
/// catalog; the catalog has none for the others, so theirs belong to the emulator's own market.
const SERVERLESS_PRICES: [(&str, f64); 11] = [
    ("AMPERE_16", 0.58),
    ("AMPERE_24", 0.69),
    ("ADA_24", 1.10),
    ("ADA_32_PRO", 1.58),
    ("AMPERE_48", 1.22),
    ("ADA_48_PRO", 1.90),
    ("AMPERE_80", 2.72),
    ("ADA_80_PRO", 4.18),
    ("BLACKWELL_96", 2.79),
    ("HOPPER_141", 5.58),
    ("BLACKWELL_180", 8.64),
];

static MARKET: LazyLock<Market> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../catalog/catalog.json")).expect("the embedded catalog has the known shape")
});

pub fn market() -> &'static Market {
    &MARKET
}

/// Enumerations from the v1 document, and the CUDA versions that hosts report.
pub struct Lists {
    pub v1_gpu_types: Vec<String>,
    pub v1_data_centers: Vec<String>,
    pub cpu_flavors: Vec<String>,
    /// Oldest first.
    pub cuda_versions: Vec<String>,
}

pub static LISTS: LazyLock<Lists> = LazyLock::new(|| {
    let market = market();
    let mut cuda_versions = [market.cuda_versions.v1_enum.as_slice(), &market.cuda_versions.seen_beyond].concat();
    cuda_versions.sort_by_key(|version| version_number(version));
    Lists {
        v1_gpu_types: (market.gpu_types.iter().filter(|gpu| gpu.in_v1_enum).map(|gpu| gpu.id.clone()))
            .chain(market.v1_enum_oddities.ids.iter().cloned())
            .collect(),
        v1_data_centers: market.data_centers.iter().filter(|it| it.in_v1_enum).map(|it| it.id.clone()).collect(),
        cpu_flavors: market.cpu_flavors.iter().map(|flavor| flavor.id.clone()).collect(),
        cuda_versions,
    }
});

/// `12.8` -> (12, 8), so that 12.11 is newer than 12.2; a bare major counts as `.0`.
pub fn version_number(version: &str) -> (u32, u32) {
    let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
    (major.parse().unwrap_or(0), minor.parse().unwrap_or(0))
}

impl Market {
    pub fn gpu(&self, id: &str) -> Option<&MarketGpuType> {
        self.gpu_types.iter().find(|gpu| gpu.id == id)
    }

    /// The GPU types of a serverless pool.
    pub fn pool<'market>(&'market self, id: &'market str) -> impl Iterator<Item = &'market MarketGpuType> {
        self.gpu_types.iter().filter(move |gpu| gpu.pool.as_deref() == Some(id))
    }

    pub fn flavor(&self, id: &str) -> Option<&MarketCpuFlavor> {
        self.cpu_flavors.iter().find(|flavor| flavor.id == id)
    }

    /// A data center that takes new pods and volumes.
    pub fn center(&self, id: &str) -> Option<&MarketDataCenter> {
        self.listed_centers().find(|center| center.id == id)
    }

    pub fn listed_centers(&self) -> impl Iterator<Item = &MarketDataCenter> {
        self.data_centers.iter().filter(|center| center.offer.listed)
    }
}

impl MarketGpuType {
    /// USD per GPU and hour.
    pub fn price(&self, cloud: HostCloud) -> f64 {
        match cloud {
            HostCloud::Secure => self.offer.price_secure,
            HostCloud::Community => self.offer.price_community,
        }
    }

    /// USD per GPU and hour of a serverless worker; `None` outside the pools.
    pub fn serverless_price(&self) -> Option<f64> {
        let pool = self.pool.as_deref()?;
        SERVERLESS_PRICES.iter().find(|(known, _)| *known == pool).map(|(_, price)| *price)
    }

    /// The most GPUs one pod can have; 0 if the cloud does not offer the type.
    pub fn max_count(&self, cloud: HostCloud) -> u32 {
        match cloud {
            HostCloud::Secure if self.offer.secure => self.offer.max_secure,
            HostCloud::Community if self.offer.community => self.offer.max_community,
            _ => 0,
        }
    }

    pub fn is_nvidia(&self) -> bool {
        self.manufacturer == "NVIDIA"
    }
}

impl MarketCpuFlavor {
    /// Whether the count is a power of two within the flavor's range.
    pub fn allows(&self, vcpu_count: u32) -> bool {
        vcpu_count.is_power_of_two() && (self.vcpu.min..=self.vcpu.max).contains(&vcpu_count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_catalog_reads_and_cuda_versions_sort_as_numbers() {
        assert!(market().gpu("NVIDIA H100 80GB HBM3").is_some());
        assert!(market().center("CA-MTL-2").is_none(), "unlisted centers take nothing");
        assert!(version_number("12.11") > version_number("12.2"));
        assert_eq!(LISTS.cuda_versions.first().map(String::as_str), Some("11.8"));
        let pooled = market().gpu_types.iter().filter(|gpu| gpu.pool.is_some());
        assert!(pooled.clone().count() > 10 && pooled.clone().all(|gpu| gpu.serverless_price().is_some()));
        assert_eq!(LISTS.v1_gpu_types.len(), 49, "the v1 document lists 49 types");
    }
}
