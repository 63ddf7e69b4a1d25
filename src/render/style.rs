//! Styles of lines: colour, wrapping, and escaping of all text that people see.
//!
//! Names and values come from files and from an API. They may contain escape sequences or bidirectional controls that
//! rewrite a terminal. A [`Line`] makes each text harmless when it is added, and nothing else writes lines.

use std::borrow::Cow;
use std::fmt;

use anstyle::{AnsiColor, Style as Ansi};

pub use crate::model::text::is_harmful;

/// The capabilities of the terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Colour only repeats the meaning of the words.
    pub color: bool,
    /// Columns to wrap at; `None` (no terminal) never wraps.
    pub width: Option<usize>,
    /// Whether characters beyond ASCII may be used.
    pub unicode: bool,
}

/// The role of a span of text, which decides its colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    #[default]
    Plain,
    Heading,
    Good,
    Change,
    Bad,
    Dim,
}

impl Tone {
    fn loudness(self) -> u8 {
        match self {
            Self::Plain | Self::Dim | Self::Heading => 0,
            Self::Change => 1,
            Self::Good => 2,
            Self::Bad => 3,
        }
    }

    fn ansi(self) -> Ansi {
        match self {
            Self::Plain => Ansi::new(),
            Self::Heading => Ansi::new().bold(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Change => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Dim => Ansi::new().dimmed(),
        }
    }
}

/// A build log may treat this as a command anywhere in a line: `##[error]`.
///
/// Source: `ActionCommand.TryParse` of the GitHub Actions runner.
const LOG_COMMAND: &str = "##[";
/// A build log may treat this as a command at the start of a line, after spaces: `::error::`. Source: `TryParseV2`
/// there.
const LINE_COMMAND: &str = "::";

/// The text with every harmful character escaped, for example as `\n` or `\u{1b}`. Always one line.
pub fn harmless(text: &str) -> Cow<'_, str> {
    if text.contains(LOG_COMMAND) {
        return Cow::Owned(harmless(&text.replace(LOG_COMMAND, "#\\u{23}[")).into_owned());
    }
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let spell = |character: char| match character {
        harmful if is_harmful(harmful) => harmful.escape_default().to_string(),
        other => other.to_string(),
    };
    Cow::Owned(text.chars().map(spell).collect())
}

/// Escapes harmful characters in a text of several lines with a finished layout. The last check before a terminal for
/// messages that quote foreign texts. Keeps colours, line ends and tabs.
pub fn printable(text: &str) -> Cow<'_, str> {
    let is_layout = |character: char| matches!(character, '\n' | '\t');
    if !text.contains(|character| is_harmful(character) && !is_layout(character)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let length = color(rest).unwrap_or(character.len_utf8());
        if length > character.len_utf8() || is_layout(character) || !is_harmful(character) {
            out.push_str(&rest[..length]);
        } else {
            out.extend(character.escape_default());
        }
        rest = &rest[length..];
    }
    Cow::Owned(out)
}

/// Length of a colour sequence at the start of the text, for example `ESC [ 1 ; 31 m`.
fn color(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("\u{1b}[")?;
    let end = rest.bytes().take(20).position(|byte| !byte.is_ascii_digit() && byte != b';')?;
    rest[end..].starts_with('m').then_some(text.len() - rest.len() + end + 1)
}

/// One line of output: an indentation and spans of harmless text.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    indent: usize,
    /// Column of continuation lines when it wraps.
    hang: usize,
    spans: Vec<(Tone, String)>,
}

impl Line {
    pub fn new(indent: usize) -> Self {
        Self { indent, hang: indent + 4, spans: Vec::new() }
    }

    /// Sets the column of continuation lines. The default is four after the indentation.
    #[must_use]
    pub fn hanging(mut self, hang: usize) -> Self {
        self.hang = hang;
        self
    }

    /// A line of one plain text.
    pub fn of(indent: usize, text: impl fmt::Display) -> Self {
        Self::new(indent).text(text)
    }

