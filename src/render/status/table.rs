//! The table of `sindri status`: totals first, then one block per resource, within 80 columns.
//!
//! With many resources, equal replicas share one row, so that a fleet fits on a screen.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use super::{Description, StatusRow, reach, rows};
use crate::catalog::Catalog;
use crate::kind::{self, price};
use crate::model::{Address, Cost, Marker, Money, Object, Observed, State, Status};
use crate::render::style::{Line, Style, Tone, harmless};
use crate::render::words;
use crate::resource::inventory;

/// The selection that the reader asked for.
#[derive(Clone, Debug, Default)]
pub struct StatusView {
    /// Shows only these resources; all if empty.
    pub only: BTreeSet<Address>,
    /// One line per resource.
    pub short: bool,
}

/// From this many resources on, equal replicas share one row.
const FLEET: usize = 12;

/// Columns of a line.
const LINE: usize = 80;

const HEADINGS: [&str; 6] = ["ADDRESS", "STATE", "REGION", "$/H", "UPTIME", "SPENT"];

/// Headings for rows that cover several resources, which have no common uptime.
const SHARED_HEADINGS: [&str; 4] = ["ADDRESS", "STATE", "REGION", "$/H"];

const SHORT_HEADINGS: [&str; 4] = ["ADDRESS", "STATE", "ID", "$/H"];

/// Writes the resources, their costs and how to connect to them.
pub fn table(
    out: &mut dyn fmt::Write,
    state: &State,
    observed: &Observed,
    view: &StatusView,
    style: &Style,
) -> fmt::Result {
    let rows = rows(state, observed, &view.only);
    let orphans = if view.only.is_empty() { orphan_lines(state, observed) } else { Vec::new() };
    if rows.is_empty() {
        Line::of(0, format!("Nothing is deployed in environment {}.", state.environment)).write(out, style)?;
        return orphans.iter().try_for_each(|line| line.write(out, style));
    }
    let mut lines = vec![total(&rows)];
    lines.extend(difference(&rows));
    lines.extend(orphans);
    lines.push(Line::new(0));
    lines.extend(match (view.short, rows.len() >= FLEET) {
        (true, _) => short(&rows),
        (false, true) => grouped(&rows),
        (false, false) => detailed(&rows),
    });
    lines.iter().try_for_each(|line| line.write(out, style))
}

/// Spaces between two columns.
const BETWEEN: usize = 2;

/// One block of lines: the cells of a row, and the lines below it.
struct TableBlock<const N: usize> {
    cells: [String; N],
    well: bool,
    below: Vec<Line>,
}

/// Aligns blocks in columns. An address too wide for its column gets its own line.
fn columns<const N: usize>(headings: [&str; N], mut blocks: Vec<TableBlock<N>>) -> Vec<Line> {
    // Escaped before measuring, so that the columns align for any name.
    for cell in blocks.iter_mut().flat_map(|block| &mut block.cells) {
        *cell = harmless(cell).into_owned();
    }
    let length = |text: &str| text.chars().count();
    let width = |column: usize, widest: usize| {
        let cells = blocks.iter().map(|block| block.cells[column].as_str()).chain([headings[column]]);
        cells.map(length).filter(|width| *width <= widest).max().unwrap_or(0)
    };
    let others: usize = (1..N).map(|column| BETWEEN + width(column, usize::MAX)).sum();
    let widest = LINE.saturating_sub(others);
    let fits = |column: usize, text: &str| column > 0 || length(text) <= widest;
    let widths: Vec<usize> =
        (0..N).map(|column| width(column, if column == 0 { widest } else { usize::MAX })).collect();
    let pad = |column: usize, text: &str| format!("{text:width$}", width = widths[column] + BETWEEN);
    let dim = |line: Line, (column, text): (usize, &&str)| line.tone(Tone::Dim, pad(column, text));
    let mut lines = vec![headings.iter().enumerate().fold(Line::new(0), dim)];
    for TableBlock { cells, well, below } in blocks {
        let mut line = Line::new(0);
        for (column, text) in cells.iter().enumerate() {
            let state = if well { Tone::Good } else { Tone::Bad };
            if fits(column, text) {
                line = line.tone(if column == 1 { state } else { Tone::Plain }, pad(column, text));
            } else {
                lines.push(Line::of(0, text));
                line = line.text(pad(column, ""));
            }
        }
        lines.push(line);
        lines.extend(below);
    }
    lines
}

