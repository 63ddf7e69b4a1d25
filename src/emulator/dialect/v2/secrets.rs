//! Secrets of the account (contract, section 7).

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::emulator::dialect::call::Call;
use crate::emulator::dialect::response::{Response, RouteResult};
use crate::emulator::dialect::route::Route;
use crate::emulator::dialect::schema::{ObjectShape, Pattern, PresentMembers, Type, checked};
use crate::emulator::state::secret::AccountSecret;
use crate::emulator::state::world::World;
use crate::transport::Method::{Delete, Get, Patch, Post};

const SECRET_NAME: Pattern = Pattern { source: r"^[a-zA-Z_][a-zA-Z0-9_.\-/]*$", holds: is_secret_name };

const SECRET_VALUE: Type = Type::Text { min: 1, max: 16_777_216, pattern: None };

const DESCRIPTION: Type = Type::Text { min: 0, max: 65_535, pattern: None };

const CREATE_SECRET: ObjectShape = ObjectShape {
    members: &[&[
        ("name", Type::Text { min: 1, max: 191, pattern: Some(&SECRET_NAME) }),
        ("value", SECRET_VALUE),
        ("description", DESCRIPTION),
    ]],
    required: &["name", "value"],
    min_members: 0,
};

const UPDATE_SECRET: ObjectShape =
    ObjectShape { members: &[&[("value", SECRET_VALUE), ("description", DESCRIPTION)]], required: &[], min_members: 1 };

pub const ROUTES: &[Route] = &[
    Route::read(Get, "account/secrets", "listSecrets", list),
    Route::write(Post, "account/secrets", "createSecret", create).hiding("value"),
    Route::read(Get, "account/secrets/{id}", "getSecret", get),
    Route::write(Patch, "account/secrets/{id}", "updateSecret", update).hiding("value"),
    Route::write(Delete, "account/secrets/{id}", "deleteSecret", delete),
];

fn is_secret_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || "_.-/".contains(letter))
}

fn list(world: &World, call: &Call, now: Timestamp) -> RouteResult {
    let wanted = call.query.get("name");
    let secrets: Vec<Value> = (world.secrets.listed(u64::MAX, &call.tweaks, now))
        .filter(|secret| wanted.is_none_or(|name| secret.name.eq_ignore_ascii_case(name)))
        .map(view)
        .collect();
    Ok(Response::json(200, json!({ "secrets": secrets })))
}

fn create(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    checked(&CREATE_SECRET, call.body.as_ref())?;
    let body = PresentMembers::of(call.body.as_ref());
    let (name, value) = (body.text("name").unwrap_or_default(), body.text("value").unwrap_or_default());
    Ok(Response::json(201, view(world.create_secret(name, value, body.text("description"), &call.tweaks, now)?)))
}

fn get(world: &World, call: &Call, now: Timestamp) -> RouteResult {
    Ok(Response::json(200, view(world.secrets.find(call.object_id(), now)?)))
}

/// RunPod writes the value before the description and does not undo it. A fault that drops `description` and fails the
/// response shows the state in between.
fn update(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    checked(&UPDATE_SECRET, call.body.as_ref())?;
    let kept = call.kept_body();
    let body = PresentMembers::of(kept.as_ref());
    world.change_secret(call.object_id(), body.text("value"), body.text("description"), now)?;
    get(world, call, now)
}

fn delete(world: &mut World, call: &Call, now: Timestamp) -> RouteResult {
    world.delete_secret(call.object_id(), &call.tweaks, now)?;
    Ok(Response::no_content())
}

fn view(secret: &AccountSecret) -> Value {
    json!({
        "id": secret.id,
        "name": secret.name,
        "description": secret.description,
        "createdAt": secret.created_at,
        "valueLastUpdatedAt": secret.value_last_updated_at,
    })
}
