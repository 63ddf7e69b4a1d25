//! Checks a tree against the tables in `fields`.
//!
//! Returns the tree with canonical keys and only the fields that have an effect, and reports everything else. Later
//! code need not handle spelling or types.

use super::document::{Data, MappingEntry, Scalar, YamlNode};
use super::form::right_form;
use super::identifier::{self, TextFault};
use super::problem::Findings;
use super::quantity::{amount, duration, megabytes, number};
use super::source::Span;
use super::table::{BlockSchema, Choices, Field, FieldUse, ValueShape};
use super::unknown::{KeyVocabulary, near_word, words};
use crate::model::ProblemCode;

/// A check in progress.
struct Check<'a> {
    vocabulary: KeyVocabulary,
    findings: &'a mut Findings,
}

/// The parts of the tree that `root` allows; reports everything else. Keys that start with `x-` are reserved for the
/// user.
pub(super) fn conform(node: &YamlNode, root: &'static BlockSchema, findings: &mut Findings) -> YamlNode {
    if !matches!(node.data, Data::Map(_)) {
        findings
            .error(ProblemCode::WrongType, node.span, format!("{} must be a mapping", root.title))
            .label(format!("this is {}", node.description()))
            .help("start with `name: my-project`; `sindri init` writes a first file");
        findings.refuse_all();
    } else if node.entries().is_empty() {
        findings
            .error(ProblemCode::EmptyFile, node.span, "the configuration is empty")
            .help("`sindri init` writes a first file");
        findings.refuse_all();
    }
    Check { vocabulary: KeyVocabulary::of(root), findings }.block(node, root)
}

/// The subject of a message: the field, or an item of its list.
#[derive(Clone, Copy)]
enum MessageSubject {
    Field,
    Item,
}

impl MessageSubject {
    fn of(self, field: &Field) -> String {
        match self {
            Self::Field => format!("`{}`", field.name),
            Self::Item => format!("each item of `{}`", field.name),
        }
    }
}

