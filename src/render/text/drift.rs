//! Outside changes: how the observed objects differ from the last applied state, and whether this plan reverts that.

use super::super::style::{Line, Tone};
use super::super::words;
use super::view::Context;
use super::{block, cap, fields};
use crate::model::{Drift, DriftResponse, Plan};
use crate::render::drift::words::happened;

/// The section; empty without drift.
pub fn section(context: &Context<'_>) -> Vec<Line> {
    if context.plan.drift.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![Line::new(0).tone(Tone::Heading, HEADING), Line::of(0, explanation(context.plan)).hanging(0)];
    let full = context.view.full;
    let (groups, more) = cap::first(groups(context, full), full, 2, "outside change");
    lines.extend(groups.into_iter().flat_map(|(_, lines)| lines).chain(more));
    lines
}

pub const HEADING: &str = "Outside changes since the last apply";

pub fn explanation(plan: &Plan) -> &'static str {
    match plan.refresh_only {
        false => "Made at RunPod, not by sindri. The plan below is based on the current objects.",
        true => "Made at RunPod, not by sindri. Missing resources are forgotten; others are recorded as they are now.",
    }
}

/// The changes, grouped by equal description, with the number of resources.
pub fn groups(context: &Context<'_>, full: bool) -> Vec<(usize, Vec<Line>)> {
    let drift = &context.plan.drift;
    let groups = block::group(drift.iter().map(|drift| (drift, &drift.address, face(drift))));
    let title = |drifts: &[&Drift]| cap::title(block::title(drifts, |drift| &drift.address), full);
    let column = groups.iter().map(|(drifts, _)| title(drifts).chars().count()).max().unwrap_or(0);
    let mut blocks = Vec::new();
    for (drifts, (happened, consequence, body)) in groups {
        let title = title(&drifts);
        let mut line = Line::new(2).text(format!("{title:column$}  ")).tone(Tone::Change, format!("{happened:11}"));
        line = line.text(match drifts.len() {
            0..=3 => format!("  {}", drifts.iter().map(|drift| drift.id.as_str()).collect::<Vec<_>>().join(", ")),
            // A fleet's ids are in `--json`; here they would bury the change.
            many => format!("  {many} of them"),
        });
        let mut lines = vec![line.tone(Tone::Dim, format!("  # {consequence}"))];
        lines.extend(body);
        blocks.push((drifts.len(), lines));
    }
    blocks
}

fn consequence(answer: DriftResponse) -> String {
    let words = match answer {
        DriftResponse::Planned(action) => return format!("this plan: {}", words::action(action)),
        DriftResponse::Untouched => "nothing to do",
        DriftResponse::Agrees => "it matches the configuration; nothing to do",
        DriftResponse::Ignored => "lifecycle.ignoreChanges covers it; nothing to do",
        DriftResponse::Refused => "it cannot be changed to the declared value; see the refusal below",
        DriftResponse::LeftOut => "this plan does not cover it",
        DriftResponse::Accepted => "the state records it",
    };
    words.to_owned()
}

fn face(drift: &Drift) -> (&'static str, String, Vec<Line>) {
    let happened = happened(drift.class);
    (happened, consequence(drift.answer), fields::plain(&drift.fields, 6))
}
