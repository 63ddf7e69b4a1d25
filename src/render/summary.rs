//! What an apply did, told from its events alone, and what to do about what it did not do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::json::{FORMAT_VERSION, dollars};
use super::style::{Ink, Line, Style};
use super::words;
use crate::apply::Event;
use crate::model::{Address, Change, Money, Plan, Verb};

/// Something that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Failure {
    address: Address,
    verb: Verb,
    id: Option<String>,
    message: String,
    help: Option<String>,
    code: String,
    changed: bool,
}

impl Failure {
    /// The id of what goes on billing: a half-made object, or one that could not be destroyed.
    fn alive(&self) -> Option<&str> {
        self.id.as_deref().filter(|_| self.changed || self.verb == Verb::Delete)
    }
}

/// What RunPod was asked for, and what nobody saw the end of.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Begun {
    address: Address,
    verb: Verb,
    id: String,
    /// Why it was not waited for, where that was told.
    because: Option<String>,
}

/// An object that no state knows.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stray {
    id: String,
    name: String,
    hourly: Option<Money>,
}

/// Collects events, then says what they come to.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// In the order of their ends, with RunPod's id.
    done: Vec<(Address, Verb, Option<String>)>,
    failed: Vec<Failure>,
    begun: Vec<Begun>,
    /// Ids of what is about to be deleted: no event tells that a delete was accepted.
    deleting: BTreeMap<Address, String>,
    skipped: Vec<(Address, Verb, String)>,
    recovered: usize,
    strays: Vec<Stray>,
    /// What runs, and exits again and again.
    crashing: Vec<(Address, String)>,
    interrupted: bool,
    /// Started and not ended.
    open: BTreeSet<(Address, Verb)>,
    /// Whether it was to destroy, and nothing else: `sindri apply` would make anew what is gone.
    destroys: bool,
    /// Estimates of what objects cost, for those that failed before they told.
    estimates: BTreeMap<Address, Money>,
}

impl Summary {
    /// With the plan's estimates of hourly cost, which events of failures do not carry.
    pub fn expecting(plan: &Plan) -> Self {
        // Of a failed replacement or destruction the old object may be what is left: the dearer of both is the honest one.
        let dearer = |change: &Change| (change.address.clone(), change.hourly_before.max(change.hourly_after));
        Self { destroys: plan.destroy, estimates: plan.changes.iter().map(dearer).collect(), ..Self::default() }
    }

    pub fn note(&mut self, event: &Event) {
        match event {
            Event::Started { address, verb, .. } => drop(self.open.insert((address.clone(), *verb))),
            Event::Done { address, verb, .. }
            | Event::Failed { address, verb, .. }
            | Event::Skipped { address, verb, .. } => drop(self.open.remove(&(address.clone(), *verb))),
            _ => {}
        }
        if let Event::Done { address, verb, .. } | Event::Failed { address, verb, .. } = event {
            self.begun.retain(|begun| (&begun.address, begun.verb) != (address, *verb));
        }
        match event {
            Event::Done { address, verb, id, .. } => self.done.push((address.clone(), *verb, id.clone())),
            Event::Failed { address, verb, id, message, help, code, changed } => self.failed.push(Failure {
                address: address.clone(),
                verb: *verb,
                id: id.clone(),
                message: message.clone(),
                help: help.clone(),
                code: code.clone(),
                changed: *changed,
            }),
            Event::Started { address, verb: Verb::Delete, id: Some(id), .. } => {
                self.deleting.insert(address.clone(), id.clone());
            }
            Event::Accepted { address, verb, id } => self.begin(address, *verb, id.clone(), None),
            Event::Skipped { address, verb, because } => self.skip(address, *verb, because),
            Event::Recovered { .. } => self.recovered += 1,
            Event::OrphanFound { id, name, hourly } => {
                self.strays.push(Stray { id: id.clone(), name: name.clone(), hourly: *hourly });
            }
            Event::CrashLoop { address, id } => self.crashing.push((address.clone(), id.clone())),
            Event::Interrupted { .. } => self.interrupted = true,
            Event::Started { .. }
            | Event::CandidateUnavailable { .. }
            | Event::Waiting { .. }
            | Event::Paced { .. }
            | Event::Settled { .. } => {}
        }
    }

    /// How many requests have been sent, or are waited for, without an end so far.
    pub fn in_flight(&self) -> usize {
        self.open.len()
    }

    fn begin(&mut self, address: &Address, verb: Verb, id: String, because: Option<String>) {
        self.begun.push(Begun { address: address.clone(), verb, id, because });
    }

    /// What is skipped after it began is under way, and bills.
    fn skip(&mut self, address: &Address, verb: Verb, because: &str) {
        if let Some(begun) = self.begun.iter_mut().find(|begun| (&begun.address, begun.verb) == (address, verb)) {
            begun.because = Some(because.to_owned());
            return;
        }
        match self.deleting.remove(address).filter(|_| verb == Verb::Delete) {
            Some(id) => self.begin(address, verb, id, Some(because.to_owned())),
            None => self.skipped.push((address.clone(), verb, because.to_owned())),
        }
    }

