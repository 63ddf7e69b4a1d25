//! Documented members of pods and machines that the live v1 often omits. Some generated clients, such as the crate
//! runpod-sdk, fail without them. Source: `Pod` and `Machine` of OpenAPI v1.

use serde_json::{Value, json};

use crate::emulator::rules::market::market;
use crate::emulator::state::hardware::Hardware;

/// The price of a spot pod as a share of the on-demand price.
const SPOT_SHARE: f64 = 0.5;

/// A GPU type with its prices, or an empty one. The emulator has no savings plans, so plan prices equal normal prices.
pub(super) fn gpu(id: &str, count: u32) -> Value {
    let gpu = market().gpu(id);
    let (secure, community) = gpu.map_or((0.0, 0.0), |gpu| (gpu.offer.price_secure, gpu.offer.price_community));
    json!({
        "id": id,
        "count": count,
        "displayName": gpu.map_or("", |gpu| gpu.display_name.as_str()),
        "securePrice": secure,
        "communityPrice": community,
        "oneWeekPrice": secure,
        "oneMonthPrice": secure,
        "threeMonthPrice": secure,
        "sixMonthPrice": secure,
        "secureSpotPrice": secure * SPOT_SHARE,
        "communitySpotPrice": community * SPOT_SHARE,
    })
}

/// Adds missing members with empty values, because the document allows null only for two members.
pub(super) fn complete(pod: &mut Value) {
    let members = [
        ("aiApiId", json!("")),
        ("endpointId", json!("")),
        ("slsVersion", json!(0)),
        ("savingsPlans", json!([])),
        ("cpuFlavorId", json!("")),
        ("lastStartedAt", json!("")),
        ("vcpuCount", json!(0)),
        ("memoryInGb", json!(0)),
        ("gpu", gpu("", 0)),
    ];
    fill(pod, members);
    if pod["publicIp"] == "" {
        pod["publicIp"] = Value::Null;
    }
}

/// Adds missing members of a machine. `price` is the hourly price of its pod.
pub(super) fn complete_machine(machine: &mut Value, hardware: &Hardware, price: f64) {
    let (gpu_id, count) = match hardware {
        Hardware::Gpu { id, count, .. } => (id.as_str(), *count),
        Hardware::Cpu { .. } => ("", 0),
    };
    let flavor = match hardware {
        Hardware::Cpu { id, .. } => market().flavor(id),
        Hardware::Gpu { .. } => None,
    };
    let members = [
        ("minPodGpuCount", json!(u32::from(count > 0))),
        ("gpuTypeId", json!(gpu_id)),
        ("gpuType", gpu(gpu_id, count)),
        ("cpuTypeId", json!(flavor.map_or("", |flavor| flavor.id.as_str()))),
        (
            "cpuType",
            json!({
                "id": flavor.map_or("", |flavor| flavor.id.as_str()),
                "displayName": flavor.map_or("", |flavor| flavor.name.as_str()),
                "cores": machine["cpuCount"],
                "threadsPerCore": 2,
                "groupId": flavor.map_or("", |flavor| flavor.group.as_str()),
            }),
        ),
        ("diskThroughputMBps", json!(0)),
        ("maxDownloadSpeedMbps", json!(0)),
        ("maxUploadSpeedMbps", json!(0)),
        ("maintenanceStart", json!("")),
        ("maintenanceEnd", json!("")),
        ("maintenanceNote", json!("")),
        ("note", json!("")),
        ("costPerHr", json!(price)),
        ("currentPricePerGpu", json!(0)),
        ("gpuAvailable", json!(0)),
        ("gpuDisplayName", json!("")),
    ];
    fill(machine, members);
}

fn fill<const N: usize>(object: &mut Value, members: [(&str, Value); N]) {
    for (name, value) in members {
        if object.get(name).is_none() {
            object[name] = value;
        }
    }
}
