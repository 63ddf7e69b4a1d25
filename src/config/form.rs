//! Suggests the correct form of a field in error messages.

use super::document::{Data, SPACE_AFTER_COLON, YamlNode, lacks_space};
use super::quantity::{amount, duration, megabytes};
use super::table::{Field, ValueShape};

/// Maximum length of a one-line help text in 80 columns.
const LONGEST_LINE: usize = 66;
/// Characters that the key and brackets take up on a line.
const FRAME: usize = 12;
/// Longer words from a file are not repeated as names in examples.
const LONGEST_NAME: usize = 30;

/// Suggests a value as close as possible to the written one.
pub(super) fn right_form(node: &YamlNode, field: &Field) -> Option<String> {
    if takes_keys(&field.shape)
        && node.scalar().is_some_and(|scalar| scalar.written.is_none() && lacks_space(&scalar.text))
    {
        return Some(SPACE_AFTER_COLON.to_owned());
    }
    if let Some(close) = close_value(node, field) {
        return Some(format!("write {close}"));
    }
    if let Some(counted) = counted(node, field) {
        return Some(counted);
    }
    let heading = match (&field.shape, &node.data) {
        (ValueShape::List(_), _) => "write a list of mappings:",
        (ValueShape::Variables | ValueShape::Block(_), _) => "write a mapping:",
        (ValueShape::Named(_), _) => "write each one under its own name:",
        (ValueShape::Texts | ValueShape::Line, Data::Map(_)) => "write a list:",
        _ => "for example",
    };
    let example = with_own_names(node, field).or_else(|| field.example.map(str::to_owned))?;
    // An example that does not fit after the heading goes on its own line.
    let separator = if heading.len() + example.len() > LONGEST_LINE { '\n' } else { ' ' };
    Some(format!("{heading}{separator}`{example}`"))
}

/// The written value, converted to a form that the field accepts.
fn close_value(node: &YamlNode, field: &Field) -> Option<String> {
    let name = field.name;
    match &field.shape {
        ValueShape::Bool => truth(node).map(|value| format!("`{name}: {value}`")),
        ValueShape::Int(low, high) => {
            let number = number(node, name).filter(|number| (low..=high).contains(&number))?;
            let unit = if name.ends_with("Gb") { ", the number of GB" } else { "" };
            Some(format!("`{name}: {number}`{unit}"))
        }
        ValueShape::Memory => node.int().filter(|size| *size > 0).map(|size| format!("`{name}: {size}GB`")),
        ValueShape::Duration => time(node, name),
        ValueShape::Block(block) => {
            let text = &node.scalar().filter(|scalar| scalar.written.is_none())?.text;
            let inner = block.fields().find(|inner| inner.offered && takes(&inner.shape, node))?;
            Some(format!("`{name}: {{ {}: {text} }}`", inner.name))
        }
        _ => None,
    }
}

/// Splits a name and a count in one mapping, `{ H100: 8 }` or `{ name: H100, count: 8 }`, into two fields.
fn counted(node: &YamlNode, field: &Field) -> Option<String> {
    let count_field = field.counted_by?;
    let (key, count) = node.entries().iter().find_map(|entry| Some((&entry.key, entry.value.int()?)))?;
    let is_word = |text: &&str| text.parse::<i64>().is_err();
    let mut names = node.entries().iter().filter_map(|entry| Some(entry.value.scalar()?.shown()).filter(is_word));
    let name = names.next().unwrap_or(key);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let fits = name.len() <= LONGEST_NAME && name.chars().all(is_plain);
    fits.then(|| format!("write `{}: {name}` and `{count_field}: {count}`", field.name))
}

/// Whether the value has keys.
fn takes_keys(shape: &ValueShape) -> bool {
    match shape {
        ValueShape::Variables | ValueShape::Block(_) | ValueShape::Named(_) => true,
        ValueShape::List(item) => takes_keys(item),
        _ => false,
    }
}

/// Whether a scalar has this shape.
fn takes(shape: &ValueShape, node: &YamlNode) -> bool {
    match shape {
        ValueShape::Bool => node.bool().is_some(),
        ValueShape::Int(low, high) => node.int().is_some_and(|number| (low..=high).contains(&&number)),
        ValueShape::Number | ValueShape::Amount => amount(node).is_some(),
        ValueShape::Memory => megabytes(node).is_some(),
        ValueShape::Duration => duration(node).is_some(),
        ValueShape::Word(words) => {
            node.text().is_some_and(|text| words.iter().any(|word| word.eq_ignore_ascii_case(text)))
        }
        _ => false,
    }
}

