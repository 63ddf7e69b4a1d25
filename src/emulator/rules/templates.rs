//! Creating, changing and deleting templates.

use jiff::Timestamp;

use super::public_templates::public_template;
use super::refusal::RequestRefusal;
use super::tweaks::Tweaks;
use crate::emulator::state::moment::after_seconds;
use crate::emulator::state::settings::BootPace;
use crate::emulator::state::template::{Template, TemplateSettings};
use crate::emulator::state::visibility::Visibility;
use crate::emulator::state::world::World;

/// Seconds that the name of a deleted template stays taken. The live service was seen to hold it; for how long is not
/// known.
const OBSERVED_HOLD_SECONDS: u64 = 600;

impl World {
    /// A template that the account can read: its own, or a public one.
    pub(in crate::emulator) fn readable_template(&self, id: &str, now: Timestamp) -> Result<&Template, RequestRefusal> {
        self.templates.find(id, now).or_else(|refusal| public_template(id).ok_or(refusal))
    }

    /// Stores a template under a new id.
    pub(in crate::emulator) fn create_template(
        &mut self,
        settings: TemplateSettings,
        tweaks: &Tweaks,
        now: Timestamp,
    ) -> Result<&Template, RequestRefusal> {
        self.check_registry(settings.container.registry.as_deref())?;
        tweaks.check_create()?;
        if tweaks.duplicate_name && self.check_template_name(&settings.name, "", now).is_ok() {
            self.insert_template(settings.clone(), Visibility { found: now, listed: now }, now);
        }
        self.check_template_name(&settings.name, "", now)?;
        let id = self.insert_template(settings, tweaks.visibility(now), now);
        self.touched.push(id.clone());
        tweaks.deny_create()?;
        self.templates.find(&id, Timestamp::MAX)
    }

    fn insert_template(&mut self, settings: TemplateSettings, visible: Visibility, now: Timestamp) -> String {
        self.now = now;
        let (serial, id) = (self.take_serial(), self.rng.id(10));
        self.templates.objects.insert(Template { serial, id: id.clone(), settings, created_at: now, visible });
        id
    }

    /// Replaces the settings of a template. Pods and endpoints made from it stay as they are.
    pub(in crate::emulator) fn change_template(
        &mut self,
        id: &str,
        settings: TemplateSettings,
        now: Timestamp,
    ) -> Result<(), RequestRefusal> {
        self.templates.find(id, now)?;
        self.check_registry(settings.container.registry.as_deref())?;
        self.check_template_name(&settings.name, id, now)?;
        if let Some(template) = self.templates.objects.get_mut(id) {
            self.now = now;
            template.settings = settings;
            self.touched.push(id.to_owned());
        }
        Ok(())
    }

    /// Deletes a template that no pod or endpoint refers to. Its name can stay taken for a while.
    pub(in crate::emulator) fn delete_template(
        &mut self,
        id: &str,
        tweaks: &Tweaks,
        now: Timestamp,
    ) -> Result<(), RequestRefusal> {
        if self.bound_templates().iter().any(|template| template.id == id) {
            return Err(RequestRefusal::rule("template is bound to a serverless endpoint and cannot be deleted"));
        }
        let template = self.templates.find(id, now)?;
        if self.pods.newest_first().any(|pod| pod.template.as_deref() == Some(id)) {
            return Err(RequestRefusal::rule("template is in use by a pod and cannot be deleted"));
        }
        if tweaks.delete_ignored {
            return Ok(());
        }
        let by_pace = if self.settings.pace == BootPace::Realistic { OBSERVED_HOLD_SECONDS } else { 0 };
        let free_at = after_seconds(now, self.settings.template_name_hold_seconds.unwrap_or(by_pace));
        self.held_template_names.retain(|_, until| *until > now);
        if free_at > now {
            self.held_template_names.insert(template.settings.name.clone(), free_at);
        }
        self.now = now;
        self.templates.delete(id, tweaks, now);
        self.touched.push(id.to_owned());
        Ok(())
    }

    /// Names are unique, and the name of a deleted template can stay taken. `own` is the template that may have it.
    fn check_template_name(&self, name: &str, own: &str, now: Timestamp) -> Result<(), RequestRefusal> {
        let has_it = |other: &Template| other.id != own && other.settings.name == name;
        let is_held = self.held_template_names.get(name).is_some_and(|until| *until > now);
        match is_held || self.templates.objects.newest_first().any(has_it) {
            true => Err(RequestRefusal::rule("a template with this name already exists")),
            false => Ok(()),
        }
    }
}
