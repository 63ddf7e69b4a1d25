//! Hourly prices (contract, section 16).

use super::market::market;
use crate::emulator::state::hardware::{Hardware, HostCloud};
use crate::emulator::state::ledger::{Rate, nanos};
use crate::emulator::state::pod::{Phase, Pod, Storage};
use crate::emulator::state::volume::Volume;

/// Storage prices are per month.
const HOURS_PER_MONTH: f64 = 730.0;

/// Nano-dollars per hour for storage at a price per GB and month.
pub fn storage(size_gb: u64, usd_per_gb_month: f64) -> i64 {
    nanos(size_gb as f64 * usd_per_gb_month / HOURS_PER_MONTH)
}

impl Hardware {
    /// USD per hour while running.
    pub fn price(&self, cloud: HostCloud) -> f64 {
        match self {
            Self::Gpu { id, attached, .. } => {
                market().gpu(id).map_or(0.0, |gpu| gpu.price(cloud)) * f64::from(*attached)
            }
            Self::Cpu { id, vcpu_count } => {
                market().flavor(id).map_or(0.0, |flavor| flavor.price_per_vcpu) * f64::from(*vcpu_count)
            }
        }
    }
}

impl Pod {
    /// USD per hour of compute while running. Spot is assumed to cost half.
    pub fn price(&self) -> f64 {
        self.hardware.price(self.cloud) * if self.interruptible { 0.5 } else { 1.0 }
    }

    /// The current cost of the pod.
    pub fn rate(&self) -> Rate {
        let persistent = if let Storage::Persistent { size } = self.storage { size } else { 0 };
        match self.phase {
            _ if self.is_serviced() => Rate::default(),
            Phase::Started { .. } => {
                Rate { compute: nanos(self.price()), storage: storage(self.disk, 0.10) + storage(persistent, 0.10) }
            }
            Phase::Stopped { .. } => Rate { compute: 0, storage: storage(persistent, 0.20) },
        }
    }
}

impl Volume {
    pub fn rate(&self) -> Rate {
        let storage = match self.tier.as_str() {
            "HIGH_PERFORMANCE" => storage(self.size, 0.14),
            _ => storage(self.size.min(1000), 0.07) + storage(self.size.saturating_sub(1000), 0.05),
        };
        Rate { compute: 0, storage }
    }
}

/// Rounds to a millionth of a dollar, to hide floating-point noise.
pub fn rounded(usd: f64) -> f64 {
    (usd * 1e6).round() / 1e6
}
