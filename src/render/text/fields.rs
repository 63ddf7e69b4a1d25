//! Attributes that change: old value, new value, the rule behind the effect, and where the new value is written.

use std::collections::BTreeSet;

use ecow::EcoString;
use similar::{ChangeTag, TextDiff};

use super::super::style::{Line, Tone};
use crate::kind::{self, Compare};
use crate::model::{Attributes, Change, DifferenceOrigin, Effect, FieldChange, Value};

/// A longer text is shown on separate lines.
const LONG: usize = 72;

/// One line per field, or several for a long value.
pub fn lines(change: &Change, indent: usize) -> Vec<Line> {
    // Each rule is shown once per block.
    let mut remarked = BTreeSet::new();
    // A side effect always shows its rule.
    let own = |field: &FieldChange| change.fields.iter().any(|own| own.path == field.path);
    let mut remark = |field: &FieldChange| remark(change, field, remarked.insert(field.rule.clone()) || !own(field));
    let compare = |path: &str| Some(kind::find(&change.address.kind)?.attribute(path)?.compare);
    differences(change.all_fields(), &compare, &mut remark, indent)
}

/// Fields of an outside change: the applied and the current value. No rule applies.
pub fn plain(fields: &[FieldChange], indent: usize) -> Vec<Line> {
    differences(fields, &|_| None, &mut |_| None, indent)
}

/// Every attribute that is set.
pub fn attributes(attributes: &Attributes, indent: usize) -> Vec<Line> {
    let mut flat = Vec::new();
    for (name, value) in attributes {
        flatten(name.to_string(), value, &mut flat);
    }
    flat.retain(|(_, value)| !value.is_null());
    let column = flat.iter().map(|(path, _)| path.chars().count()).max().unwrap_or(0);
    flat.iter().map(|(path, value)| Line::of(indent, format!("{path:column$}  {value}"))).collect()
}

fn flatten<'a>(path: String, value: &'a Value, flat: &mut Vec<(String, &'a Value)>) {
    match value {
        Value::Map(map) if !map.is_empty() => {
            for (key, value) in map {
                flatten(format!("{path}.{key}"), value, flat);
            }
        }
        _ => flat.push((path, value)),
    }
}

/// Two values at the most specific path where they differ.
struct FieldDifference<'a> {
    path: String,
    before: &'a Value,
    after: &'a Value,
    field: &'a FieldChange,
}

fn differences<'a>(
    fields: impl IntoIterator<Item = &'a FieldChange>,
    compare: &dyn Fn(&str) -> Option<Compare>,
    remark: &mut dyn FnMut(&FieldChange) -> Option<String>,
    indent: usize,
) -> Vec<Line> {
    let mut found = Vec::new();
    for field in fields {
        split(field.path.clone(), &field.before, &field.after, field, &mut found);
    }
    let column = found.iter().map(|difference| difference.path.chars().count()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for difference in &found {
        let label = Line::new(indent).text(format!("{:column$}  ", difference.path));
        let note = remark(difference.field).map(|remark| Line::new(0).tone(Tone::Dim, format!("  # {remark}")));
        let (head, rest) = values(difference, compare(&difference.path), indent + 4);
        lines.push(label.join(head).join(note.unwrap_or_default()));
        lines.extend(rest);
    }
    lines
}

/// Compares maps key by key, so that one changed variable does not repeat the others.
fn split<'a>(
    path: String,
    before: &'a Value,
    after: &'a Value,
    field: &'a FieldChange,
    found: &mut Vec<FieldDifference<'a>>,
) {
    const ABSENT: &Value = &Value::Null;
    let keys: BTreeSet<&EcoString> = match (before, after) {
        (Value::Map(before), Value::Map(after)) => before.keys().chain(after.keys()).collect(),
        (Value::Map(only), Value::Null) | (Value::Null, Value::Map(only)) => only.keys().collect(),
        _ => BTreeSet::new(),
    };
    if keys.is_empty() || field.after_unknown {
        return found.push(FieldDifference { path, before, after, field });
    }
    let at = |value: &'a Value, key: &str| value.as_map().and_then(|map| map.get(key)).unwrap_or(ABSENT);
    for key in keys {
        let (before, after) = (at(before, key), at(after, key));
        if before != after {
            split(format!("{path}.{key}"), before, after, field, found);
        }
    }
}

