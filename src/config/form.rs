//! The right form of a field, for an error about the wrong one.

use super::document::{Data, Node};
use super::quantity::megabytes;
use super::table::{Field, Shape};

/// Room for a help on one line of 80 columns.
const LONGEST_LINE: usize = 66;

/// Suggests a value as close as possible to the one that is written.
pub(super) fn right_form(node: &Node, field: &Field) -> Option<String> {
    let name = field.name;
    let close = match &field.shape {
        Shape::Bool => truth(node).map(|value| format!("{name}: {value}")),
        Shape::Int(low, high) => {
            number(node, name).filter(|number| (low..=high).contains(&number)).map(|number| format!("{name}: {number}"))
        }
        Shape::Memory => node.int().filter(|size| *size > 0).map(|size| format!("{name}: {size}GB")),
        _ => None,
    };
    if let Some(close) = close {
        let unit = if name.ends_with("Gb") { ", the number of GB" } else { "" };
        return Some(format!("write `{close}`{unit}"));
    }
    let example = field.example?;
    let heading = match (&field.shape, &node.data) {
        (Shape::List(_), _) => "write a list of mappings:",
        (Shape::Variables | Shape::Block(_), _) => "write a mapping:",
        (Shape::Named(_), _) => "write each below a name of its own:",
        (Shape::Texts | Shape::Line, Data::Map(_)) => "write a list:",
        _ => "for example",
    };
    // An example that does not fit behind the heading stands whole on a line of its own.
    let separator = if heading.len() + example.len() > LONGEST_LINE { '\n' } else { ' ' };
    Some(format!("{heading}{separator}`{example}`"))
}

/// The truth value that YAML 1.1 and shells read.
fn truth(node: &Node) -> Option<bool> {
    match node.text()?.to_ascii_lowercase().as_str() {
        "yes" | "y" | "on" | "1" | "true" => Some(true),
        "no" | "n" | "off" | "0" | "false" => Some(false),
        _ => None,
    }
}

/// The number that was meant: without its unit, where the field counts GB, or without a fraction of zero.
fn number(node: &Node, name: &str) -> Option<i64> {
    let text = node.text()?.trim();
    if let Some(megabytes) = megabytes(node) {
        let counts_gb = name.ends_with("Gb");
        return (counts_gb && megabytes % 1024 == 0).then_some(megabytes / 1024);
    }
    let whole = text.trim_end_matches('0').strip_suffix('.').unwrap_or(text);
    whole.replace(['_', ',', ' '], "").parse().ok()
}
