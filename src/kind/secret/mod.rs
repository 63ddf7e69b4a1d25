//! Secrets: values in RunPod's store, which containers get in place of `{{ RUNPOD_SECRET_NAME }}`.

mod table;
mod words;

pub use table::SECRET;
