//! Rate limits per key: sliding windows in virtual time and their headers (contract, sections 2.2 and 2.4).

use std::collections::{BTreeMap, VecDeque};
use std::fmt::{self, Write};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::str::FromStr;

use jiff::Timestamp;

use crate::emulator::dialect::call::ApiVersion;
use crate::emulator::state::settings::UnknownWord;

/// A set of rate limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QuotaProfile {
    /// No limits.
    #[default]
    Off,
    /// The vendor's documented example: 60 a minute, 3000 an hour, 50000 a day.
    Documented,
    /// As observed once: 180 a minute, 7200 an hour.
    Generous,
}

struct CountingWindow {
    name: &'static str,
    quota: usize,
    seconds: i64,
}

const fn window(name: &'static str, quota: usize, seconds: i64) -> CountingWindow {
    CountingWindow { name, quota, seconds }
}

const DOCUMENTED: &[CountingWindow] =
    &[window("minute", 60, 60), window("hour", 3000, 3600), window("day", 50_000, 86_400)];
const GENEROUS: &[CountingWindow] = &[window("minute", 180, 60), window("hour", 7200, 3600)];

/// v1 has a tenth of the limits, which were reduced before its retirement (emulator behaviour, section 7).
const V1_SHARE: usize = 10;

impl QuotaProfile {
    pub fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Documented => "documented",
            Self::Generous => "generous",
        }
    }

    fn windows(self) -> &'static [CountingWindow] {
        match self {
            Self::Off => &[],
            Self::Documented => DOCUMENTED,
            Self::Generous => GENEROUS,
        }
    }
}

impl FromStr for QuotaProfile {
    type Err = UnknownWord;

    fn from_str(given: &str) -> Result<Self, UnknownWord> {
        [Self::Off, Self::Documented, Self::Generous]
            .into_iter()
            .find(|profile| profile.word() == given)
            .ok_or_else(|| UnknownWord { given: given.to_owned(), accepted: "`off`, `documented`, `generous`" })
    }
}

impl fmt::Display for QuotaProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl CountingWindow {
    fn quota(&self, dialect: ApiVersion) -> usize {
        match dialect {
            ApiVersion::V1 => self.quota / V1_SHARE,
            ApiVersion::V2 => self.quota,
        }
    }
}

/// The result of counting a request.
#[derive(Debug, PartialEq)]
pub struct QuotaResult {
    /// `RateLimit` and `RateLimit-Policy`; empty without limits.
    pub headers: Vec<(String, String)>,
    /// The window that refuses the request, and the whole seconds until it has room again.
    pub refused: Option<(&'static str, i64)>,
}

/// The requests in the current windows, by the hash of their key.
#[derive(Default)]
pub struct Quotas {
    profile: QuotaProfile,
    /// One queue of times per window of the profile.
    taken: BTreeMap<(ApiVersion, u64), Vec<VecDeque<Timestamp>>>,
}

impl Quotas {
    pub fn new(profile: QuotaProfile) -> Self {
        Self { profile, taken: BTreeMap::new() }
    }

    /// Forgets all requests.
    pub fn clear(&mut self) {
        self.taken.clear();
    }