/// The cell of a price; a question mark if it is not known.
fn amount(cost: Cost) -> String {
    cost.amount().map_or_else(|| "?".to_owned(), |amount| amount.to_string())
}

fn dash(cell: Option<String>) -> String {
    cell.unwrap_or_else(|| "-".to_owned())
}

/// Every resource with its id, hardware and connections.
fn detailed(rows: &[StatusRow<'_>]) -> Vec<Line> {
    let block = |row: &StatusRow<'_>| {
        let Description { what, place, details: _ } = row.description();
        let hourly = row.hourly();
        let uptime = row.object.and_then(|object| object.computed.uptime_seconds);
        let mut below = vec![Line::of(4, format!("{}  {what}", row.record.id))];
        // A stopped pod cannot be reached.
        let can_be_reached = |object: &&Object| matches!(object.status, None | Some(Status::Running));
        if let Some(object) = row.object.filter(can_be_reached) {
            below.extend(reach(object).iter().map(|(name, how)| Line::of(4, format!("{name:12}  {how}"))));
        }
        let cells = [
            row.address.to_string(),
            row.state(),
            dash(place),
            dash(hourly.map(amount)),
            dash(uptime.map(|seconds| words::duration(Duration::from_secs(seconds)))),
            dash(hourly.and_then(Cost::amount).zip(uptime).map(|(hourly, seconds)| spent(hourly, seconds).to_string())),
        ];
        TableBlock { cells, well: row.is_well(), below }
    };
    columns(HEADINGS, rows.iter().map(block).collect())
}

/// One line per resource.
fn short(rows: &[StatusRow<'_>]) -> Vec<Line> {
    let block = |row: &StatusRow<'_>| {
        let hourly = dash(row.hourly().map(amount));
        let cells = [row.address.to_string(), row.state(), row.record.id.clone(), hourly];
        TableBlock { cells, well: row.is_well(), below: Vec::new() }
    };
    columns(SHORT_HEADINGS, rows.iter().map(block).collect())
}

/// The properties that replicas in one row share: health, address without number, state and hardware.
type ReplicaGroup = (bool, Address, String, String);

