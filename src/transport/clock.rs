//! The current time, on tokio's clock: real normally, simulated when the runtime is paused.

use std::fs;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use uuid::Uuid;

use crate::model::{Moment, Uptime};

/// Possible difference between the clocks of two computers, or of one computer before and after its clock was set. It
/// covers local times mistaken for UTC.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(24 * 60 * 60);

/// Maps a point on tokio's clock to wall-clock time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Timestamp,
    origin: Instant,
    boot: Boot,
}

/// The source of the uptime.
#[derive(Clone, Copy, Debug)]
enum Boot {
    /// A simulated world has one clock, which is never wrong.
    World,
    /// This computer's current boot, which had been running for `ms` at the clock's origin.
    Computer {
        id: Uuid,
        ms: u64,
    },
    Unknown,
}

impl Clock {
    /// The clock of a simulated world that starts at `start`. Must be called within a tokio runtime.
    pub fn starting_at(start: Timestamp) -> Self {
        Self { start, origin: Instant::now(), boot: Boot::World }
    }

    /// A clock that reads the computer's time.
    pub fn wall() -> Self {
        Self { start: Timestamp::now(), origin: Instant::now(), boot: this_boot().unwrap_or(Boot::Unknown) }
    }

    pub fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.origin.elapsed()).unwrap_or(SignedDuration::MAX);
        self.start.checked_add(elapsed).unwrap_or(Timestamp::MAX)
    }

    /// The current moment, in a form that another run can read.
    pub fn moment(&self) -> Moment {
        Moment { at: self.now().to_string(), uptime: self.uptime() }
    }

    fn uptime(&self) -> Option<Uptime> {
        let elapsed = u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX);
        match self.boot {
            Boot::World => {
                let ms = u64::try_from(self.now().as_millisecond()).ok()?;
                Some(Uptime { boot: "simulated".into(), ms })
            }
            Boot::Computer { id, ms } => Some(Uptime { boot: id.to_string(), ms: ms.saturating_add(elapsed) }),
            Boot::Unknown => None,
        }
    }

    /// The minimum time that has passed since `moment`. It is exact within one boot. Otherwise it relies on a clock
    /// that may be wrong by [`CLOCK_TOLERANCE`].
    pub fn least_age(&self, moment: &Moment) -> Duration {
        let by_date = self.age_by_date(moment).saturating_sub(CLOCK_TOLERANCE);
        let exact = self.uptime().zip(moment.uptime.as_ref()).filter(|(now, then)| now.boot == then.boot);
        let exact = exact.map_or(0, |(now, then)| now.ms.saturating_sub(then.ms));
        by_date.max(Duration::from_millis(exact))
    }

    /// The time since `moment`, assuming its writer's clock was right; zero for an unreadable date. For display.
    pub fn age_by_date(&self, moment: &Moment) -> Duration {
        let Ok(at) = moment.at.parse::<Timestamp>() else { return Duration::ZERO };
        Duration::try_from(self.now().duration_since(at)).unwrap_or(Duration::ZERO)
    }
}

/// Available only on Linux.
fn this_boot() -> Option<Boot> {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().parse().ok()?;
    Some(Boot::Computer { id, ms: uptime_ms()? })
}

/// The kernel's own uptime. `/proc/uptime` may be virtualized: containers share a boot id but may report different
/// uptimes.
#[cfg(target_os = "linux")]
fn uptime_ms() -> Option<u64> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `clock_gettime` only writes to `time`, which has the type it expects.
    let answered = unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut time) } == 0;
    let (seconds, ns) = (u64::try_from(time.tv_sec).ok()?, u64::try_from(time.tv_nsec).ok()?);
    answered.then(|| seconds.saturating_mul(1000).saturating_add(ns / 1_000_000))
}

#[cfg(not(target_os = "linux"))]
fn uptime_ms() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAG: Duration = Duration::from_secs(120);

    #[tokio::test]
    async fn only_the_same_boot_or_a_day_proves_that_time_has_passed() {
        let clock = Clock::wall();
        let ago = |hours: i64| (clock.now() - SignedDuration::from_hours(hours)).to_string();
        let elsewhere = |at: &str| Moment { at: at.to_owned(), uptime: None };
        for at in [ago(-1), ago(0), ago(1), ago(14), "garbage".into(), String::new()] {
            assert!(clock.least_age(&elsewhere(&at)) < LAG, "`{at}`");
        }
        assert!(clock.least_age(&elsewhere(&ago(30))) >= LAG);
    }

    #[tokio::test]
    async fn elapsed_time_within_one_boot_ignores_changes_to_the_clock() {
        let start = "2026-01-01T00:00:00Z".parse().unwrap();
        let clock = Clock::starting_at(start);
        let (now, later) = (clock.moment(), Clock::starting_at(start + SignedDuration::from_secs(600)));
        for at in ["2025-12-31T23:00:00Z", "2026-01-01T01:00:00Z", "garbage"] {
            let moment = Moment { at: at.into(), ..now.clone() };
            assert_eq!(clock.least_age(&moment), Duration::ZERO, "{at}");
            assert_eq!(later.least_age(&moment), Duration::from_secs(600), "{at}");
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn uptime_is_the_kernels_own() {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `clock_gettime` only writes to `time`.
        assert_eq!(unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut time) }, 0);
        let ms = Clock::wall().moment().uptime.expect("Linux has one").ms;
        let kernel = u64::try_from(time.tv_sec).unwrap() * 1000;
        assert!(ms.abs_diff(kernel) < 60_000, "{ms} ms, the kernel says {kernel} ms");
    }

    #[tokio::test]
    async fn two_runs_of_one_boot_read_the_same_uptime() {
        let first = Clock::wall().moment();
        let age = Clock::wall().least_age(&first);
        assert!(age < Duration::from_secs(60), "{age:?}");
        if cfg!(target_os = "linux") {
            assert!(first.uptime.is_some());
        }
    }
}
