//! Descriptions of templates.

use std::collections::BTreeMap;

use crate::kind::Description;
use crate::model::{Attributes, Value};

pub(super) fn describe(attributes: &Attributes, _: &BTreeMap<String, String>) -> Description {
    let image = attributes.get("image").and_then(Value::as_text).map(|image| format!("image {image}"));
    let is = |name: &str| attributes.get(name).and_then(Value::as_bool) == Some(true);
    let marks = [("serverless", "for serverless workers"), ("public", "public")];
    Description {
        what: image.unwrap_or_default(),
        place: None,
        details: marks.into_iter().filter(|(name, _)| is(name)).map(|(_, words)| words.to_owned()).collect(),
    }
}
