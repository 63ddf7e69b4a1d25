//! A drift report as Markdown, for an issue that a nightly run updates. The run finds it by the comment in its first
//! line. The text stays below GitHub's size limit.

use std::fmt;

use super::words;
use crate::model::{Cost, DriftClass, DriftReport, Finding, Price, Severity, Value};
use crate::render::safe::{cell, cut, html, marker};

/// GitHub allows 65,536 characters. Rows come first, then as many details as fit.
const MOST_OF_ROWS: usize = 36_000;
const MOST_OF_ALL: usize = 60_000;
/// A longer title of a fold is cut; the rows above it contain all names.
const LONG: usize = 200;

/// Writes the report. It leaves out times and prices that change by themselves, but shows current costs.
pub fn markdown(out: &mut dyn fmt::Write, report: &DriftReport) -> fmt::Result {
    let of = |severity: fn(Severity) -> bool| -> Vec<&Finding> {
        report.findings.iter().filter(|finding| severity(finding.severity)).collect()
    };
    let (drift, information) =
        (of(|severity| severity > Severity::Information), of(|severity| severity == Severity::Information));
    let mut page = marker("sindri drift", &report.name, &report.environment) + "\n";
    let project = cell(&format!("{}/{}", report.name, report.environment));
    page += &match drift.len() {
        0 => format!("## No drift in {project}\n\n"),
        1 => format!("## Drift in {project}: 1 finding\n\n"),
        many => format!("## Drift in {project}: {many} findings\n\n"),
    };
    page += &opening(report, &drift);
    report.notes.iter().for_each(|note| page += &format!("Note: {}\n\n", note.message));
    page += &table(&drift, MOST_OF_ROWS);
    let folded = [
        fold("For information", information.iter().filter(|finding| finding.class != DriftClass::Unmanaged).copied()),
        fold("Not managed here", information.iter().filter(|finding| finding.class == DriftClass::Unmanaged).copied()),
        unsettled(report),
    ];
    let reserved: usize = folded.iter().map(String::len).sum();
    page += &details(report, &drift, MOST_OF_ALL.saturating_sub(page.len() + reserved));
    folded.iter().for_each(|section| page += section);
    out.write_str(&page)
}

fn opening(report: &DriftReport, drift: &[&Finding]) -> String {
    let digest = report.prior_digest.get(..12).unwrap_or_default();
    let checked = super::common::count(report.checked, "resource");
    let tally = match drift {
        [] => "everything is as it was last applied".to_owned(),
        _ => words::tally(drift.iter().copied()),
    };
    format!("{checked} checked against state {}: {tally}.\n\n", cell(digest))
}

/// One row per finding, as many as fit into `room` bytes.
fn table(findings: &[&Finding], room: usize) -> String {
    if findings.is_empty() {
        return String::new();
    }
    let mut text =
        "| Finding | Class | Resource | Id | Cost | Details |\n| --- | --- | --- | --- | ---: | --- |\n".to_owned();
    for (index, finding) in findings.iter().enumerate() {
        let row = row(finding);
        if text.len() + row.len() > room {
            let left = findings.len() - index;
            text += &format!("\n{left} more are not shown; `sindri drift --json` lists all of them.\n");
            break;
        }
        text += &row;
    }
    text + "\n"
}

fn row(finding: &Finding) -> String {
    let resource = match &finding.name {
        Some(name) if finding.class == DriftClass::Unmanaged => {
            format!("{} {}", words::title(&finding.kind), cell(name))
        }
        _ => cell(&words::subject(finding)),
    };
    let what = words::what(finding).with(cell);
    let consequence = words::consequence(finding).map(|words| format!("; {}", words.with(cell))).unwrap_or_default();
    format!(
        "| {} | {} | {resource} | {} | {} | {what}{consequence} |\n",
        cell(&finding.id),
        finding.class.word(),
        cell(&finding.object_id),
        price(finding.price),
    )
}

fn price(price: Option<Price>) -> String {
    match price {
        None => "-".to_owned(),
        Some(price) => words::price(price),
    }
}

/// Folded details below the table: what differs, and what to do. Findings with equal details are grouped.
fn details(report: &DriftReport, findings: &[&Finding], room: usize) -> String {
    let mut text = String::new();
    let facts = |finding: &Finding| {
        let fields = if finding.class == DriftClass::Changed { finding.fields.as_slice() } else { &[] };
        (finding.class, words::remedies(report, finding, ""), fields.to_vec())
    };
    for group in findings.chunk_by(|left, right| facts(left) == facts(right)) {
        let (class, _, fields) = facts(group[0]);
        let remedies = words::remedies(report, group[0], &words::target(group));
        let subjects: Vec<String> = group.iter().map(|finding| words::subject(finding)).collect();
        let verb =
            if group.len() == 1 { format!(" {}", words::happened(class)) } else { format!(": {}", class.word()) };
        let title = format!("{}{verb}", cut(&subjects.join(", "), LONG));
        let mut block = format!("<details><summary>{}</summary>\n\n", html(&title));
        if !fields.is_empty() {
            block += "Applied and current values:\n\n";
        }
        for field in &fields {
            block += &format!("- {}: {} -> {}\n", cell(&field.path), value(&field.before), value(&field.after));
        }
        block += if fields.is_empty() { "Next steps:\n\n" } else { "\nNext steps:\n\n" };
        for words::Remedy { command, effect } in remedies {
            let command = command.map(|command| format!("{} ", cell(&command))).unwrap_or_default();
            block += &format!("- {command}{}\n", effect.with(cell));
        }
        block += "\n</details>\n\n";
        if text.len() + block.len() > room {
            return text + "Details of the other findings are in `sindri drift`.\n\n";
        }
        text += &block;
    }
    text
}

fn value(value: &Value) -> String {
    cell(&value.to_string())
}

fn fold<'f>(title: &str, findings: impl Iterator<Item = &'f Finding>) -> String {
    let findings: Vec<&Finding> = findings.collect();
    if findings.is_empty() {
        return String::new();
    }
    let together: Cost = findings.iter().filter_map(|finding| finding.price).map(|price| price.hourly).sum();
    let cost = if findings[0].class == DriftClass::Unmanaged {
        format!(", {} together", together.together())
    } else {
        String::new()
    };
    let table = table(&findings, (MOST_OF_ALL - MOST_OF_ROWS) / 3);
    format!("<details><summary>{title}: {}{cost}</summary>\n\n{table}</details>\n\n", findings.len())
}

fn unsettled(report: &DriftReport) -> String {
    let line = |(address, why): (&crate::model::Address, &crate::model::Unsettled)| {
        format!("- {}: {}\n", cell(&address.to_string()), words::unsettled(*why))
    };
    let most = 50;
    let mut text: String = report.unsettled.iter().take(most).map(line).collect();
    if report.unsettled.len() > most {
        text += &format!("- {} more\n", report.unsettled.len() - most);
    }
    if text.is_empty() { text } else { format!("Not known yet:\n\n{text}\n") }
}
