//! The order in which people read names: `worker2` before `worker10`.

use std::cmp::Ordering;

/// Compares strings, treating runs of digits as numbers.
///
/// Every map of addresses is ordered by this, so it decides most of a plan's time. It compares bytes up to the first
/// difference, and reads numbers only from there.
pub fn natural(one: &str, other: &str) -> Ordering {
    let start = common_start(one.as_bytes(), other.as_bytes());
    let (mut left, mut right) = (&one.as_bytes()[start..], &other.as_bytes()[start..]);
    while let (Some(first), Some(second)) = (left.first(), right.first()) {
        let (numbers, order) = match (digits(left), digits(right)) {
            // The order of UTF-8 bytes is that of characters.
            (0, _) | (_, 0) => ((1, 1), first.cmp(second)),
            (ones, others) => ((ones, others), compare_numbers(&left[..ones], &right[..others])),
        };
        if order.is_ne() {
            return order;
        }
        (left, right) = (&left[numbers.0..], &right[numbers.1..]);
    }
    // `01` and `1` are equal as numbers.
    left.len().cmp(&right.len()).then_with(|| one.cmp(other))
}

/// The length of the common beginning, without the digits at its end: they may be part of different numbers.
fn common_start(one: &[u8], other: &[u8]) -> usize {
    let differs = one.iter().zip(other).position(|(one, other)| one != other);
    let common = &one[..differs.unwrap_or(one.len().min(other.len()))];
    common.iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |last| last + 1)
}

/// The number of digits at the beginning of a text.
fn digits(text: &[u8]) -> usize {
    text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len())
}

/// Without leading zeros, the number with more digits is greater.
fn compare_numbers(one: &[u8], other: &[u8]) -> Ordering {
    let (one, other) = (&one[significant(one)..], &other[significant(other)..]);
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

/// The number of leading zeros.
fn significant(number: &[u8]) -> usize {
    number.iter().position(|digit| *digit != b'0').unwrap_or(number.len())
}

/// The beginning of a text in a form whose bytes sort like [`natural`] sorts texts: most comparisons need no more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NaturalPrefix(u128);

impl NaturalPrefix {
    pub(super) fn of(text: &str) -> Self {
        let mut room = PrefixRoom { bytes: [0; size_of::<u128>()], used: 0 };
        let mut rest = text.as_bytes();
        while let Some(first) = rest.first().filter(|_| room.used < room.bytes.len()) {
            let length = digits(rest);
            if length == 0 {
                room.push(*first);
                rest = &rest[1..];
                continue;
            }
            // Against other characters, a number sorts as its digits do. Of two numbers, the longer one is greater.
            let (number, after) = rest.split_at(length);
            let number = &number[significant(number)..];
            room.push(b'0');
            let Some(length) = u8::try_from(number.len()).ok().filter(|length| *length < u8::MAX) else {
                room.push(u8::MAX);
                break;
            };
            room.push(length);
            number.iter().for_each(|digit| room.push(*digit));
            rest = after;
        }
        Self(u128::from_be_bytes(room.bytes))
    }
}

struct PrefixRoom {
    bytes: [u8; size_of::<u128>()],
    used: usize,
}

impl PrefixRoom {
    /// Drops what does not fit.
    fn push(&mut self, byte: u8) {
        if let Some(free) = self.bytes.get_mut(self.used) {
            *free = byte;
        }
        self.used += 1;
    }
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

    #[test]
    fn a_number_counts_as_a_whole_wherever_the_texts_begin_to_differ() {
        let mut names = ["a9b", "a10b", "a9", "a10a2", "a10a10", "a010a10", "é2", "é10", "1", "10", "9", ""];
        let sorted = names;
        names.reverse();
        names.sort_by(|one, other| natural(one, other));
        let expected = ["", "1", "9", "10", "a9", "a9b", "a10a2", "a010a10", "a10a10", "a10b", "é2", "é10"];
        assert_eq!(names, expected);
        for (one, other) in sorted.iter().flat_map(|one| sorted.map(|other| (*one, other))) {
            assert_eq!(natural(one, other), natural(other, one).reverse(), "{one} and {other}");
        }
    }

    #[test]
    fn a_prefix_never_contradicts_the_order() {
        let texts = [
            "",
            "0",
            "00",
            "01",
            "1",
            "2",
            "9",
            "10",
            "a",
            "a-",
            "a0",
            "a00",
            "a1",
            "a01",
            "a1a",
            "a1b",
            "a9",
            "a10",
            "a010",
            "a10a10",
            "a10a9",
            "ab",
            "a-b",
            "a_b",
            "é2",
            "é10",
            "workers-of-the-fleet2",
            "workers-of-the-fleet10",
        ];
        let long = ["1".repeat(254), "1".repeat(255), "2".repeat(255), "1".repeat(300)];
        let texts: Vec<&str> = texts.into_iter().chain(long.iter().map(String::as_str)).collect();
        for (one, other) in texts.iter().flat_map(|one| texts.iter().map(move |other| (one, other))) {
            let by_prefix = NaturalPrefix::of(one).cmp(&NaturalPrefix::of(other));
            assert!(by_prefix.is_eq() || by_prefix == natural(one, other), "`{one}` and `{other}`");
        }
    }
}
