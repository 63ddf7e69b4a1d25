//! The emulator: a RunPod account inside the binary, for tests, rehearsals and recorded faults.
//!
//! It is a state machine over (call, virtual time, seed) that serves both dialects from one world. It shares no type
//! with the client in `runpod/`, because a misreading that both shared would go unnoticed.
//!
//! Each layer uses only the layers before it: `state` (what exists), `rules` (what happens to it), `dialect` (requests
//! and views), `gateway` (HTTP, quotas, faults, control calls).

mod state;
mod rules;
mod dialect;
mod gateway;

pub use dialect::call::{ApiVersion, Call, CallReply};
pub use dialect::response::{Response, RouteResult};
pub use dialect::route::{KindRoutes, Route};
pub use dialect::routes::kinds;
pub use dialect::schema;
pub use gateway::delivery::{Delivery, DeliveryResult};
pub use gateway::emulator::Emulator;
pub use gateway::faults;
pub use gateway::in_process::InProcess;
pub use gateway::journal::JournalEntry;
pub use gateway::options::{EmulatorOptions, OpenError};
pub use gateway::quota::QuotaProfile;
pub use gateway::serve::serve;
pub use gateway::world_file::{EPOCH, WorldFileError};
pub use rules::refusal::{RequestRefusal, SchemaViolation};
pub use rules::tweaks::Tweaks;
pub use state::events::{EndpointEvent, PodEvent, VolumeEvent};
pub use state::ledger::Account;
pub use state::settings::{BootPace, Fidelity, ResumeWithoutGpu, Settings};
pub use state::stock::CapacityRule;
pub use state::stored_object::StoredObject;
pub use state::world::World;

#[cfg(test)]
mod tests;
