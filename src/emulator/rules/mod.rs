//! The rules of the emulated account: creating, starting, editing and deleting, prices and stock, events over time.

mod bookkeeping;
mod boot;
mod create_pod;
mod delegations;
mod delete_pod;
pub mod edit_pod;
mod events;
mod host_events;
mod lookup;
mod maintenance;
pub mod market;
mod migrate;
mod money;
mod objects;
pub mod placement;
pub mod pod_actions;
pub mod pod_spec;
mod ports;
pub mod prices;
pub mod public_templates;
pub mod refusal;
mod registries;
mod schedule;
mod secrets;
mod templates;
pub mod tweaks;
mod volumes;
