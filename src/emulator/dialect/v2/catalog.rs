//! The catalog in v2, with availability from the stock (contract, section 5).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::container::CUDA_VERSION;
use super::volumes::VOLUME_TIERS;
use crate::emulator::dialect::call::Call;
use crate::emulator::dialect::response::{Response, RouteResult};
use crate::emulator::dialect::route::Route;
use crate::emulator::rules::market::{LISTS, MarketCpuFlavor, MarketDataCenter, MarketGpuType, market};
use crate::emulator::rules::placement::StockLevel;
use crate::emulator::rules::pod_spec::CudaConstraint;
use crate::emulator::rules::refusal::RequestRefusal;
use crate::emulator::state::hardware::HostCloud;
use crate::emulator::state::world::World;
use crate::transport::Method::Get;

pub const ROUTES: &[Route] = &[
    Route::read(Get, "catalog/gpus", "listGpuTypes", gpus),
    Route::read(Get, "catalog/gpus/{id}", "getGpuType", gpu),
    Route::read(Get, "catalog/cpus", "listCpuTypes", cpus),
    Route::read(Get, "catalog/cpus/{id}", "getCpuType", cpu),
    Route::read(Get, "catalog/datacenters", "listDataCenters", data_centers),
    Route::read(Get, "catalog/datacenters/{id}", "getDataCenter", data_center),
];

const REGIONS: &[&str] =
    &["NORTH_AMERICA", "SOUTH_AMERICA", "EUROPE", "ASIA", "MIDDLE_EAST", "AFRICA", "OCEANIA", "ANTARCTICA", "UNKNOWN"];

/// The filters for availability.
struct Filter {
    available: bool,
    count: u32,
    cloud: Option<HostCloud>,
    countries: Vec<String>,
    cuda: CudaConstraint,
}

/// The items of a comma-joined query parameter, which must all be accepted words.
fn words(query: &BTreeMap<String, String>, name: &str, accepted: &[&str]) -> Result<Vec<String>, RequestRefusal> {
    let items = list(query, name);
    match items.iter().all(|item| accepted.contains(&item.as_str())) {
        true => Ok(items),
        false => {
            let accepted: Vec<String> = accepted.iter().map(|word| format!("'{word}'")).collect();
            Err(RequestRefusal::violation(
                &format!("$.{name}"),
                format!("value must be one of {}", accepted.join(", ")),
            ))
        }
    }
}

fn list(query: &BTreeMap<String, String>, name: &str) -> Vec<String> {
    query.get(name).map(|text| text.split(',').map(str::to_owned).collect()).unwrap_or_default()
}

fn whole(query: &BTreeMap<String, String>, name: &str, least: u32) -> Result<Option<u32>, RequestRefusal> {
    let Some(text) = query.get(name) else { return Ok(None) };
    let path = format!("$.{name}");
    let number: u32 = text.parse().map_err(|_| RequestRefusal::violation(&path, "got string, want integer"))?;
    if number < least {
        return Err(RequestRefusal::violation(&path, format!("minimum: got {number}, want {least}")));
    }
    Ok(Some(number))
}

/// Whether availability is requested. `include` and `product` must come together.
fn available(query: &BTreeMap<String, String>, products: &[&str]) -> Result<bool, RequestRefusal> {
    let include = !words(query, "include", &["AVAILABILITY"])?.is_empty();
    let product = !words(query, "product", products)?.is_empty();
    match (include, product) {
        (true, false) => Err(RequestRefusal::rule("product is required when include is AVAILABILITY")),
        (false, true) => Err(RequestRefusal::rule("product requires include=AVAILABILITY")),
        _ => Ok(include),
    }
}

impl Filter {
    fn for_gpus(query: &BTreeMap<String, String>) -> Result<Self, RequestRefusal> {
        let cloud = words(query, "cloud", HostCloud::WORDS)?;
        let countries = list(query, "countryCodes");
        let is_code = |code: &String| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        if !countries.iter().all(is_code) {
            return Err(RequestRefusal::violation("$.countryCodes", "does not match pattern '^[A-Z]{2}$'"));
        }
        let allowed = list(query, "cudaVersions");
        if !allowed.iter().all(|version| (CUDA_VERSION.holds)(version)) {
            let what = format!("does not match pattern '{}'", CUDA_VERSION.source);
            return Err(RequestRefusal::violation("$.cudaVersions", what));
        }
        let minimum = query.get("minCudaVersion").cloned();
        let is_floor = |text: &String| (CUDA_VERSION.holds)(text) || text.parse::<u32>().is_ok();
        if minimum.as_ref().is_some_and(|floor| !is_floor(floor)) {
            return Err(RequestRefusal::violation("$.minCudaVersion", r"does not match pattern '^\d+(\.\d+)?$'"));
        }
        if !allowed.is_empty() && minimum.is_some() {
            return Err(RequestRefusal::rule("cudaVersions and minCudaVersion are mutually exclusive"));
        }
        Ok(Self {
            available: available(query, &["POD", "CLUSTER", "SERVERLESS"])?,
            count: whole(query, "count", 1)?.unwrap_or(1),
            cloud: cloud.first().map(|word| HostCloud::from_word(Some(word))),
            countries,
            cuda: CudaConstraint { allowed, minimum },
        })
    }

