//! One change as a block of lines: a headline, then what changes, why, and what that destroys.
//!
//! Replicas with equal blocks become one block with a range of numbers, so that a fleet takes as much space as one pod.

use std::collections::BTreeMap;

use super::super::fold::{self, Row};
use super::super::style::{Ink, Line};
use super::super::words;
use super::view::Context;
use super::{causes, fields};
use crate::kind::{self, Description};
use crate::model::{Action, Address, Attributes, Cause, Change, Cost, Effect, Loss, Retry, SideEffect};

/// How a change is displayed, apart from its address. Replicas with equal faces are grouped.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Face {
    action: Action,
    loses_data: bool,
    /// A description of the object.
    what: Line,
    body: Vec<Line>,
    hourly_before: Cost,
    hourly_after: Cost,
    position: Option<String>,
    refused: bool,
    /// A way to repair a broken object without this change.
    retry: Option<Retry>,
}

/// Changes with equal faces, ready to be written.
pub struct Block<'a> {
    pub changes: Vec<&'a Change>,
    /// Its address, or that of its replicas.
    pub title: String,
    pub refused: bool,
    pub body: Vec<Line>,
    face: Face,
}

impl Block<'_> {
    pub fn action(&self) -> Action {
        self.face.action
    }

    /// `update`, or `DESTROY` where precious data is lost.
    pub fn word(&self) -> String {
        word(&self.face)
    }

    pub fn ink(&self) -> Ink {
        ink(self.face.action, self.face.loses_data)
    }

    /// Address, action and description of the object. The address is padded to `column`.
    pub fn headline(&self, column: usize) -> Line {
        headline(&format!("{:column$}", self.title), &self.changes, &self.face)
    }
}

/// The blocks of rows, in their order.
pub fn gathered<'a>(context: &Context<'a>, rows: &[&Row<'a>]) -> Vec<Block<'a>> {
    gather(context, rows, context.view.full)
}

/// Like `gathered`, but without unchanged attributes even in a full view, for callers that show them elsewhere.
pub fn without_attributes<'a>(context: &Context<'a>, rows: &[&Row<'a>]) -> Vec<Block<'a>> {
    gather(context, rows, false)
}

fn gather<'a>(context: &Context<'a>, rows: &[&Row<'a>], full: bool) -> Vec<Block<'a>> {
    let groups = group(rows.iter().map(|row| (row.change, &row.change.address, face(context, row, full))));
    let block = |(changes, mut face): (Vec<&'a Change>, Face)| {
        let mut body = std::mem::take(&mut face.body);
        body.extend(face.retry.map(|retry| retry_line(&changes, retry)));
        Block { title: title(&changes, |change| &change.address), changes, refused: face.refused, body, face }
    };
    groups.into_iter().map(block).collect()
}

/// The lines of rows, grouped into blocks.
pub fn blocks(context: &Context<'_>, rows: &[&Row<'_>]) -> Vec<Line> {
    let blocks = gathered(context, rows);
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
        let head = Line::new(0).hanging(INDENT + 2).ink(block.ink(), symbol).join(block.headline(column));
        lines.push(if block.refused { head.ink(Ink::Bad, "  refused, see below") } else { head });
        lines.extend(block.body);
    }
    lines
}

/// Groups replicas of one name with equal faces, at the position of the first. Items come with their address and face.
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

fn headline(title: &str, changes: &[&Change], face: &Face) -> Line {
    let ink = ink(face.action, face.loses_data);
    let mut line = Line::new(0).text(format!("{title}  ")).ink(ink, format!("{:7}", word(face)));
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
        line = line.ink(Ink::Dim, format!("  ({position})"));
    }
    line
}

fn word(face: &Face) -> String {
    let word = words::action(face.action);
    if face.loses_data { word.to_uppercase() } else { word.to_owned() }
}

/// The cost of a new object, or the saving of a destroyed one. Other changes have their own line for it.
fn price(line: Line, face: &Face, number: usize) -> Line {
    let (word, amount) = match face.action {
        Action::Create | Action::Import => ("", face.hourly_after),
        Action::Delete => ("saves ", face.hourly_before),
        _ => return line,
    };
    if amount == Cost::ZERO {
        return line;
    }
    let each = words::price(word, amount);
    match number {
        number if number > 1 && amount.is_known() => {
            line.text(format!(", {each}; {} together", amount.times(number).together()))
        }
        _ => line.text(format!(", {each}")),
    }
}

fn ink(action: Action, loses_data: bool) -> Ink {
    match action {
        _ if loses_data => Ink::Bad,
        Action::NoOp => Ink::Dim,
        Action::Create | Action::Start | Action::Import => Ink::Good,
        Action::Update | Action::Stop | Action::Replace | Action::ReplaceCreateFirst | Action::Forget => Ink::Change,
        Action::Delete => Ink::Bad,
    }
}