/// Normalises a time with its unit: `15 minutes` becomes `15m`.
fn time(node: &YamlNode, name: &str) -> Option<String> {
    let text = node.text()?.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: u32 = number.parse().ok()?;
    let unit = match unit.trim().to_ascii_lowercase().as_str() {
        "" => return Some(format!("the unit: `{name}: {number}m` for minutes, `{name}: {number}s` for seconds")),
        "seconds" | "second" | "secs" | "sec" => 's',
        "minutes" | "minute" | "mins" | "min" => 'm',
        "hours" | "hour" | "hrs" | "hr" => 'h',
        _ => return None,
    };
    Some(format!("`{name}: {number}{unit}`"))
}

/// The field's example with the user's own names. Values are omitted because they may be secrets.
fn with_own_names(node: &YamlNode, field: &Field) -> Option<String> {
    let names = names(node, &field.shape);
    let first = names.first()?;
    match &field.shape {
        ValueShape::Variables => {
            let variables = names.iter().map(|name| format!("{name}: \"...\""));
            Some(format!("{}: {{ {} }}", field.name, fitting(variables.collect())))
        }
        ValueShape::Named(_) => {
            let (before, rest) = field.example?.split_once("{ ")?;
            let (_, inner) = rest.split_once(':')?;
            Some(format!("{before}{{ {first}:{inner}"))
        }
        ValueShape::List(ValueShape::Block(block)) if block.field("name").is_some() => {
            let (before, rest) = field.example?.split_once("name: ")?;
            let (_, after) = rest.split_once(',')?;
            let (start, item) = before.split_once('[')?;
            let rest = after.trim_end_matches(']');
            let items = names.iter().map(|name| format!("{item}name: {name},{rest}"));
            Some(format!("{start}[{}]", fitting(items.collect())))
        }
        _ => None,
    }
}

/// As many items as fit on a line, but at least the first.
fn fitting(items: Vec<String>) -> String {
    let mut text = String::new();
    for (number, item) in items.iter().enumerate() {
        if number > 0 && text.len() + item.len() > LONGEST_LINE - FRAME {
            text.push_str(", ...");
            break;
        }
        text.push_str(if number > 0 { ", " } else { "" });
        text.push_str(item);
    }
    text
}

/// The names in a value of the wrong form: `A=b` in a list, the keys of a mapping, `name: a` in a list of mappings.
fn names(node: &YamlNode, shape: &ValueShape) -> Vec<String> {
    let of_item = |item: &YamlNode| match &item.data {
        Data::Scalar(scalar) => Some(scalar.shown().split(['=', ':']).next().unwrap_or_default().trim().to_owned()),
        Data::Map(entries) => match item.get("name") {
            Some(name) => name.text().map(str::to_owned),
            None => entries.first().map(|entry| entry.key.clone()),
        },
        Data::List(_) => None,
    };
    let found: Vec<String> = match &node.data {
        Data::List(items) => items.iter().filter_map(of_item).collect(),
        // Skip the entries that are already correct.
        Data::Map(entries) if matches!(shape, ValueShape::Named(_)) => {
            let mistaken =
                entries.iter().filter(|entry| !matches!(entry.value.data, Data::Map(_)) && !entry.value.is_null());
            mistaken.map(|entry| entry.key.clone()).collect()
        }
        Data::Map(entries) => entries.iter().map(|entry| entry.key.clone()).collect(),
        Data::Scalar(_) => of_item(node).into_iter().collect(),
    };
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let is_name = |name: &String| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.len() <= LONGEST_NAME
            && name.chars().all(letter)
    };
    found.into_iter().filter(is_name).collect()
}

/// A boolean in the notation of YAML 1.1 or shells.
fn truth(node: &YamlNode) -> Option<bool> {
    match node.text()?.to_ascii_lowercase().as_str() {
        "yes" | "y" | "on" | "1" | "true" => Some(true),
        "no" | "n" | "off" | "0" | "false" => Some(false),
        _ => None,
    }
}

/// The intended number: without its unit if the field counts GB, or without a zero fraction.
fn number(node: &YamlNode, name: &str) -> Option<i64> {
    let text = node.text()?.trim();
    if let Some(gigabytes) = gigabytes(text) {
        let is_whole = gigabytes.fract() == 0.0 && (0.0..1e9).contains(&gigabytes);
        return (name.ends_with("Gb") && is_whole).then_some(gigabytes as i64);
    }
    let whole = text.trim_end_matches('0').strip_suffix('.').unwrap_or(text);
    whole.replace(['_', ',', ' '], "").parse().ok()
}

/// A size with its unit and an optional fraction: `0.5TB`.
fn gigabytes(text: &str) -> Option<f64> {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let number: f64 = text[..unit_at].trim().parse().ok()?;
    match text[unit_at..].to_ascii_uppercase().as_str() {
        "MB" | "MIB" | "M" | "MI" => Some(number / 1024.0),
        "GB" | "GIB" | "G" | "GI" => Some(number),
        "TB" | "TIB" | "T" | "TI" => Some(number * 1024.0),
        _ => None,
    }
}
