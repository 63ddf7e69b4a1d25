//! A plan as a comment on a pull request: refusals first, then everything that it destroys, in full, then the rest.
//!
//! The comment keeps to a byte budget, and says so if it is incomplete. Text from files and from the API appears only
//! as code (`safe`), so that it can neither mention people nor imitate the comment itself.

mod factored;
mod fit;
mod rows;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::fold::{self, PlanRow as Resource};
use super::style::Line;
use super::text::{self, Context, drift, partial, renames, waits};
use super::{PlanView, words};
use crate::model::{Action, Address, Change, Cost, Plan, RefusalCode};

use super::safe::{self, code};
use fit::{Fitted, FittedRow, Place, Section, SectionForm};

/// Fits into a comment with room to spare: GitHub allows 65,536 characters.
pub const BUDGET: usize = 60_000;

/// The smallest budget: enough for the heading, the counts, the notice of missing parts and a link to the full plan,
/// with any names.
pub const LEAST_BUDGET: usize = 5_000;

/// Bytes reserved for the notice of missing parts.
const NOTICE: usize = 900;

/// Writes the whole comment, of at most `budget` bytes and therefore of at most as many characters. Budgets below
/// [`LEAST_BUDGET`] are raised to it.
pub fn plan(out: &mut dyn fmt::Write, plan: &Plan, view: &PlanView, budget: usize) -> fmt::Result {
    let context = Context { plan, by_address: plan.by_address(), view };
    let resources = fold::rows(plan);
    let changed = resources.iter().any(|resource| resource.change.action != Action::NoOp);
    let head = if changed { heading(plan) } else { no_changes(plan, &resources, view) };
    let foot = if changed { footer(plan, view) } else { String::new() };
    let marker = safe::marker("sindri", &plan.name, &plan.environment);
    let room = budget.max(LEAST_BUDGET).saturating_sub(marker.len() + 1 + NOTICE + head.len() + foot.len());

    let sections = sections(&context, &resources);
    let fitted = fit::fit(&sections, room);
    let mut read: Vec<(&Section, &Fitted)> = sections.iter().zip(&fitted).collect();
    read.sort_by_key(|(section, _)| section.place);
    writeln!(out, "{marker}")?;
    out.write_str(&notice(&context, &sections, &fitted))?;
    out.write_str(&head)?;
    for (_, fitted) in read {
        out.write_str(&fitted.text)?;
    }
    out.write_str(&foot)
}

/// The most important sections first; [`Place`] says where each of them stands.
fn sections<'a>(context: &Context<'a>, resources: &[Resource<'a>]) -> Vec<Section> {
    let plan = context.plan;
    let of = |wanted: &dyn Fn(&Change) -> bool| -> Vec<&Resource<'a>> {
        resources.iter().filter(|resource| wanted(resource.change)).collect()
    };
    let mut destroyed = of(&destroys);
    // The sort is stable, so equal changes keep the graph's order.
    destroyed.sort_by_key(|resource| Reverse(resource.change.risk));
    let others = of(&|change| change.action != Action::NoOp && !destroys(change));
    let section = |place, noun, title: &str, language, forms| Section {
        place,
        noun,
        title: title.to_owned(),
        language,
        folded: false,
        dispensable: false,
        forms,
    };
    let folded = |place, title: String, rows: Vec<FittedRow>| Section {
        folded: true,
        dispensable: true,
        ..section(place, "attribute", &title, "diff", vec![SectionForm { intro: String::new(), rows }])
    };
    let every = |list: &[&Resource<'_>], what: &str| {
        let resources = words::count(list.len(), "resource");
        format!("Every attribute of {}", resources.replacen(' ', &format!(" {what} "), 1))
    };
    let detailed =
        of(&|change| change.action != Action::NoOp && (context.view.full || change.action == Action::Create));
    let kept = of(&|change| change.action == Action::NoOp && context.view.full);
    let what = if context.view.full { "changed" } else { "new" };
    vec![
        section(Place::Destroyed, "destructive change", "Destroys", "diff", rows::destroyed(context, &destroyed)),
        section(Place::Refusals, "refusal", "Refused: this plan cannot be applied", "text", refusals(plan)),
        section(
            Place::Others,
            "other change",
            if destroyed.is_empty() { "Changes" } else { "Other changes" },
            "diff",
            rows::others(context, &others),
        ),
        section(Place::Waiting, "resource that is not ready", waits::HEADING, "text", waiting(plan)),
        section(Place::Renamed, "line about renames", renames::HEADING, "text", renamed(plan, &context.view.config)),
        section(Place::Pending, "pending change", "Partial plan", "text", pending(plan)),
        section(Place::Orphans, "orphan", "Orphans", "text", orphans(context)),
        section(Place::Drift, "outside change", drift::HEADING, "text", drifted(context)),
        section(
            Place::Notes,
            "note",
            "Notes",
            "text",
            both(|longest| plan.notes.iter().map(|note| rows::plain(&[text::note(note)], 1, longest)).collect()),
        ),
        folded(Place::Details, every(&detailed, what), rows::attributes(&detailed)),
        folded(Place::Unchanged, every(&kept, "unchanged"), rows::attributes(&kept)),
    ]
}