    fn for_cpus(query: &BTreeMap<String, String>) -> Result<Self, RequestRefusal> {
        let count = whole(query, "vcpuCount", 2)?.unwrap_or(2);
        if !count.is_power_of_two() {
            return Err(RequestRefusal::rule("vcpuCount must be a power of two"));
        }
        Ok(Self {
            available: available(query, &["POD", "SERVERLESS"])?,
            count,
            cloud: None,
            countries: Vec::new(),
            cuda: CudaConstraint::default(),
        })
    }

    fn centers(&self) -> impl Iterator<Item = &'static MarketDataCenter> {
        market()
            .listed_centers()
            .filter(|center| self.countries.is_empty() || self.countries.contains(&center.country_code))
    }

    fn gpu_level(&self, world: &World, gpu: &MarketGpuType, center: &MarketDataCenter) -> StockLevel {
        let cuda = self.cuda.is_any() || (gpu.is_nvidia() && self.cuda.acceptable().next().is_some());
        let level =
            if cuda { world.stock.gpu_level(&gpu.id, self.count, self.cloud, &center.id) } else { StockLevel::None };
        // The documented race: the catalog reports stock that a create does not find.
        if world.settings.catalog_lies { level.max(StockLevel::Low) } else { level }
    }

    fn cpu_level(&self, world: &World, flavor: &MarketCpuFlavor, center: &MarketDataCenter) -> StockLevel {
        if flavor.allows(self.count) { world.stock.level(&flavor.id, 1, &center.id) } else { StockLevel::None }
    }
}

/// Adds `availability` and `dataCenters` from the level in each data center.
fn add_levels(row: &mut Value, levels: &[(&MarketDataCenter, StockLevel)]) {
    let best = levels.iter().map(|(_, level)| *level).max().unwrap_or(StockLevel::None);
    row["availability"] = json!(best.word());
    let place = |(center, level): &(&MarketDataCenter, StockLevel)| json!({ "id": center.id, "name": center.name, "availability": level.word() });
    row["dataCenters"] = levels.iter().map(place).collect();
}

fn gpu_row(world: &World, gpu: &MarketGpuType, filter: &Filter) -> Value {
    let offer = &gpu.offer;
    let mut row = json!({
        "id": gpu.id,
        "name": gpu.display_name,
        "pool": gpu.pool,
        "manufacturer": gpu.manufacturer,
        "memory": gpu.vram_gb,
        "secure": offer.secure,
        "community": offer.community,
        "price": { "secure": offer.price_secure, "community": offer.price_community },
        "maxCount": { "secure": offer.max_secure, "community": offer.max_community },
    });
    if let Some(price) = gpu.serverless_price() {
        row["price"]["serverless"] = json!(price);
    }
    if filter.available {
        let levels: Vec<_> = filter.centers().map(|center| (center, filter.gpu_level(world, gpu, center))).collect();
        add_levels(&mut row, &levels);
        if gpu.is_nvidia() {
            let some = levels.iter().any(|(_, level)| *level > StockLevel::None);
            let newest_first = LISTS.cuda_versions.iter().rev();
            row["cudaVersions"] =
                newest_first.map(|version| json!({ "version": version, "available": some })).collect();
        }
    }
    row
}

fn gpus(world: &World, call: &Call, _: Timestamp) -> RouteResult {
    let filter = Filter::for_gpus(&call.query)?;
    let mut rows: Vec<Value> = market().gpu_types.iter().map(|gpu| gpu_row(world, gpu, &filter)).collect();
    if world.settings.observed() {
        rows.push(unknown_gpu());
    }
    Ok(Response::json(200, json!({ "gpus": rows })))
}

/// A row seen in the live catalog (Q29).
fn unknown_gpu() -> Value {
    json!({
        "id": "unknown",
        "name": "unknown",
        "pool": null,
        "manufacturer": "UNKNOWN",
        "memory": 0,
        "secure": false,
        "community": false,
        "price": { "secure": 0, "community": 0 },
        "maxCount": { "secure": 0, "community": 0 },
    })
}

