//! RunPod's REST dialects: what requests mean and what answers show.

mod answer;
pub mod call;
mod command;
mod console;
mod registries;
mod response;
pub mod route;
pub mod routes;
mod schema;
mod templates;
mod v1;
mod v2;
mod v2_2026_08;
