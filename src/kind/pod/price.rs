//! The price of pods: machine, container disk and pod volume.

use crate::catalog::{Catalog, Cloud};
use crate::kind::price::{MachineFacts, Pricing, Unpriced, size_gb};
use crate::model::{Attributes, Cost, Money, Power, Value};

pub(super) const PRICING: Pricing = Pricing { estimate, peak: None, unpriced };

fn estimate(catalog: &Catalog, attributes: &Attributes, known: MachineFacts<'_>) -> Cost {
    let (disk, volume) = (&catalog.storage.container_disk_per_gb_month, &catalog.storage.pod_volume_per_gb_month);
    let (machine, disk, volume) = match known.power.unwrap_or_default() {
        Power::Running => (machine(catalog, attributes, known), disk.running, volume.running),
        Power::Stopped => (Cost::ZERO, disk.stopped, volume.stopped),
    };
    let disks = disk.times(size_gb(attributes, "container_disk_gb")) + volume.times(size_gb(attributes, "volume_gb"));
    machine + disks.from_monthly().into()
}

fn unpriced<'a>(catalog: &Catalog, attributes: &'a Attributes) -> Vec<Unpriced<'a>> {
    let cloud = cloud(attributes);
    let gpus = texts(attributes, "gpu_types").filter(|id| gpu_price(catalog, id, cloud).is_none());
    let cpus = texts(attributes, "cpu_flavors").filter(|id| cpu_price(catalog, id).is_none());
    gpus.chain(cpus).map(|id| Unpriced { id, cloud: Some(cloud) }).collect()
}

fn machine(catalog: &Catalog, attributes: &Attributes, known: MachineFacts<'_>) -> Cost {
    let count = |name: &str| attributes.get(name).and_then(Value::as_int);
    let cloud = cloud(attributes);
    let gpus = candidates(attributes, known, ("gpu_type", "gpu_types"));
    let gpus = gpus.into_iter().map(|id| Some(gpu_price(catalog, id, cloud)?.times(count("gpu_count").unwrap_or(1))));
    let cpus = candidates(attributes, known, ("cpu_flavor", "cpu_flavors"));
    let cpus = cpus.into_iter().map(|id| Some(cpu_price(catalog, id)?.times(count("vcpu_count")?)));
    let prices: Option<Vec<Money>> = gpus.chain(cpus).collect();
    let prices = prices.unwrap_or_default();
    match (prices.iter().min(), prices.iter().max(), known.reported) {
        (Some(least), Some(most), _) => Cost { at_most: least < most, ..Cost::from(*most) },
        (_, _, Some(reported)) => reported.into(),
        _ => Cost::UNKNOWN,
    }
}

fn gpu_price(catalog: &Catalog, id: &str, cloud: Cloud) -> Option<Money> {
    catalog.gpu_type(id)?.price(cloud)
}

fn cpu_price(catalog: &Catalog, id: &str) -> Option<Money> {
    catalog.cpu_flavor(id)?.price_per_vcpu()
}

fn cloud(attributes: &Attributes) -> Cloud {
    attributes.get("cloud").and_then(Value::as_text).and_then(Cloud::parse).unwrap_or_default()
}

fn texts<'a>(attributes: &'a Attributes, name: &str) -> impl Iterator<Item = &'a str> {
    attributes.get(name).into_iter().flat_map(Value::text_items)
}

/// RunPod's choice, otherwise all requested candidates.
fn candidates<'a>(attributes: &'a Attributes, known: MachineFacts<'a>, (chosen, asked): (&str, &str)) -> Vec<&'a str> {
    match known.chosen.and_then(|known| known.get(chosen)) {
        Some(id) => vec![id],
        None => texts(attributes, asked).collect(),
    }
}
