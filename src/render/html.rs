//! A plan as one self-contained page: no scripts, fonts or pictures from elsewhere.
//!
//! The page is both XML and HTML, so that tests can parse it strictly. It forbids browsers to load anything. Text from
//! files and from the API is escaped when it is written.

use std::cmp::Reverse;
use std::fmt;

use super::fold::{self, PlanRow};
use super::style::{Line, Tone};
use super::text::block::{self, ChangeBlock};
use super::text::{self, Context, drift, fields, partial, renames, waits};
use super::{PlanView, graph, words};
use crate::kind::loss;
use crate::model::{Action, Address, Change, Plan};

use super::markup::{self, escaped};

const STYLE: &str = include_str!("html/style.css");

/// Writes the whole page.
pub fn plan(out: &mut dyn fmt::Write, plan: &Plan, view: &PlanView) -> fmt::Result {
    let context = Context { plan, by_address: plan.by_address(), view };
    let rows = fold::rows(plan);
    let mut sorted: Vec<&PlanRow<'_>> = rows.iter().collect();
    // Worst first, unchanged last. The sort is stable, so equal changes keep the graph's order.
    sorted.sort_by_key(|row| (row.change.action == Action::NoOp, Reverse(row.change.risk)));
    let blocks = block::without_attributes(&context, &sorted);
    let kept = blocks.iter().position(|block| block.action() == Action::NoOp).unwrap_or(blocks.len());

    head(out, plan)?;
    summary(out, plan, view)?;
    refusals(out, plan)?;
    picture(out, &rows, &blocks)?;
    drifted(out, &context)?;
    if kept > 0 {
        out.write_str("<h2>Changes</h2>\n")?;
        blocks[..kept].iter().enumerate().try_for_each(|(number, block)| change(out, number, block))?;
    }
    let waiting: Vec<Line> = waits::groups(plan, None, true).into_iter().map(|(_, line)| line).collect();
    section(out, waits::HEADING, waits::EXPLANATION, &waiting)?;
    if let Some(part) = &plan.partial {
        let lines: Vec<Line> = partial::pending(part, true).into_iter().map(|(_, line)| line).collect();
        section(out, "Partial plan", &partial::scope(part), &lines)?;
    }
    section(out, renames::HEADING, "", &renames::body(plan, &view.config, true))?;
    orphans(out, plan)?;
    notes(out, plan)?;
    if kept < blocks.len() {
        out.write_str("<h2>Unchanged</h2>\n")?;
        let mut unchanged = blocks.iter().enumerate().skip(kept);
        unchanged.try_for_each(|(number, block)| change(out, number, block))?;
    }
    footer(out, plan, view)
}

fn head(out: &mut dyn fmt::Write, plan: &Plan) -> fmt::Result {
    let heading: String = text::heading(plan).spans().iter().map(|(_, text)| escaped(text)).collect();
    let title = format!("{}, {}", escaped(&plan.name), escaped(&plan.environment));
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"referrer\" content=\"no-referrer\"/>\n<title>{title}: sindri plan</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n<main>\n<h1>{heading}</h1>\n"
    )
}

fn summary(out: &mut dyn fmt::Write, plan: &Plan, view: &PlanView) -> fmt::Result {
    if plan.changes.iter().all(|change| change.action == Action::NoOp) {
        let nothing = match (plan.refresh_only, plan.destroy, plan.leaves_out()) {
            (true, ..) => text::accepted(plan).spans().iter().map(|(_, text)| escaped(text)).collect(),
            _ if !plan.waits.is_empty() => "Nothing to change, but not everything is ready.".to_owned(),
            (_, true, _) => "Nothing to destroy.".to_owned(),
            (_, _, true) => "No changes in this part; the rest does not match the configuration.".to_owned(),
            _ => "No changes.".to_owned(),
        };
        writeln!(out, "<p><strong>{nothing}</strong></p>")?;
    }
    let counts = text::counts(plan);
    if !counts.is_empty() {
        let items: String = counts.split(", ").map(|count| format!("<li>{}</li>", escaped(count))).collect();
        writeln!(out, "<ul class=\"counts\">{items}</ul>")?;
    }
    let (before, after) = (plan.cost.hourly_before, plan.cost.hourly_after);
    let mut facts = vec![
        ("Current cost", before.hour_and_month()),
        ("Cost after apply", after.hour_and_month()),
        ("Cost change", text::cost_change(plan)),
    ];
    let at_risk = text::at_risk(plan);
    facts.push((
        "Data at risk",
        at_risk.as_deref().map_or("none", |risk| risk.trim_start_matches("data at risk: ")).into(),
    ));
    facts.extend(text::also_lost(plan).map(|lost| ("Also lost", lost)));
    let peak = plan.cost.peak_after.above(after);
    facts.extend(peak.map(|peak| ("Highest cost after apply", words::peak_total(peak))));
    facts.extend(view.plan_id.clone().map(|id| ("Plan id", id)));
    out.write_str("<dl class=\"facts\">\n")?;
    for (name, fact) in facts {
        writeln!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", escaped(&fact))?;
    }
    out.write_str("</dl>\n")?;
    if plan.precious_losses().next().is_some() {
        let losses = plan.precious_losses().map(|(address, loss)| (address, address, loss::listed(loss)));
        let line = |(addresses, loss): (Vec<&Address>, String)| {
            let each = if addresses.len() > 1 { ", each" } else { "" };
            Line::of(0, format!("{}  {loss}{each}", fold::group_address(&addresses)))
        };
        let lines: Vec<Line> = block::group(losses).into_iter().map(line).collect();
        let is_data = plan.data_losses().next().is_some();
        let title = if is_data { "This permanently destroys data" } else { "This cannot be undone" };
        alarm(out, title, &lines)?;
    }
    Ok(())
}

