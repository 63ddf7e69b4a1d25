//! Decides when the next request may be sent. RunPod counts requests per key and reports the rest of each quota in
//! headers.
//!
//! Requests wait here before a quota runs out, to avoid predictable 429s. After a 429, all requests wait for as long as
//! RunPod says. Time is tokio's, real or simulated. Source: section 2.2 of the API contract.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::NotifyFn;
use super::classify::{retry_after, stated_seconds};
use crate::transport::Reply;

/// Shorter waits are not announced.
const ANNOUNCED: Duration = Duration::from_secs(5);
/// `t` and `w` are whole seconds of another clock.
const MARGIN: Duration = Duration::from_secs(1);
/// After a window resets, one request goes first to learn the new quota. If it gets no response, another follows after
/// this.
const PROBE: Duration = Duration::from_secs(5);

/// The pacing of one key.
#[derive(Default)]
pub(super) struct KeyPace {
    state: Mutex<PaceState>,
    /// Notified when a response may have changed what is left of a quota.
    changed: Notify,
}

#[derive(Default)]
struct PaceState {
    windows: BTreeMap<String, RateWindow>,
    /// When requests were sent, oldest first. This is our own use of a quota, independent of the order of responses.
    sent: VecDeque<Instant>,
    in_flight: u64,
    tickets: u64,
    /// The latest request whose response was read. Quotas in responses to earlier requests are out of date.
    latest: u64,
    /// After a 429, nothing is sent before this.
    paused_until: Option<Instant>,
    announced: Option<Instant>,
}

/// One quota, for example `"minute";r=0;t=12` with `"minute";q=60;w=60`.
struct RateWindow {
    remaining: u64,
    reset: Instant,
    policy: Option<(usize, Duration)>,
}

/// A request in flight.
pub(super) struct Ticket<'a> {
    pace: &'a KeyPace,
    number: u64,
}

/// How long a request has waited, and how long it may wait.
pub(super) struct Patience {
    pub waited: Duration,
    pub limit: Duration,
}

impl KeyPace {
    /// Waits until a request may be sent.
    ///
    /// # Errors
    ///
    /// The necessary wait, if it exceeds the limit.
    pub async fn admit(&self, patience: &mut Patience, notify: Option<&NotifyFn>) -> Result<Ticket<'_>, Duration> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Receives notifications from here on, even before the first poll.
            changed.as_mut().enable();
            let now = Instant::now();
            let (until, reason) = {
                let mut state = self.state();
                let Some((until, reason)) = state.blocked(now) else {
                    return Ok(Ticket { pace: self, number: state.leave(now) });
                };
                // Responses in flight may show that more is left than was counted.
                if state.in_flight == 0 && patience.waited + (until - now) > patience.limit {
                    return Err(until - now);
                }
                let news =
                    state.in_flight == 0 && until - now > ANNOUNCED && state.announced.is_none_or(|at| at < until);
                if news {
                    state.announced = Some(until + MARGIN);
                }
                (until, news.then_some(reason))
            };
            if let (Some(notify), Some(reason)) = (notify, reason) {
                notify(until - now, &reason);
            }
            tokio::select! {
                () = sleep_until(until) => {}
                () = changed => {}
            }
            patience.waited += now.elapsed();
        }
    }

    fn state(&self) -> MutexGuard<'_, PaceState> {
        // The counts are valid even after a panic elsewhere.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket<'_> {
    /// Updates the quotas from the headers of a response. After a 429, all requests wait: for `Retry-After`, otherwise
    /// until the exhausted windows reset, otherwise for `fallback`.
    pub fn answered(self, reply: &Reply, fallback: Duration) {
        let now = Instant::now();
        let mut state = self.pace.state();
        let limits = parse(reply, "ratelimit");
        // RunPod's count may or may not include requests that are still in flight. Assume that it does not.
        let others = state.in_flight.saturating_sub(1);
        if !limits.is_empty() && self.number >= state.latest {
            state.latest = self.number;
            let policies = parse(reply, "ratelimit-policy");
            state.windows = limits
                .iter()
                .filter_map(|(name, limit)| {
                    let policy = policies.get(name).and_then(|policy| {
                        Some((usize::try_from(policy.get("q").copied()?).ok()?, stated_seconds(*policy.get("w")?)))
                    });
                    let remaining = limit.get("r")?.saturating_sub(others);
                    let reset = now + stated_seconds(limit.get("t").copied().unwrap_or(1)) + MARGIN;
                    Some((name.clone(), RateWindow { remaining, reset, policy }))
                })
                .collect();
        }
        if reply.status == 429 {
            let used_up = limits.values().filter(|limit| limit.get("r") == Some(&0)).filter_map(|limit| limit.get("t"));
            let stated = retry_after(reply).or_else(|| used_up.max().copied().map(stated_seconds));
            let until = now + stated.map_or(fallback, |wait| wait + MARGIN);
            state.paused_until = state.paused_until.max(Some(until));
        }
        drop(state);
        // Dropping the ticket removes the request from those in flight and notifies the waiting ones.
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.pace.state().in_flight -= 1;
        self.pace.changed.notify_waiters();
    }
}

