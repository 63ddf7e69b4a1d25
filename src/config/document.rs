//! Parses YAML text into a tree whose keys and values all have positions.
//!
//! Scalars keep their text as written (`1.10` stays `1.10`, which matters for environment variables). The code that
//! reads them decides their type.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::problem::Findings;
use super::source::Span;
use crate::files::floor;
use crate::model::ProblemCode;

/// Limits on nesting and on nodes after expanding aliases. Larger files are attacks on memory, not configurations.
const DEEPEST: usize = 64;
const MOST_NODES: usize = 200_000;

/// A value and its position. A collection has the position of its key.
#[derive(Clone, Debug)]
pub struct YamlNode {
    pub span: Span,
    pub data: Data,
}

#[derive(Clone, Debug)]
pub enum Data {
    Scalar(Scalar),
    List(Vec<YamlNode>),
    Map(Vec<MappingEntry>),
}

#[derive(Clone, Debug)]
pub struct Scalar {
    pub text: String,
    /// Written without quotes.
    pub plain: bool,
    /// The text before variable substitution. Messages show this one.
    pub written: Option<String>,
    /// Contains the value of a variable that looks like a credential.
    pub sensitive: bool,
    /// Contains a variable without a value, which is reported separately.
    pub unresolved: bool,
}

#[derive(Clone, Debug)]
pub struct MappingEntry {
    pub key: String,
    pub key_span: Span,
    pub value: YamlNode,
}

impl Scalar {
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), plain: true, written: None, sensitive: false, unresolved: false }
    }

    pub fn is_null(&self) -> bool {
        self.plain && self.written.is_none() && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }

    /// The text to show in messages; never the value of a variable.
    pub fn shown(&self) -> &str {
        self.written.as_deref().unwrap_or(&self.text)
    }
}

impl YamlNode {
    /// A placeholder for a configuration that cannot be read at all.
    pub fn empty(findings: &mut Findings) -> Self {
        let file = findings.sources.add(String::new(), "");
        Self { span: Span { file, start: 0, end: 0 }, data: Data::Map(Vec::new()) }
    }

    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.data {
            Data::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    pub fn text(&self) -> Option<&str> {
        self.scalar().map(|scalar| scalar.text.as_str())
    }

    pub fn is_null(&self) -> bool {
        self.scalar().is_some_and(Scalar::is_null)
    }

    pub fn items(&self) -> &[YamlNode] {
        match &self.data {
            Data::List(items) => items,
            _ => &[],
        }
    }

    /// The items of a list, or the single scalar.
    pub fn one_or_more(&self) -> &[YamlNode] {
        match &self.data {
            Data::Scalar(_) => std::slice::from_ref(self),
            _ => self.items(),
        }
    }

    pub fn entries(&self) -> &[MappingEntry] {
        match &self.data {
            Data::Map(entries) => entries,
            _ => &[],
        }
    }

    pub fn entry(&self, key: &str) -> Option<&MappingEntry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    pub fn get(&self, key: &str) -> Option<&YamlNode> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The value at a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&YamlNode> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    pub fn int(&self) -> Option<i64> {
        self.text()?.parse().ok()
    }

    pub fn bool(&self) -> Option<bool> {
        match self.text()? {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => None,
        }
    }

    /// Completes the phrase "this is ...".
    pub fn description(&self) -> &'static str {
        match &self.data {
            Data::Scalar(scalar) if scalar.is_null() => "nothing",
            Data::Scalar(_) => "a single value",
            Data::List(_) => "a list",
            Data::Map(_) => "a mapping",
        }
    }
}

/// The tree of a file; `None`, with a finding, if it is not valid YAML.
pub(super) fn parse(file: usize, findings: &mut Findings) -> Option<YamlNode> {
    let text = findings.sources.text(file).to_owned();
    parse_text(file, &text, findings)
}

/// Maximum number of lines to drop above a syntax error until the rest is valid YAML.
const MOST_LINES_GIVEN_UP: usize = 200;