/// Replicas with the same state and hardware share a row; unhealthy ones come first.
fn grouped(rows: &[StatusRow<'_>]) -> Vec<Line> {
    let mut groups: BTreeMap<ReplicaGroup, Vec<&StatusRow<'_>>> = BTreeMap::new();
    for row in rows {
        // A deposed predecessor is not a replica.
        let is_replica = row.address.index.is_some() && row.address.member.is_none();
        let name = Address { index: row.address.index.filter(|_| !is_replica), ..row.address.clone() };
        groups.entry((row.is_well(), name, row.state(), row.description().what)).or_default().push(row);
    }
    let block = |((well, _, state, what), rows): (ReplicaGroup, Vec<&StatusRow<'_>>)| {
        let address = words::few(rows.iter().map(|row| row.address).collect());
        let hourly: Cost = rows.iter().filter_map(|row| row.hourly()).sum();
        let below = match rows.as_slice() {
            [row] => format!("{}  {what}", row.record.id),
            [first, ..] => format!("{}, each {what}", words::count(rows.len(), title(first.address))),
            [] => String::new(),
        };
        let cells = [address, state, region(&rows), amount(hourly)];
        TableBlock { cells, well, below: vec![Line::of(4, below)] }
    };
    let mut lines = columns(SHARED_HEADINGS, groups.into_iter().map(block).collect());
    let more = "`sindri status --short` shows one line each, `sindri status ADDRESS` all details.";
    lines.extend([Line::new(0), Line::new(0).tone(Tone::Dim, more).hanging(0)]);
    lines
}

/// The title of an address's kind, for example `pod`.
fn title(address: &Address) -> &str {
    kind::find(&address.kind).map_or(address.kind.as_str(), |kind| kind.title)
}

/// `US-CA-2`, or the number of regions.
fn region(rows: &[&StatusRow<'_>]) -> String {
    let places: BTreeSet<String> = rows.iter().filter_map(|row| row.description().place).collect();
    match places.len() {
        0 => dash(None),
        1 => places.into_iter().collect(),
        number => format!("{number} regions"),
    }
}

/// The cost since the container started, at the current price.
fn spent(hourly: Money, seconds: u64) -> Money {
    let millionths = i128::from(hourly.0) * i128::from(seconds) / 3_600;
    Money(i64::try_from(millionths).unwrap_or(i64::MAX))
}

/// `4 resources: 1 Running, 1 Stopped, 1 Available, 1 NotDeployed (gone) | $5.94/h ($4,335/mo)`.
fn total(rows: &[StatusRow<'_>]) -> Line {
    let hourly: Cost = rows.iter().filter_map(StatusRow::hourly).sum();
    let mut states: BTreeMap<(bool, String), usize> = BTreeMap::new();
    for row in rows {
        *states.entry((!row.is_well(), row.state())).or_default() += 1;
    }
    let mut line = Line::of(0, format!("{}: ", words::count(rows.len(), "resource"))).hanging(0);
    for (number, ((ailing, state), count)) in states.iter().enumerate() {
        let comma = if number > 0 { ", " } else { "" };
        line = line.text(comma).tone(if *ailing { Tone::Bad } else { Tone::Good }, format!("{count} {state}"));
    }
    line.text(format!(" | {}", hourly.hour_and_month()))
}

/// A note if RunPod reports another price than plans estimate for the same resources.
fn difference(rows: &[StatusRow<'_>]) -> Option<Line> {
    let reported = |row: &StatusRow<'_>| {
        let object = row.object?;
        Some((object.reported_price()?, estimated(object)?))
    };
    let differs = |(reported, estimated): &(Money, Money)| {
        *estimated != Money::ZERO && reported.to_string() != estimated.to_string()
    };
    let differing: Vec<(Money, Money)> = rows.iter().filter_map(reported).filter(differs).collect();
    if differing.is_empty() {
        return None;
    }
    let reported: Money = differing.iter().map(|(reported, _)| *reported).sum();
    let estimated: Money = differing.iter().map(|(_, estimated)| *estimated).sum();
    let resources = words::count(differing.len(), "resource");
    let text = format!("RunPod reports {reported}/h for {resources}; plans estimate {estimated}/h with disks.");
    Some(Line::new(0).tone(Tone::Dim, text).hanging(0))
}

/// The estimate from the catalog alone, which may be incomplete.
fn estimated(object: &Object) -> Option<Money> {
    let mut unpriced = object.clone();
    unpriced.computed.cost_per_hour = None;
    price::estimate_object(Catalog::embedded(), &unpriced).amount()
}

fn orphan_lines(state: &State, observed: &Observed) -> Vec<Line> {
    let line = |(object, marker): (&Object, &Marker)| {
        let cost = object.computed.cost_per_hour.map(|hourly| format!(", {hourly}/h")).unwrap_or_default();
        let Object { kind, id, name, .. } = object;
        let facts = format!(": {kind} {id} \"{name}\", created for {}{cost}, is not in the state", marker.address);
        Line::new(0).tone(Tone::Bad, "orphan").text(facts)
    };
    inventory::orphans(None, state, observed).map(line).collect()
}
