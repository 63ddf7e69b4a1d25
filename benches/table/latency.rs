//! The start of the program, and commands whose requests take long.

use std::time::Duration;

use crate::options::Options;
use crate::process::{Ended, Program, Sample};
use crate::report::median;
use crate::rows::Stage;
use crate::support::large_fleet::LargeFleet;
use crate::support::{self, Project};

/// Starts of `sindri --version`.
const STARTS: usize = 20;

/// Time per request.
pub const LATENCY: Duration = Duration::from_millis(100);
pub const PODS: usize = 100;
pub const PARALLELISM: usize = 10;

/// The program itself.
pub struct Startup {
    pub bytes: u64,
    pub start: Duration,
}

pub fn startup(options: &Options) -> Startup {
    let project = Project::new("");
    let program = Program {
        path: &options.sindri,
        folder: project.folder(),
        arguments: vec!["--version".into()],
        environment: Vec::new(),
        limit: None,
    };
    let start = median((0..STARTS).map(|_| program.measure().wall));
    Startup { bytes: std::fs::metadata(&options.sindri).expect("the binary").len(), start }
}

/// Times at [`LATENCY`] per request.
pub struct Latency {
    /// A plan without changes.
    pub plan: Duration,
    /// From the start of the first create to the reply to the last.
    pub creates: Duration,
    /// The whole apply.
    pub apply: Duration,
}

pub fn measure(options: &Options) -> Latency {
    let fleet = LargeFleet::of(PODS);
    let mut stage = Stage::empty(options, fleet, &fleet.yaml());
    stage.apply();
    stage.account.set_latency(LATENCY);
    let plan = (0..options.runs()).map(|_| succeed(stage.run("plan --detailed-exitcode")).wall);
    let plan = median(plan);

    let stage = Stage::empty(options, fleet, &support::fleet(PODS));
    stage.account.set_latency(LATENCY);
    let applies: Vec<(Duration, Duration)> = (0..options.runs()).map(|_| apply(&stage)).collect();
    Latency {
        plan,
        creates: median(applies.iter().map(|(creates, _)| *creates)),
        apply: median(applies.iter().map(|(_, whole)| *whole)),
    }
}

/// Creates pods that do not depend on anything. Returns the time of the creates, and of everything.
fn apply(stage: &Stage<'_>) -> (Duration, Duration) {
    stage.restore(true);
    let sent = stage.account.creates().len();
    let sample = succeed(stage.run(&format!("apply --auto-approve --parallelism {PARALLELISM}")));
    let creates = stage.account.creates().split_off(sent);
    assert_eq!(creates.len(), PODS);
    let (Some(first), Some(last)) = (creates.iter().min(), creates.iter().max()) else { unreachable!() };
    // A create takes effect after the latency, so the first one was sent that much earlier.
    let span = Duration::try_from(last.duration_since(*first)).expect("a span") + LATENCY;
    (span, sample.wall)
}

fn succeed(sample: Sample) -> Sample {
    assert_eq!(sample.ended, Ended::Exited(0));
    sample
}
