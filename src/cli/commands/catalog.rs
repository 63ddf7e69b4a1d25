//! `sindri catalog`: the hardware and regions that RunPod offers, from the snapshot in the binary.

use serde_json::{Value, json};

use crate::catalog::{Catalog, Cloud};
use crate::cli::args::{CatalogArgs, CatalogList};
use crate::cli::console::Console;
use crate::cli::exit::Exit;
use crate::model::Money;
use crate::model::natural;

/// Maximum length of a line.
const WIDTH: usize = 80;
/// A longer first cell gets its own line.
const FIRST_CELL: usize = 34;

/// A table, with the same rows for tools.
struct Table {
    columns: Vec<&'static str>,
    rows: Vec<CatalogRow>,
}

struct CatalogRow {
    cells: Vec<String>,
    item: Value,
}

pub fn run(args: &CatalogArgs, console: &Console) -> Exit {
    let catalog = Catalog::embedded();
    let (mut table, footer) = match args.what {
        CatalogList::Gpus => (gpus(catalog), " MAX: maximum per pod. `-`: not offered. `?`: not known."),
        CatalogList::Pools => (pools(catalog), ""),
        CatalogList::Cpus => (cpus(catalog), ""),
        CatalogList::Regions => (regions(catalog), ""),
    };
    table.rows.sort_by(|one, other| natural(&one.cells[0], &other.cells[0]));
    if let Some(filter) = &args.filter {
        let meant = catalog.gpu_types_meant(filter);
        let written = plain(filter);
        table
            .rows
            .retain(|row| row.cells.iter().any(|cell| plain(cell).contains(&written)) || meant.contains(&row.cells[0]));
    }
    if console.json {
        let items: Vec<Value> = table.rows.into_iter().map(|row| row.item).collect();
        console.json(&json!({ "format_version": "1.0", "compiled": catalog.compiled, "items": items }));
        return Exit::Success;
    }
    console.result(&table.text());
    match &args.filter {
        Some(filter) if table.rows.is_empty() => console.say(&format!("Nothing matches `{filter}`.")),
        _ => console.say(&format!("Snapshot of {}; prices per hour are estimates.{footer}", catalog.compiled)),
    }
    Exit::Success
}

