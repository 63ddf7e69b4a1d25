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
    /// The same text with credentials masked byte for byte.
    shown: Arc<SourceText>,
}

impl SourceFiles {
    /// Adds a file and returns its index.
    pub fn add(&mut self, name: String, text: &str) -> usize {
        let text = text.trim_start_matches('\u{feff}').to_owned();
        let shown = Arc::new(SourceText::new(name, mask_credentials(&text)));
        self.0.push(SourceFile { text, shown });
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
        let shown = &self.0[span.file].shown;
        let (line, start) = shown.line_and_start(span.start);
        // A multi-byte character is masked by several stars, so only the original text gives the right column.
        let column = self.text(span.file).get(start..span.start).map_or(0, |before| before.chars().count());
        let number = |count: usize| u32::try_from(count + 1).unwrap_or(u32::MAX);
        Position { file: shown.name().to_owned(), line: number(line), column: number(column) }
    }
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
}
