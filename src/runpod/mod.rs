//! RunPod's REST API: one trait of domain operations, two dialects (API versions v1 and v2), and shared retries and
//! pacing.
//!
//! In comments, "contract" is RunPod's API contract, cited by section, and (Q1), (Q2), ... are observed quirks.
//! `docs/reliability.md` lists the quirks and how sindri handles them.

pub mod api;
pub mod client;
pub mod credential;
pub mod decode;
pub mod encode;
pub mod json;
pub mod wire;
mod answer;
mod classify;
mod dialects;
mod error;
mod listing;
mod mask;
mod network_volumes;
mod operations;
mod pace;
mod page;
mod pages;
mod pods;
mod v1;
mod v2;

pub use api::{Api, LIST_LAG, NotifyFn, TraceFn};
pub use client::Client;
pub use credential::{ApiKey, ApiOrigin, world_identity};
pub use dialects::wires;
pub use error::{AdviceFn, ApiError, ErrorClass, FailureEffect, Purpose};
pub use mask::masked;
