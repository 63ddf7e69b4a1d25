//! What a configuration may say, as tables, and the check of a tree against them.
//!
//! A tree goes in; out comes the same tree with canonical keys and only what has an effect, everything else being among
//! the findings. Whoever reads the tree after this need not think of spelling or type.

use std::time::Duration;

use super::document::{Data, Entry, Node, Scalar};
use super::problem::Findings;
use crate::catalog::nearest;
use crate::model::Money;

/// One mapping with known keys.
pub(super) struct Block {
    /// For messages: `a pod`.
    pub title: &'static str,
    pub fields: &'static [&'static [Field]],
}

/// One key of a [`Block`].
pub(super) struct Field {
    pub name: &'static str,
    /// Other spellings that are accepted.
    pub aliases: &'static [&'static str],
    pub shape: Shape,
    pub effect: Effect,
    /// The attribute of the kind's table that it sets.
    pub attribute: Option<&'static str>,
    /// For the JSON schema.
    pub about: &'static str,
}

/// What becomes of a field.
pub(super) enum Effect {
    Used,
    /// Accepted, with a remark that it does nothing here and why.
    Ignored(&'static str),
}

/// The type of a value.
pub(super) enum Shape {
    Text,
    Bool,
    /// Whole number within a range, both ends included.
    Int(i64, i64),
    /// Dollars.
    Amount,
    /// `16GB`, `512MB`.
    Memory,
    /// `90s`, `15m`, `1h30m`; a bare number is seconds.
    Duration,
    /// One of these, in any case.
    Word(&'static [&'static str]),
    /// One text, or a list of them.
    Texts,
    List(&'static Shape),
    /// Environment variables: any name, one value each.
    Variables,
    Block(&'static Block),
    /// A mapping of chosen names to blocks.
    Named(&'static Block),
    Anything,
}

impl Field {
    pub const fn new(name: &'static str, shape: Shape, about: &'static str) -> Self {
        Self { name, aliases: &[], shape, effect: Effect::Used, attribute: None, about }
    }

    /// A field without effect; `about` says why, and what to do instead.
    pub const fn ignored(name: &'static str, about: &'static str) -> Self {
        Self { effect: Effect::Ignored(about), ..Self::new(name, Shape::Anything, about) }
    }

    pub const fn aliases(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    pub const fn sets(self, attribute: &'static str) -> Self {
        Self { attribute: Some(attribute), ..self }
    }

    fn is_called(&self, key: &str) -> bool {
        self.name == key || self.aliases.contains(&key)
    }
}

impl Block {
    pub fn fields(&self) -> impl Iterator<Item = &'static Field> {
        self.fields.iter().copied().flatten()
    }
}

/// The tree as `block` allows it; a finding for everything else. Keys that start with `x-` are the user's own.
pub(super) fn conform(node: &Node, block: &'static Block, findings: &mut Findings) -> Node {
    let mut entries: Vec<Entry> = Vec::new();
    if !matches!(node.data, Data::Map(_)) {
        let message = format!("{} must be a mapping", block.title);
        findings.error("wrong_type", node.span, message).label(format!("this is {}", node.description()));
    }
    for entry in node.entries().iter().filter(|entry| !entry.key.starts_with("x-")) {
        let Some(field) = block.fields().find(|field| field.is_called(&entry.key)) else {
            unknown_key(entry, block, findings);
            continue;
        };
        if is_unset(&entry.value, &field.shape) {
            continue;
        }
        if let Effect::Ignored(why) = field.effect {
            let message = format!("`{}` has no effect on RunPod", entry.key);
            findings.advise("no_effect", entry.key_span, message).help(why);
            continue;
        }
        let value = shaped(&entry.value, &field.shape, field.name, findings);
        let Some(value) = value else {
            findings.refuse(field.name);
            continue;
        };
        let own = Entry { key: field.name.to_owned(), key_span: entry.key_span, value };
        match entries.iter().position(|other| other.key == field.name) {
            // Two spellings in one file contradict each other; an overlay's simply wins.
            Some(index) if entries[index].key_span.file == own.key_span.file => {
                findings
                    .error("duplicate_key", own.key_span, format!("`{}` says the same as `{}`", entry.key, field.name))
                    .label("again here")
                    .also(entries[index].key_span, "first here")
                    .help(format!("keep `{}`", field.name));
            }
            Some(index) if entries[index].key_span.file < own.key_span.file => entries[index] = own,
            Some(_) => {}
            None => entries.push(own),
        }
    }
    Node { span: node.span, data: Data::Map(entries) }
}

fn unknown_key(entry: &Entry, block: &Block, findings: &mut Findings) {
    let names = || block.fields().filter(|field| matches!(field.effect, Effect::Used)).map(|field| field.name);
    let every = || block.fields().flat_map(|field| field.aliases.iter().copied().chain([field.name]));
    let accepted = names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let close = nearest(&entry.key, every());
    if let Some(field) = close.and_then(|close| block.fields().find(|field| field.is_called(close))) {
        findings.refuse(field.name);
    }
    let otherwise = if close.is_some() { String::new() } else { format!("accepted here: {accepted}") };
    findings
        .error("unknown_key", entry.key_span, format!("`{}` is no key of {}", entry.key, block.title))
        .label("unknown")
        .nearest(close, otherwise);
}

/// Whether nothing is said: `key:`, or a variable that is empty where emptiness is no value.
fn is_unset(node: &Node, shape: &Shape) -> bool {
    let empty =
        |scalar: &Scalar| scalar.text.is_empty() && scalar.written.is_some() && !matches!(shape, Shape::Anything);
    node.is_null() || node.scalar().is_some_and(empty)
}

/// The value as its shape allows it, or a finding.
fn shaped(node: &Node, shape: &Shape, name: &str, findings: &mut Findings) -> Option<Node> {
    if let (Some(scalar), false) = (node.scalar(), matches!(shape, Shape::Anything))
        && scalar.sensitive
    {
        findings
            .error("secret_outside_env", node.span, format!("`{name}` would show a credential in plans and state"))
            .label("comes from a variable that looks like a credential")
            .help("put it into `env` or `secrets`, where it stays hidden; a command can read it there as `$NAME`");
        return None;
    }
    match shape {
        Shape::Anything => Some(node.clone()),
        Shape::Block(block) => matches_map(node, name, findings).then(|| conform(node, block, findings)),
        Shape::Named(block) => {
            if !matches_map(node, name, findings) {
                return None;
            }
            let each = |entry: &Entry, findings: &mut Findings| {
                // `trainer:` alone takes everything from the defaults.
                let empty = Node { span: entry.key_span, data: Data::Map(Vec::new()) };
                let value = if entry.value.is_null() { &empty } else { &entry.value };
                Entry { value: conform(value, block, findings), ..entry.clone() }
            };
            let entries = node.entries().iter().map(|entry| each(entry, findings)).collect();
            Some(Node { span: node.span, data: Data::Map(entries) })
        }
        Shape::Variables => variables(node, name, findings),
        Shape::List(item) => match &node.data {
            Data::List(items) => {
                let items = items.iter().filter_map(|node| shaped(node, item, name, findings)).collect();
                Some(Node { span: node.span, data: Data::List(items) })
            }
            _ => wrong_type(node, name, "a list", findings),
        },
        Shape::Texts => match &node.data {
            Data::List(items) => {
                let items = items.iter().filter_map(|node| shaped(node, &Shape::Text, name, findings)).collect();
                Some(Node { span: node.span, data: Data::List(items) })
            }
            Data::Scalar(_) => Some(node.clone()),
            Data::Map(_) => wrong_type(node, name, "a text, or a list of texts", findings),
        },
        Shape::Text => scalar(node, name, "a text", |_| true, findings),
        Shape::Bool => scalar(node, name, "`true` or `false`", |node| node.bool().is_some(), findings),
        Shape::Amount => {
            scalar(node, name, "an amount of dollars, such as `25.00`", |node| amount(node).is_some(), findings)
        }
        Shape::Memory => {
            scalar(node, name, "a size such as `16GB` or `512MB`", |node| megabytes(node).is_some(), findings)
        }
        Shape::Duration => {
            scalar(node, name, "a time such as `15m` or `90s`", |node| duration(node).is_some(), findings)
        }
        Shape::Int(low, high) => {
            let node = scalar(node, name, "a whole number", |node| node.int().is_some(), findings)?;
            if node.int().is_some_and(|number| (*low..=*high).contains(&number)) {
                return Some(node);
            }
            let range = if *high == i64::MAX { format!("at least {low}") } else { format!("from {low} to {high}") };
            findings.error("out_of_range", node.span, format!("`{name}` must be {range}")).label("out of range");
            None
        }
        Shape::Word(words) => {
            let mut node = scalar(node, name, "a text", |_| true, findings)?;
            let Data::Scalar(scalar) = &mut node.data else { return None };
            if let Some(word) = words.iter().find(|word| word.eq_ignore_ascii_case(&scalar.text)) {
                // The spelling of the table from here on; `written` keeps what messages may show.
                scalar.text = (*word).to_owned();
                return Some(node);
            }
            let accepted = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
            let close = nearest(&scalar.text, words.iter().copied());
            findings
                .error("unknown_word", node.span, format!("`{name}` cannot be `{}`", scalar.shown()))
                .label("unknown")
                .nearest(close, format!("accepted: {accepted}"));
            None
        }
    }
}

fn matches_map(node: &Node, name: &str, findings: &mut Findings) -> bool {
    matches!(node.data, Data::Map(_)) || wrong_type(node, name, "a mapping", findings).is_some()
}

fn scalar(
    node: &Node,
    name: &str,
    expected: &str,
    fits: impl Fn(&Node) -> bool,
    findings: &mut Findings,
) -> Option<Node> {
    if node.scalar().is_some_and(|scalar| !scalar.is_null()) && fits(node) {
        Some(node.clone())
    } else {
        wrong_type(node, name, expected, findings)
    }
}

/// Values of environment variables may be empty and may hold credentials; they must be single values.
fn variables(node: &Node, name: &str, findings: &mut Findings) -> Option<Node> {
    if !matches_map(node, name, findings) {
        return None;
    }
    let mut entries = Vec::new();
    for entry in node.entries() {
        if entry.value.is_null() {
            findings
                .error("wrong_type", entry.key_span, format!("the variable `{}` has no value", entry.key))
                .help(format!("write `\"\"` for an empty one, or `${{{}}}` for that of your environment", entry.key));
        } else if entry.value.scalar().is_none() {
            wrong_type(&entry.value, &entry.key, "a single value", findings);
        } else {
            entries.push(entry.clone());
        }
    }
    Some(Node { span: node.span, data: Data::Map(entries) })
}

fn wrong_type(node: &Node, name: &str, expected: &str, findings: &mut Findings) -> Option<Node> {
    findings.error("wrong_type", node.span, format!("`{name}` must be {expected}")).label(match node.scalar() {
        Some(scalar) if !scalar.is_null() => format!("not {expected}"),
        _ => format!("this is {}", node.description()),
    });
    None
}

/// Dollars of a [`Shape::Amount`].
pub(super) fn amount(node: &Node) -> Option<Money> {
    let dollars: f64 = node.text()?.parse().ok()?;
    (dollars.is_finite() && (0.0..=1e9).contains(&dollars)).then(|| Money::from_dollars(dollars))
}

/// Megabytes of a [`Shape::Memory`].
pub(super) fn megabytes(node: &Node) -> Option<i64> {
    let text = node.text()?.trim();
    let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
    let number: i64 = text[..unit_at].parse().ok()?;
    let factor = match text[unit_at..].trim().to_ascii_uppercase().as_str() {
        "MB" | "MIB" | "M" | "MI" => 1,
        "GB" | "GIB" | "G" | "GI" => 1024,
        "TB" | "TIB" | "T" | "TI" => 1024 * 1024,
        _ => return None,
    };
    number.checked_mul(factor)
}

/// The time of a [`Shape::Duration`].
pub(super) fn duration(node: &Node) -> Option<Duration> {
    let text = node.text()?.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u32 = rest[..unit_at].parse().ok()?;
        let seconds = match rest.as_bytes()[unit_at] {
            b's' => 1,
            b'm' => 60,
            b'h' => 3600,
            _ => return None,
        };
        total += Duration::from_secs(u64::from(number) * seconds);
        rest = &rest[unit_at + 1..];
    }
    (!text.is_empty()).then_some(total)
}
