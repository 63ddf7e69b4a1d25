//! Applies of a session through the whole engine: lock, recover, plan, apply. None of them asks for consent.

use std::sync::Mutex;
use std::time::Duration;

use sindri::apply::{self, Event, Report, recover};
use sindri::config::Move;
use sindri::model::{Address, Observed, Plan, Power, State, Verb};
use sindri::observe::KindNames;
use sindri::planner::PlanOptions;
use sindri::planner::decide::power::power_plan;
use sindri::render::{Style, Summary};
use sindri::store::LockedState;

use super::Desired;
use super::planning::Readings;
use super::session::Session;

/// The effects and messages of an apply.
pub struct Applied {
    pub plan: Plan,
    pub report: Report,
    pub events: Vec<Event>,
    /// The final summary as shown to people, on one line.
    pub text: String,
    /// Requests that may change something, in the order of their effects, such as `POST /v2/pods`.
    pub requests: Vec<String>,
}

impl Session {
    /// Applies; everything must succeed.
    pub async fn apply(&self, desired: &Desired) -> Applied {
        self.apply_with(desired, &[], PlanOptions::default()).await
    }

    /// Like `apply`, with `moved` entries and flags.
    pub async fn apply_with(&self, desired: &Desired, moved: &[Move], options: PlanOptions) -> Applied {
        let applied = self.apply_unless_refused(desired, moved, options).await;
        applied.is_not_refused();
        applied
    }

    /// Like `apply_with`, but returns a plan with refusals without applying it.
    pub async fn apply_unless_refused(&self, desired: &Desired, moved: &[Move], options: PlanOptions) -> Applied {
        let applied = self.change(|readings| self.plan_from(Readings { desired, moved, ..readings }, options)).await;
        if applied.plan.all_refusals().next().is_none() {
            let Report { done, failed, skipped, .. } = applied.report;
            assert_eq!((failed, skipped), (0, 0), "{}\n{:#?}", applied.text, applied.events);
            let requested = applied.plan.operations.iter().filter(|operation| operation.verb != Verb::Wait);
            assert_eq!(done, requested.count());
            assert!(applied.report.orphans.is_empty(), "{:#?}", applied.report.orphans);
        }
        applied
    }

    /// Applies; some of it may fail.
    pub async fn attempt(&self, desired: &Desired) -> Applied {
        let options = PlanOptions::default();
        let applied = self.change(|readings| self.plan_from(Readings { desired, ..readings }, options)).await;
        applied.is_not_refused();
        assert!(applied.report.orphans.is_empty(), "{:#?}", applied.report.orphans);
        applied
    }

    /// Applies an existing plan.
    pub async fn carry_out(&self, plan: &Plan, observed: &Observed) -> Applied {
        let since = self.account.answered();
        self.run(&self.lock(), Mutex::default(), plan.clone(), observed, since).await
    }

    /// `sindri stop` or `sindri start` for one resource. On failure, returns the advice.
    pub async fn power(&self, address: &Address, wanted: Power) -> Result<(), String> {
        let plan = |readings: Readings<'_>| {
            power_plan(&self.input(&readings, PlanOptions::default()), std::slice::from_ref(address), wanted)
        };
        let applied = self.change(plan).await;
        applied.is_not_refused();
        if applied.report.failed == 0 { Ok(()) } else { Err(applied.advice()) }
    }

    /// Applies the plan that `plan` makes of state and account, unless it has refusals.
    async fn change(&self, plan: impl FnOnce(Readings<'_>) -> Plan) -> Applied {
        let since = self.account.answered();
        let store = self.lock();
        let events = Mutex::new(Vec::new());
        let note = |event: Event| events.lock().expect("no panic").push(event);
        let observed =
            recover::recover(&self.client, &store, &self.account.clock, &KindNames::new(), &note).await.expect("lists");
        let prior: State = store.snapshot().state;
        let plan = plan(Readings::of(&Desired::new(), &prior, &observed));
        self.run(&store, events, plan, &observed, since).await
    }

    async fn run(
        &self,
        store: &LockedState,
        events: Mutex<Vec<Event>>,
        plan: Plan,
        observed: &Observed,
        since: u64,
    ) -> Applied {
        let note = |event: Event| events.lock().expect("no panic").push(event);
        let report = match plan.all_refusals().next() {
            Some(_) => Report::default(),
            None => apply::run(&self.job(&plan, observed, store, &note)).await.expect("a store that can be written"),
        };
        let events = events.into_inner().expect("no panic");
        let mut summary = Summary::expecting(&plan, "apply");
        events.iter().for_each(|event| summary.note(event));
        let mut text = String::new();
        summary.text(&mut text, Duration::ZERO, &Style::default()).expect("a string takes everything");
        Applied { plan, report, events, text: on_one_line(&text), requests: self.account.changes(since) }
    }
}

impl Applied {
    #[track_caller]
    fn is_not_refused(&self) {
        assert_eq!(self.plan.all_refusals().count(), 0, "{:#?}", self.plan);
    }

    /// Fails unless the summary contains all of these texts.
    #[track_caller]
    pub fn says(&self, words: &[&str]) {
        for words in words {
            assert!(self.text.contains(words), "`{words}` is not in: {}", self.text);
        }
    }

    /// Messages about settled creates.
    pub fn settled(&self) -> Vec<&str> {
        let settled = self.events.iter().filter_map(|event| match event {
            Event::Settled { message, .. } => Some(&**message),
            _ => None,
        });
        settled.collect()
    }

    /// Messages about operations of an earlier run.
    pub fn recovered(&self) -> String {
        let recovered = self.events.iter().filter_map(|event| match event {
            Event::Recovered { address, how, .. } => Some(format!("{address}: {how}\n")),
            _ => None,
        });
        recovered.collect()
    }

    /// The advice after the last failure.
    fn advice(&self) -> String {
        let advice = self.events.iter().rev().find_map(|event| match event {
            Event::Failed { help: Some(help), .. } => Some(help.clone()),
            _ => None,
        });
        advice.unwrap_or_default()
    }

    pub fn creates(&self) -> usize {
        self.requests.iter().filter(|request| request.starts_with("POST") && request.ends_with("/pods")).count()
    }
}

/// Joins lines that were wrapped for people.
pub fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
