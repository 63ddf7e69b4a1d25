//! Fleets within RunPod's documented quota, and with slow requests, in virtual time.
//!
//! The quota sets a lower bound on the time: at most 60 requests can be sent in any minute, so the last of N requests
//! is sent (N - 1) / 60 whole minutes after the first. Every request counts, including lists.

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use sindri::emulator::{QuotaProfile, faults};
use sindri::planner::PlanOptions;
use tokio::time::Instant;

use support::large_fleet::LargeFleet;
use support::measured::Measured;

/// Requests in any minute. Source: section 2.2 of the API contract.
const PER_MINUTE: usize = 60;

/// Volumes and pods at the start, all pods when they are ready, and all pods again to look for orphans.
const LISTS: usize = 4;

fn limited(fleet: &LargeFleet) -> Measured {
    let measured = Measured::in_process(fleet);
    measured.emulator().set_quota(QuotaProfile::Documented);
    measured
}

fn bound(requests: usize) -> Duration {
    Duration::from_secs(60) * u32::try_from((requests - 1) / PER_MINUTE).expect("a few")
}

fn fault(measured: &Measured, when: Value, effect: Value) {
    let rules = faults::from_values(vec![json!({ "match": when, "effect": effect })], "a test").expect("a rule");
    measured.emulator().set_faults(rules);
}

#[tokio::test(start_paused = true)]
async fn two_hundred_pods_get_no_429_and_take_little_longer_than_the_quota_requires() {
    for seconds in [0.0, 0.1] {
        let fleet = LargeFleet::of(200);
        let measured = limited(&fleet);
        fault(&measured, json!({}), json!({ "latency": { "seconds": seconds, "upTo": 10.0 * seconds } }));
        let start = Instant::now();
        let cost = measured.apply(PlanOptions::default()).await;
        let (took, bound) = (start.elapsed(), bound(fleet.volumes + fleet.pods + LISTS));
        println!("{} creates, {} lists, {took:?}; the bound is {bound:?}", cost.creates, cost.reads);
        assert_eq!((cost.creates, measured.refused()), (fleet.volumes + fleet.pods, 0));
        assert!(took.as_secs_f64() <= 1.1 * bound.as_secs_f64(), "{took:?}, and the bound is {bound:?}");
    }
}

/// Without a quota, N creates at latency L and P requests at a time need N * L / P.
#[tokio::test(start_paused = true)]
async fn a_hundred_pods_without_a_quota_take_little_longer_than_their_latency_requires() {
    let (pods, latency) = (100, 0.1);
    let measured = Measured::in_process(&LargeFleet::of(pods));
    fault(&measured, json!({}), json!({ "latency": { "seconds": latency } }));
    measured.apply(PlanOptions::default()).await;
    let journal = measured.emulator().journal(0);
    let creates: Vec<_> = journal.iter().filter(|entry| entry.operation == Some("createPod")).collect();
    let (first, last) = (creates.first().expect("creates"), creates.last().expect("creates"));
    // A create takes effect after the latency.
    let took = last.time.duration_since(first.time).as_secs_f64() + latency;
    let bound = pods as f64 * latency / measured.session.parallelism as f64;
    println!("{} creates, {took} s; the bound is {bound} s", creates.len());
    assert_eq!(creates.len(), pods);
    assert!(took <= 1.1 * bound, "{took} s, and the bound is {bound} s");
}

#[tokio::test(start_paused = true)]
async fn replacing_two_hundred_pods_gets_no_429_and_needs_few_polls() {
    let fleet = LargeFleet::of(200);
    let mut measured = limited(&fleet);
    measured.apply(PlanOptions::default()).await;
    // The bound assumes an unused quota.
    tokio::time::sleep(Duration::from_secs(60)).await;
    let newer = LargeFleet { image: "ghcr.io/team/train:2", ..fleet };
    measured.config = newer.config().0;
    let (start, before) = (Instant::now(), measured.answered());
    let cost = measured.apply(PlanOptions::default()).await;
    let asked = measured.asked(before);
    let (took, bound) = (start.elapsed(), bound(asked.len()));
    let lists = asked.iter().filter(|request| *request == "GET /v2/pods").count();
    println!("{} requests, {lists} lists, {took:?}; the bound is {bound:?}", asked.len());
    assert_eq!((cost.creates, measured.refused()), (200, 0));
    assert!(lists <= asked.len() / 20, "{lists} lists of {} requests", asked.len());
    assert!(took.as_secs_f64() <= 1.1 * bound.as_secs_f64(), "{took:?}, and the bound is {bound:?}");
}

#[tokio::test(start_paused = true)]
async fn a_429_delays_everything_for_its_wait_time_and_is_announced() {
    let measured = Measured::in_process(&LargeFleet::of(50));
    let refusal = json!({ "rateLimited": { "retryAfter": 90 } });
    fault(&measured, json!({ "operation": "createPod", "nth": 20 }), refusal);
    let cost = measured.apply(PlanOptions::default()).await;
    assert_eq!((cost.creates, measured.refused()), (51 + 1, 1), "one is sent again, none twice");

    let journal = measured.emulator().journal(0);
    let refused = journal.iter().position(|entry| entry.status == Some(429)).expect("a refusal");
    // Requests that were already sent are answered; then nothing is sent for this long.
    let resumed = journal[refused..].iter().find(|entry| entry.time > journal[refused].time).expect("a request");
    let waited = Duration::try_from(resumed.time.duration_since(journal[refused].time)).expect("later");
    assert!(waited >= Duration::from_secs(90) && waited < Duration::from_secs(95), "{waited:?}");
    let announced = measured.announced.lock().expect("no panic while noting");
    let (wait, reason) = announced.first().expect("a wait beyond a minute is announced");
    assert!(*wait >= Duration::from_secs(90) && reason == "RunPod asked for slower requests", "{announced:?}");
}
