//! What happens in the emulated account: creates, boots, bills, events.

pub mod boot;
pub mod events;
mod hosts;
pub mod lifecycle;
pub mod market;
pub mod money;
pub mod order;
pub mod stock;
