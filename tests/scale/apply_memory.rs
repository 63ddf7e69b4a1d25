//! The work of a whole apply: the memory that it allocates, and its comparisons.

use sindri::planner::PlanOptions;
use tokio::runtime::Builder;

use super::count::{PerItem, work};
use crate::support::large_fleet::LargeFleet;
use crate::support::measured::Measured;

/// Twice the fleet may take this many times the work per pod.
const GROWTH: f64 = 1.1;

/// Twice the fleet may take this many times the comparisons of sorted maps per pod.
const GROWTH_SORTED: f64 = 1.2;

/// A pod with two ports may take so much work. The present work is a tenth less.
const LIMIT: PerItem = PerItem { allocations: 860.0, bytes: 147_000.0, scanned: 44.0, sorted: 2_620.0, texts: 2_000.0 };

/// The work per pod of an apply that creates everything, emulator included.
fn apply(pods: usize) -> PerItem {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
    let _inside = runtime.enter();
    let measured = Measured::in_process(&LargeFleet::of(pods));
    work(|| runtime.block_on(measured.apply(PlanOptions::default()))).0.per(pods)
}

#[test]
fn an_apply_takes_no_more_work_per_pod_for_a_larger_fleet() {
    // From the second thousand on, a list has several pages.
    let (few, many) = (apply(500), apply(1_000));
    println!("{few}; {many}");
    assert!(few.is_within(LIMIT), "{few} per pod of 500; the limit is {LIMIT}");
    assert!(many.is_within(few.times(GROWTH, GROWTH_SORTED)), "{many} per pod of 1,000, and {few} of 500");
}
