//! Writes an existing secret as an item of `secrets`.

use crate::config::lines::{KnownIds, YamlLines};
use crate::model::{Object, Value};

pub(super) fn write(lines: &mut YamlLines, secret: &Object, _: &KnownIds) {
    // The item begins with its name, which may be another one.
    lines.field("storeName", secret.attributes.get("name"));
    lines.line("# RunPod does not show the value. It is read from the environment when `version` is raised.");
    lines.line("source: env");
    lines.line("store: runpod");
    lines.field("version", Some(&Value::Int(1)));
    // The environment of existing pods must not change.
    lines.field("inject", Some(&Value::Bool(false)));
    let description = secret.attributes.get("description");
    lines.field("description", description.filter(|text| text.as_text() != Some("")));
}
