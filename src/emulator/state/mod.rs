//! What exists in the emulated account: types, and what can be said of them without the passage of time.

pub mod events;
pub mod hardware;
pub mod host;
pub mod ledger;
pub mod moment;
pub mod ordered_store;
pub mod pattern;
pub mod pod;
pub mod pod_status;
pub mod registry;
pub mod rng;
pub mod secret;
pub mod settings;
pub mod stock;
pub mod template;
pub mod tombstone;
pub mod volume;
pub mod world;
