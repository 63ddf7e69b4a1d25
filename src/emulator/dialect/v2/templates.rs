//! Templates in v2.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::container::{CONTAINER, PERSISTENT, VERSION};
use crate::emulator::dialect::call::Call;
use crate::emulator::dialect::command::ContainerCommand;
use crate::emulator::dialect::response::{Response, RouteResult};
use crate::emulator::dialect::route::Route;
use crate::emulator::dialect::schema::{NAME, ObjectShape, PresentMembers, Type, checked};
use crate::emulator::dialect::templates::delete;
use crate::emulator::rules::refusal::RequestRefusal;
use crate::emulator::state::template::{Template, TemplateVolume};
use crate::emulator::state::world::World;
use crate::transport::Method::{Delete, Get, Post};

const TEMPLATE_MOUNTS: ObjectShape =
    ObjectShape { members: &[&[("persistent", Type::Object(&PERSISTENT))]], required: &[], min_members: 0 };

const CREATE_TEMPLATE: ObjectShape = ObjectShape {
    members: &[
        CONTAINER,
        &[
            ("name", NAME),
            ("mounts", Type::Object(&TEMPLATE_MOUNTS)),
            ("serverless", Type::Flag),
            ("public", Type::Flag),
            ("category", Type::Word(&["CPU", "NVIDIA", "AMD"])),
            ("startJupyter", Type::Flag),
            ("startSsh", Type::Flag),
            ("allowedCudaVersions", Type::List { of: &VERSION, max: usize::MAX }),
        ],
    ],
    required: &["name", "image"],
    min_members: 0,
};

pub const ROUTES: &[Route] = &[
    Route::read(Get, "templates", "listTemplates", list),
    Route::write(Post, "templates", "createTemplate", create),
    Route::read(Get, "templates/{id}", "getTemplate", get),
    Route::write(Delete, "templates/{id}", "deleteTemplate", delete),
];

fn view(template: &Template) -> Value {
    let mounts = template
        .volume
        .as_ref()
        .map_or_else(|| json!({}), |volume| json!({ "persistent": { "size": volume.size, "path": volume.path } }));
    let ContainerCommand { entrypoint, cmd } = ContainerCommand::parse(&template.args);
    json!({
        "id": template.id, "name": template.name, "image": template.image, "args": template.args,
        "entrypoint": entrypoint, "cmd": cmd, "disk": template.disk, "mounts": mounts, "ports": template.ports,
        "env": template.env, "registry": template.registry, "serverless": template.serverless,
        "public": template.public, "category": template.category, "startSsh": template.start_ssh,
        "startJupyter": template.start_jupyter, "allowedCudaVersions": template.cuda_versions,
    })
}

fn list(world: &World, _: &Call, _: Timestamp) -> RouteResult {
    let rows: Vec<Value> = world.templates.newest_first().map(view).collect();
    Ok(Response::json(200, json!({ "templates": rows })))
}

fn get(world: &World, call: &Call, _: Timestamp) -> RouteResult {
    Ok(Response::json(200, view(world.templates.get(call.object_id()).ok_or(RequestRefusal::NotFound)?)))
}

/// `startSsh` and `startJupyter` default to true; `ports` and `mounts` default to none (Q33).
fn create(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    checked(&CREATE_TEMPLATE, call.body.as_ref())?;
    let body = PresentMembers::of(call.body.as_ref());
    let text = |name: &str| body.text(name).unwrap_or_default().to_owned();
    let persistent = body.object("mounts").and_then(|mounts| mounts.object("persistent"));
    let stored = ContainerCommand::stored("", body.text("args"), body.texts("entrypoint"), body.texts("cmd"));
    let template = Template {
        serial: 0,
        id: String::new(),
        name: text("name"),
        image: text("image"),
        args: stored.ok_or_else(|| RequestRefusal::rule("args conflicts with entrypoint/cmd"))?,
        disk: body.whole("disk").unwrap_or(20),
        ports: body.texts("ports").unwrap_or_default(),
        env: body.text_map("env").unwrap_or_default(),
        registry: body.text("registry").filter(|id| !id.is_empty()).map(str::to_owned),
        volume: persistent.map(|mount| TemplateVolume {
            size: mount.whole("size").unwrap_or(0),
            path: mount.text("path").unwrap_or_default().to_owned(),
        }),
        serverless: body.flag("serverless").unwrap_or(false),
        public: body.flag("public").unwrap_or(false),
        category: body.text("category").unwrap_or("NVIDIA").to_owned(),
        start_ssh: body.flag("startSsh").unwrap_or(true),
        start_jupyter: body.flag("startJupyter").unwrap_or(true),
        cuda_versions: body.texts("allowedCudaVersions").unwrap_or_default(),
    };
    world.now = now;
    Ok(Response::json(201, view(world.add_template(template)?)))
}

/// Completes a body from its template. Explicit members win, and `env` is merged by key (`templateId` in the document).
/// An update takes neither mounts nor the flags of a create.
pub fn completed(world: &World, body: Option<&Value>, creates: bool) -> Result<Option<Value>, RequestRefusal> {
    let Some(id) = PresentMembers::of(body).text("templateId").filter(|id| !id.is_empty()) else {
        return Ok(body.cloned());
    };
    let template = world.templates.get(id).ok_or(RequestRefusal::NotFound)?;
    if template.serverless {
        return Err(RequestRefusal::violation("$.templateId", "a serverless template cannot be used for a pod"));
    }
    let mut members = body.and_then(Value::as_object).cloned().unwrap_or_default();
    members.remove("templateId");
    let runs = ["args", "cmd", "entrypoint"].iter().any(|name| members.contains_key(*name));
    let mut supply = |name: &str, value: Value| {
        members.entry(name.to_owned()).or_insert(value);
    };
    supply("image", json!(template.image));
    supply("disk", json!(template.disk));
    supply("ports", json!(template.ports));
    supply("registry", json!(template.registry));
    if !runs {
        supply("args", json!(template.args));
    }
    let mut env: Map<String, Value> = template.env.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    env.extend(members.get("env").and_then(Value::as_object).cloned().unwrap_or_default());
    members.insert("env".to_owned(), Value::Object(env));
    if creates {
        supply_to_create(template, &mut members);
    }
    Ok(Some(Value::Object(members)))
}

fn supply_to_create(template: &Template, members: &mut Map<String, Value>) {
    members.entry("startSsh").or_insert(json!(template.start_ssh));
    members.entry("startJupyter").or_insert(json!(template.start_jupyter));
    if let Some(volume) = template.volume.as_ref().filter(|_| !members.contains_key("cpu")) {
        let mount = json!({ "persistent": { "size": volume.size, "path": volume.path } });
        members.entry("mounts").or_insert(mount);
    }
    if let Some(gpu) = members.get_mut("gpu").and_then(Value::as_object_mut)
        && !["allowedCudaVersions", "minCudaVersion"].iter().any(|name| gpu.contains_key(*name))
    {
        gpu.insert("allowedCudaVersions".to_owned(), json!(template.cuda_versions));
    }
}