/// The tree of a file that may contain a syntax error. Reports the error and parses the lines above it.
pub(super) fn parse_readable(file: usize, findings: &mut Findings) -> YamlNode {
    let text = findings.sources.text(file).to_owned();
    if let Some(tree) = parse_text(file, &text, findings) {
        return tree;
    }
    let mut end = findings.last_error().map_or(0, |at| if at.file == file { at.start } else { 0 });
    for _ in 0..MOST_LINES_GIVEN_UP {
        // Drop the current line, then the one above it.
        let Some(newline) = text[..floor(&text, end)].rfind('\n') else { break };
        // Truncation may cause further errors, which are not worth reporting.
        if let Some(tree) = parse_text(file, &text[..=newline], &mut findings.scratch()) {
            return tree;
        }
        end = newline;
    }
    YamlNode { span: Span { file, start: 0, end: 0 }, data: Data::Map(Vec::new()) }
}

fn parse_text(file: usize, text: &str, findings: &mut Findings) -> Option<YamlNode> {
    // The parser counts characters; everything else counts bytes.
    let mut bytes: Vec<usize> = text.char_indices().map(|(byte, _)| byte).collect();
    bytes.push(text.len());
    let mut events = Vec::new();
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => {
                let byte = |index: usize| bytes.get(index).copied().unwrap_or(text.len());
                events.push((event, Span { file, start: byte(span.start.index()), end: byte(span.end.index()) }));
            }
            Err(error) => {
                let at = bytes.get(error.marker().index()).copied().unwrap_or(text.len());
                let at = Span { file, start: at.min(text.len().saturating_sub(1)), end: at };
                let at = Span { start: floor(text, at.start), ..at };
                report_syntax(error.info(), at, text, findings);
                return None;
            }
        }
    }
    let documents = events.iter().filter(|(event, _)| matches!(event, Event::DocumentStart(_))).count();
    if documents > 1
        && let Some((_, second)) = events.iter().filter(|(event, _)| matches!(event, Event::DocumentStart(_))).nth(1)
    {
        findings
            .error(ProblemCode::Syntax, *second, "the file contains more than one YAML document")
            .help("keep one document per file; other environments go into overlays such as `sindri.prod.yaml`");
        return None;
    }
    let mut builder = Builder { events: events.into_iter(), anchors: Vec::new(), nodes: 0, findings };
    loop {
        match builder.events.next()? {
            (Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _) => {}
            (Event::StreamEnd | Event::DocumentEnd, span) => {
                return Some(YamlNode { span, data: Data::Map(Vec::new()) });
            }
            (event, span) => return builder.node(event, span, None, 0),
        }
    }
}

fn report_syntax(info: &str, at: Span, text: &str, findings: &mut Findings) {
    if let Some((start, marker)) = conflict(text) {
        let at = Span { start, end: start + marker.len(), ..at };
        findings
            .error(ProblemCode::Syntax, at, "the file has an unresolved merge conflict")
            .label("a git conflict marker")
            .help("keep one version of each conflict and remove the `<<<<<<<`, `=======` and `>>>>>>>` lines");
        return;
    }
    let (at, help) = match indented_with_tab(text, at.start) {
        Some(tab) => (Span { start: tab, end: tab + 1, ..at }, "indent with spaces; YAML does not allow tabs"),
        None => (at, syntax_help(info, line_of(text, at.start), line_above(text, at.start))),
    };
    findings.error(ProblemCode::Syntax, at, format!("this is not YAML: {info}")).label("here").help(help);
}

/// The first conflict marker of git that begins a line, with its position.
fn conflict(text: &str) -> Option<(usize, &'static str)> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let marker = ["<<<<<<< ", ">>>>>>> "].into_iter().find(|marker| line.starts_with(marker));
        if let Some(marker) = marker {
            return Some((start, marker.trim_end()));
        }
        start += line.len();
    }
    None
}

