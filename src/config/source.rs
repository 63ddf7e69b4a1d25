//! The text of configuration files: places in it, and what of it may be shown.
//!
//! A finding shows its line and the lines around it. A credential that someone wrote into the file must not travel to a
//! terminal or a build log that way, so what is shown is a copy with such values masked, byte for byte.

use std::sync::Arc;

use miette::NamedSource;

use super::environment::looks_like_credential;
use crate::model::Position;

/// Bytes of one file, `start..end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    /// Index into [`Sources`].
    pub file: usize,
    pub start: usize,
    pub end: usize,
}

/// The files of one configuration: the base first, then its overlay.
#[derive(Clone, Default)]
pub(super) struct Sources(Vec<Source>);

#[derive(Clone)]
struct Source {
    /// As positions spell it.
    name: String,
    text: String,
    /// Where each line begins: every resource asks for positions, so that none may look through the whole text.
    lines: Vec<usize>,
    shown: Arc<NamedSource<String>>,
}

impl Sources {
    /// Adds a file and gives its index.
    pub fn add(&mut self, name: String, text: &str) -> usize {
        let text = text.trim_start_matches('\u{feff}').to_owned();
        let shown = Arc::new(NamedSource::new(&name, masked(&text)).with_language("yaml"));
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(newline, _)| newline + 1)).collect();
        self.0.push(Source { name, text, lines, shown });
        self.0.len() - 1
    }

    pub fn text(&self, file: usize) -> &str {
        &self.0[file].text
    }

    /// The text as it is written at the place.
    pub fn written(&self, span: Span) -> &str {
        &self.text(span.file)[span.start..span.end]
    }

    pub fn shown(&self, span: Span) -> Arc<NamedSource<String>> {
        Arc::clone(&self.0[span.file].shown)
    }

    pub fn position(&self, span: Span) -> Position {
        let source = &self.0[span.file];
        // The first line begins at 0, so that there always is one before any place.
        let line = source.lines.partition_point(|start| *start <= span.start).saturating_sub(1);
        let before = &source.text[source.lines[line]..span.start];
        let number = |count: usize| u32::try_from(count + 1).unwrap_or(u32::MAX);
        Position { file: source.name.clone(), line: number(line), column: number(before.chars().count()) }
    }
}

/// The text with the values of credential-like keys replaced by stars; references to variables and secrets stay.
fn masked(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    // While inside a block scalar of a credential: the indentation of its key.
    let mut inside: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        if inside.is_some_and(|key_indent| line.trim().is_empty() || indent > key_indent) {
            shown.push_str(&stars(line));
            continue;
        }
        inside = None;
        match credential_value(line) {
            Some(start) => {
                let value = line[start..].trim();
                if value.is_empty() || value.starts_with(['|', '>', '&', '!']) {
                    inside = Some(indent);
                }
                shown.push_str(&line[..start]);
                shown.push_str(&stars(&line[start..]));
            }
            None => shown.push_str(line),
        }
    }
    shown
}

/// Where in a line the literal value of a credential-like key begins.
fn credential_value(line: &str) -> Option<usize> {
    line.match_indices(':').find_map(|(colon, _)| {
        let before = line[..colon].trim_end().trim_end_matches(['"', '\'']);
        let name = before.rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next().unwrap_or_default();
        let value = &line[colon + 1..];
        let is_value = value.is_empty() || value.starts_with(char::is_whitespace);
        let plain = value.trim_start().trim_start_matches(['"', '\'']);
        let refers = plain.starts_with("${") || plain.starts_with("{{");
        (is_value && looks_like_credential(name) && !refers).then_some(colon + 1)
    })
}

/// The same number of bytes, so that spans stay right.
fn stars(text: &str) -> String {
    text.chars().map(|c| if c.is_whitespace() { c.to_string() } else { "*".repeat(c.len_utf8()) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_credentials_are_masked_and_nothing_moves() {
        let text = "env:\n  HF_TOKEN: hf_s3cret\n  A: b\n  m: { API_KEY: \"s3cret\", B: c }\n  SSH_KEY: |\n    s3cret\n    s3cret\n  \
                    C: d\n  GIT_TOKEN: ${GIT_TOKEN}\n";
        let shown = masked(text);
        assert_eq!(shown.len(), text.len());
        assert!(!shown.contains("s3cret"), "{shown}");
        for kept in ["A: b", "C: d", "${GIT_TOKEN}", "HF_TOKEN:"] {
            assert!(shown.contains(kept), "{kept} in {shown}");
        }
    }

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml".into(), "x: 1\né: 2\n");
        let position = sources.position(Span { file, start: 9, end: 10 });
        assert_eq!((position.line, position.column), (2, 4));
    }
}
