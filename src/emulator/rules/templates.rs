//! Creating and deleting templates.

use super::refusal::RequestRefusal;
use crate::emulator::state::template::Template;
use crate::emulator::state::world::World;

impl World {
    /// Stores a template under a new id.
    pub(in crate::emulator) fn add_template(&mut self, template: Template) -> Result<&Template, RequestRefusal> {
        if self.templates.newest_first().any(|other| other.name == template.name) {
            return Err(RequestRefusal::rule("a template with this name already exists"));
        }
        self.check_registry(template.registry.as_deref())?;
        let (serial, id) = (self.take_serial(), self.rng.id(10));
        self.templates.insert(Template { serial, id: id.clone(), ..template });
        self.templates.get(&id).ok_or(RequestRefusal::NotFound)
    }

    pub(in crate::emulator) fn remove_template(&mut self, id: &str) -> Result<(), RequestRefusal> {
        self.templates.remove(id).map(drop).ok_or(RequestRefusal::NotFound)
    }
}
