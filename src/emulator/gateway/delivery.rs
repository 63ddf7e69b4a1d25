//! What leaves the emulator, and when.

use std::time::Duration;

use crate::transport::Reply;

/// What leaves the emulator.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Virtual time until it leaves.
    pub delay: Duration,
    pub outcome: Outcome,
}

#[derive(Clone, Debug)]
pub enum Outcome {
    Reply(Reply),
    /// The connection breaks after so many bytes of the body.
    Cut(Reply, usize),
    /// The connection is reset; no byte is sent.
    Reset,
}
