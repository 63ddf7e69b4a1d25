//! The size of the state file.

use sindri::planner::PlanOptions;

use crate::support::large_fleet::LargeFleet;
use crate::support::measured::Measured;

/// Limit for a pod with two ports and a hundredth of a volume, which take 1,393 bytes. A `null` takes about 30 bytes.
const BYTES_PER_POD: usize = 1_420;

/// The size of the file after an apply that creates everything.
async fn state_file(pods: usize) -> usize {
    let measured = Measured::in_process(&LargeFleet::of(pods));
    measured.apply(PlanOptions::default()).await;
    measured.session.state_file().expect("a state").len()
}

#[tokio::test(start_paused = true)]
async fn a_pod_takes_few_bytes_of_the_state_file() {
    let per_pod = (state_file(200).await - state_file(100).await) / 100;
    assert!(per_pod <= BYTES_PER_POD, "{per_pod} bytes per pod; the limit is {BYTES_PER_POD}");
}
