//! Applies a plan: operations become requests, and results become events and records.
//!
//! - `job`: the input of an apply and its result.
//! - `engine`: runs operations concurrently, in dependency order.
//! - `trial`: sends the first replacement alone.
//! - `operation`: runs one operation.
//! - `watch`: shares one list poll among all waiting operations.
//! - `recover`: resolves operations that earlier runs or lost responses left open.
//! - `refresh`: sees all of that without writing.
//! - `readiness`: defines the conditions of `sindri wait`.
//!
//! Nothing here decides which operations to run.

pub mod engine;
pub mod event;
pub mod refresh;
pub mod job;
mod operation;
pub mod readiness;
pub mod recover;
mod trial;
mod watch;

pub use engine::run;
pub use event::{Event, Events, OperationErrorCode, OperationFault};
pub use job::{ApplyOptions, Job, LastLists, Report, reporting_address};
