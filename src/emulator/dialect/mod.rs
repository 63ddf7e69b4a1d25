//! RunPod's REST dialects: reading requests and showing objects.
//!
//! A kind of object has one file per dialect with its routes, and one line in the registry `v1::kinds` or `v2::kinds`.

mod answer;
pub mod call;
mod command;
mod console;
mod registries;
pub mod response;
pub mod route;
pub mod routes;
pub mod schema;
mod templates;
mod v1;
mod v2;
mod v2_2026_08;
mod volumes;
pub mod world_change;