impl PaceState {
    /// Until when nothing may be sent, and why; `None` if a request may be sent now.
    fn blocked(&self, now: Instant) -> Option<(Instant, String)> {
        let paused_until = self.paused_until.map(|until| (until, "RunPod asked for slower requests".to_owned()));
        let windows = self.windows.iter().flat_map(|(name, window)| {
            let stated = (window.remaining == 0).then_some(window.reset);
            let own = window.policy.and_then(|(quota, length)| {
                // The request that must leave the window before another one may enter.
                let oldest = self.sent.len().checked_sub(quota.max(1))?;
                Some(self.sent[oldest] + length + MARGIN)
            });
            [stated, own]
                .into_iter()
                .flatten()
                .map(move |until| (until, format!("the request quota of this {name} is used up")))
        });
        paused_until.into_iter().chain(windows).filter(|(until, _)| *until > now).max_by_key(|(until, _)| *until)
    }

    /// Counts a request that is sent now.
    fn leave(&mut self, now: Instant) -> u64 {
        let mut kept = 0;
        for window in self.windows.values_mut() {
            if window.remaining == 0 {
                window.reset = now + PROBE;
            }
            window.remaining = window.remaining.saturating_sub(1);
            kept = kept.max(window.policy.map_or(0, |(quota, _)| quota));
        }
        self.sent.push_back(now);
        // Until the first policy is known, earlier requests may count in windows that are announced later.
        while self.sent.len() > kept.max(1000) {
            self.sent.pop_front();
        }
        self.in_flight += 1;
        self.tickets += 1;
        self.tickets
    }
}

