//! RunPod's REST API: one trait of domain operations, two dialects (API versions v1 and v2), and shared retries and
//! pacing.

pub mod api;
pub mod client;
pub mod credential;
mod answer;
mod argv;
mod classify;
mod error;
mod mask;
mod operations;
mod pace;
mod pages;
mod v1;
mod v2;
mod wire;

pub use api::{Api, LIST_LAG, NotifyFn, TraceFn};
pub use client::Client;
pub use credential::{ApiKey, Origin, world_identity};
pub use error::{ApiError, ErrorClass, Failure};
pub use mask::masked;
