//! Reading a fault list from a file, a scenario or JSON.

use std::path::PathBuf;

use serde_json::Value;

use super::rule::FaultRule;
use super::scenarios;

/// A fault list that cannot be used.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum FaultsError {
    /// The argument is neither a scenario nor a readable file.
    #[error("cannot read the fault list `{}`", path.display())]
    #[diagnostic(
        code(sindri::emulator::faults_unreadable),
        help("give a file or one of the scenarios {}", scenarios::names())
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
/// If neither exists, or a rule is invalid.
pub fn load(scenario_or_path: &str) -> Result<Vec<FaultRule>, FaultsError> {
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
pub fn scenario(name: &str) -> Result<Vec<FaultRule>, FaultsError> {
    scenarios::find(name)
        .map_or_else(|| Err(FaultsError::UnknownScenario { name: name.into() }), |text| parse(text, name))
}

/// Reads the text of a fault list, in YAML or JSON.
///
/// # Errors
/// As [`load`].
pub fn parse(text: &str, origin: &str) -> Result<Vec<FaultRule>, FaultsError> {
    let rules: Vec<Value> = serde_yaml::from_str(text)
        .map_err(|error| FaultsError::Syntax { origin: origin.into(), reason: error.to_string() })?;
    from_values(rules, origin)
}

/// Reads rules that are already parsed as JSON.
///
/// # Errors
/// As [`load`].
pub fn from_values(rules: Vec<Value>, origin: &str) -> Result<Vec<FaultRule>, FaultsError> {
    let numbered = rules.into_iter().enumerate();
    numbered
        .map(|(index, value)| {
            let refuse = |reason| FaultsError::Rule { origin: origin.into(), number: index + 1, reason };
            let rule: FaultRule = serde_json::from_value(value).map_err(|error| refuse(error.to_string()))?;
            rule.fault().map_or(Ok(rule), |reason| Err(refuse(reason)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_rule_is_rejected_with_its_number_and_the_reason() {
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
            assert!(error.contains(expected), "{error} does not contain {expected}");
        }
    }

    #[test]
    fn an_invalid_list_and_a_missing_file_are_different_errors() {
        assert!(matches!(parse("rules: []", "x"), Err(FaultsError::Syntax { .. })));
        assert!(matches!(load("no/such/file.yaml"), Err(FaultsError::Unreadable { .. })));
        assert!(matches!(scenario("nonsense"), Err(FaultsError::UnknownScenario { .. })));
        assert!(!load("flaky").expect("a scenario").is_empty());
    }

    #[test]
    fn written_rules_can_be_read_again() {
        let rules =
            parse("[{ match: { nth: 2 }, effect: { truncate: { bytes: 9 }, listLag: {} } }]", "x").expect("valid");
        let written = serde_json::to_string(&rules).expect("JSON");
        assert_eq!(parse(&written, "x").expect("still valid"), rules);
    }

    #[test]
    fn every_scenario_is_a_valid_fault_list() {
        for (name, rules) in scenarios::SCENARIOS {
            let parsed = parse(rules, name).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(parsed.is_empty(), *name == "calm", "{name}");
        }
    }
}