/// Parses `"minute";r=0;t=12, "hour";r=2800;t=1812` into values by name, and ignores everything else.
fn parse(reply: &Reply, header: &str) -> BTreeMap<String, BTreeMap<String, u64>> {
    let values = reply.headers.iter().filter(|(name, _)| name == header).map(|(_, value)| value);
    let items = values.flat_map(|value| value.split(','));
    let items = items.filter_map(|item| {
        let mut parts = item.split(';').map(str::trim);
        let name: String = parts.next()?.trim_matches('"').chars().filter(char::is_ascii_graphic).take(20).collect();
        let numbers = parts.filter_map(|part| {
            let (key, value) = part.split_once('=')?;
            Some((key.trim().to_ascii_lowercase(), value.trim().parse().ok()?))
        });
        let numbers: BTreeMap<String, u64> = numbers.collect();
        (!name.is_empty() && !numbers.is_empty()).then_some((name, numbers))
    });
    items.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, headers: &[(&str, &str)]) -> Reply {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Reply { status, headers, body: bytes::Bytes::new() }
    }

    fn patience(limit: u64) -> Patience {
        Patience { waited: Duration::ZERO, limit: Duration::from_secs(limit) }
    }

    #[test]
    fn unknown_parts_of_headers_are_ignored() {
        let both =
            reply(200, &[("ratelimit", "\"minute\";r=176;t=1, hour; R=7193 ;t=2701;x=y, nonsense, \"day\";r=x")]);
        let read = parse(&both, "ratelimit");
        assert_eq!(read.keys().collect::<Vec<_>>(), ["hour", "minute"]);
        assert_eq!((read["minute"]["r"], read["hour"]["r"], read["hour"]["t"]), (176, 7193, 2701));
    }

    #[tokio::test(start_paused = true)]
    async fn no_request_is_sent_before_an_exhausted_window_resets() {
        let pace = KeyPace::default();
        let start = Instant::now();
        let first = pace.admit(&mut patience(60), None).await.ok().unwrap();
        first.answered(&reply(200, &[("ratelimit", "\"minute\";r=0;t=12, \"hour\";r=9;t=100")]), PROBE);
        pace.admit(&mut patience(60), None).await.ok().unwrap();
        assert_eq!(start.elapsed(), Duration::from_secs(12) + MARGIN);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_429_without_retry_after_the_exhausted_window_sets_the_wait() {
        let pace = KeyPace::default();
        let start = Instant::now();
        let first = pace.admit(&mut patience(60), None).await.ok().unwrap();
        first.answered(&reply(429, &[("ratelimit", "\"minute\";r=0;t=42, \"hour\";r=9;t=100")]), PROBE);
        pace.admit(&mut patience(60), None).await.ok().unwrap();
        assert_eq!(start.elapsed(), Duration::from_secs(42) + MARGIN);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_beyond_the_limit_is_refused_at_once() {
        let pace = KeyPace::default();
        let start = Instant::now();
        let first = pace.admit(&mut patience(60), None).await.ok().unwrap();
        first.answered(&reply(429, &[("retry-after", "90")]), PROBE);
        assert_eq!(pace.admit(&mut patience(60), None).await.err(), Some(Duration::from_secs(90) + MARGIN));
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn no_number_in_a_header_overflows() {
        let huge = u64::MAX;
        let limit = format!("\"minute\";r=0;t={huge}");
        let policy = format!("\"minute\";q=1;w={huge}");
        let day = Duration::from_secs(86_400) + MARGIN;
        for (status, headers) in [
            (429, vec![("retry-after", huge.to_string())]),
            (429, vec![("ratelimit", limit.clone())]),
            (200, vec![("ratelimit", limit)]),
            (200, vec![("ratelimit", "\"minute\";r=5;t=9".to_owned()), ("ratelimit-policy", policy)]),
        ] {
            let pace = KeyPace::default();
            let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let first = pace.admit(&mut patience(60), None).await.ok().unwrap();
            first.answered(&reply(status, &headers), PROBE);
            assert_eq!(pace.admit(&mut patience(60), None).await.err(), Some(day), "{headers:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn requests_in_flight_count_as_used() {
        let pace = KeyPace::default();
        let first = pace.admit(&mut patience(60), None).await.ok().unwrap();
        let slow = pace.admit(&mut patience(60), None).await.ok().unwrap();
        first.answered(&reply(200, &[("ratelimit", "\"minute\";r=1;t=30")]), PROBE);
        let start = Instant::now();
        let waiting = async {
            let ticket = pace.admit(&mut patience(60), None).await.ok().unwrap();
            drop(ticket);
            start.elapsed()
        };
        let answer = async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            slow.answered(&reply(200, &[("ratelimit", "\"minute\";r=1;t=27")]), PROBE);
        };
        let (waited, ()) = tokio::join!(waiting, answer);
        assert_eq!(waited, Duration::from_secs(3), "an answer that tells more is left frees it");
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_is_abandoned_is_no_longer_in_flight() {
        let pace = KeyPace::default();
        drop(pace.admit(&mut patience(60), None).await.ok().unwrap());
        assert_eq!(pace.state().in_flight, 0);
    }
}
