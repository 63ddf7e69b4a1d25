//! A plan as text: outside changes first, then planned changes with the worst first, then notes, then a one-line
//! summary.

pub(super) mod block;
mod cap;
mod causes;
pub(super) mod drift;
pub(super) mod fields;
mod objects;
pub(super) mod partial;
pub(super) mod renames;
mod view;
pub(super) mod waits;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::fold::{self, PlanRow, Tally};
use super::style::{Line, Style, Tone};
use super::words;
use crate::model::cost::without_price;
use crate::model::{Action, Address, Change, Cost, Money, Note, Orphan, Plan, Refusal};

pub(super) use view::Context;
pub use view::PlanView;

/// Writes the whole plan. A plan with nothing to report is exactly one line.
pub fn plan(out: &mut dyn fmt::Write, plan: &Plan, view: &PlanView, style: &Style) -> fmt::Result {
    let context = Context { plan, by_address: plan.by_address(), view };
    let rows = fold::rows(plan);
    let changed = rows.iter().any(|row| row.change.action != Action::NoOp);
    let mut page = SectionWriter { out, style, sections: 0 };
    if changed {
        page.section([heading(plan)])?;
    }
    page.section(drift::section(&context))?;
    if changed {
        page.section(changes(&context, &rows))?;
    }
    page.section(waits::section(plan, view.now, view.full))?;
    if view.full {
        page.section(unchanged(&context, &rows))?;
    }
    page.section(partial::section(plan, view.full))?;
    page.section(renames::section(plan, &view.config, view.full))?;
    page.section(orphans(plan, view.full))?;
    page.section(refusals(plan, view.full))?;
    page.section(notes(plan, view.full))?;
    let verdict = match (changed, plan.refresh_only) {
        (true, _) => summary(plan, &rows, view),
        (false, true) => vec![accepted(plan)],
        (false, false) => vec![no_changes(plan, &rows, view)],
    };
    page.section(verdict)
}

/// The summary line: `Plan: 2 create, 1 REPLACE, 4 unchanged | +$1.98/h (+$1,445/mo) | data at risk: 100 GB`.
pub fn summary_line(plan: &Plan) -> String {
    let lost = also_lost(plan).map(|lost| format!("lost: {lost}"));
    let parts = [Some(counts(plan)), Some(cost_change(plan)), at_risk(plan), lost];
    format!("Plan: {}", parts.into_iter().flatten().collect::<Vec<_>>().join(" | "))
}

/// `2 create, 1 REPLACE, 4 unchanged`.
pub(super) fn counts(plan: &Plan) -> String {
    let tallies = fold::tally(&fold::rows(plan));
    // The usual order of questions: creations, then changes, then deletions.
    const ORDER: [(&[Action], &str); 8] = [
        (&[Action::Create], "create"),
        (&[Action::Update], "update"),
        (&[Action::Start], "start"),
        (&[Action::Stop], "stop"),
        (&[Action::Replace, Action::ReplaceCreateFirst], "replace"),
        (&[Action::Delete], "destroy"),
        (&[Action::Import], "import"),
        (&[Action::Forget], "forget"),
    ];
    let tally = |actions: &[Action]| {
        actions.iter().filter_map(|action| tallies.get(action)).fold(Tally::default(), |sum, tally| Tally {
            rows: sum.rows + tally.rows,
            loses_data: sum.loses_data || tally.loses_data,
        })
    };
    let mut classes: Vec<String> = Vec::new();
    for (actions, word) in ORDER {
        let Tally { rows, loses_data } = tally(actions);
        if rows > 0 {
            classes.push(format!("{rows} {}", if loses_data { word.to_uppercase() } else { word.to_owned() }));
        }
    }
    let unchanged = tally(&[Action::NoOp]).rows;
    if unchanged > 0 {
        let waits = match plan.waits.len() {
            0 => String::new(),
            number => format!(" ({number} not ready)"),
        };
        classes.push(format!("{unchanged} unchanged{waits}"));
    }
    classes.join(", ")
}

