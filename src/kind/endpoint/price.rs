//! The price of endpoints: workers, of which RunPod runs at least `workers_min` and at most `workers_max`.

use crate::catalog::Catalog;
use crate::kind::price::{MachineFacts, Pricing, Unpriced};
use crate::model::{Attributes, Cost, Value};

pub(super) const PRICING: Pricing = Pricing { estimate: floor, peak: Some(peak), unpriced };

/// The workers that always run.
fn floor(catalog: &Catalog, attributes: &Attributes, _: MachineFacts<'_>) -> Cost {
    workers(catalog, attributes, "workers_min")
}

/// All workers that RunPod may start.
fn peak(catalog: &Catalog, attributes: &Attributes, _: MachineFacts<'_>) -> Cost {
    workers(catalog, attributes, "workers_max")
}

fn workers(catalog: &Catalog, attributes: &Attributes, limit: &str) -> Cost {
    let count = whole(attributes, limit).and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
    match count {
        0 => Cost::ZERO,
        count => worker(catalog, attributes).times(count),
    }
}

/// One worker on the most expensive hardware that is allowed; unknown if one has no price.
fn worker(catalog: &Catalog, attributes: &Attributes) -> Cost {
    let count = whole(attributes, "gpu_count").unwrap_or(1);
    let pools = texts(attributes, "gpu_pools");
    let prices: Option<Vec<_>> = pools.iter().map(|pool| Some(catalog.serverless_price(pool)?.times(count))).collect();
    // The catalog has no prices of CPU workers.
    let prices = prices.filter(|_| texts(attributes, "cpu_instances").is_empty()).unwrap_or_default();
    match (prices.iter().min(), prices.iter().max()) {
        (Some(least), Some(most)) => Cost { at_most: least < most, ..Cost::from(*most) },
        _ => Cost::UNKNOWN,
    }
}

fn unpriced<'a>(catalog: &Catalog, attributes: &'a Attributes) -> Vec<Unpriced<'a>> {
    let pools = texts(attributes, "gpu_pools").into_iter().filter(|pool| catalog.serverless_price(pool).is_none());
    pools.chain(texts(attributes, "cpu_instances")).map(|id| Unpriced { id, cloud: None }).collect()
}

fn whole(attributes: &Attributes, name: &str) -> Option<i64> {
    attributes.get(name).and_then(Value::as_int)
}

fn texts<'a>(attributes: &'a Attributes, name: &str) -> Vec<&'a str> {
    attributes.get(name).map(Value::text_items).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costs(pools: &[&str], min: i64, max: i64) -> (Cost, Cost) {
        let attributes: Attributes = [
            ("gpu_pools", Value::texts(pools.iter().copied())),
            ("gpu_count", Value::Int(2)),
            ("workers_min", Value::Int(min)),
            ("workers_max", Value::Int(max)),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        let (catalog, known) = (Catalog::embedded(), MachineFacts::default());
        (floor(catalog, &attributes, known), peak(catalog, &attributes, known))
    }

    #[test]
    fn the_floor_counts_the_least_and_the_ceiling_the_most_workers() {
        let (floor, peak) = costs(&["ADA_24"], 1, 3);
        assert_eq!((floor.of_one(), peak.of_one()), ("$2.20/h".into(), "$6.60/h".into()));
        let (floor, peak) = costs(&["ADA_24", "AMPERE_24"], 0, 5);
        assert_eq!((floor, peak.of_one()), (Cost::ZERO, "up to $11.00/h".into()));
        let (floor, peak) = costs(&["HOPPER_141"], 0, 3);
        assert_eq!((floor, peak.unpriced), (Cost::ZERO, 3), "workers that do not run cost nothing at any price");
    }
}
