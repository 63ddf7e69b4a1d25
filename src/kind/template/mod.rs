//! Templates: stored container settings, which RunPod's console offers for new pods and endpoints.

mod attributes;
mod table;
mod words;

pub use table::TEMPLATE;
