//! Descriptions of network volumes.

use std::collections::BTreeMap;

use crate::kind::Description;
use crate::model::{Attributes, Loss, Value};

pub(super) fn losses(attributes: &Attributes) -> Vec<Loss> {
    let size_gb = attributes.get("size_gb").and_then(Value::as_int);
    vec![Loss { what: "network volume".into(), names: Vec::new(), size_gb, mount_path: None, precious: true }]
}

pub(super) fn describe(attributes: &Attributes, _: &BTreeMap<String, String>) -> Description {
    let text = |name: &str| attributes.get(name).and_then(Value::as_text).map(str::to_owned);
    Description {
        what: attributes.get("size_gb").and_then(Value::as_int).map(|size| format!("{size} GB")).unwrap_or_default(),
        place: text("region"),
        details: text("tier").into_iter().collect(),
    }
}
