//! The catalog values of a field, for completion in editors.

use std::collections::BTreeSet;

use crate::catalog::Catalog;

pub(super) fn gpus(catalog: &Catalog) -> Vec<String> {
    let types = catalog.gpu_types.iter().map(|gpu| gpu.id.clone());
    types.chain(catalog.pools.iter().map(|pool| pool.id.clone())).chain(tiers(catalog)).collect()
}

pub(super) fn tiers(catalog: &Catalog) -> Vec<String> {
    catalog.aliases.tiers.iter().map(|tier| tier.tier.clone()).collect()
}

pub(super) fn flavors(catalog: &Catalog) -> Vec<String> {
    catalog.cpu_flavors.iter().map(|flavor| flavor.id.clone()).collect()
}

/// Data centers, plus the countries and continents that select all of their data centers.
pub(super) fn regions(catalog: &Catalog) -> Vec<String> {
    let centers = || catalog.data_centers.iter().filter(|center| center.is_listed());
    let countries: BTreeSet<String> = centers().map(|center| center.country_code.clone()).collect();
    centers().map(|center| center.id.clone()).chain(countries).chain(["EU".to_owned()]).collect()
}

pub(super) fn volume_regions(catalog: &Catalog) -> Vec<String> {
    let centers = catalog.data_centers.iter().filter(|center| !center.volume_tiers().is_empty());
    centers.map(|center| center.id.clone()).collect()
}
