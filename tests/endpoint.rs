//! Serverless endpoints in every layer: configuration, requests, plans, and whole lives in the emulator.

mod support;

mod endpoint {
    pub mod config;
    pub mod desired;
    pub mod lives;
    pub mod plan;
    pub mod rollout;
    pub mod wire;
}