fn gpu(world: &World, call: &Call, _: Timestamp) -> RouteResult {
    let filter = Filter::for_gpus(&call.query)?;
    let gpu = market().gpu(call.object_id()).ok_or(RequestRefusal::NotFound)?;
    Ok(Response::json(200, gpu_row(world, gpu, &filter)))
}

fn cpu_row(world: &World, flavor: &MarketCpuFlavor, filter: &Filter) -> Value {
    let mut row = json!({
        "id": flavor.id,
        "name": flavor.name,
        "group": flavor.group,
        "vcpu": { "min": flavor.vcpu.min, "max": flavor.vcpu.max },
        "ramGbPerVcpu": flavor.ram_gb_per_vcpu,
        "price": { "securePerVcpu": flavor.price_per_vcpu, "serverlessPerVcpu": flavor.price_per_vcpu },
    });
    if filter.available {
        let levels: Vec<_> = filter.centers().map(|center| (center, filter.cpu_level(world, flavor, center))).collect();
        add_levels(&mut row, &levels);
    }
    row
}

fn cpus(world: &World, call: &Call, _: Timestamp) -> RouteResult {
    let filter = Filter::for_cpus(&call.query)?;
    let rows: Vec<Value> = market().cpu_flavors.iter().map(|flavor| cpu_row(world, flavor, &filter)).collect();
    Ok(Response::json(200, json!({ "cpus": rows })))
}

fn cpu(world: &World, call: &Call, _: Timestamp) -> RouteResult {
    let filter = Filter::for_cpus(&call.query)?;
    let flavor = market().flavor(call.object_id()).ok_or(RequestRefusal::NotFound)?;
    Ok(Response::json(200, cpu_row(world, flavor, &filter)))
}

fn center_row(world: &World, center: &MarketDataCenter, include: &[String]) -> Value {
    let mut row = json!({
        "id": center.id,
        "name": center.name,
        "region": center.region,
        "globalNetwork": center.offer.global_network,
        "networkVolumeTypes": center.offer.network_volume_types,
        // The embedded catalog has no data about compliance.
        "compliance": [],
    });
    let filter =
        Filter { available: true, count: 1, cloud: None, countries: Vec::new(), cuda: CudaConstraint::default() };
    if include.iter().any(|word| word == "GPU_AVAILABILITY") {
        let level = |gpu: &MarketGpuType| json!({ "id": gpu.id, "name": gpu.display_name, "availability": filter.gpu_level(world, gpu, center).word() });
        row["gpuAvailability"] = market().gpu_types.iter().map(level).collect();
    }
    if include.iter().any(|word| word == "CPU_AVAILABILITY") {
        let filter = Filter { count: 2, ..filter };
        let level = |flavor: &MarketCpuFlavor| json!({ "id": flavor.id, "name": flavor.name, "availability": filter.cpu_level(world, flavor, center).word() });
        row["cpuAvailability"] = market().cpu_flavors.iter().map(level).collect();
    }
    row
}

const INCLUDE: &[&str] = &["GPU_AVAILABILITY", "CPU_AVAILABILITY"];

fn data_centers(world: &World, call: &Call, _: Timestamp) -> RouteResult {
    let query = &call.query;
    let include = words(query, "include", INCLUDE)?;
    let regions = words(query, "regions", REGIONS)?;
    let tiers = words(query, "networkVolumeTypes", VOLUME_TIERS)?;
    let compliance = list(query, "compliance");
    let global = match query.get("globalNetwork").map(String::as_str) {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => return Err(RequestRefusal::violation("$.globalNetwork", "got string, want boolean")),
    };
    let rows: Vec<Value> = (market().listed_centers())
        .filter(|center| regions.is_empty() || regions.contains(&center.region))
        .filter(|center| tiers.iter().all(|tier| center.offer.network_volume_types.contains(tier)))
        .filter(|center| global.is_none_or(|wanted| wanted == center.offer.global_network))
        .filter(|_| compliance.is_empty())
        .map(|center| center_row(world, center, &include))
        .collect();
    Ok(Response::json(200, json!({ "dataCenters": rows })))
}

fn data_center(world: &World, call: &Call, _: Timestamp) -> RouteResult {
    let include = words(&call.query, "include", INCLUDE)?;
    let center = market().center(call.object_id()).ok_or(RequestRefusal::NotFound)?;
    Ok(Response::json(200, center_row(world, center, &include)))
}
