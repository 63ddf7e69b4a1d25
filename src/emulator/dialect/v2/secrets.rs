//! Secrets of the account (contract, section 7).

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::emulator::dialect::call::Call;
use crate::emulator::dialect::response::{Replied, Reply};
use crate::emulator::dialect::schema::{Members, Pattern, Shape, Type, checked};
use crate::emulator::rules::refusal::Refusal;
use crate::emulator::state::secret::Secret;
use crate::emulator::state::world::World;

const SECRET_NAME: Pattern = Pattern { source: r"^[a-zA-Z_][a-zA-Z0-9_.\-/]*$", holds: is_secret_name };

const SECRET_VALUE: Type = Type::Text { min: 1, max: 16_777_216, pattern: None };

const DESCRIPTION: Type = Type::Text { min: 0, max: 65_535, pattern: None };

const CREATE_SECRET: Shape = Shape {
    members: &[
        ("name", Type::Text { min: 1, max: 191, pattern: Some(&SECRET_NAME) }),
        ("value", SECRET_VALUE),
        ("description", DESCRIPTION),
    ],
    required: &["name", "value"],
    min_members: 0,
};

const UPDATE_SECRET: Shape =
    Shape { members: &[("value", SECRET_VALUE), ("description", DESCRIPTION)], required: &[], min_members: 1 };

fn is_secret_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || "_.-/".contains(letter))
}

pub fn list_secrets(world: &World, call: &Call) -> Replied {
    let wanted = call.query.get("name");
    let secrets: Vec<Value> = (world.secrets.newest_first())
        .filter(|secret| wanted.is_none_or(|name| secret.name.eq_ignore_ascii_case(name)))
        .map(secret_view)
        .collect();
    Ok(Reply::json(200, json!({ "secrets": secrets })))
}

pub fn create_secret(world: &mut World, call: &Call, now: Timestamp) -> Replied {
    checked(&CREATE_SECRET, call.body.as_ref())?;
    let body = Members::of(call.body.as_ref());
    let name = body.text("name").unwrap_or_default();
    if name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("RUNPOD")) {
        return Err(Refusal::rule("secret names must not start with RUNPOD"));
    }
    if world.secrets.newest_first().any(|secret| secret.name == name) {
        return Err(Refusal::Conflict("a secret with this name already exists".to_owned()));
    }
    world.now = now;
    let secret = Secret {
        serial: world.serial(),
        id: world.dice.id(12),
        name: name.to_owned(),
        description: body.text("description").map(str::to_owned),
        created_at: now,
        value_last_updated_at: now,
    };
    let view = secret_view(&secret);
    world.secrets.insert(secret);
    Ok(Reply::json(201, view))
}

pub fn get_secret(world: &World, id: &str) -> Replied {
    let secret = world.secrets.get(id).ok_or(Refusal::NotFound)?;
    Ok(Reply::json(200, secret_view(secret)))
}

pub fn update_secret(world: &mut World, call: &Call, id: &str, now: Timestamp) -> Replied {
    checked(&UPDATE_SECRET, call.body.as_ref())?;
    let body = Members::of(call.body.as_ref());
    let secret = world.secrets.get_mut(id).ok_or(Refusal::NotFound)?;
    world.now = now;
    if body.has("value") {
        secret.value_last_updated_at = now;
    }
    if let Some(description) = body.text("description") {
        secret.description = Some(description.to_owned());
    }
    Ok(Reply::json(200, secret_view(secret)))
}

pub fn delete_secret(world: &mut World, id: &str, now: Timestamp) -> Replied {
    world.secrets.remove(id).ok_or(Refusal::NotFound)?;
    world.now = now;
    Ok(Reply::no_content())
}

fn secret_view(secret: &Secret) -> Value {
    json!({
        "id": secret.id,
        "name": secret.name,
        "description": secret.description,
        "createdAt": secret.created_at,
        "valueLastUpdatedAt": secret.value_last_updated_at,
    })
}
