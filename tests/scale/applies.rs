//! The requests and disk writes of an apply and a plan.

use sindri::planner::PlanOptions;

use crate::support::large_fleet::LargeFleet;
use crate::support::measured::{Cost, Measured};

#[tokio::test(start_paused = true)]
async fn a_plan_without_changes_lists_volumes_once_and_pods_once_per_thousand() {
    let fleet = LargeFleet::of(1_001);
    let measured = Measured::in_process(&fleet);
    measured.apply(PlanOptions::default()).await;
    let before = measured.answered();
    let plan = measured.plan().await;
    assert_eq!(plan.changes.len(), fleet.resources());
    assert!(plan.is_empty() && plan.drift.is_empty(), "{:?}", plan.operations.first());

    let mut asked = measured.asked(before);
    asked.sort();
    let mut expected = vec!["GET /v2/network-volumes".to_owned()];
    expected.extend(vec!["GET /v2/pods".to_owned(); fleet.pods.div_ceil(1_000)]);
    assert_eq!(asked, expected);
}

#[tokio::test(start_paused = true)]
async fn applying_sends_one_request_each_and_writes_bytes_in_proportion() {
    let mut before: Option<Cost> = None;
    for pods in [100, 200, 400] {
        let fleet = LargeFleet::of(pods);
        let measured = Measured::in_process(&fleet);
        let cost = measured.apply(PlanOptions::default()).await;
        let made = fleet.pods + fleet.volumes;
        assert_eq!(cost.creates, made);
        let pages = pods.div_ceil(1_000);
        assert!(cost.reads <= 8 * pages, "{} lists of {pages} pages for {pods} pods", cost.reads);
        // Each object has an intent and an outcome, and ten concurrent requests share flushes.
        assert!(cost.fsyncs < made as u64 / 2, "{} flushes for {made} objects", cost.fsyncs);
        if let Some(before) = before {
            let growth = cost.bytes as f64 / before.bytes as f64;
            assert!(growth < 2.1, "{pods} pods write {growth:.2} times the bytes of half as many");
        }
        before = Some(cost);
    }
}
