//! The emulator as a transport in the same process. It uses tokio's time, so a paused runtime simulates it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::deliver::{TimeSource, deliver};
use super::delivery::DeliveryResult;
use super::emulator::Emulator;
use crate::transport::clock::Clock;
use crate::transport::{Reply, Request, Transport, TransportError};

/// The name of this origin in messages.
const ORIGIN: &str = "sandbox";

/// The time limit for a response, as in the vendor's own client (contract, section 2.5).
const TIMEOUT: Duration = Duration::from_secs(30);

/// Sends requests to an emulator in the same process.
pub struct InProcess {
    emulator: Arc<Emulator>,
    clock: Clock,
}

impl InProcess {
    /// `clock` gives the emulator's virtual time.
    pub fn new(emulator: Arc<Emulator>, clock: Clock) -> Self {
        Self { emulator, clock }
    }
}

#[async_trait]
impl Transport for InProcess {
    async fn send(&self, request: Request) -> Result<Reply, TransportError> {
        let no_answer = |reason: &str| TransportError::NoAnswer { origin: ORIGIN.into(), reason: reason.into() };
        let answer = deliver(self.emulator.clone(), request, TimeSource::Tokio(self.clock));
        match tokio::time::timeout(TIMEOUT, answer).await {
            Err(_) => Err(no_answer("timed out")),
            Ok(DeliveryResult::Reply(reply)) => Ok(reply),
            Ok(DeliveryResult::Cut(..)) => Err(no_answer("the connection broke during the answer")),
            Ok(DeliveryResult::Reset) => Err(no_answer("connection reset by peer")),
        }
    }
}
