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

use crate::emulator::dialect::call::{Dialect, OperationName};
pub use crate::emulator::gateway::effects::{
    Effects, ErrorStatus, ExtraMembers, Garbage, HostDown, Latency, Maintenance, OWN_HOST, RateLimited, Side, Truncate,
};
use crate::emulator::gateway::scenarios;
use crate::emulator::state::settings::matches_pattern;

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
