//! Changes as rows of a block that colours lines by their first character: `-` for losses, `+` for additions, `!` for
//! changes.

use super::super::fold::PlanRow as Resource;
use super::super::style::{Line, Style, Tone};
use super::super::text::block::{self, ChangeBlock};
use super::super::text::{Context, fields};
use super::factored;
use super::fit::{FittedRow, SectionForm};
use crate::kind::loss;
use crate::model::{Action, Change};

/// Columns that a comment shows without scrolling.
const WIDTH: usize = 100;
/// The less detailed forms cut longer lines.
pub const LONGEST: usize = 300;

/// Destructive changes: in full, then with long lines cut, then as one line each, then with common parts written once.
pub fn destroyed<'a>(context: &Context<'a>, resources: &[&Resource<'a>]) -> Vec<SectionForm> {
    let blocks = block::without_attributes(context, resources);
    let form = |intro: &str, rows: Vec<FittedRow>| SectionForm { intro: intro.to_owned(), rows };
    let whole = |longest| blocks.iter().map(|block| whole(block, longest)).collect();
    const SHORT: &str = "Fields and reasons are omitted for length; every resource is listed with its data loss.";
    vec![
        form("", whole(usize::MAX)),
        form("Long values are shortened.", whole(LONGEST)),
        form(SHORT, blocks.iter().map(brief).collect()),
        form(SHORT, factored::rows(resources.iter().map(|resource| resource.change))),
    ]
}

/// Other changes: in full, then with long lines cut, then as headlines only.
pub fn others<'a>(context: &Context<'a>, resources: &[&Resource<'a>]) -> Vec<SectionForm> {
    let blocks = block::without_attributes(context, resources);
    let form = |intro: &str, rows: Vec<FittedRow>| SectionForm { intro: intro.to_owned(), rows };
    let whole = |longest| blocks.iter().map(|block| whole(block, longest)).collect();
    let head = |block: &ChangeBlock<'_>| FittedRow { text: headline(block, LONGEST), items: block.changes.len() };
    vec![
        form("", whole(usize::MAX)),
        form("Long values are shortened.", whole(LONGEST)),
        form("Fields and reasons are omitted for length.", blocks.iter().map(head).collect()),
    ]
}

/// Every attribute of resources; replicas with equal attributes are grouped.
pub fn attributes<'a>(resources: &[&Resource<'a>]) -> Vec<FittedRow> {
    let face = |change: &'a Change| {
        let attributes = if change.after.is_empty() { &change.before } else { &change.after };
        (change.action, fields::attributes(attributes, 4))
    };
    let items = resources.iter().map(|resource| (resource.change, &resource.change.address, face(resource.change)));
    let groups = block::group(items).into_iter().filter(|(_, (_, lines))| !lines.is_empty());
    let row = |(changes, (action, lines)): (Vec<&'a Change>, (Action, Vec<Line>))| {
        let title = Line::of(0, block::title(&changes, |change| &change.address));
        let mut text = signed(sign(action), &title, usize::MAX);
        lines.iter().for_each(|line| text.push_str(&signed(' ', line, usize::MAX)));
        FittedRow { text, items: changes.len() }
    };
    groups.map(row).collect()
}

/// Lines without signs that describe `items` resources.
pub fn plain(lines: &[Line], items: usize, longest: usize) -> FittedRow {
    FittedRow { text: lines.iter().map(|line| written(line, longest, "")).collect(), items }
}

fn sign(action: Action) -> char {
    match action {
        Action::Delete | Action::Replace | Action::ReplaceCreateFirst => '-',
        Action::Create | Action::Start | Action::Import => '+',
        Action::Update | Action::Stop | Action::Forget => '!',
        Action::NoOp => ' ',
    }
}

fn headline(block: &ChangeBlock<'_>, longest: usize) -> String {
    let line = Line::new(0).hanging(4).join(block.headline(0));
    let line = if block.refused { line.tone(Tone::Bad, "  refused, see above") } else { line };
    signed(if block.tone() == Tone::Bad { '-' } else { sign(block.action()) }, &line, longest)
}

fn whole(block: &ChangeBlock<'_>, longest: usize) -> FittedRow {
    let mut text = headline(block, longest);
    for line in &block.body {
        let sign = match line.loudest() {
            Tone::Bad => '-',
            Tone::Good => '+',
            Tone::Plain | Tone::Heading | Tone::Change | Tone::Dim => ' ',
        };
        text.push_str(&signed(sign, line, longest));
    }
    if let [_, _, ..] = block.changes.as_slice() {
        let ids: Vec<&str> = block.changes.iter().filter_map(|change| change.id.as_deref()).collect();
        if !ids.is_empty() {
            text.push_str(&signed(' ', &Line::of(6, format!("ids: {}", ids.join(", "))), longest));
        }
    }
    FittedRow { text, items: block.changes.len() }
}

/// One line with the action and its losses.
fn brief(block: &ChangeBlock<'_>) -> FittedRow {
    let losses = block.changes.first().map(|change| change.losses.iter().map(loss::listed).collect::<Vec<_>>());
    let losses = losses.filter(|losses| !losses.is_empty()).map_or_else(String::new, |losses| {
        format!("  destroys{}: {}", if block.changes.len() > 1 { " each" } else { "" }, losses.join(", "))
    });
    let ids: Vec<&str> = block.changes.iter().take(1).filter_map(|change| change.id.as_deref()).collect();
    let id = if block.changes.len() == 1 && !ids.is_empty() { format!("  {}", ids[0]) } else { String::new() };
    let line = Line::of(0, format!("{}  {}{id}{losses}", block.title, block.word())).hanging(4);
    FittedRow { text: signed('-', &line, LONGEST), items: block.changes.len() }
}

/// A line in the block, with the sign before each of its rows.
fn signed(sign: char, line: &Line, longest: usize) -> String {
    written(line, longest, &format!("{sign} "))
}

fn written(line: &Line, longest: usize, before: &str) -> String {
    let (mut text, mut rows) = (String::new(), String::new());
    let style = Style { width: Some(WIDTH), ..Style::default() };
    line.cut(longest).write(&mut text, &style).expect("a string takes everything");
    for row in text.lines() {
        rows.push_str(format!("{before}{row}").trim_end());
        rows.push('\n');
    }
    rows
}
