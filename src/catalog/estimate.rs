//! What a resource costs per hour, estimated from the snapshot; what RunPod bills is the authority for what exists.

use std::collections::BTreeMap;

use super::{Catalog, Cloud};
use crate::model::{Attributes, Money, Power, Value};

/// From here on each GB of a standard network volume is cheaper.
const FIRST_GB: i64 = 1000;

impl Catalog {
    /// Dollars per hour of a resource of `kind`, storage included; zero for what costs nothing or is not in the catalog.
    ///
    /// `chosen` is what RunPod picked among what was asked (`gpu_type`, `cpu_flavor`); without it the first candidate
    /// counts. Source: contract, section 16. Spot pods count at the on-demand price: the catalog has no other.
    pub fn estimate(
        &self,
        kind: &str,
        attributes: &Attributes,
        chosen: &BTreeMap<String, String>,
        power: Option<Power>,
    ) -> Money {
        match kind {
            "pod" => self.pod(attributes, chosen, power.unwrap_or_default()),
            "network_volume" => self.network_volume(attributes),
            _ => Money::ZERO,
        }
    }

    fn pod(&self, attributes: &Attributes, chosen: &BTreeMap<String, String>, power: Power) -> Money {
        let size_gb = |name: &str| attributes.get(name).and_then(Value::as_int).unwrap_or(0);
        let (disk, volume) = (&self.storage.container_disk_per_gb_month, &self.storage.pod_volume_per_gb_month);
        let (machine, disk, volume) = match power {
            Power::Running => (self.machine(attributes, chosen), disk.running, volume.running),
            Power::Stopped => (Money::ZERO, disk.stopped, volume.stopped),
        };
        machine + (disk.times(size_gb("container_disk_gb")) + volume.times(size_gb("volume_gb"))).from_monthly()
    }

    fn machine(&self, attributes: &Attributes, chosen: &BTreeMap<String, String>) -> Money {
        let pick = |chosen_as: &str, name: &str| {
            let first = || attributes.get(name)?.text_items().first().copied();
            chosen.get(chosen_as).map(String::as_str).or_else(first)
        };
        let count = |name: &str| attributes.get(name).and_then(Value::as_int);
        if let Some(gpu) = pick("gpu_type", "gpu_types").and_then(|id| self.gpu_type(id)) {
            let cloud = attributes.get("cloud").and_then(Value::as_text).and_then(Cloud::parse).unwrap_or_default();
            return gpu.price(cloud).unwrap_or_default().times(count("gpu_count").unwrap_or(1));
        }
        let flavor = pick("cpu_flavor", "cpu_flavors").and_then(|id| self.cpu_flavor(id));
        flavor.and_then(|flavor| flavor.price_per_vcpu()).unwrap_or_default().times(count("vcpu_count").unwrap_or(0))
    }

    fn network_volume(&self, attributes: &Attributes) -> Money {
        let size_gb = attributes.get("size_gb").and_then(Value::as_int).unwrap_or(0);
        let prices = &self.storage.network_volume_per_gb_month;
        let monthly = if attributes.get("tier").and_then(Value::as_text) == Some("HIGH_PERFORMANCE") {
            prices.high_performance.times(size_gb)
        } else {
            prices.standard_first1000_gb.times(size_gb.min(FIRST_GB))
                + prices.standard_beyond.times(size_gb.saturating_sub(FIRST_GB).max(0))
        };
        monthly.from_monthly()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(entries: &[(&str, Value)]) -> Attributes {
        entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    fn dollars(kind: &str, inputs: &Attributes, power: Option<Power>) -> f64 {
        let cost = Catalog::embedded().estimate(kind, inputs, &BTreeMap::new(), power);
        (cost.dollars() * 1e4).round() / 1e4
    }

    fn gpu_pod() -> Attributes {
        attributes(&[
            ("cloud", "SECURE".into()),
            ("gpu_types", Value::texts(["NVIDIA GeForce RTX 4090", "NVIDIA L4"])),
            ("gpu_count", Value::Int(1)),
            ("container_disk_gb", Value::Int(50)),
            ("volume_gb", Value::Int(20)),
        ])
    }

    #[test]
    fn a_running_pod_costs_its_gpus_and_both_disks() {
        // The worked example of the contract, section 16.
        assert_eq!(dollars("pod", &gpu_pod(), Some(Power::Running)), 0.7496);
    }

    #[test]
    fn a_stopped_pod_costs_its_volume_at_twice_the_price() {
        assert_eq!(dollars("pod", &gpu_pod(), Some(Power::Stopped)), 0.0055);
    }

    #[test]
    fn what_runpod_chose_counts_before_the_first_candidate() {
        let chosen = BTreeMap::from([("gpu_type".to_owned(), "NVIDIA L4".to_owned())]);
        let cost = Catalog::embedded().estimate("pod", &gpu_pod(), &chosen, Some(Power::Running));
        assert_eq!((cost.dollars() * 100.0).round(), 50.0);
    }

    #[test]
    fn a_cpu_pod_costs_its_vcpus() {
        let inputs = attributes(&[("cpu_flavors", Value::texts(["cpu3c"])), ("vcpu_count", Value::Int(8))]);
        assert_eq!(dollars("pod", &inputs, Some(Power::Running)), 0.24);
    }

    #[test]
    fn a_network_volume_is_cheaper_beyond_its_first_terabyte_and_dearer_when_fast() {
        let volume = |size_gb, tier: &str| attributes(&[("size_gb", Value::Int(size_gb)), ("tier", tier.into())]);
        assert_eq!(dollars("network_volume", &volume(730, "STANDARD"), None), 0.07);
        assert_eq!(
            dollars("network_volume", &volume(1730, "STANDARD"), None),
            (70.0f64 / 730.0 * 1e4).round() / 1e4 + 0.05
        );
        assert_eq!(dollars("network_volume", &volume(730, "HIGH_PERFORMANCE"), None), 0.14);
    }
}
