//! The attributes of templates.
//!
//! Source: `CreateTemplateRequest` and `UpdateTemplateRequest` of RunPod's OpenAPI v2. An update can carry every
//! attribute.

use crate::kind::attribute::{AccountObject, Attribute, Compare, Names, SharedMap, Support, attribute, in_place};
use crate::model::{Effect, Value};

pub(super) const ATTRIBUTES: &[Attribute] = &[
    own("name", Compare::Exact),
    own("image", Compare::Exact),
    own("container_disk_gb", Compare::Exact),
    Attribute { effect: volume, ..own("volume_gb", Compare::Exact) },
    own("volume_mount_path", Compare::WhenSet),
    own("ports", Compare::Set),
    Attribute { shared: Some(&ENVIRONMENT), ..own("env", Compare::ManagedKeys) },
    own("entrypoint", Compare::Exact),
    own("command", Compare::Exact),
    Attribute {
        names: Some(Names::Outside(AccountObject::Registry)),
        // Source: `deleteRegistry` of RunPod's OpenAPI v2: templates silently lose the reference.
        cleared_by_delete: true,
        ..own("registry_auth", Compare::Exact)
    },
    own("cuda_versions", Compare::Set),
    own("start_ssh", Compare::Exact),
    own("start_jupyter", Compare::Exact),
    own("serverless", Compare::Exact),
    own("public", Compare::Exact),
    own("category", Compare::Exact),
];

/// An attribute of a template, all of which change in place.
const fn own(name: &'static str, compare: Compare) -> Attribute {
    attribute(name, compare, in_place, "a template changes in place", ONLY_V2)
}

const ONLY_V2: (Support, Support) =
    (Support::No { reason: "sindri manages templates only with REST v2", help: "use `apiVersion: v2`" }, Support::Yes);

/// RunPod adds no variables to a template, but people may in the console.
static ENVIRONMENT: SharedMap = SharedMap { title: "environment", injected: |_, _| false };

/// Source: `TemplateMounts` of OpenAPI v2: an update without a mount, or with an empty one, leaves the mount unchanged.
fn volume(before: &Value, after: &Value) -> Result<Effect, &'static str> {
    let size_gb = |value: &Value| value.as_int().unwrap_or(0);
    match (size_gb(before), size_gb(after)) {
        (1.., 0) => Err("RunPod cannot remove the volume of a template"),
        _ => Ok(Effect::InPlace),
    }
}
