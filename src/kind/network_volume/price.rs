//! The price of network volumes.

use crate::catalog::Catalog;
use crate::kind::price::{MachineFacts, Pricing, size_gb};
use crate::model::{Attributes, Cost, Value};

/// Above this size, each GB of a standard network volume is cheaper.
const FIRST_GB: i64 = 1000;

pub(super) const PRICING: Pricing = Pricing { estimate, peak: None, unpriced: |_, _| Vec::new() };

fn estimate(catalog: &Catalog, attributes: &Attributes, _: MachineFacts<'_>) -> Cost {
    let size_gb = size_gb(attributes, "size_gb");
    let prices = &catalog.storage.network_volume_per_gb_month;
    let monthly = if attributes.get("tier").and_then(Value::as_text) == Some("HIGH_PERFORMANCE") {
        prices.high_performance.times(size_gb)
    } else {
        prices.standard_first1000_gb.times(size_gb.min(FIRST_GB))
            + prices.standard_beyond.times(size_gb.saturating_sub(FIRST_GB).max(0))
    };
    monthly.from_monthly().into()
}
