//! The effects that a fault rule can have, with their parameters. `consequences` applies them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::emulator::rules::tweaks::EchoArgs;

macro_rules! effects {
    ($($(#[$doc:meta])* $name:ident: $parameters:ty,)*) => {
        /// The effects of a rule. They can be combined, but only one may replace the response.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields, default)]
        pub struct Effects { $($(#[$doc])* #[serde(skip_serializing_if = "is_default")] pub $name: $parameters,)* }
    };
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

effects! {
    /// The call or its response is delayed.
    latency: Option<Latency>,
    /// An error, without any effect.
    status: Option<ErrorStatus>,
    /// An error after the effect: the object exists and is billed, but the client does not know (quirk Q6).
    status_after_effect: Option<ErrorStatus>,
    /// The connection is reset, without any effect.
    reset_before_effect: bool,
    /// The connection is reset after the effect.
    reset_after_effect: bool,
    /// The response is truncated.
    truncate: Option<Truncate>,
    /// A page of the gateway, without any effect.
    garbage: Option<Garbage>,
    /// Status 429, without any effect.
    rate_limited: Option<RateLimited>,
    /// The gateway blocks the client (quirk Q1).
    cloudflare1010: bool,
    /// A new object is 404 for a while (quirk Q9).
    not_found_after_create: Option<NotFoundAfterCreate>,
    /// Lists lag behind creates and deletes (quirks Q9 and Q10).
    list_lag: Option<ListLag>,
    /// A delete answers 204 but does nothing.
    delete_ignored: bool,
    /// A deleted pod stays visible as TERMINATED (quirk Q10).
    delete_slow: Option<Lag>,
    /// Responses show old values (quirk Q14).
    stale_read: Option<Lag>,
    /// A create finds no stock, even if the catalog reports some (quirk Q30).
    no_capacity: bool,
    /// A create answers that there is no stock, but the pod exists (quirk Q7).
    ghost: bool,
    /// A pod starts without its GPUs (quirk Q18).
    zero_gpu: bool,
    /// The host has no free GPU for a stopped pod (quirk Q18).
    resume_refused: bool,
    /// An update accepts this field but ignores it.
    patch_drops_field: Option<String>,
    /// Responses lack these members (quirk Q23).
    missing_members: Vec<String>,
    /// Responses contain undocumented members.
    extra_members: Option<ExtraMembers>,
    /// Pods in responses have this undocumented status.
    new_status: Option<String>,
    /// Pods in responses show their command in another form.
    echo_args: Option<EchoArgs>,
    /// Answers as v2 did in August 2026. See `v2_2026_08`.
    #[serde(rename = "augustSpec")]
    v2_2026_08: bool,
    /// Creates fail with RunPod's own GraphQL error (quirk Q26).
    object_mounts_bug: bool,
    /// Another client creates an object of the same name just before.
    duplicate_name: bool,
    /// The account's balance after this call, in USD.
    balance: Option<f64>,
    /// The account's spend limit from this call on, in USD per hour.
    spend_limit: Option<f64>,
    /// The host takes the GPU back and the pod becomes EXITED.
    preempt: Option<Preemption>,
    /// The container enters a crash loop (quirk Q15).
    crash_loop: bool,
    /// The pod, or every pod on a host, stays RUNNING but is unreachable for a while.
    host_down: Option<HostDown>,
    /// Host maintenance: the pod is stopped and free of charge while it lasts.
    maintenance: Option<Maintenance>,
    /// The pod gets another id some time after the call.
    migrate: Option<Lag>,
}

/// A preemption some time after the call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Preemption {
    pub seconds: u64,
    /// Preempts every spot pod that is running by then, instead of the pod of the call.
    #[serde(skip_serializing_if = "is_default")]
    pub all_spot: bool,
}

impl Default for Preemption {
    fn default() -> Self {
        Self { seconds: 60, all_spot: false }
    }
}

/// A host name that means the host of the call's pod.
pub const OWN_HOST: &str = "own";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct HostDown {
    pub seconds: u64,
    /// A pattern of host ids (`machineId`) or [`OWN_HOST`]: affects every pod there. `None` affects only the call's
    /// pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

impl Default for HostDown {
    fn default() -> Self {
        Self { seconds: 30, host: None }
    }
}

/// Undocumented members: `true` for two default ones, or a list of names.
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

/// A maintenance window, relative to the call.
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

/// Virtual seconds. With `upTo`, a random time between the two.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Latency {
    pub seconds: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<f64>,
    #[serde(default)]
    pub side: DelaySide,
}

/// Whether the delay comes before or after the effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DelaySide {
    #[default]
    BeforeEffect,
    AfterEffect,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ErrorStatus {
    pub code: u16,
    /// Defaults to the dialect's own error body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Truncate {
    /// The number of bytes of the body that are sent.
    pub bytes: usize,
    /// Whether the connection breaks there. Otherwise the response looks complete.
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

/// Without `retryAfter` the response has no such header.
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