/// The tab in the indentation of the line at `at`, or of the one below or above. The parser may notice it only there.
fn indented_with_tab(text: &str, at: usize) -> Option<usize> {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let below = text[start..].find('\n').map(|newline| start + newline + 1);
    let above = start.checked_sub(1).map(|end| text[..end].rfind('\n').map_or(0, |newline| newline + 1));
    let tab = |start: usize| {
        let line = text[start..].lines().next()?;
        line[..line.len() - line.trim_start().len()].find('\t').map(|tab| start + tab)
    };
    [Some(start), below, above].into_iter().flatten().find_map(tab)
}

fn line_of(text: &str, at: usize) -> &str {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    text[start..].lines().next().unwrap_or_default()
}

const QUOTE_BRACES: &str = "quote a value that begins with `{{`: `\"{{ RUNPOD_SECRET_name }}\"`";

/// The line before the one at this position. The parser often notices an error one line late.
fn line_above(text: &str, at: usize) -> &str {
    let start = text[..at].rfind('\n').unwrap_or_default();
    text[..start].lines().next_back().unwrap_or_default()
}

/// Help for a YAML syntax error. Common causes have their own text.
fn syntax_help(info: &str, line: &str, above: &str) -> &'static str {
    let value = line.split_once(": ").map_or("", |(_, value)| value.trim_start());
    let is_open = !value.starts_with(['"', '\'']);
    if line.contains(":\t") || line.contains("-\t") {
        "replace the tab after `:` or `-` with a space"
    } else if line.contains("{{") {
        QUOTE_BRACES
    } else if is_open && line.contains("${") && value.starts_with(['{', '[']) {
        "quote a value that contains `${` inside braces or brackets: `{ STAGE: \"${STAGE}\" }`"
    } else if lacks_space(line) || lacks_space(above) {
        SPACE_AFTER_COLON
    } else if is_open && value.contains(": ") && info.contains("mapping values") {
        "quote a value that contains `: `; use single quotes if it contains double quotes"
    } else {
        "check indentation, colons and quotes here and just above"
    }
}

/// Help for a key that YAML reads as a part of a text.
pub(super) const SPACE_AFTER_COLON: &str = "write a space after the colon, as in `key: value`";

/// Whether the text begins with a key whose colon has no space after it: `cloudType:SECURE`.
pub(super) fn lacks_space(text: &str) -> bool {
    let text = text.trim_start_matches(['-', ' ', '{', '"', '\'']);
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    text.split_once(':').is_some_and(|(key, rest)| {
        key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && key.chars().all(is_name)
            && rest.starts_with(|c: char| !c.is_whitespace())
            && !rest.starts_with("//")
    })
}

struct Builder<'a, 'text> {
    events: std::vec::IntoIter<(Event<'text>, Span)>,
    anchors: Vec<(usize, YamlNode)>,
    nodes: usize,
    findings: &'a mut Findings,
}

impl Builder<'_, '_> {
    fn node(&mut self, event: Event<'_>, span: Span, key: Option<Span>, depth: usize) -> Option<YamlNode> {
        if depth > DEEPEST || self.nodes > MOST_NODES {
            self.findings.error(
                ProblemCode::TooLarge,
                span,
                "the file is nested too deeply, or its aliases grow too large",
            );
            return None;
        }
        self.nodes += 1;
        let (anchor, node) = match event {
            Event::Scalar(text, style, anchor, _) => {
                let plain = style == ScalarStyle::Plain;
                // An absent value has no extent, so use the position of its key.
                let span = if span.start == span.end { key.unwrap_or(span) } else { span };
                let scalar = Scalar { plain, ..Scalar::new(text) };
                (anchor, YamlNode { span, data: Data::Scalar(scalar) })
            }
            Event::SequenceStart(anchor, _) => (anchor, self.list(span, key, depth)?),
            Event::MappingStart(anchor, _) => (anchor, self.map(span, key, depth)?),
            Event::Alias(anchor) => {
                let node = self.anchors.iter().rev().find(|(id, _)| *id == anchor).map(|(_, node)| node.clone());
                let Some(node) = node else {
                    self.findings.error(ProblemCode::Syntax, span, "this alias refers to a value that contains it");
                    return None;
                };
                self.nodes += size(&node);
                return Some(node);
            }
            _ => return None,
        };
        if anchor > 0 {
            self.anchors.push((anchor, node.clone()));
        }
        Some(node)
    }

