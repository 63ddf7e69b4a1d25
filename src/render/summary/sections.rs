//! The sections of a summary. Each takes a few lines, regardless of the size of the apply.

use std::collections::{BTreeMap, BTreeSet};

use super::super::style::{Line, Tone};
use super::super::words;
use super::events::{OrphanRow, Summary};
use super::row::{ChangeResult, ExistingObject, ObjectState, StepStatus, SummaryRow};
use crate::apply::OperationErrorCode;
use crate::model::{Address, Cost, Double, Verb};

/// Maximum number of objects to list one by one.
const LISTED: usize = 5;
/// Maximum number of groups to list in a section.
const GROUPS: usize = 3;

/// A heading after a blank line; nothing if there are no lines.
fn section(heading: Line, lines: Vec<Line>) -> Vec<Line> {
    if lines.is_empty() { Vec::new() } else { [vec![Line::new(0), heading], lines].concat() }
}

fn plain(heading: &str, lines: Vec<Line>) -> Vec<Line> {
    section(Line::of(0, heading), lines)
}

/// Objects that exist and are billed: totals first, then objects that need attention.
pub(super) fn existing(summary: &Summary) -> Vec<Line> {
    let mut objects: Vec<ExistingObject<'_>> = summary
        .rows
        .iter()
        .filter(|row| row.result() != ChangeResult::Unchanged)
        .flat_map(SummaryRow::existing_objects)
        .collect();
    objects.sort_by(|one, other| one.state.cmp(&other.state).then_with(|| one.address.cmp(other.address)));
    let unchanged: Vec<Cost> = summary
        .rows
        .iter()
        .filter(|row| row.result() == ChangeResult::Unchanged)
        .map(SummaryRow::unchanged_cost)
        .collect();
    let total = objects.iter().map(|object| object.hourly).chain(unchanged.iter().copied()).sum::<Cost>();
    let mut heading = format!("Exists now: {}", objects.len());
    let billing = unchanged.iter().filter(|hourly| hourly.is_billed()).count();
    if billing > 0 {
        heading.push_str(&format!(" and {billing} unchanged"));
    }
    if total.is_billed() {
        heading.push_str(&format!(", at about {} in all", total.together()));
    }
    let mut lines: Vec<Line> = objects.iter().take(LISTED).map(object).collect();
    if objects.len() > LISTED {
        lines.push(rest(&objects[LISTED..]));
    }
    lines.extend(how_to_go_on(summary, &objects));
    section(Line::new(0).tone(Tone::Heading, heading), lines)
}

fn object(object: &ExistingObject<'_>) -> Line {
    let ExistingObject { address, id, hourly, state, superseded } = object;
    let whose = if *superseded { ", predecessor" } else { "" };
    let cost = if hourly.is_billed() { format!("  {}", hourly.of_one()) } else { String::new() };
    let tone = if *state < ObjectState::Done(Verb::Create) { Tone::Bad } else { Tone::Plain };
    Line::of(2, format!("{address}  {id}{cost}  ")).tone(tone, state).text(whose)
}

/// The objects that are not listed, counted by state.
fn rest(objects: &[ExistingObject<'_>]) -> Line {
    let mut states: BTreeMap<ObjectState, usize> = BTreeMap::new();
    for object in objects {
        *states.entry(object.state).or_default() += 1;
    }
    let states: Vec<String> = states.iter().map(|(state, number)| format!("{number} {state}")).collect();
    Line::of(2, format!("... and {} more ({})", objects.len(), states.join("; ")))
}

/// Commands to destroy objects that did not end as planned, and to list the objects not shown here.
fn how_to_go_on(summary: &Summary, objects: &[ExistingObject<'_>]) -> Option<Line> {
    let needs_care =
        |object: &&ExistingObject<'_>| object.state < ObjectState::Done(Verb::Create) && object.hourly.is_billed();
    let costly: Vec<&ExistingObject<'_>> = objects.iter().filter(needs_care).collect();
    let mut hints = Vec::new();
    if objects.len() > LISTED {
        hints.push("`sindri status` lists all".to_owned());
    }
    if let [only] = costly.as_slice() {
        hints.push(format!("to delete it: `{}`", summary.end_command(only.address, only.superseded)));
    } else if summary.command != "destroy" {
        if costly.iter().any(|object| !object.superseded) {
            hints.push("`sindri destroy ADDRESS` deletes one".to_owned());
        }
        if let Some(old) = costly.iter().find(|object| object.superseded) {
            hints.push(format!("`{}` deletes predecessors", summary.end_command(old.address, true)));
        }
    }
    (!hints.is_empty()).then(|| Line::of(2, hints.join("; ")))
}

/// Failures, grouped by reason.
pub(super) fn failures(summary: &Summary) -> Vec<Line> {
    let mut groups: Vec<(FailureKey, Vec<&SummaryRow>)> = Vec::new();
    let mut places: BTreeMap<FailureKey, usize> = BTreeMap::new();
    for row in &summary.rows {
        let Some(key) = failure_key(row) else { continue };
        let place = *places.entry(key.clone()).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((key, vec![row])),
        }
    }
    groups.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
    let mut lines: Vec<Line> = groups.iter().take(GROUPS).flat_map(|(key, rows)| failure_group(key, rows)).collect();
    if groups.len() > GROUPS {
        let rows = groups[GROUPS..].iter().map(|(_, rows)| rows.len()).sum::<usize>();
        let other = words::count(rows, "more failure");
        lines.extend([Line::new(0), Line::of(2, format!("... and {other}; the lines above and `--json` list all"))]);
    }
    lines
}

/// Properties that failures with the same reason share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct FailureKey {
    verb: Verb,
    code: OperationErrorCode,
    message: String,
    help: Option<String>,
    lost_predecessor: bool,
}

