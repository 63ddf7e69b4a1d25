//! Requests stay within the quota of a server that counts like RunPod: sliding windows per key, reported in headers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use sindri::kind::POD;
use sindri::model::Dialect;
use sindri::runpod::{Api, ApiKey, Client};
use sindri::transport::{Reply, Request, Transport, TransportError};
use tokio::time::{Instant, sleep};

/// Sliding windows of `(name, quota, seconds)`, or fixed ones that begin at a multiple of their length.
struct Quota {
    windows: Vec<(&'static str, usize, u64)>,
    fixed: bool,
    start: Instant,
    counted: Mutex<VecDeque<Instant>>,
    refused: Mutex<usize>,
    jitter: Mutex<fastrand::Rng>,
}

impl Quota {
    fn new(windows: &[(&'static str, usize, u64)], fixed: bool) -> Arc<Self> {
        Arc::new(Self {
            windows: windows.to_vec(),
            fixed,
            start: Instant::now(),
            counted: Mutex::default(),
            refused: Mutex::default(),
            jitter: Mutex::new(fastrand::Rng::with_seed(3)),
        })
    }

    /// The start of the window that contains `now`, and the whole seconds (rounded down) until it has space again.
    fn window(&self, now: Instant, length: u64, counted: &VecDeque<Instant>) -> (Instant, u64) {
        if self.fixed {
            let begun = (now - self.start).as_secs() / length * length;
            let begin = self.start + Duration::from_secs(begun);
            return (begin, (begin + Duration::from_secs(length) - now).as_secs());
        }
        let begin = now.checked_sub(Duration::from_secs(length)).unwrap_or(self.start);
        let oldest = counted.iter().find(|at| **at > begin).copied().unwrap_or(now);
        (begin, (oldest + Duration::from_secs(length) - now).as_secs())
    }

    fn count(&self) -> (u16, Vec<(String, String)>) {
        let now = Instant::now();
        let mut counted = self.counted.lock().unwrap();
        let used = |begin: Instant, counted: &VecDeque<Instant>| {
            counted.iter().filter(|at| if self.fixed { **at >= begin } else { **at > begin }).count()
        };
        let full = self.windows.iter().any(|(_, quota, length)| {
            let (begin, _) = self.window(now, *length, &counted);
            used(begin, &counted) >= *quota
        });
        if full {
            *self.refused.lock().unwrap() += 1;
        } else {
            counted.push_back(now);
        }
        let (mut limits, mut policies) = (Vec::new(), Vec::new());
        for (name, quota, length) in &self.windows {
            let (begin, reset) = self.window(now, *length, &counted);
            limits.push(format!("\"{name}\";r={};t={reset}", quota - used(begin, &counted)));
            policies.push(format!("\"{name}\";q={quota};w={length}"));
        }
        let headers = vec![("ratelimit".into(), limits.join(", ")), ("ratelimit-policy".into(), policies.join(", "))];
        (if full { 429 } else { 200 }, headers)
    }
}

#[async_trait]
impl Transport for Quota {
    async fn send(&self, _: Request) -> Result<Reply, TransportError> {
        let way = || Duration::from_millis(self.jitter.lock().unwrap().u64(5..400));
        let (there, back) = (way(), way());
        sleep(there).await;
        let (status, headers) = self.count();
        sleep(back).await;
        Ok(Reply { status, headers, body: "{\"pods\":[]}".into() })
    }
}

const DOCUMENTED: [(&str, usize, u64); 3] = [("minute", 60, 60), ("hour", 3000, 3600), ("day", 50_000, 86_400)];

/// Sends `requests` over `lanes` concurrent tasks, and returns the number of refusals and the time taken.
async fn run(quota: &Arc<Quota>, lanes: usize, requests: usize) -> (usize, Duration) {
    let client = Client::new(quota.clone(), ApiKey::emulator(), Dialect::V2).with_wait_limit(Duration::from_secs(7200));
    let start = Instant::now();
    client.list(&POD).await.unwrap();
    let lane = || async {
        for _ in 0..requests / lanes {
            client.list(&POD).await.unwrap();
        }
    };
    join_all((0..lanes).map(|_| lane())).await;
    (*quota.refused.lock().unwrap(), start.elapsed())
}

#[tokio::test(start_paused = true)]
async fn no_request_gets_a_429_under_the_documented_quota() {
    for fixed in [false, true] {
        for lanes in [1, 3, 20, 100] {
            let quota = Quota::new(&DOCUMENTED, fixed);
            let (refused, took) = run(&quota, lanes, 300).await;
            assert_eq!(refused, 0, "{lanes} lanes, fixed: {fixed}");
            // Enough requests for five minutes. Pacing must not waste much of the quota either.
            assert!(took < Duration::from_secs(8 * 60), "{lanes} lanes, fixed: {fixed}: {took:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_answer_shows_the_requests_of_an_earlier_run() {
    let quota = Quota::new(&DOCUMENTED, false);
    run(&quota, 1, 55).await;
    let (refused, _) = run(&quota, 10, 60).await;
    assert_eq!(refused, 0);
}

#[tokio::test(start_paused = true)]
async fn without_a_quota_nothing_waits() {
    let quota = Quota::new(&[], false);
    let (refused, took) = run(&quota, 50, 500).await;
    assert_eq!(refused, 0);
    assert!(took < Duration::from_secs(15), "{took:?}");
}
