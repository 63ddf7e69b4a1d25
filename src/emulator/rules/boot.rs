//! How long a container takes to start, and the result.

use crate::emulator::state::host::Machine;
use crate::emulator::state::moment::after_millis;
use crate::emulator::state::pattern::matches_pattern;
use crate::emulator::state::pod::{Phase, StartOutcome};
use crate::emulator::state::settings::BootPace;
use crate::emulator::state::world::World;

/// Why a container starts.
#[derive(Clone, Copy, PartialEq)]
pub enum StartKind {
    /// A new pod on a new host.
    Create,
    Resume,
    /// Replaces a container on the same host.
    Recreate,
}

/// Steps that take time, in milliseconds (behaviour page, section 4).
#[derive(Clone, Copy)]
pub enum BootStep {
    Allocate,
    PullCached,
    PullFirst,
    Boot,
    Resume,
    Restart,
    Vanish,
}

impl World {
    pub(in crate::emulator) fn step(&mut self, step: BootStep) -> u64 {
        let (low, high) = match (self.settings.pace, step) {
            (BootPace::Fast, BootStep::PullFirst) => (1000, 1000),
            (BootPace::Fast, BootStep::Vanish) => (0, 0),
            (BootPace::Fast, _) => (200, 200),
            (BootPace::Realistic, BootStep::Allocate) => (2000, 8000),
            (BootPace::Realistic, BootStep::PullCached) => (5000, 28_000),
            (BootPace::Realistic, BootStep::PullFirst) => (300_000, 780_000),
            (BootPace::Realistic, BootStep::Boot) => (8000, 45_000),
            (BootPace::Realistic, BootStep::Resume | BootStep::Restart) => (5000, 20_000),
            (BootPace::Realistic, BootStep::Vanish) => (0, 10_000),
        };
        self.rng.between(low, high)
    }

    pub(in crate::emulator) fn image_is(&self, patterns: &[String], image: &str) -> bool {
        patterns.iter().any(|pattern| matches_pattern(pattern, image))
    }

    /// The phase of a container that starts now. `registry` is the credential for its image.
    pub(in crate::emulator) fn start_container(
        &mut self,
        kind: StartKind,
        machine: Option<&Machine>,
        image: &str,
        registry: Option<&str>,
    ) -> Phase {
        let now = self.now;
        let outcome = if machine.is_none() {
            StartOutcome::NeverPlaced
        } else if self.image_is(&self.settings.image_fail, image) {
            StartOutcome::Failed
        } else if self.image_is(&self.settings.image_cuda_too_new, image) {
            StartOutcome::NeverUp
        } else if self.image_is(&self.settings.image_crash, image) {
            StartOutcome::CrashLoop
        } else {
            StartOutcome::Up
        };
        let placed = if kind == StartKind::Create { after_millis(now, self.step(BootStep::Allocate)) } else { now };
        let missing = machine.is_some_and(|machine| self.stock.pulls(machine, image));
        let pull = if kind == StartKind::Resume || (kind == StartKind::Recreate && !missing) {
            0
        } else if self.image_is(&self.settings.image_slow, image) {
            1_800_000
        } else {
            self.step(if missing { BootStep::PullFirst } else { BootStep::PullCached })
        };
        // A host cannot pull with a new credential yet, and tries again until it can.
        let allowed = self.usable_from(registry).filter(|_| pull > 0).unwrap_or(placed);
        let pulled = after_millis(placed.max(allowed), pull);
        let boot = self.step(match kind {
            StartKind::Create => BootStep::Boot,
            StartKind::Resume => BootStep::Resume,
            StartKind::Recreate => BootStep::Restart,
        });
        Phase::Started { placed, pulled, up: after_millis(pulled, boot), outcome, resumed: kind == StartKind::Resume }
    }
}
