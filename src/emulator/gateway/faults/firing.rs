//! Finding the fault rule that fires for a call.
//!
//! The same rules, seed and calls give the same faults.

use std::time::Duration;

use serde_json::Value;

use super::consequences::Interference;
use super::effects::DelaySide;
use super::rule::{CallMatch, FaultRule};
use crate::emulator::dialect::call::ApiVersion;
use crate::emulator::rules::tweaks::Tweaks;
use crate::emulator::state::pattern::matches_pattern;
use crate::transport::Method;

/// The facts of a call that rules can match.
pub struct CallFacts<'call> {
    pub dialect: ApiVersion,
    pub method: Method,
    pub operation: &'call str,
    pub id: Option<&'call str>,
    /// The current name of the object.
    pub name: Option<&'call str>,
    pub body: Option<&'call Value>,
}

impl CallFacts<'_> {
    fn is_met_by(&self, when: &CallMatch) -> bool {
        let matches = |pattern: &Option<String>, text: Option<&str>| {
            pattern.as_deref().is_none_or(|pattern| text.is_some_and(|text| matches_pattern(pattern, text)))
        };
        let new_name = || self.body?.get("name")?.as_str();
        when.dialect.is_none_or(|dialect| dialect == self.dialect)
            && when.method.as_deref().is_none_or(|method| method.eq_ignore_ascii_case(self.method.word()))
            && matches(&when.operation, Some(self.operation))
            && [self.id, self.name, new_name()].into_iter().any(|text| matches(&when.pod, text))
            && self.asks_only_for(&when.gpu, &["/gpu/id", "/gpu/pools", "/gpuTypeIds"])
            && self.asks_only_for(&when.data_center, &["/dataCenterIds", "/dataCenterId"])
            && when.gpu_count.is_none_or(|least| self.gpus_asked_for() >= Some(least))
    }

    /// The number of GPUs that a create requests, one by default (contract, section 3).
    fn gpus_asked_for(&self) -> Option<u64> {
        let body = self.body?;
        let asks = body.get("gpu").or_else(|| body.get("gpuTypeIds"))?;
        let count = asks.get("count").or_else(|| body.get("gpuCount"));
        Some(count.and_then(Value::as_u64).unwrap_or(1))
    }

    /// Whether the body has values at one of the pointers and all of them match the pattern.
    fn asks_only_for(&self, pattern: &Option<String>, pointers: &[&str]) -> bool {
        let Some(pattern) = pattern else { return true };
        let asked = pointers.iter().find_map(|pointer| self.body?.pointer(pointer));
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

/// The effects of the rule that fired on a call.
#[derive(Debug, Default, PartialEq)]
pub struct Fired {
    /// The number of the rule, counted from 1; `None` if no rule fired.
    pub rule: Option<usize>,
    pub before: Duration,
    pub after: Duration,
    pub interference: Interference,
    pub tweaks: Tweaks,
}

/// The rules and their counts.
#[derive(Debug, Default)]
pub struct Faults {
    armed: Vec<Armed>,
}

#[derive(Debug)]
struct Armed {
    rule: FaultRule,
    /// Each rule has its own generator, so that adding a rule does not affect the others.
    random: fastrand::Rng,
    matched: u64,
    fired: u64,
}

impl Faults {
    pub fn new(rules: Vec<FaultRule>, seed: u64) -> Self {
        let arm = |(index, rule): (usize, FaultRule)| {
            let random =
                fastrand::Rng::with_seed(seed.wrapping_add((index as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)));
            Armed { rule, random, matched: 0, fired: 0 }
        };
        Self { armed: rules.into_iter().enumerate().map(arm).collect() }
    }

    pub fn rules(&self) -> impl Iterator<Item = &FaultRule> {
        self.armed.iter().map(|armed| &armed.rule)
    }

    /// Whether v2 behaves as in August 2026, for the checks before a call exists.
    pub fn is_v2_2026_08(&self) -> bool {
        self.rules().any(|rule| rule.effect.v2_2026_08 && rule.when.dialect != Some(ApiVersion::V1))
    }

    /// Finds the first rule that fires for a call. A rule only counts calls for which no earlier rule fired.
    pub fn fire(&mut self, call: &CallFacts<'_>) -> Fired {
        let mut numbered = self.armed.iter_mut().zip(1..);
        let fired = numbered.find_map(|(armed, number)| Some(Fired { rule: Some(number), ..armed.fire(call)? }));
        fired.unwrap_or_default()
    }
}

impl Armed {
    fn fire(&mut self, call: &CallFacts<'_>) -> Option<Fired> {
        let when = &self.rule.when;
        if !call.is_met_by(when) {
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
                DelaySide::BeforeEffect => fired.before = time,
                DelaySide::AfterEffect => fired.after = time,
            }
        }
        Some(fired)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::emulator::gateway::faults::list::parse;

    fn faults(rules: &str, seed: u64) -> Faults {
        Faults::new(parse(rules, "test").expect("valid rules"), seed)
    }

    fn create(body: &Value) -> CallFacts<'_> {
        CallFacts {
            dialect: ApiVersion::V2,
            method: Method::Post,
            operation: "createPod",
            id: None,
            name: None,
            body: Some(body),
        }
    }

    /// The numbers of the identical calls, from 1 to `calls`, for which the rules fire.
    fn fires_at(rules: &str, seed: u64, calls: usize) -> Vec<usize> {
        let mut faults = faults(rules, seed);
        let body = json!({ "name": "trainer" });
        (1..=calls).filter(|_| faults.fire(&create(&body)).rule.is_some()).collect()
    }

    fn matches(when: &str, call: &CallFacts<'_>) -> bool {
        let rules = format!("[{{ match: {when}, effect: {{ ghost: true }} }}]");
        faults(&rules, 0).fire(call).tweaks.ghost
    }

    #[test]
    fn nth_every_and_times_count_matching_calls() {
        for (when, expected) in [
            ("{}", vec![1, 2, 3, 4, 5, 6, 7]),
            ("{ nth: 3 }", vec![3]),
            ("{ nth: 3, times: 2 }", vec![3, 4]),
            ("{ times: 2 }", vec![1, 2]),
            ("{ every: 3 }", vec![3, 6]),
            ("{ nth: 2, every: 3 }", vec![2, 5]),
            ("{ every: 3, times: 1 }", vec![3]),
        ] {
            let rules = format!("[{{ match: {when}, effect: {{ ghost: true }} }}]");
            assert_eq!(fires_at(&rules, 0, 7), expected, "{when}");
        }
    }

    #[test]
    fn probabilities_depend_on_the_seed() {
        let rules = "[{ match: { probability: 0.3 }, effect: { ghost: true } }]";
        let once = fires_at(rules, 7, 200);
        assert_eq!(once, fires_at(rules, 7, 200));
        assert_ne!(once, fires_at(rules, 8, 200));
        assert!((30..=90).contains(&once.len()), "{} of 200", once.len());
    }

    #[test]
    fn the_first_rule_that_fires_applies_and_is_reported() {
        let mut faults = faults(
            "[{ match: { nth: 2 }, effect: { ghost: true } }, { match: { times: 2 }, effect: { noCapacity: true } }]",
            0,
        );
        let body = json!({});
        let fired: Vec<_> = (0..4).map(|_| faults.fire(&create(&body)).rule).collect();
        assert_eq!(fired, [Some(2), Some(1), Some(2), None]);
    }

    #[test]
    fn a_rule_matches_only_calls_that_meet_all_its_conditions() {
        let body =
            json!({ "name": "trainer-1", "gpu": { "id": "NVIDIA L4" }, "dataCenterIds": ["US-CA-2", "US-TX-3"] });
        let create = create(&body);
        for when in [
            "{ dialect: v2, method: post, operation: createPod, pod: 'trainer*' }",
            "{ operation: 'create*', gpu: '*L4', dataCenter: 'US-*' }",
        ] {
            assert!(matches(when, &create), "{when}");
        }
        for when in [
            "{ dialect: v1 }",
            "{ method: GET }",
            "{ operation: getPod }",
            "{ pod: trainer }",
            "{ gpu: '*A100*' }",
            "{ dataCenter: US-CA-2 }", // another data center is allowed too
            "{ operation: createPod, pod: other }",
        ] {
            assert!(!matches(when, &create), "{when}");
        }
        let get = CallFacts {
            method: Method::Get,
            operation: "getPod",
            id: Some("abc"),
            name: Some("trainer"),
            body: None,
            ..create
        };
        assert!(matches("{ pod: abc }", &get) && matches("{ pod: trainer }", &get));
        assert!(!matches("{ pod: xyz }", &get) && !matches("{ gpu: '*' }", &get));
    }

    #[test]
    fn latency_is_on_the_side_and_in_the_range_of_the_rule() {
        let body = json!({});
        let before = faults("[{ effect: { latency: { seconds: 2 } } }]", 0).fire(&create(&body));
        assert_eq!((before.before, before.after), (Duration::from_secs(2), Duration::ZERO));
        let mut ranged = faults("[{ effect: { latency: { seconds: 1, upTo: 3, side: afterEffect } } }]", 0);
        for _ in 0..20 {
            let fired = ranged.fire(&create(&body));
            assert_eq!(fired.before, Duration::ZERO);
            assert!((1.0..=3.0).contains(&fired.after.as_secs_f64()), "{:?}", fired.after);
        }
    }

    #[test]
    fn effects_inside_the_world_get_their_defaults() {
        let rules = "[{ effect: { listLag: {}, notFoundAfterCreate: {}, staleRead: {}, deleteSlow: { seconds: 5 },
            patchDropsField: env, missingMembers: [mounts], zeroGpu: true, resumeRefused: true } }]";
        let expected = Tweaks {
            appear_lag_seconds: Some(20),
            disappear_lag_seconds: Some(30),
            not_found_after_create_seconds: Some(8),
            stale_read_seconds: Some(30),
            delete_slow_seconds: Some(5),
            patch_drops_field: Some("env".into()),
            missing_members: vec!["mounts".into()],
            zero_gpu: true,
            resume_refused: true,
            ..Tweaks::default()
        };
        assert_eq!(faults(rules, 0).fire(&create(&json!({}))).tweaks, expected);
    }
}
