//! RunPod's REST dialects: what requests mean and what answers show.

pub mod account;
pub mod call;
pub mod command;
pub mod response;
pub mod schema;
pub mod v1;
pub mod v2;
pub mod v2_2026_08;
