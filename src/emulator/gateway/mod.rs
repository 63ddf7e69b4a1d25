//! Everything between a client and the world: HTTP, checks, quotas, faults, control calls.

mod carry;
mod control;
mod effects;
#[allow(clippy::disallowed_methods, reason = "reads files of rules")]
pub mod faults;
mod firing;
pub mod front;
pub mod in_process;
pub mod journal;
pub mod options;
mod origin;
pub mod quota;
mod replies;
mod route;
mod scenarios;
pub mod serve;
mod timeline;
#[allow(clippy::disallowed_methods, reason = "keeps the world in a file")]
pub mod world_file;
