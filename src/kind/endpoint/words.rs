//! Descriptions of endpoints.

use std::collections::BTreeMap;

use super::attributes::ATTRIBUTES;
use crate::kind::Description;
use crate::kind::attribute::supplied;
use crate::kind::description::alternatives;
use crate::model::{Attributes, Loss, Risk, Value};

/// The word for endpoints with a queue.
pub(super) const QUEUE: &str = "QUEUE";

/// Whether jobs wait in a queue. RunPod omits the type of some endpoints; those have one.
fn has_queue(attributes: &Attributes) -> bool {
    text(attributes, "routing").is_none_or(|routing| routing == QUEUE)
}

/// A new endpoint has another address, and a delete cancels all jobs. Source: `deleteEndpoint` of OpenAPI v2.
pub(super) fn losses(attributes: &Attributes) -> Vec<Loss> {
    let loss =
        |what: &str| Loss { what: what.to_owned(), names: Vec::new(), size_gb: None, mount_path: None, precious: true };
    let jobs = has_queue(attributes).then(|| loss("queued and running jobs"));
    [loss("address")].into_iter().chain(jobs).collect()
}

pub(super) fn precious_risk(attributes: &Attributes) -> Risk {
    if has_queue(attributes) { Risk::JobsLoss } else { Risk::AddressLoss }
}

pub(super) fn describe(attributes: &Attributes, _: &BTreeMap<String, String>) -> Description {
    let number = |name: &str| attributes.get(name).and_then(Value::as_int);
    let list = |name: &str| attributes.get(name).map(Value::text_items).unwrap_or_default();
    let hardware = match (list("gpu_pools").as_slice(), list("cpu_instances").as_slice()) {
        ([], []) => None,
        ([], instances) => Some(alternatives(instances)),
        (pools, _) => Some(format!("{} x {}", number("gpu_count").unwrap_or(1), alternatives(pools))),
    };
    let workers = match (number("workers_min").unwrap_or(0), number("workers_max")) {
        (_, None) => None,
        (least, Some(most)) if least == most => Some(format!("{most} worker{}", if most == 1 { "" } else { "s" })),
        (least, Some(most)) => Some(format!("{least} to {most} workers")),
    };
    let mut details = Vec::new();
    if !has_queue(attributes) {
        details.push("load balancer".to_owned());
    }
    details.extend(text(attributes, "image").map(|image| format!("image {image}")));
    if let Some((_, supplier, id)) = supplied(ATTRIBUTES, attributes).next() {
        details.push(format!("from {supplier} {id}"));
    }
    let regions = alternatives(&list("regions"));
    Description {
        what: workers.into_iter().chain(hardware).collect::<Vec<_>>().join(", "),
        place: (!regions.is_empty()).then_some(regions),
        details,
    }
}

fn text<'a>(attributes: &'a Attributes, name: &str) -> Option<&'a str> {
    attributes.get(name).and_then(Value::as_text)
}
