//! Descriptions of pods.

use std::collections::BTreeMap;

use super::attributes::ATTRIBUTES;
use crate::kind::Description;
use crate::kind::attribute::supplied;
use crate::kind::description::alternatives;
use crate::model::{Attributes, Loss, Value};

pub(super) fn losses(attributes: &Attributes) -> Vec<Loss> {
    let size = |name: &str| attributes.get(name).and_then(Value::as_int).filter(|size| *size > 0);
    let mut losses = Vec::new();
    if let Some(size_gb) = size("volume_gb") {
        let mount_path = attributes.get("volume_mount_path").and_then(Value::as_text).map(str::to_owned);
        losses.push(Loss {
            what: "pod volume".into(),
            names: Vec::new(),
            size_gb: Some(size_gb),
            mount_path,
            precious: true,
        });
    }
    if let Some(size_gb) = size("container_disk_gb") {
        losses.push(Loss {
            what: "container disk".into(),
            names: Vec::new(),
            size_gb: Some(size_gb),
            mount_path: None,
            precious: false,
        });
    }
    losses
}

pub(super) fn describe(attributes: &Attributes, chosen: &BTreeMap<String, String>) -> Description {
    let number = |name: &str| attributes.get(name).and_then(Value::as_int).filter(|number| *number > 0);
    let candidates = |member: &str, list: &str| {
        let listed = || alternatives(&attributes.get(list).map(Value::text_items).unwrap_or_default());
        Some(chosen.get(member).cloned().unwrap_or_else(listed)).filter(|words| !words.is_empty())
    };
    let what = match candidates("gpu_type", "gpu_types") {
        Some(gpu) => format!("{} x {gpu}", number("gpu_count").unwrap_or(1)),
        None => {
            let vcpus = number("vcpu_count").map(|count| format!("{count} vCPU"));
            vcpus.into_iter().chain(candidates("cpu_flavor", "cpu_flavors")).collect::<Vec<_>>().join(" ")
        }
    };
    let mut details = Vec::new();
    details.extend(attributes.get("cloud").and_then(Value::as_text).map(str::to_owned));
    if !matches!(attributes.get("spot"), None | Some(Value::Null | Value::Bool(false))) {
        details.push("spot".to_owned());
    }
    details.extend(attributes.get("image").and_then(Value::as_text).map(|image| format!("image {image}")));
    if let Some((_, supplier, id)) = supplied(ATTRIBUTES, attributes).next() {
        details.push(format!("from {supplier} {id}"));
    }
    if let Some(size) = number("volume_gb") {
        let path = attributes.get("volume_mount_path").and_then(Value::as_text);
        details.push(format!("pod volume {size} GB{}", path.map(|path| format!(" at {path}")).unwrap_or_default()));
    }
    match attributes.get("network_volume") {
        Some(Value::Reference(address)) => details.push(format!("on {address}")),
        Some(Value::Text(id)) if !id.is_empty() => details.push(format!("on network volume {id}")),
        _ => {}
    }
    Description { what, place: candidates("region", "regions"), details }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(pairs: &[(&str, Value)], chosen: &[(&str, &str)]) -> String {
        let attributes = pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let chosen = chosen.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        describe(&attributes, &chosen).to_string()
    }

    #[test]
    fn a_pod_is_described_by_hardware_region_and_image() {
        let cpu =
            [("cpu_flavors", Value::texts(["cpu3c", "cpu5c"])), ("vcpu_count", 8.into()), ("image", "a:1".into())];
        assert_eq!(words(&cpu, &[]), "8 vCPU cpu3c or cpu5c, image a:1");
        let gpus = Value::texts(["A", "B", "C", "D", "E"]);
        let mut gpu = vec![("gpu_types", gpus), ("gpu_count", 2.into()), ("regions", Value::texts(["X", "Y"]))];
        gpu.extend([("spot", true.into()), ("network_volume", "vol-1".into()), ("volume_gb", 0.into())]);
        assert_eq!(words(&gpu, &[]), "2 x A, B or 3 others, X or Y, spot, on network volume vol-1");
        assert_eq!(words(&gpu, &[("gpu_type", "B"), ("region", "Y")]), "2 x B, Y, spot, on network volume vol-1");
    }
}
