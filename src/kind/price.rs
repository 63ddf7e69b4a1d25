//! Estimates the hourly cost of resources from the catalog. For existing objects, RunPod's billing is authoritative.

use std::collections::BTreeMap;

use crate::catalog::{Catalog, Cloud};
use crate::model::{Attributes, Cost, Money, Object, Power, Price, Status, Value};

/// The price of a kind's objects.
#[derive(Debug)]
pub struct Pricing {
    /// Dollars per hour of an object with these attributes, including storage.
    pub estimate: fn(&Catalog, &Attributes, MachineFacts<'_>) -> Cost,
    /// The highest price that an object can reach without a change by sindri; `None` if that is the estimate.
    pub peak: Option<fn(&Catalog, &Attributes, MachineFacts<'_>) -> Cost>,
    /// The requested candidates that have no price in the catalog.
    pub unpriced: for<'a> fn(&Catalog, &'a Attributes) -> Vec<Unpriced<'a>>,
}

impl Pricing {
    /// Objects that RunPod does not bill.
    pub const FREE: Self = Self { estimate: |_, _, _| Cost::ZERO, peak: None, unpriced: |_, _| Vec::new() };
}

/// Facts about an object besides its attributes.
#[derive(Clone, Copy, Default)]
pub struct MachineFacts<'a> {
    /// RunPod's choice among the candidates: `gpu_type`, `cpu_flavor`.
    pub chosen: Option<&'a BTreeMap<String, String>>,
    pub power: Option<Power>,
    /// The machine price that RunPod reports. Used only if the catalog has no price.
    pub reported: Option<Money>,
}

impl<'a> MachineFacts<'a> {
    /// The facts that RunPod shows about an object.
    pub fn of(object: &'a Object) -> Self {
        Self {
            chosen: Some(&object.computed.chosen),
            power: object.status.as_ref().and_then(Status::power),
            reported: object.reported_price(),
        }
    }
}

/// Requested hardware without a price in the catalog: `Tesla T4`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unpriced<'a> {
    pub id: &'a str,
    /// `None` for serverless workers.
    pub cloud: Option<Cloud>,
}

/// Dollars per hour of a resource of `kind`, including storage; unknown for an unknown kind.
///
/// Until RunPod has chosen a machine, the most expensive candidate counts, and a candidate without a price makes the
/// machine's price unknown. Source: contract, section 16. Spot pods count at the on-demand price, because the catalog
/// has no other.
pub fn estimate(catalog: &Catalog, kind: &str, attributes: &Attributes, known: MachineFacts<'_>) -> Cost {
    super::find(kind).map_or(Cost::UNKNOWN, |kind| (kind.pricing.estimate)(catalog, attributes, known))
}

/// The highest cost that a resource can reach without a change by sindri, see [`Pricing::peak`].
pub fn peak(catalog: &Catalog, kind: &str, attributes: &Attributes, known: MachineFacts<'_>) -> Cost {
    let Some(kind) = super::find(kind) else { return Cost::UNKNOWN };
    kind.pricing.peak.unwrap_or(kind.pricing.estimate)(catalog, attributes, known)
}

/// The cost of an existing object in its current state.
pub fn estimate_object(catalog: &Catalog, object: &Object) -> Cost {
    estimate(catalog, object.kind, &object.attributes, MachineFacts::of(object))
}

/// The price that RunPod reports, or the estimate if it reports none: for volumes and for the storage of stopped pods.
pub fn price_of(catalog: &Catalog, object: &Object) -> Price {
    match object.reported_price() {
        Some(hourly) => Price { hourly: hourly.into(), estimated: false },
        None => Price { hourly: estimate_object(catalog, object), estimated: true },
    }
}

/// The requested candidates of a resource of `kind` that have no price.
pub fn unpriced<'a>(catalog: &Catalog, kind: &str, attributes: &'a Attributes) -> Vec<Unpriced<'a>> {
    super::find(kind).map_or_else(Vec::new, |kind| (kind.pricing.unpriced)(catalog, attributes))
}

