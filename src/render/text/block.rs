//! One change as a block of lines: a headline, then what changes, why, and what that destroys.
//!
//! Replicas with equal blocks become one block with a range of numbers, so that a fleet takes as much space as one pod.

use std::collections::{BTreeMap, BTreeSet};

use super::super::fold::{self, PlanRow};
use super::super::style::{Line, Tone};
use super::super::words;
use super::view::Context;
use super::{cap, causes, fields, objects};
use crate::kind::{self, Description, loss};
use crate::model::{Action, Address, Cause, Change, Cost, Effect, Retry, SideEffect};

/// How a change is displayed, apart from its address. Replicas displayed the same way are grouped.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct GroupKey {
    action: Action,
    loses_data: bool,
    /// A description of the object.
    what: Line,
    body: Vec<Line>,
    hourly_before: Cost,
    hourly_after: Cost,
    peak: Option<Cost>,
    position: Option<String>,
    refused: bool,
    /// A way to repair a broken object without this change.
    retry: Option<Retry>,
}

/// Changes displayed the same way, ready to be written.
pub struct ChangeBlock<'a> {
    pub changes: Vec<&'a Change>,
    /// Its address, or that of its replicas.
    pub title: String,
    pub refused: bool,
    pub body: Vec<Line>,
    face: GroupKey,
}

impl ChangeBlock<'_> {
    pub fn action(&self) -> Action {
        self.face.action
    }

    /// `update`, or `DESTROY` where precious data is lost.
    pub fn word(&self) -> String {
        word(&self.face)
    }

    pub fn tone(&self) -> Tone {
        tone(self.face.action, self.face.loses_data)
    }

    /// Address, action and description of the object. The address is padded to `column`.
    pub fn headline(&self, column: usize) -> Line {
        headline(&format!("{:column$}", self.title), &self.changes, &self.face)
    }
}