/// `address, queued and running jobs`: what is lost and is no stored data.
pub(super) fn also_lost(plan: &Plan) -> Option<String> {
    let mut words: Vec<&str> = Vec::new();
    for (_, loss) in plan.other_losses() {
        if !words.contains(&loss.what.as_str()) {
            words.push(&loss.what);
        }
    }
    (!words.is_empty()).then(|| words.join(", "))
}

/// `data at risk: 100 GB`; `None` if no data is at risk.
pub(super) fn at_risk(plan: &Plan) -> Option<String> {
    plan.data_losses().next()?;
    Some(match plan.cost.data_at_risk_gb {
        0 => "data at risk: size unknown".to_owned(),
        at_risk => format!("data at risk: {at_risk} GB"),
    })
}

/// `+$1.98/h (+$1,445/mo)`.
pub(super) fn cost_change(plan: &Plan) -> String {
    let (before, after) = (plan.cost.hourly_before, plan.cost.hourly_after);
    let changes = plan.changes.iter().filter(|change| change.action != Action::NoOp);
    let unpriced = changes.filter(|change| !(change.hourly_before + change.hourly_after).is_known()).count();
    let known = match after.known - before.known {
        Money::ZERO => None,
        // If both costs are only lower limits, the difference is unknown.
        change => Some(format!(
            "{}{}/h ({}/mo)",
            if before.at_most { "" } else { after.limit() },
            words::difference(change),
            words::difference(change.per_month())
        )),
    };
    match (known, unpriced) {
        (known, 0) => known.unwrap_or_else(|| "cost unchanged".to_owned()),
        (None, _) => without_price(unpriced),
        (Some(known), _) => format!("{known}, {}", without_price(unpriced)),
    }
}

/// Sections with one blank line between them.
struct SectionWriter<'a> {
    out: &'a mut dyn fmt::Write,
    style: &'a Style,
    sections: usize,
}

impl SectionWriter<'_> {
    fn section(&mut self, lines: impl IntoIterator<Item = Line>) -> fmt::Result {
        let mut lines = lines.into_iter().peekable();
        if lines.peek().is_none() {
            return Ok(());
        }
        if self.sections > 0 {
            self.out.write_char('\n')?;
        }
        self.sections += 1;
        lines.try_for_each(|line| line.write(self.out, self.style))
    }
}

/// The beginning of a plan's heading.
pub(super) fn purpose(plan: &Plan) -> &'static str {
    match (plan.destroy, &plan.partial) {
        (true, _) => "Plan to destroy",
        (false, Some(_)) => "Partial plan for",
        (false, None) => "Plan for",
    }
}

pub(super) fn heading(plan: &Plan) -> Line {
    let purpose = purpose(plan);
    let place = match plan.api.as_str() {
        "runpod" => "RunPod".to_owned(),
        other => other.to_owned(),
    };
    Line::new(0).tone(
        Tone::Heading,
        format!("{purpose} {}, environment {}, at {place} (REST {})", plan.name, plan.environment, plan.dialect),
    )
}

fn changes(context: &Context<'_>, rows: &[PlanRow<'_>]) -> Vec<Line> {
    let all = rows.iter().filter(|row| row.change.action != Action::NoOp);
    let only = &context.view.only;
    let (mut changed, hidden): (Vec<_>, Vec<_>) =
        all.partition(|row| only.is_empty() || only.contains(&row.change.action));
    // The sort is stable, so equal changes keep the graph's order.
    changed.sort_by_key(|row| Reverse(row.change.risk));
    let mut lines = vec![Line::new(0).tone(Tone::Heading, "Changes").tone(Tone::Dim, legend(&changed)).hanging(0)];
    let (blocks, more) = block::blocks(context, &changed);
    if !more.is_empty() {
        let at_risk = at_risk(context.plan).map(|text| format!(", {text}")).unwrap_or_default();
        lines.push(Line::of(0, format!("In all: {}{at_risk}. `--full` lists every change.", counts(context.plan))));
    }
    lines.extend(blocks);
    lines.extend(more);
    if !hidden.is_empty() {
        lines.push(
            Line::new(0).tone(Tone::Dim, format!("{} not shown (--only)", words::count(hidden.len(), "other change"))),
        );
    }
    lines
}

