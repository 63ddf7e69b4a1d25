//! What the commands should reach on two cores.

use std::time::Duration;

use crate::latency::{LATENCY, PARALLELISM, PODS};

/// The most that a command may take for a number of pods.
pub struct Target {
    pods: usize,
    pub cpu: Duration,
    pub peak_bytes: u64,
}

const fn target(pods: usize, cpu_ms: u64, peak_mb: u64) -> Target {
    Target { pods, cpu: Duration::from_millis(cpu_ms), peak_bytes: peak_mb * 1_000_000 }
}

const PLAN: [Target; 4] =
    [target(100, 15, 15), target(1_000, 80, 35), target(2_000, 150, 60), target(10_000, 700, 250)];

const APPLY: [Target; 4] =
    [target(100, 200, 20), target(1_000, 1_000, 60), target(2_000, 2_000, 110), target(10_000, 10_000, 500)];

/// The target of a command, if it has one.
pub fn of(command: &str, pods: usize) -> Option<&'static Target> {
    let targets: &[Target] = match command {
        "plan" => &PLAN,
        "apply" => &APPLY,
        _ => &[],
    };
    targets.iter().find(|target| target.pods == pods)
}

/// Growth of a command's processor time: the exponent `e` in `pods^e`. Sorting and noise explain the tenth.
pub const GROWTH: f64 = 1.1;

/// Size of the release binary.
pub const BINARY_BYTES: u64 = 16_000_000;

/// `sindri --version`.
pub const START: Duration = Duration::from_millis(5);

/// A plan without changes, at [`LATENCY`] per request.
pub const PLAN_WITH_LATENCY: Duration = Duration::from_millis(250);

/// Processor time of the emulator for one list of 10,000 pods.
pub const EMULATED_LIST: (usize, Duration) = (10_000, Duration::from_millis(150));

/// Creates per second of the emulator's processor time.
pub const EMULATED_CREATES: f64 = 2_000.0;

/// How long the emulator boots a pod.
const BOOT: Duration = Duration::from_millis(1_400);
/// The shortest time between two polls, and the poll.
const POLL: Duration = Duration::from_secs(1).saturating_add(LATENCY);

/// All creates of an apply: a tenth more than the latency requires.
pub fn creates() -> Duration {
    LATENCY.mul_f64(1.1 * PODS as f64 / PARALLELISM as f64)
}

/// An apply until all pods are ready: the creates, the boot of the last pod, and one poll.
pub fn apply_with_latency() -> Duration {
    creates() + BOOT + POLL
}

pub fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "missed" }
}
