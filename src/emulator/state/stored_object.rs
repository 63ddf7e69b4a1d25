//! Objects of kinds that have no type of their own here, stored as the JSON that responses show.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ordered_store::Keyed;
use super::visibility::{Visibility, Visible};

/// An object of a kind without a type of its own.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredObject {
    pub(in crate::emulator) serial: u64,
    pub(in crate::emulator) id: String,
    /// The members that responses show, without the id.
    pub(in crate::emulator) members: Map<String, Value>,
    pub(in crate::emulator) created_at: Timestamp,
    pub(in crate::emulator) visible: Visibility,
}

impl StoredObject {
    /// The object as responses show it.
    pub fn view(&self) -> Value {
        let mut members = self.members.clone();
        members.insert("id".to_owned(), self.id.clone().into());
        Value::Object(members)
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// One member of the object, without its id.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }
}

impl Keyed for StoredObject {
    fn serial(&self) -> u64 {
        self.serial
    }

    fn id(&self) -> &str {
        &self.id
    }
}

impl Visible for StoredObject {
    fn visible(&self) -> Visibility {
        self.visible
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }
}
