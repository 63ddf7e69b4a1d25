//! The order in which people read names: `worker2` before `worker10`.

use std::cmp::Ordering;

/// Compares strings, treating runs of digits as numbers.
pub fn natural(one: &str, other: &str) -> Ordering {
    // Fast path: all replicas have the same name.
    if one == other {
        return Ordering::Equal;
    }
    let (mut left, mut right) = (one, other);
    while !left.is_empty() && !right.is_empty() {
        let (numbers, order) = match (number(left), number(right)) {
            (Some(left), Some(right)) => {
                // Without leading zeros, the number with more digits is greater.
                let digits = |text: &'_ str| text.trim_start_matches('0').len();
                let order = digits(left).cmp(&digits(right));
                let values = left.trim_start_matches('0').cmp(right.trim_start_matches('0'));
                ((left.len(), right.len()), order.then(values))
            }
            _ => {
                let (first, second) = (left.chars().next(), right.chars().next());
                let length = |character: Option<char>| character.map_or(0, char::len_utf8);
                ((length(first), length(second)), first.cmp(&second))
            }
        };
        if order.is_ne() {
            return order;
        }
        (left, right) = (&left[numbers.0..], &right[numbers.1..]);
    }
    // `01` and `1` are equal as numbers.
    left.len().cmp(&right.len()).then_with(|| one.cmp(other))
}

/// The leading digits of a text.
fn number(text: &str) -> Option<&str> {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end).filter(|digits| !digits.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_numbers() {
        let mut names = ["worker10", "worker2", "worker", "a", "worker02", "worker2b", "worker1"];
        names.sort_by(|one, other| natural(one, other));
        assert_eq!(names, ["a", "worker", "worker1", "worker02", "worker2", "worker2b", "worker10"]);
    }
}
