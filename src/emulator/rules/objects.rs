//! Creating, changing and deleting objects of kinds that have no type of their own. These rules honour the faults that
//! apply to any kind: lags, refused and duplicate creates, ignored deletes and ignored fields.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::refusal::RequestRefusal;
use super::tweaks::Tweaks;
use crate::emulator::state::stored_object::StoredObject;
use crate::emulator::state::world::World;

impl World {
    /// An object by id, once it is readable after its create.
    pub fn find_object(&self, kind: &str, id: &str, now: Timestamp) -> Result<&StoredObject, RequestRefusal> {
        self.other_kinds.get(kind).ok_or(RequestRefusal::NotFound)?.find(id, now)
    }

    /// The objects that a list shows, newest first.
    pub fn listed_objects(&self, kind: &str, tweaks: &Tweaks, now: Timestamp) -> Vec<&StoredObject> {
        let stored = self.other_kinds.get(kind);
        stored.into_iter().flat_map(|stored| stored.listed(u64::MAX, tweaks, now)).collect()
    }

    /// Creates an object with these members.
    pub fn create_object(
        &mut self,
        kind: &str,
        members: Map<String, Value>,
        tweaks: &Tweaks,
        now: Timestamp,
    ) -> Result<&StoredObject, RequestRefusal> {
        tweaks.check_create()?;
        self.now = now;
        if tweaks.duplicate_name {
            self.insert_object(kind, members.clone(), &Tweaks::default());
        }
        let id = self.insert_object(kind, members, tweaks);
        self.touched.push(id.clone());
        tweaks.deny_create()?;
        self.find_object(kind, &id, Timestamp::MAX)
    }

    /// Adds an object and returns its id.
    fn insert_object(&mut self, kind: &str, members: Map<String, Value>, tweaks: &Tweaks) -> String {
        let (serial, id) = (self.take_serial(), self.rng.id(10));
        let (created_at, visible) = (self.now, tweaks.visibility(self.now));
        let object = StoredObject { serial, id: id.clone(), members, created_at, visible };
        self.other_kinds.entry(kind.to_owned()).or_default().objects.insert(object);
        id
    }

    /// Sets the given members of an object.
    pub fn change_object(
        &mut self,
        kind: &str,
        id: &str,
        changes: Map<String, Value>,
        tweaks: &Tweaks,
        now: Timestamp,
    ) -> Result<&StoredObject, RequestRefusal> {
        self.find_object(kind, id, now)?;
        self.now = now;
        if let Some(object) = self.other_kinds.get_mut(kind).and_then(|stored| stored.objects.get_mut(id)) {
            let dropped = tweaks.patch_drops_field.as_deref();
            object.members.extend(changes.into_iter().filter(|(name, _)| dropped != Some(name)));
        }
        self.touched.push(id.to_owned());
        self.find_object(kind, id, now)
    }

    /// Deletes an object. Lists may lag behind.
    pub fn delete_object(
        &mut self,
        kind: &str,
        id: &str,
        tweaks: &Tweaks,
        now: Timestamp,
    ) -> Result<(), RequestRefusal> {
        self.find_object(kind, id, now)?;
        if tweaks.delete_ignored {
            return Ok(());
        }
        self.now = now;
        self.other_kinds.entry(kind.to_owned()).or_default().delete(id, tweaks, now);
        self.touched.push(id.to_owned());
        Ok(())
    }
}
