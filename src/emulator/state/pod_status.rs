//! The status of a pod at a given moment, computed from its timestamps. Nothing runs in the background.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::hardware::Hardware;
use super::host::Machine;
use super::pod::{Phase, Pod, StartOutcome};
use super::settings::Fidelity;

/// Seconds between two starts of a container in a crash loop (Q15).
pub const CRASH_PERIOD_SECONDS: i64 = 16;

/// More detailed than the API's status (behaviour page, section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Allocating,
    Pulling,
    Booting,
    Up,
    CrashLoop,
    Stopped,
    Resuming,
    Failed,
}

impl Stage {
    pub fn status(self, fidelity: Fidelity) -> PodStatus {
        match (self, fidelity) {
            (Self::Stopped, _) => PodStatus::Exited,
            (Self::Failed, _) => PodStatus::Error,
            (Self::Up | Self::CrashLoop, _) => PodStatus::Running,
            // The live service reports RUNNING from the first response (Q11).
            (_, Fidelity::Observed) => PodStatus::Running,
            (Self::Allocating, Fidelity::Documented) => PodStatus::Provisioning,
            (Self::Pulling | Self::Booting | Self::Resuming, Fidelity::Documented) => PodStatus::Starting,
        }
    }

    /// Whether the container is running, so that `runtime` is present.
    pub fn is_up(self) -> bool {
        matches!(self, Self::Up | Self::CrashLoop)
    }
}

/// v2's `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodStatus {
    Provisioning,
    Starting,
    Running,
    Exited,
    Error,
    Terminated,
}

impl PodStatus {
    pub fn word(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Starting => "STARTING",
            Self::Running => "RUNNING",
            Self::Exited => "EXITED",
            Self::Error => "ERROR",
            Self::Terminated => "TERMINATED",
        }
    }

    /// The actions that the status allows (contract, section 3.7).
    pub fn actions(self) -> &'static [&'static str] {
        match self {
            Self::Running => &["stop", "restart", "terminate"],
            Self::Exited | Self::Error => &["start", "terminate"],
            Self::Provisioning | Self::Starting => &["stop", "terminate"],
            Self::Terminated => &[],
        }
    }

    /// v1's `desiredStatus`: the status asked for, not the actual one.
    pub fn desired(self) -> &'static str {
        match self {
            Self::Exited => "EXITED",
            Self::Terminated => "TERMINATED",
            Self::Provisioning | Self::Starting | Self::Running | Self::Error => "RUNNING",
        }
    }
}

impl Phase {
    pub fn stage(&self, now: Timestamp) -> Stage {
        let Self::Started { placed, pulled, up, outcome, resumed } = *self else { return Stage::Stopped };
        match outcome {
            StartOutcome::NeverPlaced => Stage::Allocating,
            _ if now < placed => Stage::Allocating,
            _ if now < pulled => Stage::Pulling,
            StartOutcome::Failed => Stage::Failed,
            StartOutcome::NeverUp => Stage::Booting,
            _ if now < up && resumed => Stage::Resuming,
            _ if now < up => Stage::Booting,
            StartOutcome::CrashLoop => Stage::CrashLoop,
            StartOutcome::Up => Stage::Up,
        }
    }
}

impl Pod {
    pub fn stage(&self, now: Timestamp) -> Stage {
        self.phase.stage(now)
    }

    pub fn is_stopped(&self) -> bool {
        matches!(self.phase, Phase::Stopped { .. })
    }

    /// The version that reads show at `now`: the pod or its stale copy.
    pub fn seen(&self, now: Timestamp) -> &Self {
        match &self.stale_copy {
            Some(stale_copy) if now < stale_copy.until => &stale_copy.pod,
            _ => self,
        }
    }

    /// Seconds since the container started, while it is running.
    pub fn uptime(&self, now: Timestamp) -> Option<i64> {
        let Phase::Started { up, .. } = self.phase else { return None };
        let seconds = now.duration_since(up).as_secs();
        match self.stage(now) {
            Stage::Up => Some(seconds),
            Stage::CrashLoop => Some(seconds % CRASH_PERIOD_SECONDS),
            _ => None,
        }
    }

    /// The host, once the pod is placed.
    pub fn placed_on(&self, now: Timestamp) -> Option<&Machine> {
        self.machine.as_ref().filter(|_| self.stage(now) != Stage::Allocating)
    }

    /// The published ports that reads show at `now`.
    pub fn shown_ports(&self, now: Timestamp) -> &BTreeMap<u32, u16> {
        match &self.stale_ports {
            Some(stale) if now < stale.until => &stale.ports,
            _ => &self.tcp_ports,
        }
    }

    pub fn is_unreachable(&self, now: Timestamp) -> bool {
        self.down_until.is_some_and(|until| now < until)
    }

    /// Whether the host is in maintenance.
    pub fn is_serviced(&self) -> bool {
        self.maintenance.as_ref().is_some_and(|window| window.under_way)
    }

    /// Stock that the pod occupies: GPUs, or one slot of a CPU flavor.
    pub fn units_taken(&self) -> u32 {
        match (&self.hardware, &self.phase) {
            (_, Phase::Stopped { .. }) => 0,
            (Hardware::Gpu { attached, .. }, Phase::Started { .. }) => *attached,
            (Hardware::Cpu { .. }, Phase::Started { .. }) => 1,
        }
    }
}
