//! Completing the body of a pod or an endpoint from a template. v2 keeps no link to it.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::emulator::dialect::schema::PresentMembers;
use crate::emulator::rules::refusal::RequestRefusal;
use crate::emulator::state::template::Template;
use crate::emulator::state::world::World;

/// The template that a body names, if it names one. `serverless` says which kind of template fits.
pub fn named_template<'world>(
    world: &'world World,
    body: Option<&Value>,
    serverless: bool,
    now: Timestamp,
) -> Result<Option<&'world Template>, RequestRefusal> {
    let Some(id) = PresentMembers::of(body).text("templateId").filter(|id| !id.is_empty()) else { return Ok(None) };
    let template = world.readable_template(id, now)?;
    match (template.settings.serverless, serverless) {
        (true, false) => {
            Err(RequestRefusal::violation("$.templateId", "a serverless template cannot be used for a pod"))
        }
        (false, true) => Err(RequestRefusal::violation("$.templateId", "the template is not a serverless template")),
        _ => Ok(Some(template)),
    }
}

/// The body with the container settings of the template. Explicit members win, and `env` is merged by key (`templateId`
/// in the document).
pub fn with_container(template: &Template, body: Option<&Value>) -> Map<String, Value> {
    let container = &template.settings.container;
    let mut members = body.and_then(Value::as_object).cloned().unwrap_or_default();
    members.remove("templateId");
    let runs = ["args", "cmd", "entrypoint"].iter().any(|name| members.contains_key(*name));
    let mut supply = |name: &str, value: Value| {
        members.entry(name.to_owned()).or_insert(value);
    };
    supply("image", json!(container.image));
    supply("disk", json!(container.disk));
    supply("ports", json!(container.ports));
    supply("registry", json!(container.registry));
    if !runs {
        supply("args", json!(container.args));
    }
    let mut env: Map<String, Value> = container.env.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    env.extend(members.get("env").and_then(Value::as_object).cloned().unwrap_or_default());
    members.insert("env".to_owned(), Value::Object(env));
    members
}

/// Completes the body of a pod. An update takes neither mounts nor the flags of a create.
pub fn completed_pod(
    world: &World,
    body: Option<&Value>,
    creates: bool,
    now: Timestamp,
) -> Result<Option<Value>, RequestRefusal> {
    let Some(template) = named_template(world, body, false, now)? else { return Ok(body.cloned()) };
    let mut members = with_container(template, body);
    if creates {
        supply_to_create(template, &mut members);
    }
    Ok(Some(Value::Object(members)))
}

/// Completes the body of an endpoint. A create also takes the CUDA versions, for a GPU without a constraint of its own.
pub fn completed_endpoint(
    world: &World,
    body: Option<&Value>,
    creates: bool,
    now: Timestamp,
) -> Result<Option<Value>, RequestRefusal> {
    let Some(template) = named_template(world, body, true, now)? else { return Ok(body.cloned()) };
    let mut members = with_container(template, body);
    if creates {
        supply_cuda(template, &mut members);
    }
    Ok(Some(Value::Object(members)))
}

fn supply_to_create(template: &Template, members: &mut Map<String, Value>) {
    let settings = &template.settings;
    members.entry("startSsh").or_insert(json!(settings.start_ssh));
    members.entry("startJupyter").or_insert(json!(settings.start_jupyter));
    if let Some(volume) = settings.volume.as_ref().filter(|_| !members.contains_key("cpu")) {
        let mount = json!({ "persistent": { "size": volume.size, "path": volume.path } });
        members.entry("mounts").or_insert(mount);
    }
    supply_cuda(template, members);
}

/// Supplies the CUDA versions of the template to a GPU that constrains none.
pub fn supply_cuda(template: &Template, members: &mut Map<String, Value>) {
    if let Some(gpu) = members.get_mut("gpu").and_then(Value::as_object_mut)
        && !["allowedCudaVersions", "minCudaVersion"].iter().any(|name| gpu.contains_key(*name))
    {
        gpu.insert("allowedCudaVersions".to_owned(), json!(template.settings.cuda_versions));
    }
}