fn failure_key(row: &SummaryRow) -> Option<FailureKey> {
    let (step, failure) = row.failure()?;
    let own = words::OwnValues { address: &row.address, id: step.id.as_deref(), name: row.name.as_deref() };
    Some(FailureKey {
        verb: step.verb,
        code: failure.code,
        message: words::impersonal(&failure.message, &own),
        help: failure.help.as_ref().map(|help| words::impersonal(help, &own)),
        lost_predecessor: row.lost_predecessor(),
    })
}

fn failure_group(key: &FailureKey, rows: &[&SummaryRow]) -> Vec<Line> {
    let (head, message, help) = match rows {
        [row] => {
            let failure = row.failure().map(|(_, failure)| failure);
            let message = failure.map_or_else(String::new, |failure| failure.message.clone());
            let help = failure.and_then(|failure| failure.help.clone());
            (Line::of(2, format!("{}  ", row.address)).tone(Tone::Bad, words::failed(key.verb)), message, help)
        }
        rows => {
            let named = words::few(rows.iter().map(|row| &row.address).collect());
            let number = rows.len();
            let head = Line::new(2).tone(
                Tone::Bad,
                match key.verb {
                    Verb::Wait => format!("{number} are not ready"),
                    verb => format!("{number} could not be {}", words::done(verb)),
                },
            );
            (head.text(format!(": {named}")), key.message.clone(), key.help.clone())
        }
    };
    let mut lines = vec![Line::new(0), head.tone(Tone::Dim, format!("  [{}]", key.code)), Line::of(6, message)];
    lines.extend(help.map(|help| Line::of(6, format!("help: {help}"))));
    if key.lost_predecessor {
        lines.push(Line::of(6, "its predecessor is already destroyed"));
    }
    lines
}

/// Operations that were started and did not end.
pub(super) fn unfinished(summary: &Summary) -> Vec<Line> {
    let unfinished = summary.rows.iter().filter(|row| row.result() == ChangeResult::Unfinished);
    let groups = grouped(unfinished.map(|row| {
        let open = row.steps.iter().find(|step| !matches!(step.status, StepStatus::Done));
        let (verb, why) = match open.map(|step| (step.verb, &step.status)) {
            Some((verb, StepStatus::Unfinished(because))) => (verb, because.clone()),
            Some((verb, StepStatus::Accepted)) => (verb, "accepted by RunPod, not confirmed".to_owned()),
            Some((verb, StepStatus::Started)) => (verb, "sent, no response received".to_owned()),
            Some((verb, _)) => (verb, format!("only {}", done_words(row))),
            None => (Verb::Update, String::new()),
        };
        ((verb, why), &row.address)
    }));
    plain("Not finished", groups)
}

/// `destroyed`: the finished steps of a change.
fn done_words(row: &SummaryRow) -> String {
    let done =
        row.steps.iter().filter(|step| matches!(step.status, StepStatus::Done)).map(|step| words::done(step.verb));
    done.collect::<Vec<_>>().join(" and ")
}

