//! Faults that can be switched on: an ordered list of rules, of which the first that fires decides.
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
//! Effects that happen without a call (preemption, crashes, lost hosts, a falling balance) are the control interface's.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::call::{Dialect, OperationName, Tweaks};
use super::scenarios;
use super::settings::matches_pattern;
use crate::transport::Method;

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
    extra_members: bool,
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

/// What happens to the answer of one call.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Interference {
    #[default]
    None,
    Before(Substitute),
    After(Substitute),
    Cut(Truncate),
}

/// What comes instead of the true answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Substitute {
    Status(ErrorStatus),
    Garbage(Garbage),
    RateLimited(RateLimited),
    Cloudflare,
    Reset,
}

impl Effects {
    /// Every effect on the answer that is switched on; a valid rule has at most one.
    fn interferences(&self) -> Vec<Interference> {
        use Interference::{After, Before, Cut};
        let mut found = Vec::new();
        found.extend(self.status.clone().map(|status| Before(Substitute::Status(status))));
        found.extend(self.status_after_effect.clone().map(|status| After(Substitute::Status(status))));
        found.extend(self.reset_before_effect.then_some(Before(Substitute::Reset)));
        found.extend(self.reset_after_effect.then_some(After(Substitute::Reset)));
        found.extend(self.truncate.clone().map(Cut));
        found.extend(self.garbage.clone().map(|garbage| Before(Substitute::Garbage(garbage))));
        found.extend(self.rate_limited.clone().map(|limit| Before(Substitute::RateLimited(limit))));
        found.extend(self.cloudflare1010.then_some(Before(Substitute::Cloudflare)));
        found
    }

    /// The effects that take place inside the world.
    fn tweaks(&self) -> Tweaks {
        Tweaks {
            ghost: self.ghost,
            no_capacity: self.no_capacity,
            not_found_after_create_seconds: self.not_found_after_create.as_ref().map(|lag| lag.seconds),
            appear_lag_seconds: self.list_lag.as_ref().map(|lag| lag.appear),
            disappear_lag_seconds: self.list_lag.as_ref().map(|lag| lag.disappear),
            delete_ignored: self.delete_ignored,
            delete_slow_seconds: self.delete_slow.as_ref().map(|lag| lag.seconds),
            stale_read_seconds: self.stale_read.as_ref().map(|lag| lag.seconds),
            patch_drops_field: self.patch_drops_field.clone(),
            resume_refused: self.resume_refused,
            zero_gpu: self.zero_gpu,
            extra_members: self.extra_members,
            missing_members: self.missing_members.clone(),
        }
    }
}

/// A call as rules see it.
pub struct Subject<'call> {
    pub dialect: Dialect,
    pub method: Method,
    pub operation: OperationName,
    pub id: Option<&'call str>,
    /// The name that the object already has.
    pub name: Option<&'call str>,
    pub body: Option<&'call Value>,
}

impl Subject<'_> {
    fn is_met_by(&self, when: &When) -> bool {
        let matches = |pattern: &Option<String>, text: Option<&str>| {
            pattern.as_deref().is_none_or(|pattern| text.is_some_and(|text| matches_pattern(pattern, text)))
        };
        let new_name = || self.body?.get("name")?.as_str();
        when.dialect.is_none_or(|dialect| dialect == self.dialect)
            && when.method.as_deref().is_none_or(|method| method.eq_ignore_ascii_case(self.method.word()))
            && matches(&when.operation, Some(self.operation.name()))
            && [self.id, self.name, new_name()].into_iter().any(|text| matches(&when.pod, text))
            && self.asks_only_for(&when.gpu, ["/gpu/id", "/gpuTypeIds"])
            && self.asks_only_for(&when.data_center, ["/dataCenterIds", "/dataCenterId"])
    }

    /// Whether the body names something at one of the pointers, and only what fits the pattern.
    fn asks_only_for(&self, pattern: &Option<String>, pointers: [&str; 2]) -> bool {
        let Some(pattern) = pattern else { return true };
        let asked = pointers.into_iter().find_map(|pointer| self.body?.pointer(pointer));
        match asked {
            Some(Value::String(text)) => matches_pattern(pattern, text),
            Some(Value::Array(items)) => {
                !items.is_empty()
                    && items.iter().all(|item| item.as_str().is_some_and(|text| matches_pattern(pattern, text)))
            }
            _ => false,
        }
    }
}

/// What the rule that fired does to this one call.
#[derive(Debug, Default, PartialEq)]
pub struct Fired {
    /// The number of the rule, counted from 1; none when no rule fired.
    pub rule: Option<usize>,
    pub before: Duration,
    pub after: Duration,
    pub interference: Interference,
    pub tweaks: Tweaks,
}

/// The rules with what they have seen so far.
#[derive(Debug, Default)]
pub struct Faults {
    armed: Vec<Armed>,
}

#[derive(Debug)]
struct Armed {
    rule: Rule,
    /// A generator per rule, so that adding a rule does not change what the others draw.
    random: fastrand::Rng,
    matched: u64,
    fired: u64,
}

impl Faults {
    pub fn new(rules: Vec<Rule>, seed: u64) -> Self {
        let arm = |(index, rule): (usize, Rule)| {
            let random =
                fastrand::Rng::with_seed(seed.wrapping_add((index as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)));
            Armed { rule, random, matched: 0, fired: 0 }
        };
        Self { armed: rules.into_iter().enumerate().map(arm).collect() }
    }

    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.armed.iter().map(|armed| &armed.rule)
    }

    /// Finds the first rule that fires for a call. A rule counts the calls that no earlier one took.
    pub fn fire(&mut self, subject: &Subject<'_>) -> Fired {
        let mut numbered = self.armed.iter_mut().zip(1..);
        let fired = numbered.find_map(|(armed, number)| Some(Fired { rule: Some(number), ..armed.fire(subject)? }));
        fired.unwrap_or_default()
    }
}

impl Armed {
    fn fire(&mut self, subject: &Subject<'_>) -> Option<Fired> {
        let when = &self.rule.when;
        if !subject.is_met_by(when) {
            return None;
        }
        self.matched += 1;
        let every = when.every.unwrap_or(1);
        let first = when.nth.unwrap_or(every);
        let times = when.times.unwrap_or(if when.nth.is_some() && when.every.is_none() { 1 } else { u64::MAX });
        let due = self.matched >= first && (self.matched - first).is_multiple_of(every) && self.fired < times;
        if !due || when.probability.is_some_and(|probability| self.random.f64() >= probability) {
            return None;
        }
        self.fired += 1;

        let effects = &self.rule.effect;
        let mut fired = Fired {
            interference: effects.interferences().pop().unwrap_or_default(),
            tweaks: effects.tweaks(),
            ..Fired::default()
        };
        if let Some(latency) = &effects.latency {
            let spread = latency.up_to.map_or(0.0, |up_to| (up_to - latency.seconds) * self.random.f64());
            let time = Duration::from_secs_f64(latency.seconds + spread);
            match latency.side {
                Side::BeforeEffect => fired.before = time,
                Side::AfterEffect => fired.after = time,
            }
        }
        Some(fired)
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