fn face(context: &Context<'_>, row: &Row<'_>, full: bool) -> Face {
    let Row { change, members } = row;
    let action = change.action;
    // An existing object is known to the reader; hardware and place are enough to identify it.
    let what = match action {
        Action::Create | Action::Import => describe(&change.address, &change.after),
        Action::Delete | Action::NoOp => {
            Description { details: Vec::new(), ..describe(&change.address, &change.before) }
        }
        _ => Description::default(),
    };
    Face {
        action,
        loses_data: fold::loses_data(change),
        what: Line::of(0, what),
        body: body(context, change, members, full),
        hourly_before: change.hourly_before,
        hourly_after: change.hourly_after,
        position: change.position.as_ref().filter(|_| action == Action::Create).map(ToString::to_string),
        refused: !change.refusals.is_empty(),
        retry: retry(change),
    }
}

fn describe(address: &Address, attributes: &Attributes) -> Description {
    kind::find(&address.kind).map(|kind| (kind.describe)(attributes, &BTreeMap::new())).unwrap_or_default()
}

/// A way to repair the object that a change replaces because it is broken.
fn retry(change: &Change) -> Option<Retry> {
    let of = |cause: &Cause| match cause {
        Cause::Broken { retry, .. } => *retry,
        _ => None,
    };
    change.causes.iter().find_map(of).filter(|_| change.action.is_replacement())
}

/// Most resources to name in one command.
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
        .ink(Ink::Good, "first try")
        .text(format!(": {command}"))
        .ink(Ink::Dim, format!("  # {back}{keeps}"))
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
        let losses: Vec<String> = change.losses.iter().map(loss).collect();
        let ink = if fold::loses_data(change) { Ink::Bad } else { Ink::Plain };
        lines.push(Line::new(INDENT).ink(ink, "destroys").text(format!(": {}", losses.join(", "))));
    }
    if !change.action.destroys() && change.fields.iter().any(|field| field.effect == Effect::Restart) {
        lines.push(Line::of(INDENT, "restarts: the container disk is wiped, volumes are kept"));
    }
    if let Some(alternative) = &change.in_place_alternative {
        lines.push(Line::of(INDENT, format!("with `--updates in-place`: {alternative}")));
    }
    let (before, after) = (change.hourly_before, change.hourly_after);
    let priced_above = matches!(change.action, Action::Create | Action::Delete | Action::Import);
    if before != after && !priced_above {
        lines.push(Line::of(INDENT, format!("costs: {} -> {}", before.of_one(), after.of_one())));
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

/// `pod volume 100 GB at /workspace`.
pub fn loss(loss: &Loss) -> String {
    let Loss { what, names, size_gb, mount_path, precious: _ } = loss;
    let names = match names.len().saturating_sub(NAMED) {
        0 if names.is_empty() => String::new(),
        0 => format!(": {}", names.join(", ")),
        more => format!(": {} and {more} more", names[..NAMED].join(", ")),
    };
    let size = size_gb.map(|size| format!(" {size} GB")).unwrap_or_default();
    let path = mount_path.as_ref().map(|path| format!(" at {path}")).unwrap_or_default();
    format!("{what}{size}{path}{names}")
}

/// Most lost parts to name.
const NAMED: usize = 12;

/// Side effects of the change that are not fields.
fn side_effect(effect: &SideEffect) -> Option<String> {
    match effect {
        // Shown among the fields.
        SideEffect::Field { .. } => None,
        SideEffect::Boots { hourly } => {
            Some(format!("boots once before it is stopped: needs stock, {} until then", hourly.of_one()))
        }
        SideEffect::DestroyedFirst { needs } => {
            Some(format!("createBeforeDestroy does not apply: `{needs}` has to be destroyed first"))
        }
    }
}

/// The members of a new object by name. For a changed object, the added and removed members, unless its fields show
/// them already.
fn member_line(change: &Change, members: &[&Change]) -> Option<Line> {
    let attribute = kind::find(&members.first()?.address.kind)?.member_of.as_ref()?.attribute;
    let name = |member: &Change| member.address.member.clone().unwrap_or_default();
    let words: Vec<String> = if change.action == Action::Create {
        members.iter().map(|member| name(member)).collect()
    } else if change.all_fields().any(|field| field.path == attribute) {
        Vec::new()
    } else {
        let moving = members.iter().filter(|member| matches!(member.action, Action::Create | Action::Delete));
        let moving = moving.filter(|_| change.action != Action::Delete);
        moving.map(|member| format!("{} {}", member.action.symbol(), name(member))).collect()
    };
    (!words.is_empty()).then(|| Line::of(INDENT, format!("{attribute}: {}", words.join(", "))))
}
