//! Templates in v2.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::container::{self, CONTAINER, PERSISTENT, VERSIONS};
use crate::emulator::dialect::call::Call;
use crate::emulator::dialect::response::{Response, RouteResult};
use crate::emulator::dialect::route::Route;
use crate::emulator::dialect::schema::{Member, NAME, ObjectShape, PresentMembers, Type, checked};
use crate::emulator::dialect::templates::delete;
use crate::emulator::rules::public_templates::PUBLIC_TEMPLATES;
use crate::emulator::rules::refusal::RequestRefusal;
use crate::emulator::state::template::{Template, TemplateSettings, TemplateVolume};
use crate::emulator::state::world::World;
use crate::transport::Method::{Delete, Get, Patch, Post};

const TEMPLATE_MOUNTS: ObjectShape =
    ObjectShape { members: &[&[("persistent", Type::Object(&PERSISTENT))]], required: &[], min_members: 0 };

const TEMPLATE: &[Member] = &[
    ("name", NAME),
    ("mounts", Type::Object(&TEMPLATE_MOUNTS)),
    ("serverless", Type::Flag),
    ("public", Type::Flag),
    ("category", Type::Word(&["CPU", "NVIDIA", "AMD"])),
    ("startJupyter", Type::Flag),
    ("startSsh", Type::Flag),
    ("allowedCudaVersions", VERSIONS),
];

const CREATE_TEMPLATE: ObjectShape =
    ObjectShape { members: &[CONTAINER, TEMPLATE], required: &["name", "image"], min_members: 0 };

const UPDATE_TEMPLATE: ObjectShape = ObjectShape { members: &[CONTAINER, TEMPLATE], required: &[], min_members: 0 };

pub const ROUTES: &[Route] = &[
    Route::read(Get, "templates", "listTemplates", list),
    Route::write(Post, "templates", "createTemplate", create),
    Route::read(Get, "templates/{id}", "getTemplate", get),
    Route::write(Patch, "templates/{id}", "updateTemplate", update),
    Route::write(Delete, "templates/{id}", "deleteTemplate", delete),
    Route::read(Get, "catalog/templates", "listPublicTemplates", list_public),
];

fn view(template: &Template) -> Value {
    let Template { id, settings, .. } = template;
    let mounts = settings
        .volume
        .as_ref()
        .map_or_else(|| json!({}), |volume| json!({ "persistent": { "size": volume.size, "path": volume.path } }));
    let mut members = Map::new();
    container::show(&settings.container, &mut members);
    for (name, value) in [
        ("id", json!(id)),
        ("name", json!(settings.name)),
        ("mounts", mounts),
        ("serverless", json!(settings.serverless)),
        ("public", json!(settings.public)),
        ("category", json!(settings.category)),
        ("startSsh", json!(settings.start_ssh)),
        ("startJupyter", json!(settings.start_jupyter)),
        ("allowedCudaVersions", json!(settings.cuda_versions)),
    ] {
        members.insert(name.to_owned(), value);
    }
    Value::Object(members)
}

/// Only the account's own templates, and those of endpoints if the settings say so.
fn list(world: &World, call: &Call, now: Timestamp) -> RouteResult {
    let bound = world.bound_templates();
    let rows: Vec<Value> = world.templates.listed(u64::MAX, &call.tweaks, now).chain(&bound).map(view).collect();
    Ok(Response::json(200, json!({ "templates": rows })))
}

/// The public catalog. All public templates of the emulator are official ones.
fn list_public(_: &World, call: &Call, _: Timestamp) -> RouteResult {
    let rows: Vec<Value> = match call.query.get("source").map_or("official", String::as_str) {
        "official" => PUBLIC_TEMPLATES.iter().map(view).collect(),
        "verified" | "community" => Vec::new(),
        _ => {
            let what = "value must be one of 'official', 'verified', 'community'";
            return Err(RequestRefusal::violation("$.source", what));
        }
    };
    Ok(Response::json(200, json!({ "templates": rows })))
}

fn get(world: &World, call: &Call, now: Timestamp) -> RouteResult {
    let id = call.object_id();
    let bound = world.bound_templates();
    let found = bound.iter().find(|template| template.id == id).map_or_else(|| world.readable_template(id, now), Ok);
    Ok(Response::json(200, view(found?)))
}

fn create(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    checked(&CREATE_TEMPLATE, call.body.as_ref())?;
    let body = PresentMembers::of(call.body.as_ref());
    let settings = TemplateSettings {
        name: body.text("name").unwrap_or_default().to_owned(),
        container: container::new_settings(&body)?,
        volume: volume(&body),
        serverless: body.flag("serverless").unwrap_or(false),
        public: body.flag("public").unwrap_or(false),
        category: body.text("category").unwrap_or("NVIDIA").to_owned(),
        start_ssh: body.flag("startSsh").unwrap_or(true),
        start_jupyter: body.flag("startJupyter").unwrap_or(true),
        cuda_versions: body.texts("allowedCudaVersions").unwrap_or_default(),
    };
    Ok(Response::json(201, view(world.create_template(settings, &call.tweaks, now)?)))
}

fn volume(body: &PresentMembers) -> Option<TemplateVolume> {
    let mount = body.object("mounts")?.object("persistent")?;
    let path = mount.text("path").unwrap_or_default().to_owned();
    Some(TemplateVolume { size: mount.whole("size").unwrap_or(0), path })
}

/// Omitted members keep their value, also an omitted or empty `mounts`. Only an owned template can be changed.
fn update(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    checked(&UPDATE_TEMPLATE, call.body.as_ref())?;
    let kept = call.kept_body();
    let body = PresentMembers::of(kept.as_ref());
    let id = call.object_id();
    let current = &world.templates.find(id, now)?.settings;
    let next = TemplateSettings {
        name: body.text("name").unwrap_or(&current.name).to_owned(),
        container: container::patched_settings(&current.container, &body)?,
        volume: volume(&body).or_else(|| current.volume.clone()),
        serverless: body.flag("serverless").unwrap_or(current.serverless),
        public: body.flag("public").unwrap_or(current.public),
        category: body.text("category").unwrap_or(&current.category).to_owned(),
        start_ssh: body.flag("startSsh").unwrap_or(current.start_ssh),
        start_jupyter: body.flag("startJupyter").unwrap_or(current.start_jupyter),
        cuda_versions: body.texts("allowedCudaVersions").unwrap_or_else(|| current.cuda_versions.clone()),
    };
    world.change_template(id, next, now)?;
    get(world, call, now)
}
