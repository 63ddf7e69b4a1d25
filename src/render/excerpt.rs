//! The excerpt of a file that a diagnostic shows: the lines with labels and one line on either side, cut to a readable
//! width and without characters that could rewrite a terminal.
//!
//! Accepts any source and any labels, even far to the right or beyond the end. Gives a new source, and the labels in
//! it.

use std::collections::BTreeMap;

use miette::{LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::style::{harmless, is_harmful};
use crate::files::floor;

/// Minimum number of characters shown of a line, on any terminal.
const LEAST_WIDTH: usize = 30;
/// A line that is cut in front of its label shows `1 / BEFORE` of the width there.
const BEFORE: usize = 3;
/// Columns that the line number and the border take beside the text.
const BESIDE_NUMBER: usize = 4;
/// Columns between the middle of a mark and its label.
const HOOK: usize = 4;
/// Marks a cut.
const CUT: &str = "...";
const TAB: usize = 4;
/// Maximum number of labels of one diagnostic.
const MOST_LABELS: usize = 20;

/// The lines of a file around the labels.
#[derive(Debug)]
pub struct Excerpt {
    name: Option<String>,
    windows: Vec<ExcerptWindow>,
    places: Vec<LabelPosition>,
}

/// Consecutive lines.
#[derive(Debug)]
struct ExcerptWindow {
    /// Counted from 0, in the file.
    first_line: usize,
    lines: usize,
    /// Start of its text among the bytes of all windows.
    start: usize,
    /// Every line ends in a newline.
    text: String,
}

/// The position of a label in the file.
#[derive(Debug)]
struct LabelPosition {
    offset: usize,
    /// Both counted from 0.
    line: usize,
    column: usize,
}

/// A line of the file, and the ranges that labels mark in it.
#[derive(Default)]
struct MarkedLine {
    text: String,
    /// The number of a label, and a byte range in the line.
    marks: Vec<(usize, usize, usize)>,
}

impl Excerpt {
    /// The excerpt for `labels`. `hide` masks secrets in a line and keeps its length. Lines with their numbers fit into
    /// `width` columns.
    pub fn of(
        source: &dyn SourceCode,
        labels: &[LabeledSpan],
        hide: &dyn Fn(&str) -> String,
        width: usize,
    ) -> (Self, Vec<LabeledSpan>) {
        let mut excerpt = Self { name: None, windows: Vec::new(), places: Vec::new() };
        let mut lines: BTreeMap<usize, MarkedLine> = BTreeMap::new();
        for (number, label) in labels.iter().take(MOST_LABELS).enumerate() {
            // A span of several lines is marked only in its first line.
            if let Ok(contents) = source.read_span(&SourceSpan::from((label.offset(), 0)), 1, 1) {
                excerpt.name = contents.name().map(|name| harmless(name).into_owned());
                around(&*contents, label, number, &mut lines);
            }
        }
        let last = lines.keys().next_back().map_or(0, |line| line + 1);
        let width = width.saturating_sub(last.to_string().len() + BESIDE_NUMBER).max(LEAST_WIDTH);
        let mut shown = Vec::new();
        for (line, MarkedLine { text, marks }) in lines {
            let said = marks.iter().filter_map(|(number, ..)| labels[*number].label()).map(|said| said.chars().count());
            let room = ColumnBudget { width, label: said.max().map_or(0, |said| said + HOOK) };
            let (readable_text, cut_marks) = readable(&hide(&text), &marks, room);
            let start = excerpt.push(line, &readable_text);
            for ((number, from, to), (_, written_from, _)) in cut_marks.into_iter().zip(marks) {
                let column = text[..written_from].chars().count();
                excerpt.places.push(LabelPosition { offset: start + from, line, column });
                let span = SourceSpan::from((start + from, to - from));
                shown.push((number, relabelled(&labels[number], span)));
            }
        }
        shown.sort_by_key(|(number, _)| *number);
        (excerpt, shown.into_iter().map(|(_, label)| label).collect())
    }

    /// Adds a line, and returns where it begins.
    fn push(&mut self, line: usize, text: &str) -> usize {
        match self.windows.last_mut() {
            Some(window) if window.first_line + window.lines == line => {
                let start = window.start + window.text.len();
                window.text.push_str(text);
                window.text.push('\n');
                window.lines += 1;
                start
            }
            last => {
                // A gap of one byte, so that no span belongs to two windows.
                let start = last.map_or(0, |window| window.start + window.text.len() + 1);
                self.windows.push(ExcerptWindow { first_line: line, lines: 1, start, text: format!("{text}\n") });
                start
            }
        }
    }
}

fn relabelled(label: &LabeledSpan, span: SourceSpan) -> LabeledSpan {
    let text = label.label().map(str::to_owned);
    if label.primary() {
        LabeledSpan::new_primary_with_span(text, span)
    } else {
        LabeledSpan::new_with_span(text, span)
    }
}

/// Collects the line of a label, and the lines beside it.
fn around(
    contents: &dyn SpanContents<'_>,
    label: &LabeledSpan,
    number: usize,
    lines: &mut BTreeMap<usize, MarkedLine>,
) {
    let text = String::from_utf8_lossy(contents.data());
    let at = floor(&text, label.offset().saturating_sub(contents.span().offset()));
    let starts: Vec<usize> =
        std::iter::once(0).chain(text.match_indices('\n').map(|(newline, _)| newline + 1)).collect();
    let own = starts.partition_point(|start| *start <= at).saturating_sub(1);
    for index in own.saturating_sub(1)..=(own + 1).min(starts.len() - 1) {
        let end = starts.get(index + 1).map_or(text.len(), |next| next - 1);
        let line = &text[starts[index]..end];
        let line = line.strip_suffix('\r').unwrap_or(line);
        // Nothing after the last newline counts as a line, unless a label points there.
        if index != own && line.is_empty() && end == text.len() {
            continue;
        }
        let marked = lines.entry(contents.line() + index).or_default();
        line.clone_into(&mut marked.text);
        if index == own {
            let from = floor(line, at - starts[index]);
            let to = floor(line, from.saturating_add(label.len())).max(from);
            marked.marks.push((number, from, to));
        }
    }
}

/// The columns available for a line.
#[derive(Clone, Copy)]
struct ColumnBudget {
    width: usize,
    /// Columns for the label, from the middle of its mark.
    label: usize,
}

/// A line as shown, with its marks. A long line is cut around its first mark.
fn readable(line: &str, marks: &[(usize, usize, usize)], room: ColumnBudget) -> (String, Vec<(usize, usize, usize)>) {
    let start = start_of(line, marks, room);
    let mut shown = if start > 0 { CUT.to_owned() } else { String::new() };
    let mut width = shown.len();
    // Start of each character: in the line, and as shown.
    let mut places = Vec::new();
    // End of the line if it is too long.
    let mut last_fitting = None;
    for (index, letter) in line[start..].char_indices() {
        let written = match letter {
            '\t' => " ".repeat(TAB - width % TAB),
            harmful if is_harmful(harmful) => harmful.escape_default().to_string(),
            plain => plain.to_string(),
        };
        width += written.chars().count();
        if width > room.width - CUT.len() {
            last_fitting.get_or_insert((places.len(), start + index, shown.len()));
        }
        if width > room.width {
            break;
        }
        places.push((start + index, shown.len()));
        shown.push_str(&written);
    }
    match last_fitting.filter(|_| width > room.width) {
        Some((number, index, end)) => {
            places.truncate(number);
            shown.truncate(end);
            places.push((index, end));
            shown.push_str(CUT);
        }
        None => places.push((line.len(), shown.len())),
    }
    let place = |index: usize| {
        let next = places.partition_point(|(written, _)| *written < index).min(places.len() - 1);
        places[next].1
    };
    let marks = marks.iter().map(|(number, from, to)| (*number, place(*from), place(*to))).collect();
    (shown, marks)
}

/// The byte from which a line is shown. If its first mark or label would be too far to the right, the line is cut
/// shortly before the mark.
fn start_of(line: &str, marks: &[(usize, usize, usize)], room: ColumnBudget) -> usize {
    let Some((_, from, to)) = marks.iter().min_by_key(|(_, from, _)| *from) else { return 0 };
    let (from, to) = (floor(line, *from), floor(line, *to));
    let columns = |text: &str| text.chars().map(|letter| if letter == '\t' { TAB } else { 1 }).sum::<usize>();
    let (before, marked) = (columns(&line[..from]), columns(&line[from..to.max(from)]));
    let end = (before + marked).max(before + marked / 2 + room.label);
    if end <= room.width - CUT.len() {
        return 0;
    }
    let kept = (room.width / BEFORE).min(room.width.saturating_sub(CUT.len() * 2 + room.label + marked / 2));
    match kept {
        0 => from,
        kept => line[..from].char_indices().rev().nth(kept - 1).map_or(0, |(start, _)| start),
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        context_lines_before: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let end = span.offset() + span.len();
        let holds = |window: &&ExcerptWindow| window.start <= span.offset() && end <= window.start + window.text.len();
        let window = self.windows.iter().find(holds).ok_or(MietteError::OutOfBounds)?;
        let (line, column) = match self.places.iter().find(|place| place.offset == span.offset()) {
            Some(LabelPosition { line, column, .. }) if context_lines_before == 0 => (*line, *column),
            _ => (window.first_line, 0),
        };
        let (data, range) = (window.text.as_bytes(), SourceSpan::from((window.start, window.text.len())));
        let contents = match &self.name {
            Some(name) => MietteSpanContents::new_named(name.clone(), data, range, line, column, window.lines),
            None => MietteSpanContents::new(data, range, line, column, window.lines),
        };
        Ok(Box::new(contents))
    }
}
