//! Fault lists: what can be written, and whether it means anything. Which rule fires is `firing`'s to say.
//!
//! A rule says which calls it concerns (`match`) and what happens to them (`effect`). The same list and the same seed give
//! the same faults for the same calls. Rules come from a YAML or JSON file, or from a named scenario:
//!
//! ```yaml
//! - match: { operation: createPod, pod: "trainer*", nth: 2 }
//!   effect: { statusAfterEffect: { code: 502 } }
//! - match: { probability: 0.05 }
//!   effect: { latency: { seconds: 1, upTo: 4 } }
//! ```
//!
//! What happens to a pod later (preemption, maintenance, migration, ...) is set off by a call, too: the one that creates
//! or names the pod. The control interface does the same to a pod without any call.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::call::{Dialect, EchoArgs, OperationName};
use super::scenarios;
use super::settings::matches_pattern;

/// One rule of a fault list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    #[serde(rename = "match", default)]
    pub when: When,
    pub effect: Effects,
}

/// Which calls a rule concerns: all that satisfy every member given, counted by `nth`, `every` and `times`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct When {
    /// `v1` or `v2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<Dialect>,
    /// `GET`, `POST`, ...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// `createPod`, `*NetworkVolume`, ... In patterns, here and below, `*` matches any run of characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The name or id of the pod (or volume) that the call is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<String>,
    /// Every GPU type that a create asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu: Option<String>,
    /// Creates that ask for at least so many GPUs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu_count: Option<u64>,
    /// Every data center that a create asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_center: Option<String>,
    /// The first matching call that fires, counted from 1; alone, the only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// Only every so many matching calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// At most so many times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// From 0 to 1, drawn from the seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
}

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
    august_spec: bool,
    /// Creates are refused by a fault of the service itself (quirk Q26).
    object_mounts_bug: bool,
    /// A create meets a pod of the same name that somebody else made.
    duplicate_name: bool,
    /// The account's balance, in USD, from this call on.
    balance: Option<f64>,
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

/// A fault list that cannot be used.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum FaultsError {
    /// The argument is neither a scenario nor a readable file.
    #[error("cannot read the fault list `{}`", path.display())]
    #[diagnostic(
        code(sindri::emulator::faults_unreadable),
        help("give a file, or one of the scenarios {}", scenarios::names())
    )]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("there is no fault scenario `{name}`")]
    #[diagnostic(code(sindri::emulator::unknown_scenario), help("the scenarios are {}", scenarios::names()))]
    UnknownScenario { name: String },
    #[error("the fault list `{origin}` is not a YAML or JSON list of rules: {reason}")]
    #[diagnostic(code(sindri::emulator::faults_syntax))]
    Syntax { origin: String, reason: String },
    #[error("rule {number} of the fault list `{origin}`: {reason}")]
    #[diagnostic(code(sindri::emulator::faults_rule))]
    Rule { origin: String, number: usize, reason: String },
}

/// Reads a scenario by name, or else a file.
///
/// # Errors
/// If neither exists, or a rule says something that no rule can mean.
pub fn load(scenario_or_path: &str) -> Result<Vec<Rule>, FaultsError> {
    match scenarios::find(scenario_or_path) {
        Some(text) => parse(text, scenario_or_path),
        None => {
            let text = std::fs::read_to_string(scenario_or_path)
                .map_err(|source| FaultsError::Unreadable { path: scenario_or_path.into(), source })?;
            parse(&text, scenario_or_path)
        }
    }
}

/// Reads a scenario by name.
///
/// # Errors
/// If there is no such scenario.
pub fn scenario(name: &str) -> Result<Vec<Rule>, FaultsError> {
    scenarios::find(name)
        .map_or_else(|| Err(FaultsError::UnknownScenario { name: name.into() }), |text| parse(text, name))
}

/// Reads the text of a fault list; JSON is YAML.
///
/// # Errors
/// As [`load`].
pub fn parse(text: &str, origin: &str) -> Result<Vec<Rule>, FaultsError> {
    let rules: Vec<Value> = serde_yaml::from_str(text)
        .map_err(|error| FaultsError::Syntax { origin: origin.into(), reason: error.to_string() })?;
    from_values(rules, origin)
}

/// Checks rules that are already JSON.
///
/// # Errors
/// As [`load`].
pub fn from_values(rules: Vec<Value>, origin: &str) -> Result<Vec<Rule>, FaultsError> {
    let numbered = rules.into_iter().enumerate();
    numbered
        .map(|(index, value)| {
            let refuse = |reason| FaultsError::Rule { origin: origin.into(), number: index + 1, reason };
            let rule: Rule = serde_json::from_value(value).map_err(|error| refuse(error.to_string()))?;
            check(&rule).map_or(Ok(rule), |reason| Err(refuse(reason)))
        })
        .collect()
}

/// Why a rule could never mean anything.
fn check(rule: &Rule) -> Option<String> {
    let Rule { when, effect } = rule;
    if let Some(operation) = &when.operation
        && !OperationName::ALL.iter().any(|known| matches_pattern(operation, known.name()))
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
        return Some(format!("{code} is not a status of an answer"));
    }
    if effect.interferences().len() > 1 {
        return Some("only one effect can replace the answer".into());
    }
    (*effect == Effects::default()).then(|| "`effect` is empty".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_can_mean_nothing_is_refused_with_its_number_and_reason() {
        for (rule, expected) in [
            ("{ effect: { eclipse: true } }", "unknown field `eclipse`, expected one of `latency`"),
            ("{ match: { pods: x }, effect: { ghost: true } }", "unknown field `pods`"),
            ("{ match: { operation: createPods }, effect: { ghost: true } }", "no operation is called `createPods`"),
            ("{ match: { probability: 2 }, effect: { ghost: true } }", "`probability` is between 0 and 1"),
            ("{ match: { nth: 0 }, effect: { ghost: true } }", "count from 1"),
            ("{ effect: { latency: { seconds: -1 } } }", "`latency.seconds`"),
            ("{ effect: { latency: { seconds: 2, upTo: 1 } } }", "`latency.upTo`"),
            ("{ effect: { status: { code: 42 } } }", "42 is not a status"),
            ("{ effect: { resetAfterEffect: true, cloudflare1010: true } }", "only one effect"),
            ("{ effect: {} }", "`effect` is empty"),
            ("{ match: {} }", "missing field `effect`"),
        ] {
            let text = format!("[{{ effect: {{ ghost: true }} }}, {rule}]");
            let error = parse(&text, "my.yaml").expect_err(rule).to_string();
            assert!(error.starts_with("rule 2 of the fault list `my.yaml`: "), "{error}");
            assert!(error.contains(expected), "{error} does not say {expected}");
        }
    }

    #[test]
    fn what_is_no_list_and_what_is_no_file_are_told_apart() {
        assert!(matches!(parse("rules: []", "x"), Err(FaultsError::Syntax { .. })));
        assert!(matches!(load("no/such/file.yaml"), Err(FaultsError::Unreadable { .. })));
        assert!(matches!(scenario("nonsense"), Err(FaultsError::UnknownScenario { .. })));
        assert!(!load("flaky").expect("a scenario").is_empty());
    }

    #[test]
    fn rules_are_written_as_they_are_read() {
        let rules =
            parse("[{ match: { nth: 2 }, effect: { truncate: { bytes: 9 }, listLag: {} } }]", "x").expect("valid");
        let written = serde_json::to_string(&rules).expect("JSON");
        assert_eq!(parse(&written, "x").expect("still valid"), rules);
    }
}
