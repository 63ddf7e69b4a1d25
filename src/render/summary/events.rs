//! Collects the events of an apply.

use std::collections::BTreeMap;
use std::time::Duration;

use super::row::{ChangeResult, OperationFailure, OperationStep, StepStatus, SummaryRow};
use crate::apply::{Event, reporting_address};
use crate::kind;
use crate::model::{Action, Address, Double, Money, Plan, Verb};
use crate::render::style::{Line, Tone};
use crate::render::{fold, words};

/// An object that is in no state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OrphanRow {
    pub id: String,
    pub name: String,
    pub hourly: Option<Money>,
}

/// Collects events and summarises them.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The command, for example `apply`.
    pub(super) command: String,
    pub(super) rows: Vec<SummaryRow>,
    /// The first row of each address.
    numbers: BTreeMap<Address, usize>,
    /// The row and step of each operation that an event may refer to.
    pub(super) places: BTreeMap<(Address, Verb), Vec<(usize, usize)>>,
    pub(super) recovered: usize,
    pub(super) orphans: Vec<OrphanRow>,
    pub(super) doubles: Vec<Double>,
    /// Pods whose container keeps exiting.
    pub(super) crashing: Vec<(Address, String)>,
    pub(super) interrupted: bool,
}

impl Summary {
    /// The summary for a command that applies `plan`.
    pub fn expecting(plan: &Plan, command: &str) -> Self {
        let mut summary = Self {
            command: command.to_owned(),
            rows: Vec::new(),
            numbers: BTreeMap::new(),
            places: BTreeMap::new(),
            recovered: 0,
            orphans: Vec::new(),
            doubles: Vec::new(),
            crashing: Vec::new(),
            interrupted: false,
        };
        for row in fold::rows(plan) {
            summary.push(SummaryRow::of(row.change));
        }
        for operation in &plan.operations {
            let address = reporting_address(&operation.address);
            let number = summary.number_of(&operation.address).or_else(|| summary.number_of(&address));
            let number = number.unwrap_or_else(|| summary.push(SummaryRow::unplanned(&operation.address)));
            let id = operation.id.clone().filter(|_| operation.verb != Verb::Create);
            summary.add_step(number, &address, operation.verb, id);
        }
        summary
    }

    fn push(&mut self, row: SummaryRow) -> usize {
        let number = self.rows.len();
        self.numbers.entry(row.address.clone()).or_insert(number);
        self.rows.push(row);
        number
    }

    fn number_of(&self, address: &Address) -> Option<usize> {
        self.numbers.get(address).copied()
    }

    pub(super) fn add_step(&mut self, row: usize, address: &Address, verb: Verb, id: Option<String>) -> (usize, usize) {
        let steps = &mut self.rows[row].steps;
        steps.push(OperationStep { verb, id, accepted: false, status: StepStatus::Planned });
        let place = (row, steps.len() - 1);
        self.places.entry((address.clone(), verb)).or_default().push(place);
        place
    }

    pub fn note(&mut self, event: &Event) {
        match event {
            Event::Started { address, verb, id, .. } => self.set(address, *verb, id.as_ref(), StepStatus::Started),
            Event::Accepted { address, verb, id } => self.set(address, *verb, Some(id), StepStatus::Accepted),
            Event::Done { address, verb, id, .. } => self.set(address, *verb, id.as_ref(), StepStatus::Done),
            Event::Failed { address, verb, id, message, help, code, changed } => {
                let (message, help) = (message.clone(), help.clone());
                let failure = OperationFailure { message, help, code: *code, changed: *changed };
                self.set(address, *verb, id.as_ref(), StepStatus::Failed(failure));
            }
            Event::Unfinished { address, verb, id, because } => {
                self.set(address, *verb, Some(id), StepStatus::Unfinished(because.clone()));
            }
            Event::Skipped { address, verb, because } => {
                self.set(address, *verb, None, StepStatus::Skipped(because.clone()));
            }
            Event::Recovered { .. } => self.recovered += 1,
            Event::OrphanFound { id, name, hourly } => {
                self.orphans.push(OrphanRow { id: id.clone(), name: name.clone(), hourly: *hourly });
            }
            Event::DoubleFound(double) => self.doubles.push((**double).clone()),
            Event::CrashLoop { address, id } => self.crashing.push((address.clone(), id.clone())),
            Event::Interrupted { .. } => self.interrupted = true,
            Event::NotListed { .. }
            | Event::CandidateUnavailable { .. }
            | Event::Waiting { .. }
            | Event::RollingOut { .. }
            | Event::StandbyWorkers { .. }
            | Event::Paced { .. }
            | Event::Settled { .. } => {}
        }
    }