    /// Counts a request in every window of its key. A refused request is not counted.
    pub fn count(&mut self, dialect: ApiVersion, key: &str, now: Timestamp) -> QuotaResult {
        let windows = self.profile.windows();
        if windows.is_empty() {
            return QuotaResult { headers: Vec::new(), refused: None };
        }
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let queues = self
            .taken
            .entry((dialect, hasher.finish()))
            .or_insert_with(|| windows.iter().map(|_| VecDeque::new()).collect());

        let mut refused = None;
        for (window, queue) in windows.iter().zip(queues.iter_mut()) {
            while queue.front().is_some_and(|oldest| seconds_until_free(window, *oldest, now) <= 0) {
                queue.pop_front();
            }
            if let Some(oldest) = queue.front().filter(|_| queue.len() >= window.quota(dialect)) {
                let wait = seconds_until_free(window, *oldest, now);
                // Report the longest wait: after a shorter one, another window would still refuse.
                if refused.is_none_or(|(_, longest)| wait > longest) {
                    refused = Some((window.name, wait));
                }
            }
        }
        if refused.is_none() {
            queues.iter_mut().for_each(|queue| queue.push_back(now));
        }
        QuotaResult { headers: headers(dialect, windows, queues, now), refused }
    }
}

/// Whole seconds, rounded up, until the slot taken at `taken` is free.
fn seconds_until_free(window: &CountingWindow, taken: Timestamp, now: Timestamp) -> i64 {
    let left = window.seconds * 1000 - now.duration_since(taken).as_millis() as i64;
    left.div_euclid(1000) + i64::from(left.rem_euclid(1000) > 0)
}

/// For every window `"minute";r=59;t=60` and `"minute";q=60;w=60`. v1 has no such headers.
fn headers(
    dialect: ApiVersion,
    windows: &[CountingWindow],
    queues: &[VecDeque<Timestamp>],
    now: Timestamp,
) -> Vec<(String, String)> {
    if dialect == ApiVersion::V1 {
        return Vec::new();
    }
    let (mut limit, mut policy) = (String::new(), String::new());
    for (window, queue) in windows.iter().zip(queues) {
        let separator = if limit.is_empty() { "" } else { ", " };
        let left = window.quota(dialect).saturating_sub(queue.len());
        let reset = queue.front().map_or(0, |oldest| seconds_until_free(window, *oldest, now));
        // Writing to a String cannot fail.
        let _ = write!(limit, "{separator}\"{}\";r={left};t={reset}", window.name);
        let _ = write!(policy, "{separator}\"{}\";q={};w={}", window.name, window.quota(dialect), window.seconds);
    }
    vec![("ratelimit".into(), limit), ("ratelimit-policy".into(), policy)]
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;

    use super::*;

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn a_request_over_the_quota_is_refused_until_the_oldest_leaves_the_window() {
        let mut quotas = Quotas::new(QuotaProfile::Documented);
        for second in 0..60 {
            let counted = quotas.count(ApiVersion::V2, "key", START + (second / 2).seconds());
            assert_eq!(counted.refused, None, "request {second}");
        }
        let at = START + 30.seconds();
        assert_eq!(quotas.count(ApiVersion::V2, "key", at).refused, Some(("minute", 30)));
        assert_eq!(quotas.count(ApiVersion::V2, "other", at).refused, None, "each key has its own windows");
        assert_eq!(quotas.count(ApiVersion::V2, "key", START + 60.seconds()).refused, None);
    }

    #[test]
    fn headers_announce_every_window_of_the_profile() {
        let counted = Quotas::new(QuotaProfile::Documented).count(ApiVersion::V2, "key", START);
        assert_eq!(
            counted.headers,
            [
                ("ratelimit".into(), r#""minute";r=59;t=60, "hour";r=2999;t=3600, "day";r=49999;t=86400"#.to_string()),
                (
                    "ratelimit-policy".into(),
                    r#""minute";q=60;w=60, "hour";q=3000;w=3600, "day";q=50000;w=86400"#.into()
                ),
            ]
        );
    }

    #[test]
    fn v1_has_a_tenth_and_no_headers() {
        let mut quotas = Quotas::new(QuotaProfile::Generous);
        for _ in 0..18 {
            let counted = quotas.count(ApiVersion::V1, "key", START);
            assert_eq!(counted, QuotaResult { headers: Vec::new(), refused: None });
        }
        assert_eq!(quotas.count(ApiVersion::V1, "key", START).refused, Some(("minute", 60)));
    }

    #[test]
    fn no_limits_mean_no_headers_and_no_refusals() {
        let mut quotas = Quotas::new(QuotaProfile::Off);
        for _ in 0..100 {
            assert_eq!(quotas.count(ApiVersion::V2, "key", START), QuotaResult { headers: Vec::new(), refused: None });
        }
    }
}
