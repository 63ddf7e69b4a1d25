//! The memory that an apply allocates, and the requests that the command sends.

use sindri::planner::PlanOptions;
use tokio::runtime::Builder;

use super::count::{Work, work};
use crate::support::large_fleet::LargeFleet;
use crate::support::measured::Measured;

/// Twice the fleet may take this many times the work per pod.
const GROWTH: f64 = 1.1;

/// What an apply that creates everything allocates, emulator included.
fn apply(pods: usize) -> Work {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
    let _inside = runtime.enter();
    let measured = Measured::in_process(&LargeFleet::of(pods));
    work(|| runtime.block_on(measured.apply(PlanOptions::default()))).0
}

#[test]
fn an_apply_allocates_no_more_per_pod_for_a_larger_fleet() {
    // From the second thousand on, a list has several pages.
    let sizes = [500, 1_000];
    let [few, many] = sizes.map(|pods| {
        let Work { allocations, bytes } = apply(pods);
        println!("{pods} pods: {} allocations and {} bytes per pod", allocations / pods as u64, bytes / pods as u64);
        [allocations, bytes].map(|number| number as f64 / pods as f64)
    });
    for (few, many, unit) in [(few[0], many[0], "allocations"), (few[1], many[1], "bytes")] {
        assert!(many <= GROWTH * few, "{many:.0} {unit} per pod of {}, and {few:.0} of {}", sizes[1], sizes[0]);
    }
}