    /// Whether everything that was begun or planned came to its end.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.begun.is_empty() && self.skipped.is_empty() && !self.interrupted
    }

    /// Whether anything changed at RunPod or in the state, failures with an effect and what has not ended included.
    pub fn changed_anything(&self) -> bool {
        !self.done.is_empty()
            || !self.begun.is_empty()
            || self.recovered > 0
            || self.failed.iter().any(|failure| failure.changed)
    }

    /// Writes `Apply complete: 3 created, 1 replaced in 1m 04s.`, or what exists, what failed and what to do next.
    pub fn text(&self, out: &mut dyn fmt::Write, elapsed: Duration, style: &Style) -> fmt::Result {
        self.verdict(elapsed).write(out, style)?;
        for line in
            self.failures().into_iter().chain(self.not_finished()).chain(self.not_started()).chain(self.warnings())
        {
            line.write(out, style)?;
        }
        if !self.is_complete() {
            let again = self.again();
            let next = match self.changed_anything() {
                true => format!("What was done is recorded in the state. Run {again} again to do the rest."),
                false => format!("Nothing was changed. Run {again} again when the cause is gone."),
            };
            Line::new(0).write(out, style)?;
            Line::of(0, next).hanging(0).write(out, style)?;
        }
        Ok(())
    }

    /// The command that goes on from here.
    fn again(&self) -> &'static str {
        if self.destroys { "the same `sindri destroy`" } else { "`sindri apply`" }
    }

    /// The command that ends what is left of an operation. What a replacement could not destroy has its successor's address,
    /// so that ending that by name would end the wrong one.
    fn end_command(&self, address: &Address, verb: Verb) -> String {
        match verb {
            Verb::Delete if !self.destroys => "sindri apply".to_owned(),
            _ => words::end_command(address),
        }
    }

    fn verdict(&self, elapsed: Duration) -> Line {
        let (ink, head) = match (self.interrupted, self.is_complete(), self.changed_anything()) {
            (true, ..) => (Ink::Bad, "Apply interrupted"),
            (_, true, _) => (Ink::Good, "Apply complete"),
            (_, _, true) => (Ink::Bad, "Apply incomplete"),
            (_, _, false) => (Ink::Bad, "Apply failed"),
        };
        Line::new(0).ink(ink, head).text(format!(": {} in {}.", self.outline(), words::duration(elapsed)))
    }

    /// `3 created, 1 failed`.
    pub fn outline(&self) -> String {
        let counts: Vec<String> = self.counts().into_iter().map(|(word, number)| format!("{number} {word}")).collect();
        if counts.is_empty() { "nothing changed".to_owned() } else { counts.join(", ") }
    }

    /// What failed, with RunPod's id where it has one, if it is one thing.
    pub fn only_failure(&self) -> Option<(&Address, Option<&str>)> {
        let [failure] = &self.failed[..] else { return None };
        Some((&failure.address, failure.id.as_deref()))
    }

    /// `created: 3`, in the order of a plan's summary line; what was destroyed and created is `replaced`.
    fn counts(&self) -> Vec<(&'static str, usize)> {
        let of = |verb: Verb| -> BTreeSet<&Address> {
            self.done.iter().filter(|(_, done, _)| *done == verb).map(|(address, ..)| address).collect()
        };
        let (created, deleted) = (of(Verb::Create), of(Verb::Delete));
        let replaced = created.intersection(&deleted).count();
        let counts = [
            ("recovered", self.recovered),
            ("created", created.len() - replaced),
            ("updated", of(Verb::Update).len()),
            ("started", of(Verb::Start).len()),
            ("stopped", of(Verb::Stop).len()),
            ("replaced", replaced),
            ("destroyed", deleted.len() - replaced),
            ("imported", of(Verb::Import).len()),
            ("forgotten", of(Verb::Forget).len()),
            ("failed", self.failed.len()),
            ("not finished", self.begun.len()),
            ("not started", self.skipped.len()),
        ];
        counts.into_iter().filter(|(_, number)| *number > 0).collect()
    }

    fn failures(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        let destroyed: BTreeSet<&Address> =
            self.done.iter().filter(|(_, verb, _)| *verb == Verb::Delete).map(|(address, ..)| address).collect();
        for failure in &self.failed {
            let Failure { address, verb, message, help, code, .. } = failure;
            lines.push(Line::new(0));
            lines.push(
                Line::new(2)
                    .text(format!("{address}  "))
                    .ink(Ink::Bad, format!("could not {}", words::infinitive(*verb)))
                    .ink(Ink::Dim, format!("  [{code}]")),
            );
            lines.push(Line::of(6, message));
            lines.extend(help.as_ref().map(|help| Line::of(6, format!("help: {help}"))));
            if let Some(id) = failure.alive() {
                lines.push(Line::of(6, self.what_exists(address, *verb, id)));
            }
            if *verb == Verb::Create && destroyed.contains(address) {
                lines.push(Line::of(6, "its predecessor is destroyed already"));
            }
        }
        lines
    }

    /// What goes on billing, and the command that ends it.
    fn what_exists(&self, address: &Address, verb: Verb, id: &str) -> String {
        format!("`{id}` exists{}; to end it: `{}`", self.and_costs(address), self.end_command(address, verb))
    }

    fn and_costs(&self, address: &Address) -> String {
        match self.estimates.get(address) {
            Some(hourly) if *hourly > Money::ZERO => format!(" and costs about {hourly}/h"),
            _ => String::new(),
        }
    }

    fn not_finished(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        if !self.begun.is_empty() {
            lines.extend([Line::new(0), Line::of(0, "Not finished")]);
        }
        for Begun { address, verb, id, because } in &self.begun {
            let because = because.as_deref().unwrap_or("RunPod accepted it, and its end was not seen");
            lines.push(Line::of(2, format!("{address}  {}: {because}", words::infinitive(*verb))));
            lines.push(Line::of(
                6,
                match verb {
                    Verb::Delete => {
                        let end = self.end_command(address, *verb);
                        format!("`{id}` may still exist{}; to make sure: `{end}`", self.and_costs(address))
                    }
                    _ => self.what_exists(address, *verb, id),
                },
            ));
        }
        lines
    }

    fn not_started(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        if !self.skipped.is_empty() {
            lines.extend([Line::new(0), Line::of(0, "Not started")]);
        }
        for (address, verb, because) in &self.skipped {
            lines.push(Line::of(2, format!("{address}  {}: {because}", words::infinitive(*verb))));
        }
        lines
    }

    /// What no failure is, and bills all the same.
    fn warnings(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        if !self.crashing.is_empty() {
            lines.extend([Line::new(0), Line::new(0).ink(Ink::Heading, "Crash loops")]);
        }
        for (address, id) in &self.crashing {
            let what = format!("   {address}  {id} says that it runs; its container exits and is started again");
            lines.push(Line::new(2).ink(Ink::Bad, "!").text(what));
            let end = words::end_command(address);
            lines.push(Line::of(6, format!("its logs are at {}; to end the cost: `{end}`", words::CONSOLE)));
        }
        if !self.strays.is_empty() {
            lines.extend([Line::new(0), Line::new(0).ink(Ink::Heading, "Orphans")]);
        }
        for Stray { id, name, hourly } in &self.strays {
            let cost = hourly.map_or_else(|| "cost unknown".to_owned(), |hourly| format!("{hourly}/h"));
            lines.push(Line::new(2).ink(Ink::Bad, "!").text(format!("   {id}  \"{name}\"  {cost}, and in no state")));
            let todo = format!("end it at {}, or take it over with `sindri import ADDRESS ID`", words::CONSOLE);
            lines.push(Line::of(6, todo));
        }
        lines
    }

    /// The same for tools.
    pub fn json(&self, elapsed: Duration) -> Json {
        let counts: BTreeMap<&str, usize> = self.counts().into_iter().collect();
        let done: Vec<Json> =
            self.done.iter().map(|(address, verb, id)| json!({"address": address, "verb": verb, "id": id})).collect();
        let failed: Vec<Json> = self
            .failed
            .iter()
            .map(|failure| {
                let Failure { address, verb, id, message, help, code, changed } = failure;
                let alive = failure.alive().is_some();
                json!({
                    "address": address, "verb": verb, "id": id, "message": message, "help": help, "code": code,
                    "changed": changed,
                    "hourly_estimate": self.estimates.get(address).filter(|_| alive).copied().map(dollars),
                    "end_command": alive.then(|| self.end_command(address, *verb)),
                })
            })
            .collect();
        let begun: Vec<Json> = self
            .begun
            .iter()
            .map(|Begun { address, verb, id, because }| {
                json!({
                    "address": address, "verb": verb, "id": id, "because": because,
                    "hourly_estimate": self.estimates.get(address).copied().map(dollars),
                    "end_command": self.end_command(address, *verb),
                })
            })
            .collect();
        let skipped: Vec<Json> = self
            .skipped
            .iter()
            .map(|(address, verb, because)| json!({"address": address, "verb": verb, "because": because}))
            .collect();
        let crashing: Vec<Json> =
            self.crashing.iter().map(|(address, id)| json!({"address": address, "id": id})).collect();
        let strays: Vec<Json> = self
            .strays
            .iter()
            .map(|Stray { id, name, hourly }| json!({"id": id, "name": name, "hourly": hourly.map(dollars)}))
            .collect();
        json!({
            "format_version": FORMAT_VERSION,
            "event": "summary",
            "complete": self.is_complete(),
            "interrupted": self.interrupted,
            "elapsed_seconds": elapsed.as_secs_f64(),
            "counts": counts,
            "done": done,
            "failed": failed,
            "not_finished": begun,
            "skipped": skipped,
            "orphans": strays,
            "crash_loops": crashing,
        })
    }
}
