//! Resources that exist, are declared to run and are not ready yet. Apply does not change them and waits for them.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use super::super::style::{Line, Tone};
use super::super::words;
use super::{block, cap};
use crate::model::{Awaiting, Plan, Wait};

pub const HEADING: &str = "Not ready yet";

pub const EXPLANATION: &str = "These exist and are declared to run. `sindri apply` changes nothing and waits for them.";

/// The section; empty if everything is ready.
pub fn section(plan: &Plan, now: Option<Timestamp>, full: bool) -> Vec<Line> {
    if plan.waits.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![Line::new(0).tone(Tone::Heading, HEADING), Line::of(0, EXPLANATION)];
    let (groups, more) = cap::first(groups(plan, now, full), full, 2, "group");
    lines.extend(groups.into_iter().map(|(_, line)| line).chain(more));
    lines
}

/// A line for each status, grouping replicas, with the number of resources.
pub fn groups(plan: &Plan, now: Option<Timestamp>, full: bool) -> Vec<(usize, Line)> {
    let face = |wait: &Wait| (wait.status.clone(), wait.timeout_seconds);
    let groups = block::group(plan.waits.iter().map(|wait| (wait, &wait.address, face(wait))));
    let title = |waits: &[&Wait]| cap::title(block::title(waits, |wait| &wait.address), full);
    let column = groups.iter().map(|(waits, _)| title(waits).chars().count()).max().unwrap_or(0);
    let line = |(waits, (status, timeout)): (Vec<&Wait>, (String, u64))| {
        let mut line = Line::new(2).text(format!("{:column$}  ", title(&waits))).tone(Tone::Change, status);
        if let Some(since) = oldest(&waits, now) {
            line = line.text(format!(", {since}"));
        }
        line = line.text(match waits.as_slice() {
            [only] => format!("  {}", only.id),
            many => format!("  {} of them", many.len()),
        });
        let limit = words::duration(Duration::from_secs(timeout));
        (waits.len(), line.tone(Tone::Dim, format!("  # apply waits up to {limit}")))
    };
    groups.into_iter().map(line).collect()
}

/// `created 2h 00m ago`, for the resource that has waited longest.
fn oldest(waits: &[&Wait], now: Option<Timestamp>) -> Option<String> {
    let times = waits.iter().filter_map(|wait| since(wait));
    let (word, at) = times.min_by_key(|(_, at)| *at)?;
    let age = now.and_then(|now| Duration::try_from(now.duration_since(at)).ok());
    Some(match age {
        Some(age) => format!("{word} {} ago", words::duration(age)),
        None => format!("{word} {at}"),
    })
}

/// When it began to start, if RunPod says so.
fn since(wait: &Wait) -> Option<(&'static str, Timestamp)> {
    let parsed = |at: &Option<String>| at.as_ref().and_then(|at| at.parse::<Timestamp>().ok());
    let created = parsed(&wait.created_at).map(|at| ("created", at));
    match wait.awaiting {
        Some(Awaiting::First) => created,
        Some(Awaiting::Again) | None => parsed(&wait.started_at).map(|at| ("started", at)).or(created),
    }
}

/// `1 resource is not ready yet; sindri apply waits for it`; `None` if everything is ready.
pub fn sentence(plan: &Plan) -> Option<impl fmt::Display + use<>> {
    let (verb, object) = match plan.waits.len() {
        0 => return None,
        1 => ("is", "it"),
        _ => ("are", "them"),
    };
    let resources = words::count(plan.waits.len(), "resource");
    Some(format!("Nothing to change. {resources} {verb} not ready yet: `sindri apply` waits for {object}."))
}
