//! What a create asks for, free of dialect.

use std::collections::BTreeMap;

use super::market::{LISTS, market, version_number};
use super::ports::parse_port;
use super::refusal::Refusal;
use crate::emulator::state::hardware::{Cloud, Hardware};
use crate::emulator::state::pod::Storage;

/// A pod to be created.
#[derive(Clone)]
pub struct PodSpec {
    pub name: String,
    /// Tried one after another.
    pub hardware: Vec<Hardware>,
    pub cloud: Cloud,
    /// Where; empty: anywhere.
    pub data_centers: Vec<String>,
    /// The first center with stock, instead of any.
    pub data_centers_in_order: bool,
    /// ISO codes; empty: any.
    pub countries: Vec<String>,
    pub cuda: CudaConstraint,
    pub min_ram_per_gpu: u32,
    pub min_vcpu_per_gpu: u32,
    /// Only hosts with a public address.
    pub public_ip: bool,
    pub image: String,
    /// The stored form of the command (contract, section 3.4).
    pub args: String,
    pub disk: u64,
    pub storage: Storage,
    pub mount_path: String,
    pub ports: Vec<String>,
    pub env: BTreeMap<String, String>,
    pub registry: Option<String>,
    pub global_networking: bool,
    pub locked: bool,
    pub interruptible: bool,
    pub start_ssh: bool,
    pub start_jupyter: bool,
}

/// Which CUDA versions a host may report.
#[derive(Clone, Default)]
pub struct CudaConstraint {
    /// Exact matches; empty: any.
    pub allowed: Vec<String>,
    pub minimum: Option<String>,
}

impl CudaConstraint {
    pub fn accepts(&self, version: &str) -> bool {
        (self.allowed.is_empty() || self.allowed.iter().any(|allowed| allowed == version))
            && self.minimum.as_deref().is_none_or(|minimum| version_number(version) >= version_number(minimum))
    }

    pub fn is_any(&self) -> bool {
        self.allowed.is_empty() && self.minimum.is_none()
    }

    /// The versions that some host could report, newest last.
    pub fn acceptable(&self) -> impl Iterator<Item = &'static String> + Clone {
        LISTS.cuda_versions.iter().filter(|version| self.accepts(version))
    }
}

/// Limits of the console that the API is taken to enforce: ports and the size of the environment.
pub fn check_limits(ports: &[String], env: &BTreeMap<String, String>) -> Result<(), Refusal> {
    let parsed: Option<Vec<_>> = ports.iter().map(|port| parse_port(port)).collect();
    let http = |(_, protocol): &(u32, &str)| *protocol == "http";
    if parsed.is_none_or(|ports| ports.into_iter().filter(http).count() > 10) {
        return Err(Refusal::rule("invalid ports"));
    }
    if env.len() > 50 {
        return Err(Refusal::rule("too many environment variables"));
    }
    Ok(())
}

/// The limit of a CPU pod's container disk, in GB; none on GPU pods.
pub fn disk_limit(hardware: &Hardware) -> Option<u64> {
    match hardware {
        Hardware::Gpu { .. } => None,
        Hardware::Cpu { id, vcpu_count } => {
            market().flavor(id).map(|flavor| flavor.disk_gb_per_vcpu * u64::from(*vcpu_count))
        }
    }
}
