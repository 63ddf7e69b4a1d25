//! The outcome of a request and its delay.

use std::time::Duration;

use crate::transport::Reply;

#[derive(Clone, Debug)]
pub struct Delivery {
    /// Virtual time until the outcome is sent.
    pub delay: Duration,
    pub outcome: DeliveryResult,
}

#[derive(Clone, Debug)]
pub enum DeliveryResult {
    Reply(Reply),
    /// The connection breaks after this many bytes of the body.
    Cut(Reply, usize),
    /// The connection is reset before any byte is sent.
    Reset,
}
