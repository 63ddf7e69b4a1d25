//! What a rule of a fault list can do to a call, and with which parameters. What the words mean is `firing`'s to say.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::emulator::rules::tweaks::EchoArgs;

macro_rules! effects {
    ($($(#[$doc:meta])* $name:ident: $parameters:ty,)*) => {
        /// What a rule does to a call. Several may stand together, but only one of those that replace the answer.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields, default)]
        pub struct Effects { $($(#[$doc])* #[serde(skip_serializing_if = "is_default")] pub $name: $parameters,)* }
    };
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

effects! {
    /// The call, or its answer, takes longer.
    latency: Option<Latency>,
    /// An error instead of the effect.
    status: Option<ErrorStatus>,
    /// An error after the effect: created and billed, and nobody told (quirk Q6).
    status_after_effect: Option<ErrorStatus>,
    /// The connection is reset and nothing happened.
    reset_before_effect: bool,
    /// The connection is reset and everything happened.
    reset_after_effect: bool,
    /// The answer ends early.
    truncate: Option<Truncate>,
    /// A gateway's page instead of the effect.
    garbage: Option<Garbage>,
    /// 429.
    rate_limited: Option<RateLimited>,
    /// The gateway refuses the client (quirk Q1).
    cloudflare1010: bool,
    /// A fresh object is 404 for a while (quirk Q9).
    not_found_after_create: Option<NotFoundAfterCreate>,
    /// Lists lag behind creates and deletes (quirks Q9 and Q10).
    list_lag: Option<ListLag>,
    /// 204, and the pod stays.
    delete_ignored: bool,
    /// A deleted pod remains visible as TERMINATED (quirk Q10).
    delete_slow: Option<Lag>,
    /// Answers show old values (quirk Q14).
    stale_read: Option<Lag>,
    /// No stock, whatever the catalog says (quirk Q30).
    no_capacity: bool,
    /// No stock, says the answer; the pod exists all the same (quirk Q7).
    ghost: bool,
    /// A started pod comes back without its GPU (quirk Q18).
    zero_gpu: bool,
    /// The host has no free GPU for a stopped pod (quirk Q18).
    resume_refused: bool,
    /// An update accepts this field and leaves it as it was.
    patch_drops_field: Option<String>,
    /// Answers lack these members (quirk Q23).
    missing_members: Vec<String>,
    /// Answers hold members that no document names.
    extra_members: Option<ExtraMembers>,
    /// Pods in answers have a status that no document names.
    new_status: Option<String>,
    /// Pods in answers say otherwise what they run.
    echo_args: Option<EchoArgs>,
    /// v2 is as it was in August 2026: without pages, the two arrays of a command, account secrets.
    #[serde(rename = "augustSpec")]
    v2_2026_08: bool,
    /// Creates are refused by a fault of the service itself (quirk Q26).
    object_mounts_bug: bool,
    /// A create meets a pod of the same name that somebody else made.
    duplicate_name: bool,
    /// The account's balance, in USD, from this call on.
    balance: Option<f64>,
    /// The account's spend limit, in USD per hour, before this call and from it on.
    spend_limit: Option<f64>,
    /// The host takes the GPU back: the pod ends EXITED.
    preempt: Option<Preempt>,
    /// The container exits again and again (quirk Q15).
    crash_loop: bool,
    /// The pod, or every pod on a host, keeps RUNNING for so long, and nothing answers.
    host_down: Option<HostDown>,
    /// The host is serviced: the pod is stopped meanwhile, and costs nothing.
    maintenance: Option<Maintenance>,
    /// So long after the call the pod has another id.
    migrate: Option<Lag>,
}

/// So long after the call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Preempt {
    pub seconds: u64,
    /// Every spot pod that runs then, and not the one that the call is about.
    #[serde(skip_serializing_if = "is_default")]
    pub all_spot: bool,
}

impl Default for Preempt {
    fn default() -> Self {
        Self { seconds: 60, all_spot: false }
    }
}

/// What stands for the host of the call's pod where a host can be named.
pub const OWN_HOST: &str = "own";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct HostDown {
    pub seconds: u64,
    /// Every pod on the hosts with this id (`machineId`), with `*`; [`OWN_HOST`]: on the host of the call's pod. None: that
    /// pod alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

impl Default for HostDown {
    fn default() -> Self {
        Self { seconds: 30, host: None }
    }
}

/// Members that no document names: `true` for two of them, or a list of names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ExtraMembers {
    Some(bool),
    Named(Vec<String>),
}

impl ExtraMembers {
    pub fn names(self) -> Vec<String> {
        match self {
            Self::Some(false) => Vec::new(),
            Self::Some(true) => ["hostGeneration", "labels"].map(str::to_owned).into(),
            Self::Named(names) => names,
        }
    }
}

/// Begins so long after the call, and lasts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Maintenance {
    pub starts_in: u64,
    pub seconds: u64,
    /// As [`HostDown::host`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

impl Default for Maintenance {
    fn default() -> Self {
        Self { starts_in: 60, seconds: 600, host: None }
    }
}

/// Seconds are virtual; with `upTo` the seed chooses between the two.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Latency {
    pub seconds: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<f64>,
    #[serde(default)]
    pub side: Side,
}

/// Which side of the effect the time is spent on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Side {
    #[default]
    BeforeEffect,
    AfterEffect,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ErrorStatus {
    pub code: u16,
    /// The dialect's own error body unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Truncate {
    /// How many bytes of the body are sent.
    pub bytes: usize,
    /// Whether the connection breaks there; otherwise the answer looks complete.
    #[serde(default)]
    pub hang_up: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Garbage {
    pub code: u16,
    pub content_type: String,
    pub text: String,
}

impl Default for Garbage {
    fn default() -> Self {
        Self {
            code: 502,
            content_type: "text/html".into(),
            text: "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>".into(),
        }
    }
}

/// Without `retryAfter` the header is left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RateLimited {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct NotFoundAfterCreate {
    pub seconds: u64,
}

impl Default for NotFoundAfterCreate {
    fn default() -> Self {
        Self { seconds: 8 }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ListLag {
    pub appear: u64,
    pub disappear: u64,
}

impl Default for ListLag {
    fn default() -> Self {
        Self { appear: 20, disappear: 30 }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Lag {
    pub seconds: u64,
}

impl Default for Lag {
    fn default() -> Self {
        Self { seconds: 30 }
    }
}