/// Explains the symbols that occur, in the order of the summary: ` (+ create, -/+ destroy then create)`.
fn legend(changed: &[&PlanRow<'_>]) -> String {
    let actions: BTreeSet<Action> = changed.iter().map(|row| row.change.action).collect();
    let meaning = |action: &Action| {
        let meaning = match action {
            Action::Update => "update in place",
            Action::Replace => "destroy then create",
            Action::ReplaceCreateFirst => "create then destroy",
            Action::Forget => "forget but keep at RunPod",
            other => words::action(*other),
        };
        format!("{} {meaning}", action.symbol())
    };
    let meanings: Vec<String> = actions.iter().map(meaning).collect();
    if meanings.is_empty() { String::new() } else { format!(" ({})", meanings.join(", ")) }
}

fn unchanged(context: &Context<'_>, rows: &[PlanRow<'_>]) -> Vec<Line> {
    let kept: Vec<&PlanRow<'_>> = rows.iter().filter(|row| row.change.action == Action::NoOp).collect();
    if kept.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![Line::new(0).tone(Tone::Heading, "Unchanged")];
    lines.extend(block::blocks(context, &kept).0);
    lines
}

pub(super) const ORPHANS: &str = "These have this project's marker but are not in the state, so no command here \
                                  destroys them. They are billed until you delete them.";

fn orphans(plan: &Plan, full: bool) -> Vec<Line> {
    if plan.orphans.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![Line::new(0).tone(Tone::Heading, "Orphans"), Line::of(0, ORPHANS)];
    let (orphans, more) = cap::first(&plan.orphans, full, 2, "orphan");
    let by_address = plan.by_address();
    lines.extend(orphans.into_iter().flat_map(|orphan| orphan_lines(&by_address, orphan)).chain(more));
    lines
}

pub(super) fn orphan_lines(by_address: &BTreeMap<&Address, &Change>, orphan: &Orphan) -> [Line; 2] {
    let Orphan { kind, id, name, status, hourly, created_at, .. } = orphan;
    let mut line = Line::new(2).tone(Tone::Bad, "!").text(format!("   {kind} {id}  \"{name}\""));
    line = match hourly {
        Some(hourly) => line.text(format!("  {hourly}/h")),
        None => line.text("  cost unknown"),
    };
    for fact in [status.clone(), created_at.as_ref().map(|at| format!("since {at}"))].into_iter().flatten() {
        line = line.text(format!("  {fact}"));
    }
    [line, Line::of(6, orphan_remedy(by_address, orphan))]
}

/// Suggests commands that work: an import needs an address that is declared and has no object yet.
fn orphan_remedy(by_address: &BTreeMap<&Address, &Change>, orphan: &Orphan) -> String {
    let (address, console) = (&orphan.marker.address, words::CONSOLE);
    let import = words::import_command(address, &orphan.id);
    match by_address.get(address).map(|change| change.action) {
        Some(Action::Create) => {
            format!("created for `{address}`; import it with `{import}`, or delete it at {console}")
        }
        None => format!(
            "created for `{address}`, which this plan does not declare. Declare it and import it with `{import}`, or \
             delete it at {console}"
        ),
        Some(_) => format!("created for `{address}`, which has another {}. Delete this one at {console}", orphan.kind),
    }
}

