//! Descriptions of ECR delegations.

use std::collections::BTreeMap;

use crate::kind::Description;
use crate::model::{Attributes, Value};

pub(super) fn describe(attributes: &Attributes, _: &BTreeMap<String, String>) -> Description {
    let arn = attributes.get("ecr").and_then(Value::as_text);
    Description { what: arn.unwrap_or_default().to_owned(), ..Description::default() }
}
