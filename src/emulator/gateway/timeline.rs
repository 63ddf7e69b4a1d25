//! The emulator's own clock: virtual time that follows real time at a scale, or is stopped.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// A clock with a moment of real time and the matching virtual time.
pub struct Timeline {
    start: Timestamp,
    origin: Instant,
    /// Virtual seconds per real second. At 0, time only moves when advanced.
    scale: f64,
}

impl Timeline {
    /// A clock that shows `start` now and runs at the speed of real time.
    pub fn starting_at(start: Timestamp) -> Self {
        Self { start, origin: Instant::now(), scale: 1.0 }
    }

    pub fn now(&self) -> Timestamp {
        later(self.start, self.origin.elapsed().mul_f64(self.scale))
    }

    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// Continues from the current virtual time at another scale, which must be finite and not negative.
    pub fn set_scale(&mut self, scale: f64) {
        *self = Self { start: self.now(), origin: Instant::now(), scale };
    }

    /// Continues from another moment at the same scale.
    pub fn set(&mut self, now: Timestamp) {
        *self = Self { start: now, origin: Instant::now(), scale: self.scale };
    }

    /// Moves virtual time ahead.
    pub fn advance(&mut self, by: Duration) {
        self.start = later(self.start, by);
    }

    /// Converts a span of virtual time to real time. While time is stopped, both are equal.
    pub fn real(&self, virtual_time: Duration) -> Duration {
        if self.scale > 0.0 { virtual_time.div_f64(self.scale) } else { virtual_time }
    }
}

fn later(start: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    start.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_clock_moves_only_when_advanced() {
        let mut timeline = Timeline::starting_at(Timestamp::UNIX_EPOCH);
        timeline.set_scale(0.0);
        let paused = timeline.now();
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(timeline.now(), paused);
        timeline.advance(Duration::from_secs(90));
        assert_eq!(timeline.now(), paused + SignedDuration::from_secs(90));
    }

    #[test]
    fn a_scaled_clock_runs_faster_than_real_time() {
        let mut timeline = Timeline::starting_at(Timestamp::UNIX_EPOCH);
        timeline.set_scale(1_000_000.0);
        std::thread::sleep(Duration::from_millis(2));
        assert!(timeline.now().as_second() >= 2_000, "{}", timeline.now());
        assert_eq!(timeline.real(Duration::from_secs(1)), Duration::from_micros(1));
    }
}
