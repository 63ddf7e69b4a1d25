//! Registry credentials: user names and passwords with which RunPod pulls private images.

mod table;
mod words;

pub use table::REGISTRY;