/// Lowercase letters and digits, so that `rtx4090` finds `RTX 4090`.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl Table {
    fn text(&self) -> String {
        let header: Vec<String> = self.columns.iter().map(ToString::to_string).collect();
        let lines = || std::iter::once(&header).chain(self.rows.iter().map(|row| &row.cells));
        let width_of = |column: usize| {
            let widths = lines().map(|cells| cells[column].chars().count());
            widths.filter(|width| column > 0 || *width <= FIRST_CELL).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width_of).collect();
        let last = widths.len() - 1;
        let indent: usize = widths[..last].iter().map(|width| width + 2).sum();
        let mut text = String::new();
        for cells in lines() {
            let mut line = String::new();
            for (column, (cell, width)) in cells.iter().zip(&widths).take(last).enumerate() {
                if column == 0 && cell.chars().count() > *width {
                    text.push_str(&format!("{cell}\n{:width$}  ", ""));
                } else {
                    line.push_str(&format!("{cell:width$}  "));
                }
            }
            line.push_str(&wrapped(&cells[last], indent).join(&format!("\n{:indent$}", "")));
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// A cell that lists items, wrapped into as many lines as needed.
fn wrapped(cell: &str, indent: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for item in cell.split_inclusive(", ") {
        let fits = |line: &String| indent + line.chars().count() + item.trim_end().chars().count() <= WIDTH;
        match lines.last_mut() {
            Some(line) if line.is_empty() || fits(line) => line.push_str(item),
            _ => lines.push(item.to_owned()),
        }
    }
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

/// A price; without one, whether the cloud does not offer the GPU or the price is unknown.
fn price(amount: Option<Money>, is_offered: Option<bool>) -> String {
    match (amount, is_offered) {
        (Some(amount), _) => amount.to_string(),
        (None, Some(false)) => "-".into(),
        (None, _) => "?".into(),
    }
}

fn dollars(amount: Option<Money>) -> Value {
    amount.map_or(Value::Null, |amount| json!(amount.dollars()))
}

fn gpus(catalog: &Catalog) -> Table {
    let rows = catalog.gpu_types.iter().map(|gpu| {
        let most = |cloud| gpu.max_count(cloud).map_or_else(|| "?".into(), |count| count.to_string());
        let (secure, community) = (gpu.price(Cloud::Secure), gpu.price(Cloud::Community));
        let (in_secure, in_community) = (gpu.sold_in(Cloud::Secure), gpu.sold_in(Cloud::Community));
        let max_of = |cloud| if gpu.sold_in(cloud) == Some(false) { "-".to_owned() } else { most(cloud) };
        let cells = vec![
            gpu.id.clone(),
            format!("{} GB", gpu.vram_gb),
            price(secure, in_secure),
            max_of(Cloud::Secure),
            price(community, in_community),
            max_of(Cloud::Community),
        ];
        let item = json!({
            "id": gpu.id,
            "name": gpu.display_name,
            "vram_gb": gpu.vram_gb,
            "pool": gpu.pool,
            "hourly": { "secure": dollars(secure), "community": dollars(community) },
            "offered": { "secure": in_secure, "community": in_community },
            "max_count": { "secure": gpu.max_count(Cloud::Secure), "community": gpu.max_count(Cloud::Community) },
        });
        CatalogRow { cells, item }
    });
    Table { columns: vec!["GPU TYPE", "VRAM", "SECURE", "MAX", "COMMUNITY", "MAX"], rows: rows.collect() }
}

fn pools(catalog: &Catalog) -> Table {
    let tier = |pool: &str| catalog.aliases.tiers.iter().find(|tier| tier.pool == pool).map(|tier| tier.tier.clone());
    let name = |id: &String| catalog.gpu_type(id).map_or_else(|| id.clone(), |gpu| gpu.display_name.clone());
    let rows = catalog.pools.iter().map(|pool| {
        let members: Vec<String> = pool.members.iter().map(name).collect();
        let cells = vec![
            pool.id.clone(),
            tier(&pool.id).unwrap_or_else(|| "-".into()),
            format!("{} GB", pool.vram_gb),
            members.join(", "),
        ];
        let item = json!({ "id": pool.id, "tier": tier(&pool.id), "vram_gb": pool.vram_gb, "gpu_types": pool.members });
        CatalogRow { cells, item }
    });
    Table { columns: vec!["POOL", "TIER", "VRAM", "GPU TYPES"], rows: rows.collect() }
}

fn cpus(catalog: &Catalog) -> Table {
    let rows = catalog.cpu_flavors.iter().map(|flavor| {
        let cells = vec![
            flavor.id.clone(),
            format!("{}-{}", flavor.vcpu.min, flavor.vcpu.max),
            format!("{} GB", flavor.ram_gb_per_vcpu),
            format!("{} GB", flavor.disk_limit_gb_per_vcpu),
            price(flavor.price_per_vcpu(), None),
            format!("{}, {}", flavor.name, flavor.group),
        ];
        let item = json!({
            "id": flavor.id,
            "vcpu": { "min": flavor.vcpu.min, "max": flavor.vcpu.max },
            "ram_gb_per_vcpu": flavor.ram_gb_per_vcpu,
            "disk_limit_gb_per_vcpu": flavor.disk_limit_gb_per_vcpu,
            "hourly_per_vcpu": dollars(flavor.price_per_vcpu()),
        });
        CatalogRow { cells, item }
    });
    Table { columns: vec!["FLAVOR", "VCPU", "RAM/VCPU", "DISK/VCPU", "PER VCPU", "KIND"], rows: rows.collect() }
}

fn regions(catalog: &Catalog) -> Table {
    let listed = catalog.data_centers.iter().filter(|center| center.is_listed());
    let rows = listed.map(|center| {
        let tiers = center.volume_tiers().join(", ");
        let tiers = if tiers.is_empty() { "-".into() } else { tiers };
        let item = json!({
            "id": center.id,
            "location": center.location,
            "country": center.country_code,
            "region": center.region,
            "network_volume_tiers": center.volume_tiers(),
        });
        CatalogRow { cells: vec![center.id.clone(), center.location.clone(), tiers], item }
    });
    Table { columns: vec!["REGION", "LOCATION", "NETWORK VOLUMES"], rows: rows.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_fits_80_columns_in_natural_order() {
        let catalog = Catalog::embedded();
        for table in [gpus(catalog), pools(catalog), cpus(catalog), regions(catalog)] {
            let text = table.text();
            assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        }
        let mut names = ["NVIDIA A100 80GB PCIe", "NVIDIA A40", "NVIDIA A30"];
        names.sort_by(|one, other| natural(one, other));
        assert_eq!(names, ["NVIDIA A30", "NVIDIA A40", "NVIDIA A100 80GB PCIe"]);
    }
}
