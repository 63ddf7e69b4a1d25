//! RunPod in the binary: both dialects answered from one world, for tests, rehearsals and every failure on record.
//!
//! The world is a state machine over (call, virtual time, seed). It shares no type with `runpod/`, the client: a misreading
//! shared by both would hide.

pub mod call;
pub mod settings;
pub mod world;
mod dice;