/// Whether the existing object is destroyed, or loses its data.
fn destroys(change: &Change) -> bool {
    change.action.destroys() || (change.action != Action::NoOp && fold::loses_data(change))
}

/// Rows in full, and with long lines cut.
fn both(rows: impl Fn(usize) -> Vec<FittedRow>) -> Vec<SectionForm> {
    [usize::MAX, rows::LONGEST].map(|longest| SectionForm { intro: String::new(), rows: rows(longest) }).into()
}

fn refusals(plan: &Plan) -> Vec<SectionForm> {
    let mut forms = both(|longest| {
        let lines = plan.all_refusals().map(|(address, refusal)| text::refusal_lines(address, refusal));
        lines.map(|lines| rows::plain(&lines, 1, longest)).collect()
    });
    let mut codes: BTreeMap<RefusalCode, usize> = BTreeMap::new();
    for (_, refusal) in plan.all_refusals() {
        *codes.entry(refusal.code).or_default() += 1;
    }
    let counted = codes
        .iter()
        .map(|(code, number)| rows::plain(&[Line::of(0, format!("{number} x [{code}]"))], *number, rows::LONGEST));
    forms.push(SectionForm { intro: "Refusals are counted by code.".to_owned(), rows: counted.collect() });
    forms
}

fn orphans(context: &Context<'_>) -> Vec<SectionForm> {
    let mut forms = both(|longest| {
        let lines = context.plan.orphans.iter().map(|orphan| text::orphan_lines(&context.by_address, orphan));
        lines.map(|lines| rows::plain(&lines, 1, longest)).collect()
    });
    forms.iter_mut().for_each(|form| form.intro = text::ORPHANS.to_owned());
    forms
}

fn renamed(plan: &Plan, config: &str) -> Vec<SectionForm> {
    let lines = renames::body(plan, config, true);
    both(|longest| lines.iter().map(|line| rows::plain(std::slice::from_ref(line), 1, longest)).collect())
}

/// Resources that apply waits for. A comment is read later, so times are absolute.
fn waiting(plan: &Plan) -> Vec<SectionForm> {
    let groups = waits::groups(plan, None, true);
    let mut forms = both(|longest| {
        groups.iter().map(|(number, line)| rows::plain(std::slice::from_ref(line), *number, longest)).collect()
    });
    forms.iter_mut().for_each(|form| form.intro = waits::EXPLANATION.to_owned());
    forms
}

/// Pending changes that a partial plan leaves out.
fn pending(plan: &Plan) -> Vec<SectionForm> {
    both(|longest| {
        let Some(part) = &plan.partial else { return Vec::new() };
        let scope = rows::plain(&[Line::of(0, partial::scope(part))], 0, longest);
        let pending = partial::pending(part, true);
        let rows = pending.iter().map(|(number, line)| rows::plain(std::slice::from_ref(line), *number, longest));
        std::iter::once(scope).chain(rows).collect()
    })
}

fn drifted(context: &Context<'_>) -> Vec<SectionForm> {
    let groups = drift::groups(context, true);
    let mut forms = both(|longest| groups.iter().map(|(items, lines)| rows::plain(lines, *items, longest)).collect());
    forms.iter_mut().for_each(|form| form.intro = drift::explanation(context.plan).to_owned());
    forms
}

