//! Templates in v2. Source: `CreateTemplateRequest`, `UpdateTemplateRequest` and `Template` of RunPod's OpenAPI v2.

use serde_json::{Value as Body, json};

use super::container::{clear_registry, create_command, read_command, update_command};
use crate::kind::TEMPLATE;
use crate::model::{Attributes, Marker, Object, Value};
use crate::runpod::decode::{ReadAttributes, id_or_null, part, text, whole, words};
use crate::runpod::encode::{RequestBody, to_flag, to_list};
use crate::runpod::error::{ErrorClass, Purpose, names_all};
use crate::runpod::json::Json;
use crate::runpod::pods::{changed_environment, environment, ports, read_environment};
use crate::runpod::wire::{MemberNames, Update, Wire};

pub(super) static WIRE: Wire = Wire {
    kind: &TEMPLATE,
    collection: "/v2/templates",
    list_query: "",
    read_query: "",
    has_read: true,
    rows: Some("templates"),
    create: encode_create,
    update: Some(Update {
        encode: encode_update,
        attributes: &[
            "name",
            "image",
            "container_disk_gb",
            "volume_gb",
            "volume_mount_path",
            "ports",
            "env",
            "entrypoint",
            "command",
            "registry_auth",
            "cuda_versions",
            "start_ssh",
            "start_jupyter",
            "serverless",
            "public",
            "category",
        ],
        replaced_whole: &["env"],
    }),
    decode,
    power: None,
    stock: None,
    workers: None,
    advice,
};

const PLAIN: &MemberNames =
    &[("name", "name"), ("image", "image"), ("container_disk_gb", "disk"), ("category", "category")];
const FLAGS: &MemberNames =
    &[("start_ssh", "startSsh"), ("start_jupyter", "startJupyter"), ("serverless", "serverless"), ("public", "public")];
const LISTS: &MemberNames = &[("ports", "ports"), ("cuda_versions", "allowedCudaVersions")];

fn encode_create(inputs: &Attributes, _: Option<&Marker>) -> Body {
    let mut body = RequestBody::default();
    body.given(PLAIN, inputs);
    body.given(LISTS, inputs);
    body.given(&[("registry_auth", "registry")], inputs);
    // `startSsh` and `startJupyter` default to true, so `false` is sent too.
    body.changed(FLAGS, inputs, to_flag);
    if let Some(mount) = mount(inputs.get("volume_gb"), inputs.get("volume_mount_path")) {
        body.set("mounts", mount);
    }
    body.set("env", environment(inputs, None));
    create_command(&mut body, inputs);
    body.into_json()
}

/// The single mount of a template, with both members that v2 requires.
fn mount(volume_gb: Option<&Value>, path: Option<&Value>) -> Option<Body> {
    let size = volume_gb.and_then(Value::as_int).filter(|size| *size > 0)?;
    let path = path.and_then(Value::as_text).unwrap_or("/workspace");
    Some(json!({ "persistent": { "size": size, "path": path } }))
}

fn encode_update(current: &Object, changes: &Attributes) -> Body {
    let wanted = |attribute: &str| changes.get(attribute).or_else(|| current.attributes.get(attribute));
    let mut body = RequestBody::default();
    body.given(PLAIN, changes);
    body.changed(LISTS, changes, to_list);
    body.changed(FLAGS, changes, to_flag);
    body.changed(&[("registry_auth", "registry")], changes, clear_registry);
    body.changed(&[("env", "env")], changes, |env| changed_environment(current, env));
    update_command(&mut body, current, changes);
    if ["volume_gb", "volume_mount_path"].iter().any(|attribute| changes.contains_key(attribute))
        && let Some(mount) = mount(wanted("volume_gb"), wanted("volume_mount_path"))
    {
        body.set("mounts", mount);
    }
    body.into_json()
}

fn decode(json: &Json<'_>) -> Option<Object> {
    let mut found = ReadAttributes::default();
    found.texts(&[("name", "name"), ("image", "image"), ("category", "category")], json);
    found.numbers(&[("container_disk_gb", "disk")], json);
    found.flags(FLAGS, json);
    // A template without a volume was seen without `mounts` (Q23).
    let volume = part(part(json, "mounts"), "persistent");
    found.put("volume_gb", Some(whole(volume, "size").unwrap_or(0)));
    found.put("volume_mount_path", text(volume, "path"));
    found.put("ports", ports(json).map(Value::texts));
    let versions = json.get("allowedCudaVersions").map(|versions| words(Some(versions)));
    found.put("cuda_versions", versions.map(Value::texts));
    found.put("registry_auth", id_or_null(json, "registry"));
    found.put("env", read_environment(json).0);
    read_command(&mut found, json);
    found.into_object(&TEMPLATE, json)
}

/// Advice about a refused request.
fn advice(purpose: Purpose, class: ErrorClass, message: &str) -> Option<&'static str> {
    match (purpose, class) {
        (Purpose::Create | Purpose::Update, ErrorClass::Invalid | ErrorClass::Conflict) if is_taken(message) => Some(
            "names of templates are unique in an account, and RunPod keeps the name of a deleted one for a while. Set \
             another `name`, import the template that has it with `sindri import`, or wait and run the command again",
        ),
        (Purpose::Delete, ErrorClass::Invalid | ErrorClass::Conflict) => Some(
            "RunPod keeps a template while a pod or endpoint that was made from it by id exists. Delete those first \
             (the console shows the template of each: https://www.runpod.io/console), and run the command again. A \
             template costs nothing",
        ),
        _ => None,
    }
}

fn is_taken(message: &str) -> bool {
    ["unique", "already exists", "already in use", "taken"].iter().any(|words| names_all(message, &[words]))
}
