//! Carrying out a plan: its operations become requests, what happened becomes events and records.

pub mod event;

pub use event::{Event, Events};
