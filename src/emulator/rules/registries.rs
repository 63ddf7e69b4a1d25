//! Creating and deleting registry credentials, and how long they take to reach the hosts.

use jiff::Timestamp;

use super::refusal::RequestRefusal;
use super::tweaks::Tweaks;
use crate::emulator::state::moment::after_seconds;
use crate::emulator::state::registry::Registry;
use crate::emulator::state::settings::BootPace;
use crate::emulator::state::visibility::Visibility;
use crate::emulator::state::world::World;

/// Seconds until hosts can use a new credential, as users of the live service observed.
const OBSERVED_LAG_SECONDS: u64 = 300;

impl World {
    /// Stores a registry credential under a new id.
    pub(in crate::emulator) fn create_registry(
        &mut self,
        name: &str,
        tweaks: &Tweaks,
        now: Timestamp,
    ) -> Result<&Registry, RequestRefusal> {
        tweaks.check_create()?;
        if tweaks.duplicate_name {
            self.insert_registry(name, Visibility { found: now, listed: now }, now);
        }
        let is_taken = self.registries.objects.newest_first().any(|other| other.name == name);
        if self.settings.unique_registry_names && is_taken {
            return Err(RequestRefusal::rule("a registry credential with this name already exists"));
        }
        let id = self.insert_registry(name, tweaks.visibility(now), now);
        self.touched.push(id.clone());
        tweaks.deny_create()?;
        self.registries.find(&id, Timestamp::MAX)
    }

    fn insert_registry(&mut self, name: &str, visible: Visibility, now: Timestamp) -> String {
        self.now = now;
        let (serial, id) = (self.take_serial(), format!("c{}", self.rng.id(24)));
        self.registries.objects.insert(Registry {
            serial,
            id: id.clone(),
            name: name.to_owned(),
            created_at: now,
            visible,
        });
        id
    }

    /// Deletes a credential that no pod uses, and clears it from templates (contract, section 8).
    pub(in crate::emulator) fn delete_registry(
        &mut self,
        id: &str,
        tweaks: &Tweaks,
        now: Timestamp,
    ) -> Result<(), RequestRefusal> {
        self.registries.find(id, now)?;
        if self.pods.newest_first().any(|pod| pod.registry.as_deref() == Some(id)) {
            return Err(RequestRefusal::rule("Registry credential is in use by a pod and cannot be deleted"));
        }
        if tweaks.delete_ignored {
            return Ok(());
        }
        self.now = now;
        self.registries.delete(id, tweaks, now);
        self.touched.push(id.to_owned());
        for template in self.templates.objects.all_mut() {
            template.settings.container.forget_registry(id);
        }
        // The settings of an endpoint are in a template of its own.
        for endpoint in self.endpoints.objects.all_mut() {
            endpoint.settings.container.forget_registry(id);
        }
        Ok(())
    }

    pub(in crate::emulator) fn check_registry(&self, registry: Option<&str>) -> Result<(), RequestRefusal> {
        match registry {
            Some(id) if self.registries.objects.get(id).is_none() => {
                Err(RequestRefusal::Rule(format!("container registry auth {id} not found")))
            }
            _ => Ok(()),
        }
    }

    /// When hosts can pull with a credential. Pulls that start earlier wait for it.
    pub(in crate::emulator) fn usable_from(&self, registry: Option<&str>) -> Option<Timestamp> {
        let by_pace = if self.settings.pace == BootPace::Realistic { OBSERVED_LAG_SECONDS } else { 0 };
        let lag = self.settings.registry_lag_seconds.unwrap_or(by_pace);
        registry.and_then(|id| self.registries.objects.get(id)).map(|found| after_seconds(found.created_at, lag))
    }
}
