//! `sindri catalog`: what RunPod rents out, from the snapshot in the binary.

use serde_json::{Value, json};

use crate::catalog::{Catalog, Cloud};
use crate::cli::args::{CatalogArgs, CatalogList};
use crate::cli::console::Console;
use crate::cli::exit::Exit;
use crate::model::Money;

/// A table: its columns, its rows, and the same rows for tools.
struct Table {
    columns: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    items: Vec<Value>,
}

pub fn run(args: &CatalogArgs, console: &Console) -> Exit {
    let catalog = Catalog::embedded();
    let mut table = match args.what {
        CatalogList::Gpus => gpus(catalog),
        CatalogList::Pools => pools(catalog),
        CatalogList::Cpus => cpus(catalog),
        CatalogList::Regions => regions(catalog),
    };
    if let Some(filter) = args.filter.as_ref().map(|filter| filter.to_lowercase()) {
        let keep: Vec<bool> =
            table.rows.iter().map(|row| row.iter().any(|cell| cell.to_lowercase().contains(&filter))).collect();
        let mut kept = keep.iter();
        table.rows.retain(|_| *kept.next().unwrap_or(&false));
        let mut kept = keep.iter();
        table.items.retain(|_| *kept.next().unwrap_or(&false));
    }
    if console.json {
        console.json(&json!({ "format_version": "1.0", "compiled": catalog.compiled, "items": table.items }));
    } else {
        console.result(&table.text());
        console.say(&format!("Snapshot of {}; prices per hour are estimates, stock is not in it.", catalog.compiled));
    }
    Exit::Success
}

impl Table {
    fn text(&self) -> String {
        let mut widths: Vec<usize> = self.columns.iter().map(|column| column.len()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let mut text = String::new();
        let header: Vec<String> = self.columns.iter().map(ToString::to_string).collect();
        for row in std::iter::once(&header).chain(&self.rows) {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            text.push_str(cells.join("  ").trim_end());
            text.push('\n');
        }
        text
    }
}

fn price(amount: Option<Money>) -> String {
    amount.map_or_else(|| "-".into(), |amount| amount.to_string())
}

fn dollars(amount: Option<Money>) -> Value {
    amount.map_or(Value::Null, |amount| json!(amount.dollars()))
}

fn gpus(catalog: &Catalog) -> Table {
    let rows = catalog.gpu_types.iter().map(|gpu| {
        vec![
            gpu.id.clone(),
            format!("{} GB", gpu.vram_gb),
            gpu.pool.clone().unwrap_or_else(|| "-".into()),
            price(gpu.price(Cloud::Secure)),
            price(gpu.price(Cloud::Community)),
        ]
    });
    let items = catalog.gpu_types.iter().map(|gpu| {
        json!({
            "id": gpu.id,
            "name": gpu.display_name,
            "vram_gb": gpu.vram_gb,
            "pool": gpu.pool,
            "hourly": { "secure": dollars(gpu.price(Cloud::Secure)), "community": dollars(gpu.price(Cloud::Community)) },
            "max_count": { "secure": gpu.max_count(Cloud::Secure), "community": gpu.max_count(Cloud::Community) },
        })
    });
    Table {
        columns: vec!["GPU TYPE", "VRAM", "POOL", "SECURE", "COMMUNITY"],
        rows: rows.collect(),
        items: items.collect(),
    }
}

fn pools(catalog: &Catalog) -> Table {
    let tier = |pool: &str| catalog.aliases.tiers.iter().find(|tier| tier.pool == pool).map(|tier| tier.tier.clone());
    let rows = catalog.pools.iter().map(|pool| {
        vec![
            pool.id.clone(),
            tier(&pool.id).unwrap_or_else(|| "-".into()),
            format!("{} GB", pool.vram_gb),
            pool.members.join(", "),
        ]
    });
    let items = catalog.pools.iter().map(
        |pool| json!({ "id": pool.id, "tier": tier(&pool.id), "vram_gb": pool.vram_gb, "gpu_types": pool.members }),
    );
    Table { columns: vec!["POOL", "TIER", "VRAM", "GPU TYPES"], rows: rows.collect(), items: items.collect() }
}

fn cpus(catalog: &Catalog) -> Table {
    let rows = catalog.cpu_flavors.iter().map(|flavor| {
        vec![
            flavor.id.clone(),
            format!("{}-{}", flavor.vcpu.min, flavor.vcpu.max),
            format!("{} GB", flavor.ram_gb_per_vcpu),
            format!("{} GB", flavor.disk_limit_gb_per_vcpu),
            price(flavor.price_per_vcpu()),
            format!("{}, {}", flavor.name, flavor.group),
        ]
    });
    let items = catalog.cpu_flavors.iter().map(|flavor| {
        json!({
            "id": flavor.id,
            "vcpu": { "min": flavor.vcpu.min, "max": flavor.vcpu.max },
            "ram_gb_per_vcpu": flavor.ram_gb_per_vcpu,
            "disk_limit_gb_per_vcpu": flavor.disk_limit_gb_per_vcpu,
            "hourly_per_vcpu": dollars(flavor.price_per_vcpu()),
        })
    });
    Table {
        columns: vec!["FLAVOR", "VCPU", "RAM/VCPU", "DISK/VCPU", "PER VCPU", "KIND"],
        rows: rows.collect(),
        items: items.collect(),
    }
}

fn regions(catalog: &Catalog) -> Table {
    let listed = || catalog.data_centers.iter().filter(|center| center.is_listed());
    let rows = listed().map(|center| {
        let tiers = center.volume_tiers().join(", ");
        vec![center.id.clone(), center.location.clone(), if tiers.is_empty() { "-".into() } else { tiers }]
    });
    let items = listed().map(|center| {
        json!({
            "id": center.id,
            "location": center.location,
            "country": center.country_code,
            "region": center.region,
            "network_volume_tiers": center.volume_tiers(),
        })
    });
    Table { columns: vec!["REGION", "LOCATION", "NETWORK VOLUMES"], rows: rows.collect(), items: items.collect() }
}
