//! RunPod's REST dialects: what requests mean and what answers show.

mod answer;
pub mod call;
pub mod command;
mod console;
pub mod registries;
pub mod response;
pub mod schema;
pub mod templates;
pub mod v1;
pub mod v2;
pub mod v2_2026_08;