/// The blocks of rows, in their order.
pub fn gathered<'a>(context: &Context<'a>, rows: &[&PlanRow<'a>]) -> Vec<ChangeBlock<'a>> {
    if context.view.full {
        return gather(context, rows, true);
    }
    // The regions of a few objects are worth a block each; those of a fleet are not.
    let destroyed = rows.iter().filter(|row| row.change.action == Action::Delete).count();
    let mut blocks = gather_by(rows, destroyed >= FLEET, |row| face(context, row, false));
    for block in &mut blocks {
        block.title = cap::title(std::mem::take(&mut block.title), false);
    }
    blocks
}

/// Like `gathered`, but without unchanged attributes even in a full view, for callers that show them elsewhere.
pub fn without_attributes<'a>(context: &Context<'a>, rows: &[&PlanRow<'a>]) -> Vec<ChangeBlock<'a>> {
    gather(context, rows, false)
}

fn gather<'a>(context: &Context<'a>, rows: &[&PlanRow<'a>], full: bool) -> Vec<ChangeBlock<'a>> {
    gather_by(rows, false, |row| face(context, row, full))
}

/// From this number of destroyed resources on, replicas in different regions share a block.
const FLEET: usize = 12;

fn gather_by<'a>(
    rows: &[&PlanRow<'a>],
    merges_places: bool,
    face: impl Fn(&PlanRow<'a>) -> GroupKey,
) -> Vec<ChangeBlock<'a>> {
    let merges = |face: &GroupKey| merges_places && face.action == Action::Delete;
    let placeless = |row: &PlanRow<'a>| {
        let face = face(row);
        if merges(&face) { GroupKey { what: Line::of(0, objects::anywhere(row.change)), ..face } } else { face }
    };
    let groups = group(rows.iter().map(|row| (row.change, &row.change.address, placeless(row))));
    let block = |(changes, mut face): (Vec<&'a Change>, GroupKey)| {
        if merges(&face) {
            face.what = Line::of(0, objects::in_all_places(&changes));
        }
        let mut body = std::mem::take(&mut face.body);
        body.extend(face.retry.map(|retry| retry_line(&changes, retry)));
        ChangeBlock { title: title(&changes, |change| &change.address), changes, refused: face.refused, body, face }
    };
    groups.into_iter().map(block).collect()
}

/// The blocks to show, and a line for the others of each action. Refused changes are shown first, then the worst ones.
fn capped<'a>(context: &Context<'_>, blocks: Vec<ChangeBlock<'a>>) -> (Vec<ChangeBlock<'a>>, Vec<Line>) {
    let mut by_action: BTreeMap<Action, Vec<usize>> = BTreeMap::new();
    for (place, block) in blocks.iter().enumerate().filter(|_| !context.view.full) {
        by_action.entry(block.action()).or_default().push(place);
    }
    let (mut hidden, mut lines) = (BTreeSet::new(), Vec::new());
    for (action, mut places) in by_action {
        places.sort_by_key(|place| (!blocks[*place].refused, *place));
        let rest = places.split_off(places.len().min(cap::MOST));
        let changes: Vec<&Change> = rest.iter().flat_map(|place| blocks[*place].changes.iter().copied()).collect();
        lines.extend((!changes.is_empty()).then(|| hidden_line(action, &changes)));
        hidden.extend(rest);
    }
    let shown = blocks.into_iter().enumerate().filter(|(place, _)| !hidden.contains(place));
    (shown.map(|(_, block)| block).collect(), lines)
}

/// `... and 180 more to destroy, 180 with data (18000 GB); `--full` lists all`.
fn hidden_line(action: Action, changes: &[&Change]) -> Line {
    let precious = || changes.iter().filter(|change| fold::loses_data(change));
    let losses = precious().flat_map(|change| &change.losses).filter(|loss| loss.precious);
    let size_gb: i64 = losses.filter_map(|loss| loss.size_gb).sum();
    let size = if size_gb > 0 { format!(" ({size_gb} GB)") } else { String::new() };
    let has_data = precious().any(|change| change.risk.loses_data());
    let data = match precious().count() {
        0 => String::new(),
        number if has_data => format!(", {number} with data{size}"),
        number => format!(", {number} with losses"),
    };
    cap::rest(0, &format!("{} more to {}{data}", changes.len(), words::action(action)))
}

/// The lines of rows, grouped into blocks, and lines for the rows that are not shown.
pub fn blocks(context: &Context<'_>, rows: &[&PlanRow<'_>]) -> (Vec<Line>, Vec<Line>) {
    let (blocks, hidden) = capped(context, gathered(context, rows));
    // Aligned, but a very long name does not widen the column.
    let widths = blocks.iter().map(|block| block.title.chars().count());
    let column = widths.filter(|width| *width <= 36).max().unwrap_or(0);
    let mut lines = Vec::new();
    let mut tall = false;
    for block in blocks {
        // Long blocks are separated by blank lines; short ones form a list.
        let was_tall = std::mem::replace(&mut tall, block.body.len() > 1);
        if !lines.is_empty() && (tall || was_tall) {
            lines.push(Line::new(0));
        }
        let symbol = format!("{:3} ", block.action().symbol());
        let head = Line::new(0).hanging(INDENT + 2).tone(block.tone(), symbol).join(block.headline(column));
        lines.push(if block.refused { head.tone(Tone::Bad, "  refused, see below") } else { head });
        lines.extend(block.body);
    }
    (lines, hidden)
}

/// Groups replicas of one name that look the same, at the position of the first. Each item comes with its address and
/// its appearance.
pub fn group<'a, I, T: Ord>(items: impl IntoIterator<Item = (I, &'a Address, T)>) -> Vec<(Vec<I>, T)> {
    // A resource without a number is never grouped, so its position replaces the number in the key.
    let mut groups: BTreeMap<_, (usize, Vec<I>)> = BTreeMap::new();
    for (place, (item, address, face)) in items.into_iter().enumerate() {
        let alone = address.index.is_none().then_some(place);
        let key = (address.kind.as_str(), address.name.as_str(), address.member.as_deref(), alone, face);
        groups.entry(key).or_insert_with(|| (place, Vec::new())).1.push(item);
    }
    let mut groups: Vec<_> = groups.into_iter().map(|((.., face), (place, items))| (place, items, face)).collect();
    groups.sort_by_key(|(place, ..)| *place);
    groups.into_iter().map(|(_, items, face)| (items, face)).collect()
}

/// The address of a group.
pub fn title<'a, I>(items: &[&'a I], address: impl Fn(&'a I) -> &'a Address) -> String {
    fold::group_address(&items.iter().map(|item| address(item)).collect::<Vec<_>>())
}

fn headline(title: &str, changes: &[&Change], face: &GroupKey) -> Line {
    let tone = tone(face.action, face.loses_data);
    let mut line = Line::new(0).text(format!("{title}  ")).tone(tone, format!("{:7}", word(face)));
    let each = changes.len() > 1;
    if let [only] = changes {
        line = only.id.iter().fold(line, |line, id| line.text(format!("  {id}")));
    } else if let Some(Change { address, .. }) = changes.first() {
        let title = kind::find(&address.kind).map_or(address.kind.as_str(), |kind| kind.title);
        let number = words::count(changes.len(), title);
        line = line.text(format!("  {number}, each{}", if face.what.is_empty() { ":" } else { "" }));
    }
    if !face.what.is_empty() {
        line = line.text(if each { " " } else { "  " }).join(face.what.clone());
    }
    line = price(line, face, changes.len());
    if let Some(position) = &face.position {
        line = line.tone(Tone::Dim, format!("  ({position})"));
    }
    line
}