/// Changes that never started.
pub(super) fn not_started(summary: &Summary) -> Vec<Line> {
    let rows = || summary.rows.iter().filter(|row| row.result() == ChangeResult::NotStarted);
    let reasons: BTreeSet<(Verb, String)> = rows().map(skip_reason).collect();
    let key = |row: &SummaryRow| match (skip_reason(row), reasons.len() > GROUPS) {
        ((verb, _), true) => (verb, "for several reasons".to_owned()),
        (key, false) => key,
    };
    plain("Not started", grouped(rows().map(|row| (key(row), &row.address))))
}

fn skip_reason(row: &SummaryRow) -> (Verb, String) {
    let step = row.steps.first();
    let because = step.map(|step| match &step.status {
        StepStatus::Skipped(because) => because.clone(),
        _ => "interrupted".to_owned(),
    });
    (step.map_or(Verb::Update, |step| step.verb), because.unwrap_or_default())
}

/// One line for all changes with the same verb and reason.
fn grouped<'r>(rows: impl Iterator<Item = ((Verb, String), &'r Address)>) -> Vec<Line> {
    let mut groups: BTreeMap<(Verb, String), Vec<&Address>> = BTreeMap::new();
    for (key, address) in rows {
        groups.entry(key).or_default().push(address);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, addresses)| std::cmp::Reverse(addresses.len()));
    let more: usize = groups.iter().skip(GROUPS).map(|(_, addresses)| addresses.len()).sum();
    let mut lines: Vec<Line> = groups
        .into_iter()
        .take(GROUPS)
        .map(|((verb, why), addresses)| {
            let (number, verb) = (addresses.len(), words::infinitive(verb));
            Line::of(2, format!("{number} to {verb}: {} ({why})", words::few(addresses)))
        })
        .collect();
    if more > 0 {
        lines.push(Line::of(2, format!("... and {more} more")));
    }
    lines
}

/// Pods that did not fail, but are billed without working.
pub(super) fn crash_loops(summary: &Summary) -> Vec<Line> {
    let mut lines = Vec::new();
    for (address, id) in summary.crashing.iter().take(LISTED) {
        let what = format!("   {address}  {id} reports that it runs, but its container keeps restarting");
        lines.push(Line::new(2).tone(Tone::Bad, "!").text(what));
        let end = words::end_command(address);
        lines.push(Line::of(6, format!("its logs are at {}; to stop the cost: `{end}`", words::CONSOLE)));
    }
    lines.extend(more(summary.crashing.len()));
    section(Line::new(0).tone(Tone::Heading, "Crash loops"), lines)
}

/// Objects that are billed and in no state.
pub(super) fn orphans(summary: &Summary) -> Vec<Line> {
    let mut lines = Vec::new();
    for OrphanRow { id, name, hourly } in summary.orphans.iter().take(LISTED) {
        let cost = hourly.map_or_else(|| "cost unknown".to_owned(), |hourly| format!("{hourly}/h"));
        lines.push(Line::new(2).tone(Tone::Bad, "!").text(format!("   {id}  \"{name}\"  {cost}, not in the state")));
        let todo = format!("delete it at {}, or import it with `sindri import ADDRESS ID`", words::CONSOLE);
        lines.push(Line::of(6, todo));
    }
    lines.extend(more(summary.orphans.len()));
    section(Line::new(0).tone(Tone::Heading, "Orphans"), lines)
}

/// Duplicates created from another copy of the project.
pub(super) fn doubles(summary: &Summary) -> Vec<Line> {
    let mut lines = Vec::new();
    for Double { kind, id, name, address, of, hourly, .. } in summary.doubles.iter().take(LISTED) {
        let kind = kind.replace('_', " ");
        lines.push(Line::new(2).tone(Tone::Bad, "!").text(format!("   {kind} {id}  \"{name}\"  {}", hourly.of_one())));
        lines.push(Line::of(
            6,
            format!("a duplicate of `{address}` ({of}), created from another state of this project"),
        ));
    }
    if !lines.is_empty() {
        lines.extend(more(summary.doubles.len()));
        let todo = [
            "Keep one of the two states and commit it. `sindri destroy` in the other copy",
            "deletes the objects of that state only. If that state is lost, recreate it with",
            "`sindri import --discover` in a fresh copy.",
        ];
        lines.extend(todo.map(|line| Line::of(2, line)));
    }
    section(Line::new(0).tone(Tone::Heading, "Duplicates"), lines)
}

fn more(all: usize) -> Option<Line> {
    (all > LISTED).then(|| Line::of(2, format!("... and {} more: `sindri drift` and `sindri status`", all - LISTED)))
}
