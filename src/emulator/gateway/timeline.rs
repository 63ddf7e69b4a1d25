//! The emulator's own clock: virtual time that follows real time at some scale, or only when it is told to.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// Pairs a moment of real time with one of virtual time.
pub struct Timeline {
    start: Timestamp,
    origin: Instant,
    /// Virtual seconds per real second; 0 means that time stands still unless advanced.
    scale: f64,
}

impl Timeline {
    /// A clock that reads `start` now and keeps pace with real time.
    pub fn starting_at(start: Timestamp) -> Self {
        Self { start, origin: Instant::now(), scale: 1.0 }
    }

    pub fn now(&self) -> Timestamp {
        later(self.start, self.origin.elapsed().mul_f64(self.scale))
    }

    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// Goes on from the present virtual time at another speed, which is finite and not negative.
    pub fn set_scale(&mut self, scale: f64) {
        *self = Self { start: self.now(), origin: Instant::now(), scale };
    }

    /// Goes on from another moment at the same speed.
    pub fn set(&mut self, now: Timestamp) {
        *self = Self { start: now, origin: Instant::now(), scale: self.scale };
    }

    /// Lets virtual time jump ahead.
    pub fn advance(&mut self, by: Duration) {
        self.start = later(self.start, by);
    }

    /// Real time for a stretch of virtual time. While time stands still, an answer's delay is taken as real.
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
    fn a_standing_clock_moves_only_when_advanced() {
        let mut timeline = Timeline::starting_at(Timestamp::UNIX_EPOCH);
        timeline.set_scale(0.0);
        let standing = timeline.now();
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(timeline.now(), standing);
        timeline.advance(Duration::from_secs(90));
        assert_eq!(timeline.now(), standing + SignedDuration::from_secs(90));
    }

    #[test]
    fn a_scaled_clock_runs_ahead_of_real_time() {
        let mut timeline = Timeline::starting_at(Timestamp::UNIX_EPOCH);
        timeline.set_scale(1_000_000.0);
        std::thread::sleep(Duration::from_millis(2));
        assert!(timeline.now().as_second() >= 2_000, "{}", timeline.now());
        assert_eq!(timeline.real(Duration::from_secs(1)), Duration::from_micros(1));
    }
}