fn word(face: &GroupKey) -> String {
    let word = words::action(face.action);
    if face.loses_data { word.to_uppercase() } else { word.to_owned() }
}

/// The cost of a new object, or the saving of a destroyed one. Other changes have their own line for it.
fn price(line: Line, face: &GroupKey, number: usize) -> Line {
    let (word, amount) = match face.action {
        Action::Create | Action::Import => ("", face.hourly_after),
        Action::Delete => ("saves ", face.hourly_before),
        _ => return line,
    };
    let peak = face.peak.filter(|_| face.action != Action::Delete);
    if amount == Cost::ZERO && peak.is_none() {
        return line;
    }
    let each = match peak {
        Some(_) if amount.is_known() => words::cost_and_peak(amount, peak),
        _ => words::price(word, amount),
    };
    match number {
        number if number > 1 && amount.is_known() => {
            line.text(format!(", {each}; {} together", amount.times(number).together()))
        }
        _ => line.text(format!(", {each}")),
    }
}

fn tone(action: Action, loses_data: bool) -> Tone {
    match action {
        _ if loses_data => Tone::Bad,
        Action::NoOp => Tone::Dim,
        Action::Create | Action::Start | Action::Import => Tone::Good,
        Action::Update | Action::Stop | Action::Replace | Action::ReplaceCreateFirst | Action::Forget => Tone::Change,
        Action::Delete => Tone::Bad,
    }
}

fn face(context: &Context<'_>, row: &PlanRow<'_>, full: bool) -> GroupKey {
    let PlanRow { change, members } = row;
    let action = change.action;
    // An existing object is known to the reader; hardware and place are enough to identify it.
    let what = match action {
        Action::Create | Action::Import => objects::describe(&change.address, &change.after),
        Action::Delete | Action::NoOp => objects::existing(change),
        _ => Description::default(),
    };
    GroupKey {
        action,
        loses_data: fold::loses_data(change),
        what: Line::of(0, what),
        body: body(context, change, members, full),
        hourly_before: change.hourly_before,
        hourly_after: change.hourly_after,
        peak: change.peak(),
        position: change.position.as_ref().filter(|_| action == Action::Create).map(ToString::to_string),
        refused: !change.refusals.is_empty(),
        retry: retry(change),
    }
}

/// A way to repair the object that a change replaces because it is broken.
fn retry(change: &Change) -> Option<Retry> {
    let of = |cause: &Cause| match cause {
        Cause::Broken { retry, .. } => *retry,
        _ => None,
    };
    change.causes.iter().find_map(of).filter(|_| change.action.is_replacement())
}

/// Maximum number of resources to name in one command.
const IN_COMMAND: usize = 4;

/// `instead: sindri start pod.demo  # may bring it back, and keeps its volume`.
fn retry_line(changes: &[&Change], retry: Retry) -> Line {
    let addresses = || changes.iter().map(|change| words::shell(&change.address.to_string()));
    let target = match changes.len() {
        0..=IN_COMMAND => addresses().collect::<Vec<_>>().join(" "),
        _ => "ADDRESS...".to_owned(),
    };
    let (command, back) = match retry {
        Retry::Start => (format!("sindri start {target}"), "may bring it back"),
        Retry::StopAndStart => (format!("sindri stop {target} && sindri start {target}"), "may bring its GPU back"),
    };
    let keeps = changes.iter().any(|change| change.losses.iter().any(|loss| loss.precious));
    let keeps = if keeps { ", and keeps its volume" } else { "" };
    Line::new(INDENT)
        .tone(Tone::Good, "first try")
        .text(format!(": {command}"))
        .tone(Tone::Dim, format!("  # {back}{keeps}"))
}

const INDENT: usize = 6;

