//! Templates in v1.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::emulator::dialect::call::Call;
use crate::emulator::dialect::command::ContainerCommand;
use crate::emulator::dialect::response::{Response, RouteResult};
use crate::emulator::dialect::route::Route;
use crate::emulator::dialect::schema::{ObjectShape, PresentMembers, TEXT, TEXTS, Type, WHOLE, checked};
use crate::emulator::dialect::templates::delete;
use crate::emulator::rules::refusal::RequestRefusal;
use crate::emulator::state::container::ContainerSettings;
use crate::emulator::state::template::{Template, TemplateSettings, TemplateVolume};
use crate::emulator::state::world::World;
use crate::transport::Method::{Delete, Get, Post};

const CREATE_TEMPLATE: ObjectShape = ObjectShape {
    members: &[&[
        ("category", Type::Word(&["NVIDIA", "AMD", "CPU"])),
        ("containerDiskInGb", WHOLE),
        ("containerRegistryAuthId", TEXT),
        ("dockerEntrypoint", TEXTS),
        ("dockerStartCmd", TEXTS),
        ("env", Type::TextMap),
        ("imageName", TEXT),
        ("isPublic", Type::Flag),
        ("isServerless", Type::Flag),
        ("name", TEXT),
        ("ports", TEXTS),
        ("readme", TEXT),
        ("volumeInGb", WHOLE),
        ("volumeMountPath", TEXT),
    ]],
    required: &["name", "imageName"],
    min_members: 0,
};

pub const ROUTES: &[Route] = &[
    Route::read(Get, "templates", "listTemplates", list),
    Route::write(Post, "templates", "createTemplate", create),
    Route::read(Get, "templates/{id}", "getTemplate", get),
    Route::write(Delete, "templates/{id}", "deleteTemplate", delete),
];

fn view(template: &Template) -> Value {
    let TemplateSettings { name, container, volume, serverless, public, category, .. } = &template.settings;
    let ContainerCommand { entrypoint, cmd } = ContainerCommand::parse(&container.args);
    let volume = volume.as_ref();
    json!({
        "id": template.id, "name": name, "imageName": container.image, "category": category,
        "containerDiskInGb": container.disk, "containerRegistryAuthId": container.registry.as_deref().unwrap_or(""),
        "dockerEntrypoint": entrypoint, "dockerStartCmd": cmd, "env": container.env, "ports": container.ports,
        "isPublic": public, "isRunpod": false, "isServerless": serverless, "readme": "",
        "volumeInGb": volume.map_or(0, |volume| volume.size),
        "volumeMountPath": volume.map_or("/workspace", |volume| &volume.path),
    })
}

fn list(world: &World, call: &Call, now: Timestamp) -> RouteResult {
    let listed = world.templates.listed(u64::MAX, &call.tweaks, now);
    Ok(Response::json(200, listed.map(view).collect::<Value>()))
}

fn get(world: &World, call: &Call, now: Timestamp) -> RouteResult {
    Ok(Response::json(200, view(world.templates.find(call.object_id(), now)?)))
}

fn create(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    checked(&CREATE_TEMPLATE, call.body.as_ref())?;
    let body = PresentMembers::of(call.body.as_ref());
    let text = |name: &str| body.text(name).unwrap_or_default().to_owned();
    let command = ContainerCommand {
        entrypoint: body.texts("dockerEntrypoint").unwrap_or_default(),
        cmd: body.texts("dockerStartCmd").unwrap_or_default(),
    };
    let size = body.whole("volumeInGb").unwrap_or(20);
    let path = body.text("volumeMountPath").unwrap_or("/workspace").to_owned();
    let container = ContainerSettings {
        image: text("imageName"),
        args: command.encode(),
        disk: body.whole("containerDiskInGb").unwrap_or(50),
        ports: body.texts("ports").unwrap_or_else(|| ["8888/http", "22/tcp"].map(str::to_owned).to_vec()),
        env: body.text_map("env").unwrap_or_default(),
        registry: body.text("containerRegistryAuthId").filter(|id| !id.is_empty()).map(str::to_owned),
    };
    let settings = TemplateSettings {
        name: text("name"),
        container,
        volume: (size > 0).then_some(TemplateVolume { size, path }),
        serverless: body.flag("isServerless").unwrap_or(false),
        public: body.flag("isPublic").unwrap_or(false),
        category: body.text("category").unwrap_or("NVIDIA").to_owned(),
        start_ssh: true,
        start_jupyter: true,
        cuda_versions: Vec::new(),
    };
    Ok(Response::json(200, view(world.create_template(settings, &call.tweaks, now)?)))
}

/// Completes the body of a create from its template. Explicit members win, and `env` is merged by key.
pub fn completed(world: &World, body: Option<&Value>, now: Timestamp) -> Result<Option<Value>, RequestRefusal> {
    let Some(id) = PresentMembers::of(body).text("templateId").filter(|id| !id.is_empty()) else {
        return Ok(body.cloned());
    };
    let template = world.readable_template(id, now).map_err(|_| RequestRefusal::rule("template not found"))?;
    if template.settings.serverless {
        return Err(RequestRefusal::rule("a serverless template cannot be used for a pod"));
    }
    let mut members = body.and_then(Value::as_object).cloned().unwrap_or_default();
    members.remove("templateId");
    let mut env: Map<String, Value> =
        template.settings.container.env.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    env.extend(members.get("env").and_then(Value::as_object).cloned().unwrap_or_default());
    members.insert("env".to_owned(), Value::Object(env));
    let supplied = view(template);
    for name in [
        "imageName",
        "containerDiskInGb",
        "containerRegistryAuthId",
        "dockerEntrypoint",
        "dockerStartCmd",
        "ports",
        "volumeInGb",
        "volumeMountPath",
    ] {
        members.entry(name).or_insert_with(|| supplied[name].clone());
    }
    Ok(Some(Value::Object(members)))
}