impl Check<'_> {
    fn block(&mut self, node: &YamlNode, block: &'static BlockSchema) -> YamlNode {
        let mut entries: Vec<MappingEntry> = Vec::new();
        for entry in node.entries().iter().filter(|entry| !entry.key.starts_with("x-")) {
            match block.field(&entry.key) {
                Some(field) => {
                    if let Some(own) = self.entry(entry, field) {
                        self.add(&mut entries, own, &entry.key);
                    }
                }
                None => self.vocabulary.unknown_key(entry, block, self.findings),
            }
        }
        YamlNode { span: node.span, data: Data::Map(entries) }
    }

    /// The entry under its canonical name, if it has a valid value.
    fn entry(&mut self, entry: &MappingEntry, field: &'static Field) -> Option<MappingEntry> {
        if is_unset(&entry.value, &field.shape) {
            if entry.value.scalar().is_some_and(|scalar| scalar.unresolved) {
                self.findings.refuse(field.name);
            }
            return None;
        }
        if let FieldUse::Ignored(why) = field.effect {
            let message = format!("`{}` has no effect on RunPod", entry.key);
            self.findings.advise(ProblemCode::NoEffect, entry.key_span, message).help(why);
            return None;
        }
        let value = self.shaped(&entry.value, &field.shape, field, MessageSubject::Field);
        if value.is_none() {
            self.findings.refuse(field.name);
        }
        Some(MappingEntry { key: field.name.to_owned(), key_span: entry.key_span, value: value? })
    }

    fn add(&mut self, entries: &mut Vec<MappingEntry>, own: MappingEntry, written: &str) {
        match entries.iter().position(|other| other.key == own.key) {
            // Two spellings in one file conflict; the spelling in an overlay simply wins.
            Some(index) if entries[index].key_span.file == own.key_span.file => {
                let name = &own.key;
                self.findings
                    .error(
                        ProblemCode::DuplicateKey,
                        own.key_span,
                        format!("`{written}` is another spelling of `{name}`"),
                    )
                    .label("again here")
                    .also(entries[index].key_span, "first here")
                    .help(format!("keep `{name}`"));
            }
            Some(index) if entries[index].key_span.file < own.key_span.file => entries[index] = own,
            Some(_) => {}
            None => entries.push(own),
        }
    }

    /// The value if it has the required shape; otherwise reports it.
    fn shaped(
        &mut self,
        node: &YamlNode,
        shape: &ValueShape,
        field: &Field,
        subject: MessageSubject,
    ) -> Option<YamlNode> {
        // The words of a command hide their credentials.
        let rules = if matches!(field.shape, ValueShape::Line) { &field.shape } else { shape };
        if let Some(fault) = node.scalar().and_then(|scalar| identifier::fault(scalar, rules, field.leaves)) {
            self.refuse_text(node.span, &format!("`{}`", field.name), &fault);
            return None;
        }
        match shape {
            ValueShape::Anything => Some(node.clone()),
            ValueShape::Block(block) => self.matches_map(node, field, subject).then(|| self.block(node, block)),
            ValueShape::Named(block) => self.named(node, block, field),
            ValueShape::Variables => self.variables(node, field),
            ValueShape::List(item) => self.list(node, item, field),
            ValueShape::Texts | ValueShape::Line => self.texts(node, shape, field),
            ValueShape::Text | ValueShape::Id => self.scalar(node, field, subject, "a string", |_| true),
            ValueShape::Bool => self.scalar(node, field, subject, "`true` or `false`", |node| node.bool().is_some()),
            ValueShape::Number => self.scalar(node, field, subject, "a number", |node| number(node).is_some()),
            ValueShape::Amount => {
                self.scalar(node, field, subject, "an amount in dollars", |node| amount(node).is_some())
            }
            ValueShape::Memory => {
                self.scalar(node, field, subject, "a size with a unit", |node| megabytes(node).is_some())
            }
            ValueShape::Duration => {
                self.scalar(node, field, subject, "a time with a unit", |node| duration(node).is_some())
            }
            ValueShape::Int(low, high) => self.int(node, (*low, *high), field, subject),
            ValueShape::Word(accepted) => self.word(node, accepted, field, subject),
        }
    }

    fn refuse_text(&mut self, at: Span, subject: &str, fault: &TextFault) {
        let (code, label, help) = (fault.code(), fault.label(), fault.help());
        self.findings.error(code, at, format!("{subject} {}", fault.what())).label(label).help(help);
    }

    /// Whether a key that becomes part of addresses or plans is free of credentials. Reports it otherwise.
    fn is_safe_key(&mut self, entry: &MappingEntry, what: &str) -> bool {
        let fault = identifier::key_fault(&entry.key);
        if let Some(fault) = &fault {
            self.refuse_text(entry.key_span, what, fault);
        }
        fault.is_none()
    }

    fn named(&mut self, node: &YamlNode, block: &'static BlockSchema, field: &Field) -> Option<YamlNode> {
        if !self.matches_map(node, field, MessageSubject::Field) {
            return None;
        }
        let mut entries = Vec::new();
        for entry in node.entries() {
            if !self.is_safe_key(entry, "this name") {
                continue;
            }
            // A bare `trainer:` takes everything from the defaults.
            let empty = YamlNode { span: entry.key_span, data: Data::Map(Vec::new()) };
            let value = if entry.value.is_null() { &empty } else { &entry.value };
            if !matches!(value.data, Data::Map(_)) {
                let message = format!("`{}` must be a mapping with the fields of {}", entry.key, block.title);
                self.mistaken(value, message, "a mapping", right_form(node, field));
            }
            entries.push(MappingEntry { value: self.block(value, block), ..entry.clone() });
        }
        Some(YamlNode { span: node.span, data: Data::Map(entries) })
    }

    fn list(&mut self, node: &YamlNode, item: &ValueShape, field: &Field) -> Option<YamlNode> {
        let Data::List(items) = &node.data else {
            let message = format!("`{}` must be a list", field.name);
            return self.wrong_type(node, field, message, "a list");
        };
        if let (ValueShape::Block(_), Some(other)) =
            (item, items.iter().find(|item| !matches!(item.data, Data::Map(_))))
        {
            let message = format!("{} must be a mapping", MessageSubject::Item.of(field));
            return self.mistaken(other, message, "a mapping", right_form(node, field));
        }
        let mut shaped = Vec::new();
        for node in items {
            // One finding per list: an error in one item usually affects all.
            shaped.push(self.shaped(node, item, field, MessageSubject::Item)?);
        }
        Some(YamlNode { span: node.span, data: Data::List(shaped) })
    }

    fn texts(&mut self, node: &YamlNode, shape: &ValueShape, field: &Field) -> Option<YamlNode> {
        match &node.data {
            Data::Scalar(scalar) if matches!(shape, ValueShape::Texts) && scalar.text.contains(',') => {
                let items = separated(node, scalar);
                if items.is_empty() {
                    self.refuse_text(node.span, &format!("`{}`", field.name), &TextFault::Blank);
                    return None;
                }
                if scalar.written.is_none() {
                    self.advise_list(node, &items, field);
                }
                Some(YamlNode { span: node.span, data: Data::List(items) })
            }
            Data::Scalar(_) => Some(node.clone()),
            Data::List(items) => {
                let shaped =
                    items.iter().filter_map(|node| self.shaped(node, &ValueShape::Text, field, MessageSubject::Item));
                let shaped: Vec<YamlNode> = shaped.collect();
                if shaped.len() < items.len() {
                    // An empty rest is not also reported.
                    self.findings.refuse(field.name);
                }
                Some(YamlNode { span: node.span, data: Data::List(shaped) })
            }
            Data::Map(_) => {
                let message = format!("`{}` must be a string or a list of strings", field.name);
                self.wrong_type(node, field, message, "a string or a list")
            }
        }
    }

    /// Suggests a list instead of a text with commas. Stays silent for variables, which can only hold a text.
    fn advise_list(&mut self, node: &YamlNode, items: &[YamlNode], field: &Field) {
        let name = field.name;
        let list: Vec<String> = items.iter().filter_map(YamlNode::text).map(|item| format!("{item:?}")).collect();
        self.findings
            .advise(ProblemCode::ListInOneText, node.span, format!("`{name}` is read as a list of {}", items.len()))
            .help(format!("write `{name}: [{}]` to silence this", list.join(", ")));
    }

    fn int(
        &mut self,
        node: &YamlNode,
        (low, high): (i64, i64),
        field: &Field,
        subject: MessageSubject,
    ) -> Option<YamlNode> {
        let node = self.scalar(node, field, subject, "a whole number", |node| node.int().is_some())?;
        if node.int().is_some_and(|number| (low..=high).contains(&number)) {
            return Some(node);
        }
        let range = if high == i64::MAX { format!("at least {low}") } else { format!("from {low} to {high}") };
        let message = format!("{} must be {range}", subject.of(field));
        let problem = self.findings.error(ProblemCode::OutOfRange, node.span, message).label("out of range");
        if let Some(example) = field.example {
            problem.help(format!("for example `{example}`"));
        }
        None
    }

    fn word(
        &mut self,
        node: &YamlNode,
        accepted: &[&'static str],
        field: &Field,
        subject: MessageSubject,
    ) -> Option<YamlNode> {
        let mut node = self.scalar(node, field, subject, "a string", |_| true)?;
        let Data::Scalar(scalar) = &mut node.data else { return None };
        if let Some(word) = accepted.iter().find(|word| word.eq_ignore_ascii_case(&scalar.text)) {
            // Use the table's spelling from here on; `written` keeps the text for messages.
            scalar.text = (*word).to_owned();
            return Some(node);
        }
        let accepted = match field.choices {
            Choices::Closed(words) => words,
            Choices::Free | Choices::Open(..) | Choices::Matching(..) => accepted,
        };
        let found = || near_word(&scalar.text, accepted).or_else(|| meant(&scalar.text, accepted));
        let close = self.findings.may_search().then(found).flatten();
        let message = format!("`{}` cannot be `{}`", field.name, scalar.shown());
        self.findings
            .error(ProblemCode::UnknownWord, node.span, message)
            .label("unknown")
            .nearest(close, format!("accepted: {}", words(accepted.iter().copied())));
        None
    }

    fn matches_map(&mut self, node: &YamlNode, field: &Field, subject: MessageSubject) -> bool {
        let is_map = matches!(node.data, Data::Map(_));
        if !is_map {
            let message = format!("{} must be a mapping", subject.of(field));
            self.wrong_type(node, field, message, "a mapping");
        }
        is_map
    }

    fn scalar(
        &mut self,
        node: &YamlNode,
        field: &Field,
        subject: MessageSubject,
        expected: &str,
        fits: impl Fn(&YamlNode) -> bool,
    ) -> Option<YamlNode> {
        if node.scalar().is_some_and(|scalar| !scalar.is_null()) && fits(node) {
            return Some(node.clone());
        }
        let message = format!("{} must be {expected}", subject.of(field));
        self.wrong_type(node, field, message, expected)
    }

    /// Environment variables may be empty and may contain credentials, but must be single values.
    fn variables(&mut self, node: &YamlNode, field: &Field) -> Option<YamlNode> {
        if !self.matches_map(node, field, MessageSubject::Field) {
            return None;
        }
        let mut entries = Vec::new();
        for entry in node.entries() {
            let key = &entry.key;
            if !self.is_safe_key(entry, "the name of this variable") {
                continue;
            }
            if let Some(fault) = entry.value.scalar().and_then(|scalar| identifier::value_fault(&scalar.text)) {
                self.refuse_text(entry.value.span, &format!("the variable `{key}`"), &fault);
            } else if entry.value.is_null() {
                self.findings
                    .error(ProblemCode::WrongType, entry.key_span, format!("the variable `{key}` has no value"))
                    .label("no value")
                    .help(format!(
                        "write `{key}: \"\"` for an empty value, or `{key}: ${{{key}}}` to take it from your \
                         environment"
                    ));
            } else if entry.value.scalar().is_none() {
                let description = entry.value.description();
                self.findings
                    .error(
                        ProblemCode::WrongType,
                        entry.value.span,
                        format!("the variable `{key}` must have a single value"),
                    )
                    .label(format!("this is {description}"))
                    .help(format!("write one string: `{key}: a,b`, or JSON in single quotes: `{key}: '[1, 2]'`"));
            } else {
                entries.push(entry.clone());
            }
        }
        Some(YamlNode { span: node.span, data: Data::Map(entries) })
    }

    fn wrong_type(&mut self, node: &YamlNode, field: &Field, message: String, expected: &str) -> Option<YamlNode> {
        self.mistaken(node, message, expected, right_form(node, field))
    }

    fn mistaken(&mut self, node: &YamlNode, message: String, expected: &str, help: Option<String>) -> Option<YamlNode> {
        let problem = self.findings.error(ProblemCode::WrongType, node.span, message);
        problem.label(match node.scalar() {
            Some(scalar) if !scalar.is_null() => format!("not {expected}"),
            _ => format!("this is {}", node.description()),
        });
        if let Some(form) = help {
            problem.help(form);
        }
        None
    }
}

