//! sindri: plan and apply GPU pods on RunPod.
//!
//! Data flows in one direction: files, configuration, graph, plan, operations, state. Code that decides is pure and
//! synchronous; code that acts is async and decides nothing. A module uses only modules above it in this list.

#![cfg_attr(not(test), warn(clippy::disallowed_macros, clippy::disallowed_methods))]

pub mod model;
#[allow(clippy::disallowed_methods, reason = "it reads and writes the files that people name")]
pub mod files;
pub mod catalog;
pub mod kind;
pub mod config;
pub mod resource;
pub mod graph;
pub mod planner;
#[allow(clippy::disallowed_methods, reason = "its clock is where time comes from")]
pub mod transport;
pub mod emulator;
pub mod runpod;
#[allow(clippy::disallowed_methods, reason = "durable files are its work")]
pub mod store;
pub mod observe;
pub mod apply;
pub mod render;
#[allow(clippy::disallowed_methods, reason = "it talks to people, processes and files")]
pub mod cli;
#[doc(hidden)]
pub mod fuzz;
