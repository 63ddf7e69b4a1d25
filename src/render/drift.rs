//! A drift report as text: findings to resolve, then information, then a one-line summary.

mod markdown;
pub mod words;

use std::fmt;

use super::style::{Line, Style, Tone};
use super::text::{block, fields};
use crate::model::{Address, Cost, DriftClass, DriftReport, Finding, Severity};
use crate::render::words as common;

pub use markdown::markdown;

/// Writes the whole report. A report without findings is exactly one line.
pub fn text(out: &mut dyn fmt::Write, report: &DriftReport, style: &Style) -> fmt::Result {
    let (drift, rest): (Vec<&Finding>, Vec<&Finding>) =
        report.findings.iter().partition(|finding| finding.severity > Severity::Information);
    let (unmanaged, moved): (Vec<&Finding>, Vec<&Finding>) =
        rest.into_iter().partition(|finding| finding.class == DriftClass::Unmanaged);
    let heading = format!("Drift in {}/{} since the last apply", report.name, report.environment);
    let sections = [
        section(report, Line::new(0).tone(Tone::Heading, heading), &drift),
        section(report, Line::new(0).tone(Tone::Heading, "For information").text(": this is not drift"), &moved),
        unmanaged_lines(&unmanaged),
        notes(report),
        unsettled(report),
    ];
    for lines in sections.iter().filter(|lines| !lines.is_empty()) {
        lines.iter().try_for_each(|line| line.write(out, style))?;
        out.write_char('\n')?;
    }
    verdict(report).write(out, style)
}

/// Findings under a heading, with equal findings of replicas grouped.
fn section(report: &DriftReport, heading: Line, findings: &[&Finding]) -> Vec<Line> {
    if findings.is_empty() {
        return Vec::new();
    }
    let nowhere = Address::new("", "");
    let groups = block::group(findings.iter().map(|finding| {
        let face = (finding.severity, finding.class, body(finding), words::remedies(report, finding, ""));
        (*finding, finding.address.as_ref().unwrap_or(&nowhere), face)
    }));
    let title = |group: &[&Finding]| match group {
        [only] => words::subject(only),
        many => block::title(many, |finding| finding.address.as_ref().unwrap_or(&nowhere)),
    };
    let column = groups.iter().map(|(group, _)| title(group).chars().count()).max().unwrap_or(0);
    let mut lines = vec![heading];
    for (index, (group, (severity, class, body, remedies))) in groups.iter().enumerate() {
        let tone = match severity {
            Severity::Error => Tone::Bad,
            Severity::Warning => Tone::Change,
            Severity::Information => Tone::Plain,
        };
        let line = Line::new(2).text(format!("{:column$}  ", title(group)));
        let line = line.tone(tone, format!("{:14}", words::happened(*class)));
        let ids = |id: fn(&Finding) -> &str| group.iter().map(|finding| id(finding)).collect::<Vec<_>>().join(", ");
        lines.push(match group.len() {
            0..=3 => line
                .text(format!("  {}", ids(|finding| &finding.object_id)))
                .tone(Tone::Dim, format!("  # finding {}", ids(|finding| &finding.id))),
            // A fleet's ids are in `--json`; here they would bury the finding.
            many => line.text(format!("  {many} of them")),
        });
        lines.extend(body.iter().cloned());
        // Advice for several groups is shown after the last of them.
        if groups.get(index + 1).is_none_or(|(_, (.., next))| next != remedies) {
            let target = words::target(group);
            lines.extend(words::remedies(report, group[0], &target).iter().map(remedy));
        }
    }
    lines
}

fn remedy(remedy: &words::Remedy) -> Line {
    let words::Remedy { command, effect } = remedy;
    let line = Line::new(6).tone(Tone::Good, "> ");
    match command {
        Some(command) => line.text(command).tone(Tone::Dim, format!("  # {effect}")),
        None => line.text(effect),
    }
}

/// The lines below a finding: details of what happened, and its cost.
fn body(finding: &Finding) -> Vec<Line> {
    let mut lines = match finding.class {
        DriftClass::Changed => fields::plain(&finding.fields, 6),
        class if words::what(finding) == words::Phrase::new(words::happened(class)) => Vec::new(),
        _ => vec![Line::of(6, words::what(finding))],
    };
    lines.extend(words::consequence(finding).map(|words| Line::of(6, words)));
    lines
}

/// Unmanaged objects, one line each, and their total cost.
fn unmanaged_lines(findings: &[&Finding]) -> Vec<Line> {
    if findings.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![Line::new(0).tone(Tone::Heading, "Not managed here")];
    for finding in findings {
        let name = finding.name.as_deref().unwrap_or_default();
        let status = finding.status.as_ref().map(|status| format!("  {status}")).unwrap_or_default();
        let facts = format!("{:14}  {}  \"{name}\"{status}", words::title(&finding.kind), finding.object_id);
        let price = finding.price.map(|price| format!("  {}", words::price(price)));
        let line = Line::of(2, facts).text(price.unwrap_or_default());
        lines.push(line.tone(Tone::Dim, format!("  # {}", words::what(finding))));
    }
    let together: Cost = findings.iter().filter_map(|finding| finding.price).map(|price| price.hourly).sum();
    lines.push(Line::of(2, format!("together {}", together.hour_and_month())));
    lines
}

fn notes(report: &DriftReport) -> Vec<Line> {
    report
        .notes
        .iter()
        .map(|note| Line::new(0).tone(Tone::Heading, "Note").text(format!(": {}", note.message)))
        .collect()
}

fn unsettled(report: &DriftReport) -> Vec<Line> {
    if report.unsettled.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![Line::new(0).tone(Tone::Heading, "Not known yet")];
    let line = |(address, why): (&Address, &crate::model::Unsettled)| {
        Line::of(2, format!("{address}: {}", words::unsettled(*why)))
    };
    lines.extend(report.unsettled.iter().map(line));
    lines
}

/// The last line: counts for every class that occurs, with information counted separately.
fn verdict(report: &DriftReport) -> Line {
    let tally = |drift: bool| {
        words::tally(report.findings.iter().filter(|finding| (finding.severity > Severity::Information) == drift))
    };
    let head = match (report.drifted(), report.checked) {
        (true, _) => Line::new(0).tone(Tone::Change, "Drift").text(format!(": {}", tally(true))),
        (false, 0) => Line::of(0, format!("No drift: nothing is recorded in environment {}", report.environment)),
        (false, 1) => Line::of(0, "No drift: 1 resource is as it was last applied"),
        (false, checked) => Line::of(0, format!("No drift: {checked} resources are as they were last applied")),
    };
    let information = Some(tally(false)).filter(|words| !words.is_empty());
    let line = head.text(information.map(|words| format!(" | {words} (information)")).unwrap_or_default());
    let unreported = report.unsettled.len();
    let line = if unreported > 0 {
        line.text(format!(" | {} not known yet", common::count(unreported, "resource")))
    } else {
        line
    };
    if report.drifted() { line } else { line.text(".") }
}