    /// Sets the status of an event's operation. If several match, takes the one with this id, otherwise the first one
    /// that has not ended.
    pub(super) fn set(&mut self, address: &Address, verb: Verb, id: Option<&String>, status: StepStatus) {
        let places = self.places.get(&(address.clone(), verb)).map_or(&[][..], Vec::as_slice);
        let step = |place: &&(usize, usize)| self.rows.get(place.0).and_then(|row| row.steps.get(place.1));
        let same = places.iter().find(|place| id.is_some() && step(place).is_some_and(|step| step.id.as_ref() == id));
        let open = places.iter().find(|place| {
            step(place).is_some_and(|step| {
                !matches!(step.status, StepStatus::Done | StepStatus::Failed(_) | StepStatus::Skipped(_))
            })
        });
        let (row, step) = match same.or(open).copied() {
            Some(place) => place,
            None => {
                let row = self.number_of(address).unwrap_or_else(|| self.push(SummaryRow::unplanned(address)));
                self.add_step(row, address, verb, None)
            }
        };
        let step = &mut self.rows[row].steps[step];
        // An operation that was skipped before its delete was confirmed, for example, keeps its id.
        step.id = id.cloned().or_else(|| step.id.take());
        step.accepted |= matches!(status, StepStatus::Accepted);
        step.status = status;
    }

    /// Number of requests that were sent or are waited for, and have not ended.
    pub fn in_flight(&self) -> usize {
        let open = |step: &&OperationStep| matches!(step.status, StepStatus::Started | StepStatus::Accepted);
        self.rows.iter().flat_map(|row| &row.steps).filter(open).count()
    }

    /// Whether everything that was planned or started has succeeded.
    pub fn is_complete(&self) -> bool {
        !self.interrupted
            && self.rows.iter().all(|row| matches!(row.result(), ChangeResult::Done | ChangeResult::Unchanged))
    }

    /// Whether anything changed at RunPod or in the state, including failures with an effect and unfinished operations.
    pub fn changed_anything(&self) -> bool {
        self.recovered > 0 || self.rows.iter().any(SummaryRow::changed)
    }

    /// Whether an interrupted command only had to wait for what exists already.
    fn only_waits(&self) -> bool {
        let mut open =
            self.rows.iter().filter(|row| matches!(row.result(), ChangeResult::Unfinished | ChangeResult::NotStarted));
        let is_wait = |row: &SummaryRow| row.steps.iter().all(|step| step.verb == Verb::Wait);
        self.interrupted && open.next().is_some_and(is_wait) && open.all(is_wait)
    }

    pub(super) fn next(&self) -> String {
        let again = self.again();
        match self.changed_anything() {
            true => format!("Completed changes are recorded in the state. Run {again} again to do the rest."),
            false if self.only_waits() => format!("Nothing was changed. Run {again} again to resume the wait."),
            false if self.interrupted => format!("Nothing was changed. Run {again} again to start over."),
            false => format!("Nothing was changed. Run {again} again when the cause is resolved."),
        }
    }

    /// The command that does the rest. Commands with addresses must be repeated with the same ones.
    pub(super) fn again(&self) -> String {
        let same = if matches!(self.command.as_str(), "apply" | "deploy") { "" } else { "the same " };
        format!("{same}`sindri {}`", self.command)
    }