/// A number of gigabytes, zero if it is not set.
pub(super) fn size_gb(attributes: &Attributes, name: &str) -> i64 {
    attributes.get(name).and_then(Value::as_int).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(entries: &[(&str, Value)]) -> Attributes {
        entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    fn dollars(kind: &str, inputs: &Attributes, power: Option<Power>) -> f64 {
        let cost = estimate(Catalog::embedded(), kind, inputs, MachineFacts { power, ..MachineFacts::default() });
        (cost.amount().expect("a known price").dollars() * 1e4).round() / 1e4
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
    fn the_chosen_machine_takes_precedence_over_candidates() {
        let chosen = BTreeMap::from([("gpu_type".to_owned(), "NVIDIA L4".to_owned())]);
        let known = MachineFacts { chosen: Some(&chosen), ..MachineFacts::default() };
        let cost = estimate(Catalog::embedded(), "pod", &gpu_pod(), known);
        assert_eq!((cost.known.dollars() * 100.0).round(), 50.0);
        assert!(!cost.at_most);
    }

    #[test]
    fn the_most_expensive_candidate_counts_until_one_is_chosen() {
        let mut inputs = gpu_pod();
        let cost = |inputs: &Attributes| estimate(Catalog::embedded(), "pod", inputs, MachineFacts::default());
        assert_eq!(cost(&inputs).of_one(), "up to $0.75/h");
        inputs.insert("gpu_types", Value::texts(["NVIDIA L4", "NVIDIA GeForce RTX 4090"]));
        assert_eq!(cost(&inputs).of_one(), "up to $0.75/h", "their order is no matter");
        inputs.insert("gpu_types", Value::texts(["NVIDIA L4"]));
        assert_eq!(cost(&inputs).of_one(), "$0.50/h");
    }

    #[test]
    fn one_candidate_without_a_price_leaves_the_machine_unknown() {
        let catalog = Catalog::embedded();
        for gpus in [&["Tesla T4"][..], &["NVIDIA L4", "Tesla T4"], &["Tesla T4", "NVIDIA L4"], &["NVIDIA Next"], &[]] {
            let mut inputs = gpu_pod();
            inputs.insert("gpu_types", Value::texts(gpus.iter().copied()));
            let cost = |known| estimate(catalog, "pod", &inputs, known);
            let running = cost(MachineFacts::default());
            assert_eq!((running.amount(), running.unpriced), (None, 1), "{gpus:?}");
            assert!(running.known > Money::ZERO, "the disks are known");
            let stopped = cost(MachineFacts { power: Some(Power::Stopped), ..MachineFacts::default() });
            assert!(stopped.is_known(), "a stopped pod has no machine");
            let reported = cost(MachineFacts { reported: Some(Money::from_dollars(0.2)), ..MachineFacts::default() });
            assert_eq!(reported.of_one(), "$0.21/h", "RunPod knows its price");
        }
    }

    #[test]
    fn every_type_has_a_price_or_is_unknown_but_never_free() {
        let catalog = Catalog::embedded();
        for (gpu, cloud) in catalog.gpu_types.iter().flat_map(|gpu| [Cloud::Secure, Cloud::Community].map(|c| (gpu, c)))
        {
            let mut inputs = gpu_pod();
            inputs.insert("cloud", cloud.word().into());
            inputs.insert("gpu_types", Value::texts([gpu.id.as_str()]));
            let cost = estimate(catalog, "pod", &inputs, MachineFacts::default());
            assert_eq!(cost.is_known(), gpu.price(cloud).is_some(), "{} in {cloud}", gpu.id);
            assert_eq!(cost.is_known(), unpriced(catalog, "pod", &inputs).is_empty(), "{} in {cloud}", gpu.id);
            assert!(cost.amount().is_none_or(|amount| amount > Money::from_dollars(0.05)), "{} in {cloud}", gpu.id);
        }
    }

    #[test]
    fn a_cpu_pod_costs_its_vcpus() {
        let inputs = attributes(&[("cpu_flavors", Value::texts(["cpu3c"])), ("vcpu_count", Value::Int(8))]);
        assert_eq!(dollars("pod", &inputs, Some(Power::Running)), 0.24);
    }

    #[test]
    fn a_network_volume_is_cheaper_beyond_one_terabyte_and_costs_more_when_fast() {
        let volume = |size_gb, tier: &str| attributes(&[("size_gb", Value::Int(size_gb)), ("tier", tier.into())]);
        assert_eq!(dollars("network_volume", &volume(730, "STANDARD"), None), 0.07);
        assert_eq!(
            dollars("network_volume", &volume(1730, "STANDARD"), None),
            (70.0f64 / 730.0 * 1e4).round() / 1e4 + 0.05
        );
        assert_eq!(dollars("network_volume", &volume(730, "HIGH_PERFORMANCE"), None), 0.14);
    }
}
