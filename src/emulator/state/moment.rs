//! Arithmetic on virtual time.

use jiff::{SignedDuration, Timestamp};

/// The moment `millis` milliseconds after `now`.
pub fn after_millis(now: Timestamp, millis: u64) -> Timestamp {
    let millis = i64::try_from(millis).unwrap_or(i64::MAX);
    now.checked_add(SignedDuration::from_millis(millis)).unwrap_or(Timestamp::MAX)
}

/// The moment `seconds` seconds after `now`.
pub fn after_seconds(now: Timestamp, seconds: u64) -> Timestamp {
    after_millis(now, seconds.saturating_mul(1000))
}
