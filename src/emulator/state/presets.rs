//! Templates and registry credentials: what a create can name by id instead of saying it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::emulator::dialect::response::Reply;
use crate::emulator::dialect::schema::Members;
use crate::emulator::rules::order::Refusal;
use crate::emulator::state::ordered_store::Entry;
use crate::emulator::state::world::{Replied, World};

/// A preset of container settings.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    pub serial: u64,
    pub id: String,
    pub name: String,
    pub image: String,
    /// The stored form of the command (contract, section 3.4).
    pub args: String,
    /// Container disk, GB.
    pub disk: u64,
    pub ports: Vec<String>,
    pub env: BTreeMap<String, String>,
    pub registry: Option<String>,
    pub volume: Option<TemplateVolume>,
    /// For workers of serverless endpoints; no pod can be made from it.
    pub serverless: bool,
    pub public: bool,
    pub category: String,
    pub start_ssh: bool,
    pub start_jupyter: bool,
    pub cuda_versions: Vec<String>,
}

/// The pod volume of a template.
#[derive(Clone, Serialize, Deserialize)]
pub struct TemplateVolume {
    /// GB.
    pub size: u64,
    pub path: String,
}

/// A registry credential. User name and password are checked and then forgotten: no route gives them back.
#[derive(Clone, Serialize, Deserialize)]
pub struct Registry {
    pub serial: u64,
    pub id: String,
    pub name: String,
}

impl Entry for Template {
    fn serial(&self) -> u64 {
        self.serial
    }

    fn id(&self) -> &str {
        &self.id
    }
}

impl Entry for Registry {
    fn serial(&self) -> u64 {
        self.serial
    }

    fn id(&self) -> &str {
        &self.id
    }
}

impl World {
    /// Stores a template under a new id.
    pub(in crate::emulator) fn add_template(&mut self, template: Template) -> Result<&Template, Refusal> {
        if self.templates.newest_first().any(|other| other.name == template.name) {
            return Err(Refusal::rule("a template with this name already exists"));
        }
        self.check_registry(template.registry.as_deref())?;
        let (serial, id) = (self.serial(), self.dice.id(10));
        self.templates.insert(Template { serial, id: id.clone(), ..template });
        self.templates.get(&id).ok_or(Refusal::NotFound)
    }

    /// Stores a registry credential under a new id.
    pub(in crate::emulator) fn add_registry(&mut self, name: &str) -> Result<&Registry, Refusal> {
        if self.registries.newest_first().any(|other| other.name == name) {
            return Err(Refusal::rule("a registry credential with this name already exists"));
        }
        let (serial, id) = (self.serial(), format!("c{}", self.dice.id(24)));
        self.registries.insert(Registry { serial, id: id.clone(), name: name.to_owned() });
        self.registries.get(&id).ok_or(Refusal::NotFound)
    }

    pub(in crate::emulator) fn remove_template(&mut self, id: &str) -> Result<(), Refusal> {
        self.templates.remove(id).map(drop).ok_or(Refusal::NotFound)
    }

    /// Removes a credential that no pod uses. Templates that name it lose it (contract, section 8).
    pub(in crate::emulator) fn remove_registry(&mut self, id: &str) -> Result<(), Refusal> {
        if self.pods.newest_first().any(|pod| pod.registry.as_deref() == Some(id)) {
            return Err(Refusal::rule("Registry credential is in use by a pod and cannot be deleted"));
        }
        self.registries.remove(id).ok_or(Refusal::NotFound)?;
        let users: Vec<String> = (self.templates.newest_first())
            .filter(|template| template.registry.as_deref() == Some(id))
            .map(|template| template.id.clone())
            .collect();
        for user in users {
            if let Some(template) = self.templates.get_mut(&user) {
                template.registry = None;
            }
        }
        Ok(())
    }
}

/// Registry credentials, which both dialects show alike.
fn registry_view(registry: &Registry) -> Value {
    json!({ "id": registry.id, "name": registry.name })
}

/// All of them, as v1 answers; v2 puts the list into an object.
pub fn registries(world: &World) -> Value {
    world.registries.newest_first().map(registry_view).collect()
}

pub fn registry(world: &World, id: &str) -> Replied {
    Ok(Reply::json(200, registry_view(world.registries.get(id).ok_or(Refusal::NotFound)?)))
}

/// Creates a credential from a body that was checked, and answers with `status`.
pub fn create_registry(world: &mut World, body: Option<&Value>, status: u16, now: Timestamp) -> Replied {
    world.now = now;
    let name = Members::of(body).text("name").unwrap_or_default();
    Ok(Reply::json(status, registry_view(world.add_registry(name)?)))
}

pub fn delete_registry(world: &mut World, id: &str, now: Timestamp) -> Replied {
    world.remove_registry(id)?;
    world.now = now;
    Ok(Reply::no_content())
}

pub fn delete_template(world: &mut World, id: &str, now: Timestamp) -> Replied {
    world.remove_template(id)?;
    world.now = now;
    Ok(Reply::no_content())
}
