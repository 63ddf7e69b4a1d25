//! Dialect v1: flat bodies, many defaults, and 500 for most client errors (contract, sections 1 to 4).

pub mod answer;
mod errors;
pub mod kinds;
mod machine_view;
mod pod_bodies;
mod pod_documented;
mod pod_view;
mod pods;
mod registries;
mod templates;
mod volumes;