    /// The command that destroys one object.
    pub(super) fn end_command(&self, address: &Address, superseded: bool) -> String {
        // A predecessor has the address of its successor, so destroying it by name would destroy the wrong one.
        if superseded { format!("sindri {}", self.command) } else { words::end_command(address) }
    }

    pub(super) fn verdict(&self, elapsed: Duration) -> Line {
        let (tone, end) = match (self.interrupted, self.is_complete(), self.changed_anything()) {
            (true, ..) => (Tone::Bad, "interrupted"),
            (_, true, _) => (Tone::Good, "complete"),
            (_, _, true) => (Tone::Bad, "incomplete"),
            (_, _, false) => (Tone::Bad, "failed"),
        };
        if let Some(done) = self.done_in_a_word() {
            return Line::new(0).tone(tone, done).text(format!(" in {}.", words::duration(elapsed)));
        }
        let (first, rest) = self.command.split_at_checked(1).unwrap_or_default();
        let head = format!("{}{rest} {end}", first.to_uppercase());
        Line::new(0).tone(tone, head).text(format!(": {} in {}.", self.outline(), words::duration(elapsed)))
    }

    /// For example `Stopped 2 pods`, if a power command did only that.
    pub(super) fn done_in_a_word(&self) -> Option<String> {
        const WORDS: [(&str, &str, &str); 3] =
            [("stop", "stopped", "Stopped"), ("start", "started", "Started"), ("destroy", "destroyed", "Destroyed")];
        let (_, counted, word) = WORDS.into_iter().find(|(command, ..)| *command == self.command)?;
        if !self.is_complete() || self.counts().iter().any(|(other, _)| *other != counted) {
            return None;
        }
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for row in self.rows.iter().filter(|row| row.result() == ChangeResult::Done) {
            *kinds.entry(&row.address.kind).or_default() += 1;
        }
        let title = |kind: &str| kind::find(kind).map_or_else(|| kind.to_owned(), |kind| kind.title.to_owned());
        let counts: Vec<String> =
            kinds.iter().rev().map(|(kind, number)| words::count(*number, &title(kind))).collect();
        (!counts.is_empty()).then(|| format!("{word} {}", counts.join(" and ")))
    }

    /// `3 created, 1 failed`.
    pub fn outline(&self) -> String {
        let counts: Vec<String> = self.counts().into_iter().map(|(word, number)| format!("{number} {word}")).collect();
        if counts.is_empty() { "nothing changed".to_owned() } else { counts.join(", ") }
    }

    /// The address of the only failure, and RunPod's id if it has one.
    pub fn only_failure(&self) -> Option<(&Address, Option<&str>)> {
        let mut failed = self.rows.iter().filter_map(|row| Some((&row.address, row.failure()?.0.id.as_deref())));
        failed.next().filter(|_| failed.next().is_none())
    }

    /// Pairs such as `created` and 3, in the order of a plan's summary line.
    pub(super) fn counts(&self) -> Vec<(&'static str, usize)> {
        let done = |fits: fn(Action) -> bool| {
            self.rows.iter().filter(|row| row.result() == ChangeResult::Done && fits(row.action())).count()
        };
        let ended = |result: ChangeResult| self.rows.iter().filter(|row| row.result() == result).count();
        let counts = [
            ("recovered", self.recovered),
            ("created", done(|action| action == Action::Create)),
            ("updated", done(|action| action == Action::Update)),
            ("started", done(|action| action == Action::Start)),
            ("stopped", done(|action| action == Action::Stop)),
            ("replaced", done(Action::is_replacement)),
            ("destroyed", done(|action| action == Action::Delete)),
            ("imported", done(|action| action == Action::Import)),
            ("forgotten", done(|action| action == Action::Forget)),
            ("ready", done(|action| action == Action::NoOp)),
            ("failed", ended(ChangeResult::Failed)),
            ("not finished", ended(ChangeResult::Unfinished)),
            ("not started", ended(ChangeResult::NotStarted)),
        ];
        counts.into_iter().filter(|(_, number)| *number > 0).collect()
    }
}
