//! What time it is, on tokio's clock: real when the runtime runs freely, simulated when it is paused.

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Pairs one moment of wall-clock time with one of tokio's clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Timestamp,
    origin: Instant,
}

impl Clock {
    /// A clock that reads `start` now. Must be called within a tokio runtime.
    pub fn starting_at(start: Timestamp) -> Self {
        Self { start, origin: Instant::now() }
    }

    /// A clock that reads the computer's time.
    pub fn wall() -> Self {
        Self::starting_at(Timestamp::now())
    }

    pub fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.origin.elapsed()).unwrap_or(SignedDuration::MAX);
        self.start.checked_add(elapsed).unwrap_or(Timestamp::MAX)
    }
}
