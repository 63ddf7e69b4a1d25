//! Numbers, and values with a unit: dollars, memory and time.

use std::time::Duration;

use super::document::YamlNode;
use crate::model::Money;

/// Dollars of a `Shape::Amount`.
pub(super) fn amount(node: &YamlNode) -> Option<Money> {
    number(node).map(Money::from_dollars)
}

/// The number of a `Shape::Number`.
pub(super) fn number(node: &YamlNode) -> Option<f64> {
    let number: f64 = node.text()?.parse().ok()?;
    (number.is_finite() && (0.0..=1e9).contains(&number)).then_some(number)
}

/// Megabytes of a `Shape::Memory`.
pub(super) fn megabytes(node: &YamlNode) -> Option<i64> {
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

/// The time of a `Shape::Duration`. A number without a unit is refused, since people mean minutes as often as seconds.
pub(super) fn duration(node: &YamlNode) -> Option<Duration> {
    let text = node.text()?.trim();
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
