//! The text of configuration files: positions in it, and the masked version to display.

use std::path::Path;
use std::sync::Arc;

use crate::files::SourceText;
use crate::model::Position;
use crate::model::credential::mask_credentials;

/// Bytes of one file, `start..end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Index into [`SourceFiles`].
    pub file: usize,
    pub start: usize,
    pub end: usize,
}

/// The files of one configuration: the base first, then its overlay.
#[derive(Clone, Default)]
pub struct SourceFiles(Vec<SourceFile>);

#[derive(Clone)]
struct SourceFile {
    text: String,
    /// The number of characters before each [`STRIDE`] bytes of the text.
    characters: Vec<usize>,
    /// The same text with credentials masked byte for byte.
    shown: Arc<SourceText>,
}

impl SourceFiles {
    /// Adds a file and returns its index.
    pub fn add(&mut self, name: String, text: &str) -> usize {
        let text = text.trim_start_matches('\u{feff}').to_owned();
        let shown = Arc::new(SourceText::new(name, mask_credentials(&text)));
        let characters = characters(&text);
        self.0.push(SourceFile { text, characters, shown });
        self.0.len() - 1
    }

    pub fn text(&self, file: usize) -> &str {
        &self.0[file].text
    }

    /// The display name of a file in the base's folder.
    pub fn beside(&self, file: &str) -> String {
        let base = self.0.first().map_or("", |source| source.shown.name());
        Path::new(base).with_file_name(file).display().to_string()
    }

    /// The original text at the position.
    pub fn written(&self, span: Span) -> &str {
        &self.text(span.file)[span.start..span.end]
    }

    pub fn shown(&self, span: Span) -> Arc<SourceText> {
        Arc::clone(&self.0[span.file].shown)
    }

    pub fn position(&self, span: Span) -> Position {
        let SourceFile { text, characters, shown } = &self.0[span.file];
        let (line, start) = shown.line_and_start(span.start);
        // A multi-byte character is masked by several stars, so only the original text gives the right column.
        let before = |offset| characters_before(text, characters, offset);
        let column = before(span.start).saturating_sub(before(start));
        let number = |count: usize| u32::try_from(count + 1).unwrap_or(u32::MAX);
        Position { file: shown.name().to_owned(), line: number(line), column: number(column) }
    }
}

/// Distance between two counts of characters, in bytes.
const STRIDE: usize = 256;

/// The number of characters that begin before each multiple of [`STRIDE`]. A generated file may be one long line, and
/// counting from its start for every position would take as many steps as the square of its length.
fn characters(text: &str) -> Vec<usize> {
    let blocks = text.as_bytes().chunks(STRIDE);
    let counts = blocks.scan(0, |before, block| {
        let here = *before;
        *before += begun(block);
        Some(here)
    });
    counts.collect()
}

/// The number of characters that begin before this offset.
fn characters_before(text: &str, characters: &[usize], offset: usize) -> usize {
    let offset = offset.min(text.len());
    let block = offset / STRIDE;
    let rest = &text.as_bytes()[block * STRIDE..offset];
    characters.get(block).copied().unwrap_or_else(|| begun(text.as_bytes())) + begun(rest)
}

/// The number of characters whose first byte is among these.
fn begun(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| !matches!(**byte, 0x80..=0xbf)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let mut sources = SourceFiles::default();
        let file = sources.add("a.yaml".into(), "x: 1\né: 2\n");
        let position = sources.position(Span { file, start: 9, end: 10 });
        assert_eq!((position.line, position.column), (2, 4));
    }
    #[test]
    fn columns_are_right_anywhere_in_a_long_line() {
        let text = format!("a\n{}", "é漢x".repeat(400));
        let mut sources = SourceFiles::default();
        let file = sources.add("a.yaml".into(), &text);
        for (start, _) in text.char_indices().chain([(text.len(), 'x')]) {
            let line = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
            let column = text[line..start].chars().count() + 1;
            let position = sources.position(Span { file, start, end: start });
            assert_eq!(position.column as usize, column, "at {start}");
        }
    }
}
