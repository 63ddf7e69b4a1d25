//! Creating and deleting registry credentials.

use super::refusal::RequestRefusal;
use crate::emulator::state::registry::Registry;
use crate::emulator::state::world::World;

impl World {
    /// Stores a registry credential under a new id.
    pub(in crate::emulator) fn add_registry(&mut self, name: &str) -> Result<&Registry, RequestRefusal> {
        if self.registries.newest_first().any(|other| other.name == name) {
            return Err(RequestRefusal::rule("a registry credential with this name already exists"));
        }
        let (serial, id) = (self.take_serial(), format!("c{}", self.rng.id(24)));
        self.registries.insert(Registry { serial, id: id.clone(), name: name.to_owned() });
        self.registries.get(&id).ok_or(RequestRefusal::NotFound)
    }

    /// Removes a credential that no pod uses, and clears it from templates (contract, section 8).
    pub(in crate::emulator) fn remove_registry(&mut self, id: &str) -> Result<(), RequestRefusal> {
        if self.pods.newest_first().any(|pod| pod.registry.as_deref() == Some(id)) {
            return Err(RequestRefusal::rule("Registry credential is in use by a pod and cannot be deleted"));
        }
        self.registries.remove(id).ok_or(RequestRefusal::NotFound)?;
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

    pub(in crate::emulator) fn check_registry(&self, registry: Option<&str>) -> Result<(), RequestRefusal> {
        match registry {
            Some(id) if self.registries.get(id).is_none() => {
                Err(RequestRefusal::Rule(format!("container registry auth {id} not found")))
            }
            _ => Ok(()),
        }
    }
}