fn refusals(plan: &Plan, full: bool) -> Vec<Line> {
    let (refusals, more) = cap::first(plan.all_refusals(), full, 2, "refusal");
    if refusals.is_empty() {
        return Vec::new();
    }
    let heading = Line::new(0).tone(Tone::Bad, "Refused").text(": this plan cannot be applied");
    let lines = refusals.into_iter().flat_map(|(address, refusal)| refusal_lines(address, refusal));
    std::iter::once(heading).chain(lines).chain(more).collect()
}

pub(super) fn refusal_lines(address: Option<&Address>, refusal: &Refusal) -> Vec<Line> {
    let Refusal { code, message, help, position } = refusal;
    let mut head = Line::new(2).tone(Tone::Bad, "!").text("   ");
    head = match address {
        Some(address) => head.text(address),
        None => head.text("the whole plan"),
    };
    head = head.tone(Tone::Dim, format!("  [{code}]"));
    if let Some(position) = position {
        head = head.tone(Tone::Dim, format!("  {position}"));
    }
    let mut lines = vec![head, Line::of(6, message)];
    if !help.is_empty() {
        lines.push(Line::of(6, format!("help: {help}")));
    }
    lines
}

fn notes(plan: &Plan, full: bool) -> Vec<Line> {
    let (notes, more) = cap::first(&plan.notes, full, 0, "note");
    notes.into_iter().map(note).chain(more).collect()
}

pub(super) fn note(note: &Note) -> Line {
    let about = note.address.as_ref().map(|address| format!("{address}: ")).unwrap_or_default();
    Line::of(0, format!("note: {about}{}", note.message))
}

/// The line for a plan that only records what RunPod shows.
pub(super) fn accepted(plan: &Plan) -> Line {
    match plan.drift.len() {
        0 => Line::of(0, "No changes. The state matches RunPod."),
        number => Line::new(0).tone(
            Tone::Heading,
            format!("The state records {} from RunPod; nothing changes there.", words::count(number, "outside change")),
        ),
    }
}

pub(super) fn no_changes(plan: &Plan, rows: &[PlanRow<'_>], view: &PlanView) -> Line {
    if plan.all_refusals().next().is_some() {
        return Line::of(0, "No changes except those refused.");
    }
    if let Some(sentence) = waits::sentence(plan) {
        return Line::of(0, sentence);
    }
    if plan.leaves_out() {
        return Line::of(0, "No changes in this part; the rest does not match the configuration.");
    }
    let resources = words::count(rows.len(), "resource");
    let verb = |one: &'static str, many: &'static str| if rows.len() == 1 { one } else { many };
    Line::of(
        0,
        match (plan.destroy, rows.len()) {
            (true, 0) => "Nothing to destroy: no resource is recorded.".to_owned(),
            (true, _) => format!("Nothing to destroy. {resources} {} kept.", verb("is", "are")),
            (false, 0) => format!("No changes. {} declares no resources, and none is recorded.", view.config),
            (false, _) => format!("No changes. {resources} {} {}.", verb("matches", "match"), view.config),
        },
    )
}

fn summary(plan: &Plan, rows: &[PlanRow<'_>], view: &PlanView) -> Vec<Line> {
    debug_assert!(!rows.is_empty(), "a summary is written for changes");
    let total = plan.cost.hourly_after;
    let peak =
        plan.cost.peak_after.above(total).map(|peak| words::at_most(&words::peak_total(peak))).unwrap_or_default();
    let mut footer = match total {
        Cost::ZERO => format!("Nothing is billed afterwards{}.", words::without_requests(&peak)),
        _ => format!("Afterwards {}{}{peak}.", total.hour_and_month(), words::in_all(total)),
    };
    if plan.unrefreshed {
        footer.push_str(" Not refreshed from RunPod.");
    }
    if let Some(date) = &view.catalog_date {
        footer.push_str(&format!(" Prices are estimates, catalog of {date}."));
    }
    if let Some(id) = &view.plan_id {
        footer.push_str(&format!(" Plan id: {id}"));
    }
    vec![Line::new(0).tone(Tone::Heading, summary_line(plan)), Line::new(0).tone(Tone::Dim, footer)]
}
