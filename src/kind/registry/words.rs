//! Descriptions of registry credentials.

use std::collections::BTreeMap;

use crate::kind::Description;
use crate::model::{Attributes, Value};

/// The user name and the password are never described.
pub(super) fn describe(attributes: &Attributes, _: &BTreeMap<String, String>) -> Description {
    let version = attributes.get("version").and_then(Value::as_int);
    Description {
        what: version.map(|version| format!("version {version}")).unwrap_or_default(),
        ..Description::default()
    }
}