    fn list(&mut self, span: Span, key: Option<Span>, depth: usize) -> Option<YamlNode> {
        let mut items = Vec::new();
        loop {
            match self.events.next()? {
                (Event::SequenceEnd, _) => break,
                (event, span) => items.push(self.node(event, span, None, depth + 1)?),
            }
        }
        let first = items.first().map(|item: &YamlNode| item.span);
        Some(YamlNode { span: key.or(first).unwrap_or(span), data: Data::List(items) })
    }

    fn map(&mut self, span: Span, key: Option<Span>, depth: usize) -> Option<YamlNode> {
        let mut entries: Vec<MappingEntry> = Vec::new();
        let mut places: BTreeMap<String, Span> = BTreeMap::new();
        let mut inherited = Vec::new();
        loop {
            let (name, key_span) = match self.events.next()? {
                (Event::MappingEnd, _) => break,
                (Event::Scalar(name, ..), key_span) => (name.into_owned(), key_span),
                (_, span) => {
                    let has_braces = line_of(self.findings.sources.text(span.file), span.start).contains("{{");
                    let problem = self.findings.error(ProblemCode::Syntax, span, "a key must be a plain string");
                    problem.label("not a string").help(match has_braces {
                        true => QUOTE_BRACES,
                        false => "write the key as one string, followed by `:` and its value",
                    });
                    return None;
                }
            };
            let (event, value_span) = self.events.next()?;
            let value = self.node(event, value_span, Some(key_span), depth + 1)?;
            if name == "<<" {
                inherited.push(value);
            } else if let Some(first) = places.get(&name) {
                self.findings
                    .error(ProblemCode::DuplicateKey, key_span, format!("`{name}` appears twice"))
                    .label("again here")
                    .also(*first, "first here")
                    .help("remove one of the two");
            } else {
                places.insert(name.clone(), key_span);
                entries.push(MappingEntry { key: name, key_span, value });
            }
        }
        // `<<: *defaults` (or a list of them) adds the keys that are not set here.
        for entry in inherited.iter().flat_map(|node| match &node.data {
            Data::List(nodes) => nodes.as_slice(),
            _ => std::slice::from_ref(node),
        }) {
            for entry in entry.entries() {
                if !places.contains_key(&entry.key) {
                    places.insert(entry.key.clone(), entry.key_span);
                    entries.push(entry.clone());
                }
            }
        }
        let first = entries.first().map(|entry| entry.key_span);
        Some(YamlNode { span: key.or(first).unwrap_or(span), data: Data::Map(entries) })
    }
}

fn size(node: &YamlNode) -> usize {
    1 + match &node.data {
        Data::Scalar(_) => 0,
        Data::List(items) => items.iter().map(size).sum(),
        Data::Map(entries) => entries.iter().map(|entry| size(&entry.value)).sum(),
    }
}

/// Merges `over` into `base`: mappings merge, other values replace, `null` removes.
pub(super) fn merge(base: YamlNode, over: YamlNode) -> YamlNode {
    match (base.data, over.data) {
        (Data::Map(entries), Data::Map(overlay)) => {
            // Keys of `base` keep their position; new keys follow in the order of the overlay.
            let places: BTreeMap<String, usize> =
                entries.iter().enumerate().map(|(index, entry)| (entry.key.clone(), index)).collect();
            let mut merged: Vec<Option<MappingEntry>> = entries.into_iter().map(Some).collect();
            for entry in overlay {
                match places.get(&entry.key) {
                    Some(&index) if entry.value.is_null() => merged[index] = None,
                    Some(&index) => {
                        merged[index] = merged[index]
                            .take()
                            .map(|own| MappingEntry { value: merge(own.value, entry.value), ..entry });
                    }
                    None => merged.push(Some(entry)),
                }
            }
            YamlNode { span: over.span, data: Data::Map(merged.into_iter().flatten().collect()) }
        }
        (_, data) => YamlNode { span: over.span, data },
    }
}
