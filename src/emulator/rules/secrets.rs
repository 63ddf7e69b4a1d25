//! Creating, changing and deleting account secrets (contract, section 7).

use jiff::Timestamp;

use super::refusal::RequestRefusal;
use super::tweaks::Tweaks;
use crate::emulator::state::secret::AccountSecret;
use crate::emulator::state::visibility::Visibility;
use crate::emulator::state::world::World;

/// A value has fewer bytes than this.
const VALUE_LIMIT: usize = 16 << 20;

impl World {
    /// Stores a secret under a new id. Names are unique in the account.
    pub(in crate::emulator) fn create_secret(
        &mut self,
        name: &str,
        value: &str,
        description: Option<&str>,
        tweaks: &Tweaks,
        now: Timestamp,
    ) -> Result<&AccountSecret, RequestRefusal> {
        if name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("RUNPOD")) {
            return Err(RequestRefusal::rule("secret names must not start with RUNPOD"));
        }
        check_value(value)?;
        tweaks.check_create()?;
        let is_taken = |world: &Self| world.secrets.objects.newest_first().any(|secret| secret.name == name);
        if tweaks.duplicate_name && !is_taken(self) {
            self.insert_secret(name, None, Visibility { found: now, listed: now }, now);
        }
        if is_taken(self) {
            return Err(RequestRefusal::Conflict("a secret with this name already exists".to_owned()));
        }
        let id = self.insert_secret(name, description, tweaks.visibility(now), now);
        self.touched.push(id.clone());
        tweaks.deny_create()?;
        self.secrets.find(&id, Timestamp::MAX)
    }

    fn insert_secret(&mut self, name: &str, description: Option<&str>, visible: Visibility, now: Timestamp) -> String {
        self.now = now;
        let secret = AccountSecret {
            serial: self.take_serial(),
            id: self.rng.id(12),
            name: name.to_owned(),
            description: description.map(str::to_owned),
            created_at: now,
            value_last_updated_at: now,
            visible,
        };
        let id = secret.id.clone();
        self.secrets.objects.insert(secret);
        id
    }

    /// Replaces the value, the description or both. Pods read the new value at their next start.
    pub(in crate::emulator) fn change_secret(
        &mut self,
        id: &str,
        value: Option<&str>,
        description: Option<&str>,
        now: Timestamp,
    ) -> Result<(), RequestRefusal> {
        value.map_or(Ok(()), check_value)?;
        self.secrets.find(id, now)?;
        if let Some(secret) = self.secrets.objects.get_mut(id) {
            self.now = now;
            if value.is_some() {
                secret.value_last_updated_at = now;
            }
            if let Some(description) = description {
                secret.description = Some(description.to_owned());
            }
            self.touched.push(id.to_owned());
        }
        Ok(())
    }

    /// Deletes a secret, even if pods refer to it: their `env` keeps the reference.
    pub(in crate::emulator) fn delete_secret(
        &mut self,
        id: &str,
        tweaks: &Tweaks,
        now: Timestamp,
    ) -> Result<(), RequestRefusal> {
        self.secrets.find(id, now)?;
        if !tweaks.delete_ignored {
            self.now = now;
            self.secrets.delete(id, tweaks, now);
            self.touched.push(id.to_owned());
        }
        Ok(())
    }
}

fn check_value(value: &str) -> Result<(), RequestRefusal> {
    match value.len() < VALUE_LIMIT {
        true => Ok(()),
        false => Err(RequestRefusal::rule("secret values must be smaller than 16 MiB")),
    }
}