/// Words of other tools with the equivalent words of sindri.
const SYNONYMS: [(&[&str], &str); 6] = [
    (&["off", "false", "stop", "exited", "paused", "halted", "down"], "stopped"),
    (&["on", "true", "start", "started", "up"], "running"),
    (&["replace", "rolling", "recreated"], "recreate"),
    (&["restart", "patch", "reset"], "in-place"),
    (&["private", "datacenter"], "SECURE"),
    (&["public", "p2p"], "COMMUNITY"),
];

/// The accepted word with the same meaning.
fn meant(word: &str, accepted: &[&'static str]) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    let (_, own) = SYNONYMS.iter().find(|(words, own)| words.contains(&word.as_str()) && accepted.contains(own))?;
    Some(own)
}

/// The items of a comma-separated text, each with the position of the whole.
fn separated(node: &YamlNode, scalar: &Scalar) -> Vec<YamlNode> {
    let items = scalar.text.split(',').map(str::trim).filter(|item| !item.is_empty());
    let item = |text: &str| Scalar { text: text.to_owned(), ..scalar.clone() };
    items.map(|text| YamlNode { span: node.span, data: Data::Scalar(item(text)) }).collect()
}

/// Whether there is no value: `key:`, or an empty variable in a field that cannot be empty.
fn is_unset(node: &YamlNode, shape: &ValueShape) -> bool {
    let empty =
        |scalar: &Scalar| scalar.text.is_empty() && scalar.written.is_some() && !matches!(shape, ValueShape::Anything);
    node.is_null() || node.scalar().is_some_and(empty)
}
