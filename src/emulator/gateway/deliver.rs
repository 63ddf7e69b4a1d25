//! Handling a request with the delays before its effect and before its response.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::delivery::{Delivery, DeliveryResult};
use super::emulator::Emulator;
use crate::transport::Request;
use crate::transport::clock::Clock;

/// The source of virtual time.
#[derive(Clone, Copy)]
pub enum TimeSource {
    /// The emulator's own clock, at its scale.
    Own,
    /// Tokio's clock.
    Tokio(Clock),
}

impl TimeSource {
    fn now(self, emulator: &Emulator) -> Timestamp {
        match self {
            Self::Own => emulator.now(),
            Self::Tokio(clock) => clock.now(),
        }
    }

    async fn pass(self, emulator: &Emulator, virtual_time: Duration) {
        if !virtual_time.is_zero() {
            let time = match self {
                Self::Own => emulator.real(virtual_time),
                Self::Tokio(_) => virtual_time,
            };
            tokio::time::sleep(time).await;
        }
    }
}

/// Handles a request from its arrival until its response is sent.
pub async fn deliver(emulator: Arc<Emulator>, request: Request, time: TimeSource) -> DeliveryResult {
    let pending = emulator.receive(&request, time.now(&emulator));
    let Delivery { delay, outcome } = if pending.wait.is_zero() {
        emulator.finish(pending, time.now(&emulator))
    } else {
        let emulator = emulator.clone();
        // A separate task, so that the request takes effect even if the client stops waiting.
        let late = tokio::spawn(async move {
            time.pass(&emulator, pending.wait).await;
            let now = time.now(&emulator);
            emulator.finish(pending, now)
        });
        // The task only fails when the runtime shuts down, and then the outcome is not read.
        late.await.unwrap_or(Delivery { delay: Duration::ZERO, outcome: DeliveryResult::Reset })
    };
    time.pass(&emulator, delay).await;
    outcome
}
