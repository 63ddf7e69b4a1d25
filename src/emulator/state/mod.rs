//! The types of everything in the emulated account, with simple queries on them.

pub mod event_queue;
pub mod events;
pub mod graveyard;
pub mod hardware;
pub mod host;
pub mod ledger;
pub mod moment;
pub mod ordered_store;
pub mod pattern;
pub mod pod;
pub mod pod_status;
pub mod pool;
pub mod registry;
pub mod rng;
pub mod secret;
pub mod settings;
pub mod steps;
pub mod stock;
pub mod stored_object;
pub mod template;
pub mod tombstone;
pub mod volume;
pub mod world;