fn alarm(out: &mut dyn fmt::Write, title: &str, lines: &[Line]) -> fmt::Result {
    write!(out, "<section class=\"alarm\">\n<strong>{title}</strong>\n")?;
    markup::block(out, lines)?;
    out.write_str("</section>\n")
}

fn refusals(out: &mut dyn fmt::Write, plan: &Plan) -> fmt::Result {
    let lines: Vec<Line> =
        plan.all_refusals().flat_map(|(address, refusal)| text::refusal_lines(address, refusal)).collect();
    match lines.is_empty() {
        true => Ok(()),
        false => alarm(out, "Refused: this plan cannot be applied", &lines),
    }
}

fn picture(out: &mut dyn fmt::Write, rows: &[PlanRow<'_>], blocks: &[ChangeBlock<'_>]) -> fmt::Result {
    if blocks.is_empty() {
        return Ok(());
    }
    let picture = graph::planned(rows, blocks);
    out.write_str("<h2>Graph</h2>\n<figure>\n")?;
    graph::svg(out, &picture)?;
    writeln!(
        out,
        "<figcaption>Arrows point from dependencies to dependents. Ports count with their pods. {} Each box links to \
         its change.</figcaption>\n</figure>",
        picture.caption
    )
}

fn drifted(out: &mut dyn fmt::Write, context: &Context<'_>) -> fmt::Result {
    let lines: Vec<Line> = drift::groups(context, true).into_iter().flat_map(|(_, lines)| lines).collect();
    section(out, drift::HEADING, drift::explanation(context.plan), &lines)
}

fn orphans(out: &mut dyn fmt::Write, plan: &Plan) -> fmt::Result {
    let by_address = plan.by_address();
    let lines: Vec<Line> = plan.orphans.iter().flat_map(|orphan| text::orphan_lines(&by_address, orphan)).collect();
    section(out, "Orphans", text::ORPHANS, &lines)
}

fn notes(out: &mut dyn fmt::Write, plan: &Plan) -> fmt::Result {
    let lines: Vec<Line> = plan.notes.iter().map(text::note).collect();
    section(out, "Notes", "", &lines)
}

/// A heading, a sentence and lines; nothing if there are no lines. Only the lines may contain foreign text.
fn section(out: &mut dyn fmt::Write, heading: &str, sentence: &str, lines: &[Line]) -> fmt::Result {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>{heading}</h2>")?;
    if !sentence.is_empty() {
        writeln!(out, "<p>{}</p>", escaped(sentence))?;
    }
    markup::block(out, lines)
}

/// One change, or replicas with equal changes, as a fold. Changes that lose data are unfolded.
fn change(out: &mut dyn fmt::Write, number: usize, block: &ChangeBlock<'_>) -> fmt::Result {
    let open = if block.tone() == Tone::Bad { " open=\"open\"" } else { "" };
    write!(
        out,
        "<details class=\"{}\"{open}>\n<summary><span class=\"symbol\">{}</span>",
        markup::class(block.tone()).unwrap_or_default(),
        escaped(block.action().symbol())
    )?;
    let head = block.headline(0);
    markup::spans(out, &if block.refused { head.tone(Tone::Bad, "  refused, see above") } else { head })?;
    // The anchor is inside, so that a browser unfolds the change when a link to it is followed.
    write!(out, "</summary>\n<div class=\"inside\" id=\"c{number}\">\n")?;
    markup::block(out, &block.body)?;
    if let [_, _, ..] = block.changes.as_slice() {
        let ids: Vec<&str> = block.changes.iter().filter_map(|change| change.id.as_deref()).collect();
        if !ids.is_empty() {
            markup::block(out, &[Line::of(0, format!("ids: {}", ids.join(", ")))])?;
        }
    }
    attributes(out, &block.changes)?;
    out.write_str("</div>\n</details>\n")
}

/// Every attribute, folded. Replicas with equal attributes are combined.
fn attributes(out: &mut dyn fmt::Write, changes: &[&Change]) -> fmt::Result {
    let lines =
        |change: &Change| fields::attributes(if change.after.is_empty() { &change.before } else { &change.after }, 2);
    let mut all = Vec::new();
    for (alike, lines) in block::group(changes.iter().map(|change| (*change, &change.address, lines(change)))) {
        if !lines.is_empty() {
            all.push(Line::new(0).tone(Tone::Heading, block::title(&alike, |change| &change.address)));
            all.extend(lines);
        }
    }
    if all.is_empty() {
        return Ok(());
    }
    out.write_str("<details>\n<summary>Every attribute</summary>\n<div class=\"inside\">\n")?;
    markup::block(out, &all)?;
    out.write_str("</div>\n</details>\n")
}

fn footer(out: &mut dyn fmt::Write, plan: &Plan, view: &PlanView) -> fmt::Result {
    out.write_str("</main>\n<footer>\n<h2>Next steps</h2>\n")?;
    if let Some(date) = &view.catalog_date {
        writeln!(out, "<p class=\"dim\">Prices are estimates, catalog of {}.</p>", escaped(date))?;
    }
    let refused = plan.all_refusals().next().is_some();
    let (sentence, command) = match &view.plan_id {
        Some(id) if !refused && !plan.is_empty() => {
            ("To apply exactly this plan:", words::expect_command(plan, &view.flags, id))
        }
        _ => ("To plan again:", words::plan_command(plan, &view.flags)),
    };
    writeln!(out, "<p>{sentence} <code>{}</code></p>", escaped(&command))?;
    out.write_str("</footer>\n</body>\n</html>\n")
}
