//! The gateway between clients and the world: HTTP, checks, quotas, faults, control calls, the world file.

mod deliver;
#[allow(clippy::disallowed_methods, reason = "keeps the changes of the world in a file")]
mod change_log;
mod checks;
mod control;
pub mod delivery;
pub mod emulator;
pub mod faults;
pub mod in_process;
pub mod journal;
pub mod options;
mod origin;
pub mod quota;
mod replies;
pub mod serve;
mod target;
mod timeline;
#[allow(clippy::disallowed_methods, reason = "keeps the world in a file")]
pub mod world_file;
