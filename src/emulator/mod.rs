//! RunPod in the binary: both dialects answered from one world, for tests, rehearsals and every failure on record.
//!
//! The world is a state machine over (call, virtual time, seed). It shares no type with `runpod/`, the client: a misreading
//! shared by both would hide.

pub mod call;
pub mod settings;
pub mod world;
mod account;
mod answer;
mod boot;
mod command;
mod dice;
mod events;
mod lifecycle;
mod market;
mod money;
mod order;
mod pod;
mod roll;
mod schema;
mod stock;
mod v1;
mod v2;
mod volume;

#[cfg(test)]
mod tests;
