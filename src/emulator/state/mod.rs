//! What exists in the emulated account: types, and what can be said of them without the passage of time.

pub mod ordered_store;
pub mod pod;
pub mod presets;
pub mod rng;
pub mod settings;
pub mod volume;
pub mod world;