fn body(context: &Context<'_>, change: &Change, members: &[&Change], full: bool) -> Vec<Line> {
    let mut lines = fields::lines(change, INDENT);
    lines.extend(member_line(change, members));
    lines.extend(supplied_line(change));
    lines.extend(causes::because(context, change).into_iter().map(|cause| Line::of(INDENT, cause)));
    lines.extend(change.side_effects.iter().filter_map(side_effect).map(|effect| Line::of(INDENT, effect)));
    if change.action == Action::ReplaceCreateFirst {
        lines.push(Line::of(INDENT, "the new one is created before the old one is destroyed"));
    }
    // An update that restarts has its own line about losses below.
    if !change.losses.is_empty() && change.action != Action::Update {
        let losses: Vec<String> = change.losses.iter().map(loss::listed).collect();
        let tone = if fold::loses_data(change) { Tone::Bad } else { Tone::Plain };
        lines.push(Line::new(INDENT).tone(tone, "destroys").text(format!(": {}", losses.join(", "))));
    }
    if !change.action.destroys() && change.fields.iter().any(|field| field.effect == Effect::Restart) {
        lines.push(Line::of(INDENT, "restarts: the container disk is wiped, volumes are kept"));
    }
    if !change.action.destroys() && change.fields.iter().any(|field| field.effect == Effect::Rollout) {
        lines.push(Line::of(INDENT, "rolls out: idle workers are exchanged at once, busy ones after their job"));
    }
    if let Some(alternative) = &change.in_place_alternative {
        lines.push(Line::of(INDENT, format!("with `--updates in-place`: {alternative}")));
    }
    let (before, after) = (change.hourly_before, change.hourly_after);
    let priced_above = matches!(change.action, Action::Create | Action::Delete | Action::Import);
    let peaks = (change.peak_before.above(before), change.peak());
    let differs = before != after || peaks.0 != peaks.1;
    if differs && !priced_above {
        let (before, after) = (words::cost_and_peak(before, peaks.0), words::cost_and_peak(after, peaks.1));
        lines.push(Line::of(INDENT, format!("costs: {before} -> {after}")));
    }
    if full {
        let attributes = if change.after.is_empty() { &change.before } else { &change.after };
        lines.extend(fields::attributes(attributes, INDENT));
    }
    lines
}

/// Settings of a new object that come from elsewhere than the file: `image, ports: from template abcdefghij`.
fn supplied_line(change: &Change) -> Option<Line> {
    let makes = change.action == Action::Create || change.action.is_replacement();
    let kind = kind::find(&change.address.kind).filter(|_| makes)?;
    let supplied: Vec<_> = kind.supplied(&change.after).collect();
    let (_, supplier, id) = supplied.first()?;
    let names: Vec<&str> = supplied.iter().map(|(name, ..)| *name).collect();
    Some(Line::of(INDENT, format!("{}: from {supplier} {id}", names.join(", "))))
}

/// Side effects of the change that are not fields.
fn side_effect(effect: &SideEffect) -> Option<String> {
    match effect {
        // Shown among the fields.
        SideEffect::Field { .. } => None,
        SideEffect::Boots { hourly } => {
            Some(format!("boots once before it is stopped: needs stock, {} until then", hourly.of_one()))
        }
        SideEffect::KeepsOldValue { users } => {
            let (verb, they) = if users.len() == 1 { ("uses", "it starts") } else { ("use", "they start") };
            Some(format!("{} {verb} the old value until {they} again", words::few(users.iter().collect())))
        }
        SideEffect::KeepsOldObject { id, users, others } => {
            let managed = (!users.is_empty()).then(|| words::few(users.iter().collect()));
            let names: Vec<String> = managed.into_iter().chain(others.iter().cloned()).collect();
            let verb = if users.len() + others.len() == 1 { "is" } else { "are" };
            Some(format!("{id} stays until {} {verb} recreated", names.join(", ")))
        }
        SideEffect::DestroyedFirst { needs } => {
            Some(format!("createBeforeDestroy does not apply: `{needs}` must be destroyed first"))
        }
    }
}

/// The members of a new object by name. For a changed object, the added and removed members, unless its fields show
/// them already.
fn member_line(change: &Change, members: &[&Change]) -> Option<Line> {
    let attribute = kind::find(&members.first()?.address.kind)?.member_of.as_ref()?.attribute;
    let name = |member: &Change| member.address.member.clone().unwrap_or_default();
    let words: Vec<String> = if change.action == Action::Create {
        members.iter().map(|member| name(member).to_string()).collect()
    } else if change.all_fields().any(|field| field.path == attribute) {
        Vec::new()
    } else {
        let moving = members.iter().filter(|member| matches!(member.action, Action::Create | Action::Delete));
        let moving = moving.filter(|_| change.action != Action::Delete);
        moving.map(|member| format!("{} {}", member.action.symbol(), name(member))).collect()
    };
    (!words.is_empty()).then(|| Line::of(INDENT, format!("{attribute}: {}", words.join(", "))))
}
