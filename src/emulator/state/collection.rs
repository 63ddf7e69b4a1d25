//! The objects of one kind, with those that were deleted recently.

use serde::{Deserialize, Deserializer, Serialize};

use super::graveyard::Graveyard;
use super::ordered_store::{Keyed, OrderedStore};

/// The objects of one kind.
#[derive(Clone, Serialize)]
pub struct Collection<T> {
    #[serde(bound(serialize = "T: Keyed + Serialize"))]
    pub objects: OrderedStore<T>,
    /// Recently deleted objects, for lists that lag.
    #[serde(bound(serialize = "T: Keyed + Serialize"), skip_serializing_if = "Graveyard::is_empty")]
    pub deleted: Graveyard<T>,
}

impl<T> Default for Collection<T> {
    fn default() -> Self {
        Self { objects: OrderedStore::default(), deleted: Graveyard::default() }
    }
}

/// World files of format 1 store the objects of some kinds as a plain list.
impl<'de, T: Keyed + Deserialize<'de>> Deserialize<'de> for Collection<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, bound(deserialize = "T: Keyed + Deserialize<'de>"))]
        enum SavedCollection<T> {
            List(OrderedStore<T>),
            Full {
                objects: OrderedStore<T>,
                #[serde(default)]
                deleted: Graveyard<T>,
            },
        }
        Ok(match SavedCollection::deserialize(deserializer)? {
            SavedCollection::List(objects) => Self { objects, deleted: Graveyard::default() },
            SavedCollection::Full { objects, deleted } => Self { objects, deleted },
        })
    }
}
