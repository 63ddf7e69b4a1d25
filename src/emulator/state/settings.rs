//! Settings of the emulated RunPod, with their defaults.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which source wins where the vendor's documents and recordings of the live service differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fidelity {
    #[default]
    Observed,
    Documented,
}

/// How long pods take to start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BootPace {
    #[default]
    Fast,
    Realistic,
}

/// How a start behaves when the host has no free GPU (Q18).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResumeWithoutGpu {
    #[default]
    Refuse,
    /// The pod starts without GPUs.
    Zero,
}

/// A value that is not one of the accepted words.
#[derive(Debug, thiserror::Error)]
#[error("`{given}` is not one of {accepted}")]
pub struct UnknownWord {
    pub given: String,
    pub accepted: &'static str,
}

impl Fidelity {
    pub fn word(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Documented => "documented",
        }
    }
}

impl FromStr for Fidelity {
    type Err = UnknownWord;

    fn from_str(given: &str) -> Result<Self, UnknownWord> {
        match given {
            "observed" => Ok(Self::Observed),
            "documented" => Ok(Self::Documented),
            _ => Err(UnknownWord { given: given.to_owned(), accepted: "`observed`, `documented`" }),
        }
    }
}

impl fmt::Display for Fidelity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl BootPace {
    pub fn word(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Realistic => "realistic",
        }
    }
}

impl FromStr for BootPace {
    type Err = UnknownWord;

    fn from_str(given: &str) -> Result<Self, UnknownWord> {
        match given {
            "fast" => Ok(Self::Fast),
            "realistic" => Ok(Self::Realistic),
            _ => Err(UnknownWord { given: given.to_owned(), accepted: "`fast`, `realistic`" }),
        }
    }
}

impl fmt::Display for BootPace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Saved with the world, so that a loaded world behaves as before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    pub seed: u64,
    pub fidelity: Fidelity,
    pub pace: BootPace,
    /// v1 answers every request with 410, as RunPod has since 2026-11-15.
    pub v1_retired: bool,
    /// When a create lacks a required member, the error also lists legal members as unknown (Q22). Observed fidelity
    /// only.
    pub noisy_missing: bool,
    /// Enforces the console's limits: 50 environment variables, 10 http ports, valid port numbers (contract, section
    /// 15).
    pub enforce_ui_limits: bool,
    /// `env` shows `PUBLIC_KEY` and `JUPYTER_PASSWORD`, which `startSsh` and `startJupyter` inject.
    pub show_injected_env: bool,
    /// A PATCH that changes no value still recreates the container.
    pub noop_patch_restarts: bool,
    /// In a v1 PATCH, omitted members are reset to the defaults of a create.
    pub v1_patch_applies_defaults: bool,
    /// A locked pod cannot be deleted.
    pub lock_blocks_delete: bool,
    pub resume_without_gpu: ResumeWithoutGpu,
    /// Probability that another customer rents the GPUs of a stopped pod, 0 to 1 (contract, section 12.3).
    pub steal_on_stop: f64,
    /// Seconds from the stop until that happens.
    pub steal_after_seconds: u64,
    /// The catalog reports LOW where a create finds no stock, the documented race.
    pub catalog_lies: bool,
    /// v2 pod lists return at most this many rows, even if `limit` is higher.
    pub short_pages: Option<usize>,
    /// Initial balance in USD.
    pub balance_usd: f64,
    /// USD per hour for the whole account; `None` means no limit. RunPod's default is 80.
    pub spend_limit_usd: Option<f64>,
    pub volume_quota: u32,
    /// Seconds until hosts can pull with a new registry credential. By default none, or 300 at the realistic pace.
    pub registry_lag_seconds: Option<u64>,
    /// Names of registry credentials are unique, as v1's document says. v2's document is silent.
    pub unique_registry_names: bool,
    /// Seconds that the name of a deleted template stays taken. By default none, or 600 at the realistic pace.
    pub template_name_hold_seconds: Option<u64>,
    /// Pods that v2 makes from a template keep the link to it, as in examples of the document. v1 always keeps it.
    pub v2_pods_keep_template: bool,
    /// `GET /v2/templates` lists the templates that belong to endpoints. Whether RunPod does is not documented.
    pub lists_bound_templates: bool,
    /// The most workers of all endpoints together, as the sum of `workers.max`.
    pub worker_quota: u32,
    /// A second endpoint with the same name is refused with 409.
    pub unique_endpoint_names: bool,
    /// Workers that RunPod keeps for an endpoint with `workers.min` 0, without showing the number (runpod/flash#364).
    pub hidden_standby_workers: u32,
    /// Seconds between two replacements of idle workers in a rollout. With 0, all idle workers are replaced at once.
    pub rollout_seconds_per_worker: u64,
    /// RunPod lowers `workers.max` of an endpoint without requests: to 2 after 3 days, to 0 after 7.
    pub lowers_idle_endpoints: bool,
    /// Workers use a second pool only if `workers.max` is at least 5, as observed.
    pub second_pool_needs_five_workers: bool,
    /// A PATCH that leaves an endpoint with both CUDA constraints is refused. Otherwise both are in force.
    pub refuses_both_cuda_constraints: bool,
    /// Patterns (`*` matches anything) of images that do not exist.
    pub image_not_found: Vec<String>,
    /// Images whose container enters a crash loop.
    pub image_crash: Vec<String>,
    /// Images whose container cannot be created.
    pub image_fail: Vec<String>,
    /// Images that take half an hour to pull.
    pub image_slow: Vec<String>,
    /// Images that need a newer CUDA than any host has: the pod never starts.
    pub image_cuda_too_new: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        let patterns = |list: &[&str]| list.iter().map(|&pattern| pattern.to_owned()).collect();
        Self {
            seed: 0,
            fidelity: Fidelity::default(),
            pace: BootPace::default(),
            v1_retired: false,
            noisy_missing: true,
            enforce_ui_limits: true,
            show_injected_env: true,
            noop_patch_restarts: false,
            v1_patch_applies_defaults: false,
            lock_blocks_delete: false,
            resume_without_gpu: ResumeWithoutGpu::default(),
            steal_on_stop: 0.0,
            steal_after_seconds: 60,
            catalog_lies: false,
            short_pages: None,
            balance_usd: 1_000_000.0,
            spend_limit_usd: None,
            volume_quota: 100,
            registry_lag_seconds: None,
            unique_registry_names: true,
            template_name_hold_seconds: None,
            v2_pods_keep_template: false,
            lists_bound_templates: false,
            worker_quota: 1000,
            unique_endpoint_names: false,
            hidden_standby_workers: 0,
            rollout_seconds_per_worker: 0,
            lowers_idle_endpoints: true,
            second_pool_needs_five_workers: true,
            refuses_both_cuda_constraints: false,
            image_not_found: patterns(&["*:does-not-exist", "*/no-such-image*"]),
            image_crash: patterns(&["emulator/crash*"]),
            image_fail: patterns(&["emulator/fail*"]),
            image_slow: patterns(&["emulator/slow*"]),
            image_cuda_too_new: patterns(&["emulator/cuda-too-new*"]),
        }
    }
}

impl Settings {
    pub fn observed(&self) -> bool {
        self.fidelity == Fidelity::Observed
    }
}
