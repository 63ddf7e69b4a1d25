//! sindri: plan and apply GPU pods on RunPod.
//!
//! One direction: files become a configuration, a graph, a plan, operations, a state. Deciding is pure and synchronous;
//! doing is async and decides nothing. A module uses only modules above it in this list.

pub mod model;
pub mod kind;
pub mod catalog;
pub mod config;
pub mod graph;
pub mod planner;
pub mod transport;
pub mod emulator;
pub mod runpod;
pub mod store;
pub mod observe;
pub mod apply;
pub mod render;
pub mod cli;
