//! The pod that a create asks for, independent of the dialect.

use std::collections::BTreeMap;

use super::market::{LISTS, market, version_number};
use super::ports::parse_port;
use super::refusal::RequestRefusal;
use crate::emulator::state::hardware::{Hardware, HostCloud};
use crate::emulator::state::pod::Storage;

/// A pod to be created.
#[derive(Clone)]
pub struct PodSpec {
    pub name: String,
    /// Alternatives, tried in order.
    pub hardware: Vec<Hardware>,
    pub cloud: HostCloud,
    /// Allowed data centers; empty means any.
    pub data_centers: Vec<String>,
    /// Take the first data center with stock instead of a random one.
    pub data_centers_in_order: bool,
    /// Allowed countries as ISO codes; empty means any.
    pub countries: Vec<String>,
    pub cuda: CudaConstraint,
    pub min_ram_per_gpu: u32,
    pub min_vcpu_per_gpu: u32,
    /// Require a host with a public address.
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
    /// The template to remember as the origin of the pod.
    pub template: Option<String>,
    pub global_networking: bool,
    pub locked: bool,
    pub interruptible: bool,
    pub start_ssh: bool,
    pub start_jupyter: bool,
}

/// The CUDA versions that a host may have.
#[derive(Clone, Default)]
pub struct CudaConstraint {
    /// Exact versions; empty means any.
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

    /// All known versions that meet the constraint, newest last.
    pub fn acceptable(&self) -> impl Iterator<Item = &'static String> + Clone {
        LISTS.cuda_versions.iter().filter(|version| self.accepts(version))
    }
}

/// Checks the console's limits on ports and environment variables, which the API is assumed to enforce too.
pub fn check_limits(ports: &[String], env: &BTreeMap<String, String>) -> Result<(), RequestRefusal> {
    let parsed: Option<Vec<_>> = ports.iter().map(|port| parse_port(port)).collect();
    let http = |(_, protocol): &(u32, &str)| *protocol == "http";
    if parsed.is_none_or(|ports| ports.into_iter().filter(http).count() > 10) {
        return Err(RequestRefusal::rule("invalid ports"));
    }
    if env.len() > 50 {
        return Err(RequestRefusal::rule("too many environment variables"));
    }
    Ok(())
}

/// The largest container disk of a CPU pod, in GB. GPU pods have no limit.
pub fn disk_limit(hardware: &Hardware) -> Option<u64> {
    match hardware {
        Hardware::Gpu { .. } => None,
        Hardware::Cpu { id, vcpu_count } => {
            market().flavor(id).map(|flavor| flavor.disk_gb_per_vcpu * u64::from(*vcpu_count))
        }
    }
}
