//! One rule of a fault list.

use serde::{Deserialize, Serialize};

use super::effects::{Effects, Latency};
use crate::emulator::dialect::call::ApiVersion;
use crate::emulator::dialect::routes::operations;
use crate::emulator::state::pattern::matches_pattern;

/// One rule of a fault list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FaultRule {
    #[serde(rename = "match", default)]
    pub when: CallMatch,
    pub effect: Effects,
}

/// The calls that a rule applies to: those that meet every given condition, counted by `nth`, `every` and `times`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CallMatch {
    /// `v1` or `v2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<ApiVersion>,
    /// `GET`, `POST`, ...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// A pattern such as `createPod` or `*NetworkVolume`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// A pattern of the name or id of the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<String>,
    /// A pattern that all requested GPU types or pools must match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu: Option<String>,
    /// The minimum number of GPUs that a create requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu_count: Option<u64>,
    /// A pattern that all requested data centers must match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_center: Option<String>,
    /// The first matching call to fire for, counted from 1. Without `every` or `times`, the only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// Fire for every n-th matching call only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// Fire at most this many times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// The probability of firing, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
}

impl FaultRule {
    /// Why the rule is invalid, if it is.
    pub fn fault(&self) -> Option<String> {
        let FaultRule { when, effect } = self;
        if let Some(operation) = &when.operation
            && !operations().any(|known| matches_pattern(operation, known))
        {
            return Some(format!("no operation is called `{operation}`"));
        }
        if when.probability.is_some_and(|probability| !(0.0..=1.0).contains(&probability)) {
            return Some("`probability` is between 0 and 1".into());
        }
        if [when.nth, when.every].contains(&Some(0)) {
            return Some("`nth` and `every` count from 1".into());
        }
        if let Some(latency) = &effect.latency
            && !(0.0..=86_400.0).contains(&latency.seconds)
        {
            return Some("`latency.seconds` is between 0 and 86400".into());
        }
        if let Some(Latency { seconds, up_to: Some(up_to), .. }) = &effect.latency
            && !(*seconds..=86_400.0).contains(up_to)
        {
            return Some("`latency.upTo` is between `latency.seconds` and 86400".into());
        }
        let codes = [
            effect.status.as_ref().map(|status| status.code),
            effect.status_after_effect.as_ref().map(|status| status.code),
            effect.garbage.as_ref().map(|garbage| garbage.code),
        ];
        if let Some(code) = codes.into_iter().flatten().find(|code| !(200..=599).contains(code)) {
            return Some(format!("{code} is not a status between 200 and 599"));
        }
        if effect.interferences().len() > 1 {
            return Some("only one effect can replace the answer".into());
        }
        (*effect == Effects::default()).then(|| "`effect` is empty".into())
    }
}
