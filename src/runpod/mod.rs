//! RunPod's REST API: domain operations behind one trait, two dialects, one way to retry and to pace.

pub mod api;

pub use api::{Api, ApiError, ErrorClass, Failure, TraceFn};