    #[must_use]
    pub fn text(self, text: impl fmt::Display) -> Self {
        self.tone(Tone::Plain, text)
    }

    #[must_use]
    pub fn tone(mut self, tone: Tone, text: impl fmt::Display) -> Self {
        self.spans.push((tone, harmless(&text.to_string()).into_owned()));
        self
    }

    /// Appends the content of `other`, without its indentation.
    #[must_use]
    pub fn join(mut self, other: Self) -> Self {
        self.spans.extend(other.spans);
        self
    }

    /// Number of characters, without the indentation.
    pub fn len(&self) -> usize {
        self.spans.iter().map(|(_, text)| text.chars().count()).sum()
    }

    /// The line, or its first characters with the number of missing ones.
    #[must_use]
    pub fn cut(&self, longest: usize) -> Self {
        let length = self.len();
        if length <= longest {
            return self.clone();
        }
        let mut left = longest;
        let mut short = Self { spans: Vec::new(), ..self.clone() };
        for (tone, text) in &self.spans {
            let kept: String = text.chars().take(left).collect();
            left -= kept.chars().count();
            short.spans.push((*tone, kept));
        }
        short.tone(Tone::Dim, format!("... ({} more characters)", length - longest))
    }

    /// The most important of its tones: bad before good, any before plain.
    pub fn loudest(&self) -> Tone {
        self.spans.iter().map(|(tone, _)| *tone).max_by_key(|tone| tone.loudness()).unwrap_or_default()
    }

    /// Its texts with their tones, made harmless for output.
    pub fn spans(&self) -> Vec<(Tone, String)> {
        self.disarmed().into_owned()
    }

    pub fn indent(&self) -> usize {
        self.indent
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes the line with a line end. A line that is too long wraps at a space, and continues with a deeper
    /// indentation. A word longer than the width is not broken, so that it can be copied.
    pub fn write(&self, out: &mut dyn fmt::Write, style: &Style) -> fmt::Result {
        for row in self.rows(style.width) {
            for (tone, text) in row {
                match tone.ansi() {
                    ansi if style.color && tone != Tone::Plain => write!(out, "{ansi}{text}{ansi:#}")?,
                    _ => out.write_str(&text)?,
                }
            }
            out.write_char('\n')?;
        }
        Ok(())
    }

    /// Its texts, with anything escaped that a build log could treat as a command.
    fn disarmed(&self) -> Cow<'_, [(Tone, String)]> {
        let mut start = String::new();
        for (_, text) in &self.spans {
            start.push_str(if start.is_empty() { text.trim_start() } else { text });
            if start.len() >= LINE_COMMAND.len() {
                break;
            }
        }
        if !start.starts_with(LINE_COMMAND) {
            return Cow::Borrowed(&self.spans);
        }
        let mut spans = self.spans.clone();
        if let Some((_, text)) = spans.iter_mut().find(|(_, text)| !text.trim_start().is_empty()) {
            *text = text.replacen(':', "\\u{3a}", 1);
        }
        Cow::Owned(spans)
    }

    fn rows(&self, width: Option<usize>) -> Vec<Vec<(Tone, String)>> {
        let spans = self.disarmed();
        let mut rows = vec![vec![(Tone::Plain, " ".repeat(self.indent))]];
        let (mut column, mut start) = (self.indent, self.indent);
        let mut gap = 0;
        let pieces = spans.iter().flat_map(|(tone, text)| text.split_inclusive(' ').map(move |piece| (*tone, piece)));
        for (tone, piece) in pieces {
            let word = piece.trim_end_matches(' ');
            let length = word.chars().count();
            // Never break before a word that follows the previous one without a gap, or before one that would begin a
            // row like a command.
            let full = width.is_some_and(|width| column + gap + length > width) && !word.starts_with(':');
            if full && length > 0 && gap > 0 && column > start {
                start = self.hang;
                rows.push(vec![(Tone::Plain, " ".repeat(start))]);
                (column, gap) = (start, 0);
            }
            if length > 0 {
                let row = rows.last_mut().expect("there is always a row");
                append(row, tone, &" ".repeat(gap));
                append(row, tone, word);
                column += gap + length;
                gap = 0;
            }
            gap += piece.len() - word.len();
        }
        rows
    }
}

