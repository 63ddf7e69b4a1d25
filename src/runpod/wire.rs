//! The format of one kind of object in one dialect, as a table: paths, request bodies, and decoding.
//!
//! The client reads these tables and knows no kind by name. A kind that is defined outside this crate adds its table
//! with [`super::wires`], and can build its bodies and objects with [`super::encode`] and [`super::decode`].

use serde_json::Value;

use super::error::{AdviceFn, ErrorClass, Purpose};
use super::json::Json;
use crate::kind::{AccountObject, Kind};
use crate::model::{Attributes, KindRegistry, Marker, Object, Power, Rollout, WorkerCounts};

/// One dialect.
pub(super) struct Codec {
    pub wires: KindRegistry<Wire>,
    /// Maximum size of a JSON body, in bytes.
    pub body_limit: Option<usize>,
    pub outside: &'static [AccountCollection],
}

/// The format of one kind in one dialect.
pub struct Wire {
    pub kind: &'static Kind,
    /// The path of the list and of a create, for example `/v2/pods`. An object's own path is below it, by id.
    pub collection: &'static str,
    /// Query of a list, without `?`; empty if there is none.
    pub list_query: &'static str,
    /// Query of reading one object.
    pub read_query: &'static str,
    /// Whether one object can be read alone. Otherwise a read sends a list.
    pub has_read: bool,
    /// The member of a list's response that holds the objects; `None` for a bare array.
    pub rows: Option<&'static str>,
    /// The body of a create. The marker is given for kinds that carry one.
    pub create: fn(&Attributes, Option<&Marker>) -> Value,
    /// `None` if an object cannot be changed.
    pub update: Option<Update>,
    /// Decodes an object from the JSON. Only `id` is required.
    pub decode: fn(&Json<'_>) -> Option<Object>,
    /// The request that starts or stops an object; `None` if the kind cannot be stopped.
    pub power: Option<fn(Power) -> PowerRequest>,
    /// How to ask whether a create could be served now, if the dialect has a catalog.
    pub stock: Option<StockQuery>,
    /// How to read the workers of an object; `None` if the kind has none.
    pub workers: Option<WorkerQueries>,
    /// Advice about refusals.
    pub advice: AdviceFn,
}

/// Requests about the workers of one object. Paths are below the object's own.
pub struct WorkerQueries {
    /// For example `/workers`.
    pub list: &'static str,
    pub read_list: fn(&Json<'_>) -> Option<WorkerCounts>,
    /// How many workers an object with these attributes asks for without a request.
    pub at_rest: fn(&Attributes) -> u64,
    /// For example `/releases?limit=1`.
    pub releases: &'static str,
    pub read_rollout: fn(&Json<'_>) -> Option<Rollout>,
}

/// How an update of one object is sent.
pub struct Update {
    /// The body, from the existing object and the changes.
    pub encode: fn(&Object, &Attributes) -> Value,
    /// Attributes that an update can carry.
    pub attributes: &'static [&'static str],
    /// Attributes that an update replaces as a whole, so the existing value must be known.
    pub replaced_whole: &'static [&'static str],
}

/// A request that starts or stops an object.
pub struct PowerRequest {
    /// The path below the object's own, for example `/start`.
    pub below: &'static str,
    pub body: Option<Value>,
}

/// A catalog query for stock.
pub struct StockQuery {
    /// Path and query for a create with these inputs; `None` if they name nothing in the catalog.
    pub path: fn(&Attributes) -> Option<String>,
    /// Identifies the question: creates with the same key get the same answer. `None` if [`StockQuery::path`] is.
    pub key: fn(&Attributes) -> Option<String>,
    /// Whether the response shows any stock; `None` if it does not say.
    pub any: fn(&Json<'_>, &Attributes) -> Option<bool>,
}

/// Where to read objects that pods and endpoints use but that are not in the lists.
pub(super) struct AccountCollection {
    pub outside: AccountObject,
    /// For example `/v2/templates`.
    pub collection: &'static str,
    /// Query of reading one object.
    pub query: &'static str,
    /// The flag of objects for serverless workers, and whether the object must have it.
    pub serverless: Option<(&'static str, bool)>,
}

/// Attributes, each with the name of the JSON member that holds its value: `("size_gb", "size")`.
pub type MemberNames = [(&'static str, &'static str)];

/// For a kind without advice of its own.
pub fn no_advice(_: Purpose, _: ErrorClass, _: &str) -> Option<&'static str> {
    None
}