/// The notice of missing parts, shown first; empty if the comment is complete.
fn notice(context: &Context<'_>, sections: &[Section], fitted: &[Fitted]) -> String {
    let missing: Vec<String> = sections
        .iter()
        .zip(fitted)
        .filter(|(_, fitted)| fitted.hidden > 0)
        .map(|(section, fitted)| words::count(fitted.hidden, section.noun))
        .collect();
    let command = words::plan_command(context.plan, &context.view.flags);
    let whole = code(&command);
    if !missing.is_empty() {
        return format!(
            "\n**This comment is incomplete: {} not shown.** The whole plan: {whole}\n",
            missing.join(", ")
        );
    }
    match fitted.iter().any(|fitted| fitted.dropped) {
        true => {
            format!(
                "\nAttributes of individual resources are omitted for length: {}\n",
                code(&format!("{command} --full"))
            )
        }
        false => String::new(),
    }
}

fn heading(plan: &Plan) -> String {
    let mut text =
        format!("\n## {} {}, environment {}\n", text::purpose(plan), code(&plan.name), code(&plan.environment));
    // Amounts are shown as code, because GitHub reads text between two dollar signs as a formula.
    let cost = text::cost_change(plan);
    let cost = if cost.contains('$') { code(&cost) } else { cost };
    let mut parts = vec![format!("**{}**", text::counts(plan)), cost];
    let lost = text::also_lost(plan);
    parts.extend(text::at_risk(plan).map(|risk| format!("**{risk}**")));
    parts.extend(lost.as_ref().map(|lost| format!("**lost: {lost}**")));
    text.push_str(&format!("\n{}\n", parts.join(" · ")));
    let losses = plan.data_losses().count();
    if losses > 0 {
        let volumes = words::count(losses, "volume");
        text.push_str(&format!("\n> [!CAUTION]\n> **This permanently destroys the data of {volumes}.**\n"));
    }
    if let Some(lost) = lost {
        let resources: BTreeSet<&Address> = plan.other_losses().map(|(address, _)| address).collect();
        let resources = words::count(resources.len(), "resource");
        text.push_str(&format!("\n> [!CAUTION]\n> **This permanently loses for {resources}: {lost}.**\n"));
    }
    text
}

fn no_changes(plan: &Plan, resources: &[Resource<'_>], view: &PlanView) -> String {
    if plan.all_refusals().next().is_some() {
        let (name, environment) = (code(&plan.name), code(&plan.environment));
        return format!("\n{name}, environment {environment}: no changes except those refused.\n");
    }
    if plan.leaves_out() || plan.refresh_only || !plan.waits.is_empty() {
        let verdict = if plan.refresh_only { text::accepted(plan) } else { text::no_changes(plan, resources, view) };
        let sentence: String = verdict.spans().into_iter().map(|(_, text)| text).collect();
        return format!("\n{}, environment {}: {}\n", code(&plan.name), code(&plan.environment), code(&sentence));
    }
    let number = words::count(resources.len(), "resource");
    let (name, environment, file) = (code(&plan.name), code(&plan.environment), code(&view.config));
    match (plan.destroy, resources.len()) {
        (true, 0) => format!("\n{name}, environment {environment}: nothing to destroy, no resource is recorded.\n"),
        (true, _) => format!("\n{name}, environment {environment}: nothing to destroy, {number} kept.\n"),
        (false, 0) => format!("\n{name}, environment {environment}: no changes. {file} declares no resources.\n"),
        (false, 1) => format!("\n{name}, environment {environment}: no changes. {number} matches {file}.\n"),
        (false, _) => format!("\n{name}, environment {environment}: no changes. {number} match {file}.\n"),
    }
}

fn footer(plan: &Plan, view: &PlanView) -> String {
    let total = plan.cost.hourly_after;
    let peak = plan.cost.peak_after.above(total).map(words::peak_total);
    let peak = peak.map(|peak| words::at_most(&code(&peak))).unwrap_or_default();
    let mut text = match total {
        Cost::ZERO => format!("\n---\n\nNothing is billed afterwards{}.", words::without_requests(&peak)),
        _ => format!("\n---\n\nAfterwards {}{}{peak}.", code(&total.hour_and_month()), words::in_all(total)),
    };
    if plan.unrefreshed {
        text.push_str(" Not refreshed from RunPod.");
    }
    if let Some(date) = &view.catalog_date {
        text.push_str(&format!(" Prices are estimates, catalog of {}.", code(date)));
    }
    text.push('\n');
    if let Some(id) = &view.plan_id {
        text.push_str(&format!("\nPlan id {}.", code(id)));
        if plan.all_refusals().next().is_none() {
            let apply = words::expect_command(plan, &view.flags, id);
            text.push_str(&format!(" To apply exactly this plan: {}", code(&apply)));
        }
        text.push('\n');
    }
    text
}