/// The text after the path, and the lines below it.
fn values(difference: &FieldDifference<'_>, compare: Option<Compare>, indent: usize) -> (Line, Vec<Line>) {
    let FieldDifference { before, after, field, .. } = difference;
    if field.after_unknown {
        return (Line::of(0, format!("{before} -> (known after apply)")), Vec::new());
    }
    match (before, after) {
        (Value::Secret(_), Value::Secret(_)) => (Line::of(0, "(sensitive) changes"), Vec::new()),
        (Value::List(before), Value::List(after)) if compare == Some(Compare::Set) => {
            let only = |here: &[Value], there: &[Value], sign: &str| -> Vec<String> {
                let there: BTreeSet<&Value> = there.iter().collect();
                here.iter().filter(|item| !there.contains(item)).map(|item| format!("{sign} {item}")).collect()
            };
            let moves = [only(before, after, "-"), only(after, before, "+")].concat();
            (Line::of(0, moves.join(", ")), Vec::new())
        }
        (Value::Text(before), Value::Text(after)) if is_long(before) || is_long(after) => long(before, after, indent),
        (Value::Null, Value::Text(after)) if is_long(after) => long("", after, indent),
        (Value::Text(before), Value::Null) if is_long(before) => long(before, "", indent),
        _ => (Line::of(0, format!("{before} -> {after}")), Vec::new()),
    }
}

fn is_long(text: &str) -> bool {
    text.contains('\n') || text.chars().count() > LONG
}

/// The differing lines of two long texts, with two lines of context.
fn long(before: &str, after: &str, indent: usize) -> (Line, Vec<Line>) {
    let diff = TextDiff::from_lines(before, after);
    let mut lines = Vec::new();
    let (mut added, mut removed) = (0, 0);
    for (index, group) in diff.grouped_ops(2).iter().enumerate() {
        if index > 0 {
            lines.push(Line::new(indent).tone(Tone::Dim, "..."));
        }
        for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
            let (sign, tone) = match change.tag() {
                ChangeTag::Delete => ("-", Tone::Bad),
                ChangeTag::Insert => ("+", Tone::Good),
                ChangeTag::Equal => (" ", Tone::Plain),
            };
            added += usize::from(change.tag() == ChangeTag::Insert);
            removed += usize::from(change.tag() == ChangeTag::Delete);
            let text = change.value();
            let line = Line::new(indent).tone(tone, format!("{sign} {}", text.strip_suffix('\n').unwrap_or(text)));
            // Without this note, lines that differ only in the final newline would look the same.
            let open_end = change.missing_newline() && change.tag() != ChangeTag::Equal && before.contains('\n');
            lines.push(if open_end { line.tone(Tone::Dim, "  (no line end)") } else { line });
        }
    }
    let words = match (removed, added) {
        (0, added) => format!("{added} {} added", noun(added)),
        (removed, 0) => format!("{removed} {} removed", noun(removed)),
        (removed, added) => format!("{removed} {} removed, {added} added", noun(removed)),
    };
    (Line::of(0, words), lines)
}

fn noun(lines: usize) -> &'static str {
    if lines == 1 { "line" } else { "lines" }
}

/// `forces replacement: RunPod cannot move a pod to another cloud (sindri.yaml:14)`. The place is the origin of the
/// change: the line of a new value in the file, or RunPod if someone changed the value there.
fn remark(change: &Change, field: &FieldChange, with_rule: bool) -> Option<String> {
    let forces = field.effect == Effect::Replace && change.action.is_replacement();
    let effect = if forces { "forces replacement: " } else { "" };
    let place = match (field.origin, &field.position) {
        (Some(DifferenceOrigin::Drift), Some(position)) => Some(format!("changed at RunPod, not in {position}")),
        (Some(DifferenceOrigin::Drift), None) => Some("changed at RunPod".to_owned()),
        (_, position) => position.as_ref().map(ToString::to_string),
    };
    match (if with_rule { field.rule.as_str() } else { "" }, place) {
        ("", None) => None,
        ("", Some(place)) => Some(place),
        (rule, None) => Some(format!("{effect}{rule}")),
        (rule, Some(place)) => Some(format!("{effect}{rule} ({place})")),
    }
}
