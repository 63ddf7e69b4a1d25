//! Documented members of pods and machines that the live v1 often omits. Some generated clients, such as the crate
//! runpod-sdk, fail without them. Source: `Pod` and `Machine` of OpenAPI v1.

use serde::Serialize;

use crate::emulator::rules::market::market;
use crate::emulator::state::hardware::Hardware;

/// The price of a spot pod as a share of the on-demand price.
const SPOT_SHARE: f64 = 0.5;

/// A GPU type with its prices, or an empty one. The emulator has no savings plans, so plan prices equal normal prices.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GpuTypeView<'world> {
    community_price: f64,
    community_spot_price: f64,
    count: u32,
    display_name: &'static str,
    id: &'world str,
    one_month_price: f64,
    one_week_price: f64,
    secure_price: f64,
    secure_spot_price: f64,
    six_month_price: f64,
    three_month_price: f64,
}

impl<'world> GpuTypeView<'world> {
    fn of(hardware: &'world Hardware, count: u32) -> Self {
        let id = if let Hardware::Gpu { id, .. } = hardware { id.as_str() } else { "" };
        let gpu = market().gpu(id);
        let (secure, community) = gpu.map_or((0.0, 0.0), |gpu| (gpu.offer.price_secure, gpu.offer.price_community));
        Self {
            community_price: community,
            community_spot_price: community * SPOT_SHARE,
            count,
            display_name: gpu.map_or("", |gpu| gpu.display_name.as_str()),
            id,
            one_month_price: secure,
            one_week_price: secure,
            secure_price: secure,
            secure_spot_price: secure * SPOT_SHARE,
            six_month_price: secure,
            three_month_price: secure,
        }
    }
}

/// Members of a pod that only the document has. Most are empty, because the document allows null only for two members.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DocumentedPod<'world> {
    ai_api_id: &'static str,
    endpoint_id: &'static str,
    gpu: GpuTypeView<'world>,
    savings_plans: [(); 0],
    sls_version: u32,
}

impl<'world> DocumentedPod<'world> {
    pub fn of(hardware: &'world Hardware, gpu_count: u32) -> Self {
        let gpu = GpuTypeView::of(hardware, gpu_count);
        Self { ai_api_id: "", endpoint_id: "", gpu, savings_plans: [], sls_version: 0 }
    }
}

/// Members of a machine that only the document has.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DocumentedMachine<'world> {
    cost_per_hr: f64,
    cpu_type: CpuTypeView,
    cpu_type_id: &'static str,
    #[serde(rename = "diskThroughputMBps")]
    disk_throughput_mbps: u32,
    gpu_available: u32,
    gpu_type: GpuTypeView<'world>,
    max_download_speed_mbps: u32,
    max_upload_speed_mbps: u32,
    min_pod_gpu_count: u32,
    note: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CpuTypeView {
    cores: u32,
    display_name: &'static str,
    group_id: &'static str,
    id: &'static str,
    threads_per_core: u32,
}

impl<'world> DocumentedMachine<'world> {
    /// `price` is the hourly price of the pod, `cores` its number of vCPUs.
    pub fn of(hardware: &'world Hardware, price: f64, cores: u32) -> Self {
        let (gpu_count, flavor) = match hardware {
            Hardware::Gpu { count, .. } => (*count, None),
            Hardware::Cpu { id, .. } => (0, market().flavor(id)),
        };
        let flavor_id = flavor.map_or("", |flavor| flavor.id.as_str());
        Self {
            cost_per_hr: price,
            cpu_type: CpuTypeView {
                cores,
                display_name: flavor.map_or("", |flavor| flavor.name.as_str()),
                group_id: flavor.map_or("", |flavor| flavor.group.as_str()),
                id: flavor_id,
                threads_per_core: 2,
            },
            cpu_type_id: flavor_id,
            disk_throughput_mbps: 0,
            gpu_available: 0,
            max_download_speed_mbps: 0,
            max_upload_speed_mbps: 0,
            min_pod_gpu_count: u32::from(gpu_count > 0),
            gpu_type: GpuTypeView::of(hardware, gpu_count),
            note: "",
        }
    }
}