/// Appends to the last span if the tone is the same. Spaces take the tone of the text before them.
fn append(row: &mut Vec<(Tone, String)>, tone: Tone, text: &str) {
    match row.last_mut() {
        Some((last, before)) if *last == tone || text.trim().is_empty() => before.push_str(text),
        _ => row.push((tone, text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_colour_sequences_reach_a_terminal() {
        assert_eq!(printable("a\n\tb \u{1b}[1;31mred\u{1b}[0m é"), "a\n\tb \u{1b}[1;31mred\u{1b}[0m é");
        assert_eq!(
            printable("\u{1b}[2J\u{1b}]0;x\u{7}\r\u{9b}m\u{202e}\u{1b}[31"),
            "\\u{1b}[2J\\u{1b}]0;x\\u{7}\\r\\u{9b}m\\u{202e}\\u{1b}[31"
        );
    }

    fn written(line: &Line, style: &Style) -> String {
        let mut out = String::new();
        line.write(&mut out, style).unwrap();
        out
    }

    #[test]
    fn characters_that_could_rewrite_a_terminal_are_escaped() {
        let line = Line::of(0, "a\u{1b}[31m\r\n\u{202e}\u{9b}b\u{7f}");
        assert_eq!(written(&line, &Style::default()), "a\\u{1b}[31m\\r\\n\\u{202e}\\u{9b}b\\u{7f}\n");
    }

    #[test]
    fn commands_to_a_build_log_are_escaped() {
        for (text, shown) in [
            ("  ::error::x", "  \\u{3a}:error::x\n"),
            ("a ##[error]x", "a #\\u{23}[error]x\n"),
            ("###[group]", "##\\u{23}[group]\n"),
            ("a::b", "a::b\n"),
            ("::1", "\\u{3a}:1\n"),
        ] {
            assert_eq!(written(&Line::of(0, text), &Style::default()), shown);
        }
        let glued = Line::of(0, " ").text(":").text(":stop-commands::x");
        assert_eq!(written(&glued, &Style::default()), " \\u{3a}:stop-commands::x\n");
        let narrow = Style { width: Some(10), ..Style::default() };
        assert_eq!(written(&Line::of(0, "123456789 ::error::x y"), &narrow), "123456789 ::error::x\n    y\n");
    }

    #[test]
    fn without_a_width_nothing_wraps() {
        let line = Line::of(2, "word ".repeat(400));
        assert_eq!(written(&line, &Style::default()).lines().count(), 1);
    }

    #[test]
    fn a_wrapped_line_breaks_at_spaces_and_continues_indented() {
        let style = Style { width: Some(16), ..Style::default() };
        let line = Line::of(2, "one two three https://example.org/a/long/one four");
        assert_eq!(written(&line, &style), "  one two three\n      https://example.org/a/long/one\n      four\n");
    }

    #[test]
    fn colour_does_not_change_the_text() {
        let line = Line::new(1).tone(Tone::Bad, "REPLACE").text(" pod.trainer ").tone(Tone::Dim, "x");
        let coloured = written(&line, &Style { color: true, ..Style::default() });
        assert!(coloured.contains("\u{1b}["));
        let mut plain = String::new();
        let mut rest = coloured.as_str();
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            plain.push_str(before);
            rest = after.split_once('m').expect("a colour ends in m").1;
        }
        assert_eq!(plain + rest, written(&line, &Style::default()));
    }

    #[test]
    fn two_spans_without_a_space_are_not_separated() {
        let style = Style { width: Some(10), ..Style::default() };
        let line = Line::new(0).text("12345678 ").text("abc").tone(Tone::Dim, "def");
        assert_eq!(written(&line, &style), "12345678\n    abcdef\n");
    }
}
