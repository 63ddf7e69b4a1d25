//! RunPod's REST API: domain operations behind one trait, two dialects, one way to retry and to pace.

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
