//! Compares two environments side by side.

use std::fmt;

use serde_json::{Value as Json, json};

use super::json::{FORMAT_VERSION, split_secrets};
use super::style::{Line, Style, Tone};
use super::words;
use crate::model::Address;
use crate::planner::review::compare::{Comparison, ComparisonRow};

/// Whether the environments do not differ.
pub fn is_same(comparison: &Comparison, project: &[ComparisonRow]) -> bool {
    let Comparison { differing, only_left, only_right, same: _ } = comparison;
    project.is_empty() && differing.is_empty() && only_left.is_empty() && only_right.is_empty()
}

/// For people. `project` are the rows that belong to no resource.
pub fn text(
    out: &mut dyn fmt::Write,
    comparison: &Comparison,
    project: &[ComparisonRow],
    [left, right]: [&str; 2],
    style: &Style,
) -> fmt::Result {
    let Comparison { differing, only_left, only_right, same } = comparison;
    let count = words::count(*same, "resource");
    if is_same(comparison, project) {
        let verb = if *same == 1 { "is" } else { "are" };
        return Line::of(0, format!("{left} and {right} declare the same: {count} {verb} identical."))
            .write(out, style);
    }
    Line::new(0).tone(Tone::Heading, format!("{left} | {right}")).write(out, style)?;
    let configuration = ("configuration".to_owned(), project);
    let named = differing.iter().map(|(address, rows)| (address.to_string(), rows.as_slice()));
    for (name, rows) in [configuration].into_iter().filter(|(_, rows)| !rows.is_empty()).chain(named) {
        out.write_char('\n')?;
        Line::new(0).tone(Tone::Change, "~").text(format!(" {name}")).write(out, style)?;
        let [paths, lefts] = [widest(rows, |row| row.path.clone()), widest(rows, |row| row.left.to_string())];
        for ComparisonRow { path, left, right } in rows {
            let left = left.to_string();
            Line::of(4, format!("{path:paths$}  {left:lefts$} | {right}")).write(out, style)?;
        }
    }
    for (environment, blocks) in [(left, only_left), (right, only_right)] {
        if !blocks.is_empty() {
            out.write_char('\n')?;
            Line::new(0).tone(Tone::Heading, format!("Only in {environment}")).write(out, style)?;
        }
        for (address, description) in blocks {
            Line::of(2, format!("{address}  {description}")).write(out, style)?;
        }
    }
    out.write_char('\n')?;
    let parts = [
        (differing.len(), "differ".to_owned()),
        (only_left.len(), format!("only in {left}")),
        (only_right.len(), format!("only in {right}")),
        (*same, "identical".to_owned()),
    ];
    let counts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let counts = if counts.is_empty() { "no resource differs".to_owned() } else { counts.join(", ") };
    Line::new(0).tone(Tone::Heading, format!("Resources: {counts}")).write(out, style)
}

/// Longer values do not count for the width of the column.
const LONG: usize = 40;

fn widest(rows: &[ComparisonRow], text: impl Fn(&ComparisonRow) -> String) -> usize {
    rows.iter().map(|row| text(row).chars().count()).filter(|width| *width <= LONG).max().unwrap_or(0)
}

/// For tools.
pub fn json(comparison: &Comparison, project: &[ComparisonRow], [left, right]: [&str; 2]) -> Json {
    let Comparison { differing, only_left, only_right, same } = comparison;
    let names = |blocks: &[(Address, String)]| blocks.iter().map(|(address, _)| json!(address)).collect::<Vec<_>>();
    let different = differing.iter().map(|(address, rows)| json!({ "address": address, "fields": fields(rows) }));
    json!({
        "format_version": FORMAT_VERSION, "left": left, "right": right, "same": is_same(comparison, project),
        "configuration": fields(project), "differing": different.collect::<Vec<_>>(),
        "only_left": names(only_left), "only_right": names(only_right), "alike": same,
    })
}

fn fields(rows: &[ComparisonRow]) -> Vec<Json> {
    let field = |ComparisonRow { path, left, right }: &ComparisonRow| {
        let ((left, left_sensitive), (right, right_sensitive)) = (split_secrets(left), split_secrets(right));
        json!({
            "path": path, "left": left, "right": right, "left_sensitive": left_sensitive,
            "right_sensitive": right_sensitive,
        })
    };
    rows.iter().map(field).collect()
}
