//! Carrying out a plan: its operations become requests, what happened becomes events and records.
//!
//! `job` is what an apply is given, `engine` runs operations side by side as their dependencies allow, `trial` lets the first replacement go alone,
//! `operation` carries out one, `watch` shares one list poll among all that wait, `recover` settles what earlier runs or
//! lost answers left open, `look` sees all of that without writing, `readiness` defines the conditions of `sindri wait`.
//! Nothing here chooses what to do.

pub mod engine;
pub mod event;
pub mod look;
pub mod job;
mod operation;
pub mod readiness;
pub mod recover;
mod trial;
mod watch;

pub use engine::run;
pub use event::{Event, Events};
pub use job::{Job, Options, Report, reporting_address};
