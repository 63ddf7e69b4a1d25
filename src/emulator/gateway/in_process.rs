//! The emulator as a transport: no sockets, and all time is tokio's, so that a paused runtime simulates it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::deliver::{TimeSource, deliver};
use super::delivery::Outcome;
use super::emulator::Emulator;
use crate::transport::clock::Clock;
use crate::transport::{Reply, Request, Transport, TransportError};

/// What messages call this origin.
const ORIGIN: &str = "sandbox";

/// How long an answer is waited for, as the vendor's own client does (contract, section 2.5).
const TIMEOUT: Duration = Duration::from_secs(30);

/// Carries requests to an emulator in the same process.
pub struct InProcess {
    emulator: Arc<Emulator>,
    clock: Clock,
}

impl InProcess {
    /// `clock` tells the emulator's virtual time.
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
            Ok(Outcome::Reply(reply)) => Ok(reply),
            Ok(Outcome::Cut(..)) => Err(no_answer("the connection broke within the answer")),
            Ok(Outcome::Reset) => Err(no_answer("connection reset by peer")),
        }
    }

    fn origin(&self) -> &str {
        ORIGIN
    }
}
