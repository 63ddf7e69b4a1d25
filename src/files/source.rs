//! The source text that diagnostics point into.

use std::ops::Range;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

/// A text with a line index, so lookups do not scan the whole text. Offsets beyond the end count as the end.
#[derive(Clone, Debug)]
pub struct SourceText {
    name: String,
    text: String,
    /// Start offset of each line; the first is 0.
    lines: Vec<usize>,
}

impl SourceText {
    /// `name` is the file name as shown in messages.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(newline, _)| newline + 1)).collect();
        Self { name: name.into(), text, lines }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text at these bytes.
    pub fn part(&self, range: Range<usize>) -> Option<&str> {
        self.text.get(range)
    }

    /// The zero-based line of a byte offset, and the offset where that line starts.
    pub fn line_and_start(&self, offset: usize) -> (usize, usize) {
        let line = self.line(offset);
        (line, self.lines[line])
    }

    fn line(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset).saturating_sub(1)
    }
}

/// The nearest character boundary at or before `index`.
pub fn floor(text: &str, index: usize) -> usize {
    let index = index.min(text.len());
    (0..=index).rev().find(|index| text.is_char_boundary(*index)).unwrap_or_default()
}

impl SourceCode for SourceText {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        context_lines_before: usize,
        context_lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let start = floor(&self.text, span.offset());
        let end = floor(&self.text, span.offset().saturating_add(span.len())).max(start);
        let (line, line_start) = self.line_and_start(start);
        let column = self.text[line_start..start].chars().count();
        let first = line.saturating_sub(context_lines_before);
        let last = self.line(end).saturating_add(context_lines_after).min(self.lines.len() - 1);
        let (from, column) = if context_lines_before == 0 { (start, column) } else { (self.lines[first], 0) };
        let to = match context_lines_after {
            0 => end,
            _ => self.lines.get(last + 1).copied().unwrap_or(self.text.len()),
        };
        let range = SourceSpan::from((from, to - from));
        let data = &self.text.as_bytes()[from..to];
        let contents = MietteSpanContents::new_named(self.name.clone(), data, range, first, column, last - first + 1);
        Ok(Box::new(contents))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str, span: (usize, usize), context: usize) -> (String, usize, usize) {
        let source = SourceText::new("a", text);
        let contents = source.read_span(&span.into(), context, context).unwrap();
        (String::from_utf8(contents.data().to_vec()).unwrap(), contents.line(), contents.column())
    }

    #[test]
    fn a_span_is_read_with_whole_lines_around_it() {
        let text = "one\ntwo é x\nthree\nfour";
        assert_eq!(read(text, (11, 1), 0), ("x".into(), 1, 6));
        assert_eq!(read(text, (11, 1), 1), ("one\ntwo é x\nthree\n".into(), 0, 0));
        assert_eq!(read(text, (0, 3), 1), ("one\ntwo é x\n".into(), 0, 0));
        // Inside a character, and beyond the end.
        assert_eq!(read(text, (9, 0), 0), (String::new(), 1, 4));
        assert_eq!(read(text, (1000, 7), 1), ("three\nfour".into(), 2, 0));
        assert_eq!(read("", (5, 5), 1), (String::new(), 0, 0));
    }

    proptest! {
        #[test]
        fn every_place_can_be_read(
            text in "[aé漢\\r\\n\\t]{0,20}",
            offset in 0_usize..80,
            length in prop_oneof![0_usize..80, Just(usize::MAX)],
            context in 0_usize..4,
        ) {
            read(&text, (offset, length), context);
        }
    }
}
